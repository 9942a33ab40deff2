"""A run as a document: whole, in order, and nothing said in it breaks out of its place."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from opm.server.features.interactions.schemas import Interaction
from opm.server.features.sessions.schemas import Session
from opm.server.features.sessions.transcript import Transcript

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ID = UUID(int=1)


def a_run(**over: Any) -> Session:
    given: dict[str, Any] = {
        "id": ID, "project_id": ID, "task_id": ID, "task_title": "Tea", "config_id": ID, "config_version": 3,
        "created_by": None, "created_by_name": None, "children": [],
        "rerun_of": None, "remote_session_id": None, "kind": "execute", "status": "completed",
        "verdict": "success", "reason": None, "prompt": "Make tea", "final_output": None, "exit_code": 0,
        "tokens": {}, "cost": 0.5, "execution_start_at": NOW, "execution_end_at": NOW, "created_at": NOW, "last_seq": 1,
    }  # fmt: skip
    return Session.model_validate({**given, **over})


def an_ask(**over: Any) -> Interaction:
    given: dict[str, Any] = {
        "id": ID, "task_id": ID, "session_id": ID, "sequence_number": 2, "kind": "permission", "state": "answered",
        "user_prompt": "once", "user_id": None, "agent_response": None, "request": {"permission": "bash"},
        "answer": {"reply": "once"}, "user_prompt_at": NOW, "agent_response_at": None, "created_at": NOW,
    }  # fmt: skip
    return Interaction.model_validate({**given, **over})


def text(data: str, part: str = "p1", kind: str = "text") -> dict[str, Any]:
    return {"type": "output", "data": data, "part_id": part, "kind": kind}


def tool(state: str, **over: Any) -> dict[str, Any]:
    return {"type": "tool", "part_id": "t1", "tool": "bash", "state": state, "input": {"command": "ls"}, **over}


def told(*events: dict[str, Any], run: Session | None = None, said: list[Interaction] | None = None) -> str:
    transcript = Transcript(run or a_run(), said or [])
    for event in events:
        transcript.take(event)
    return "".join(transcript.pieces())


def test_pieces_of_a_text_are_one_and_the_last_state_of_a_tool_counts() -> None:
    document = told(text("One "), tool("running"), text("word"), tool("completed", output="a.txt"))
    assert document.count("### Agent") == 1
    assert "> One word\n" in document
    assert document.count("### Tool") == 1
    assert "### Tool bash: completed" in document
    assert "a.txt" in document
    assert document.index("One word") < document.index("Tool bash")


def test_a_sub_agent_has_a_section_with_all_it_said() -> None:
    inner = {**text("Found it", "p2"), "child": "c1"}
    child = {"type": "child", "child": "c1", "title": "Look *around*"}
    later = {**text("Again", "p4"), "child": "c2"}
    document = told(text("Off you go"), inner, text("Thanks", "p3"), child, child, later)
    assert document.index("### Sub-agent: Look \\*around") < document.index("> Found it") < document.index("> Thanks")
    assert "#### Agent\n\n> Found it" in document
    assert document.count("Sub-agent: Look") == 1
    assert "### Sub-agent: without a title\n\n#### Agent\n\n> Again" in document


def test_figures_stand_at_the_head() -> None:
    document = told(run=a_run(reason="no *luck*"))
    assert "- Configuration: version 3\n" in document
    assert "- State: success\n" in document
    assert "- Reason: no \\*luck\\*\n" in document
    assert "- Cost: 0.5000 USD\n" in document


def test_a_snapshot_replaces_what_was_heard_before() -> None:
    document = told(text("old"), tool("running"), {"type": "snapshot", "parts": [text("new")]}, text("er"))
    assert "old" not in document
    assert "Tool" not in document
    assert "> newer\n" in document


def test_a_snapshot_leaves_all_in_its_order() -> None:
    error = {"type": "error", "name": "ApiError", "message": "503"}
    ask = {"type": "ask", "interaction_id": str(ID), "kind": "permission"}
    parts = [text("First, whole"), tool("completed"), text("New", "p3")]
    document = told(
        text("First"), ask, text("gone", "p2"), error, tool("running"), {"type": "snapshot", "parts": parts}, error,
        said=[an_ask()],
    )  # fmt: skip
    order = ["> First, whole\n", "### Asked", "### Error", "### Tool bash: completed", "> New\n"]
    assert sorted(order, key=document.index) == order
    assert "gone" not in document
    assert document.count("### Error") == 2, "the one after the snapshot does not take the place of the other"


def test_asks_tell_the_question_and_the_answer() -> None:
    document = told({"type": "ask", "interaction_id": str(ID), "kind": "permission"}, said=[an_ask()])
    assert "### Asked: permission" in document
    assert '"permission": "bash"' in document
    assert "Answer: once" in document


def test_hostile_text_stays_text() -> None:
    run = a_run(task_title="# <b>Tea</b>\n# x", prompt="````\n# out\n````")
    document = told(text("```\n# unclosed"), tool("error", error="`````\n# out"), run=run)
    assert document.startswith("# \\# \\<b\\>Tea\\</b\\> \\# x\n")
    assert "`````\n````\n# out\n````\n`````\n" in document
    assert "> ```\n> # unclosed\n" in document
    assert "``````\n`````\n# out\n``````\n" in document


def test_errors_sub_agents_and_thoughts_are_named() -> None:
    document = told(
        text("Hm", kind="reasoning"),
        {"type": "child", "child": "c", "title": "Look around"},
        {"type": "error", "name": "ApiError", "message": "503"},
    )
    assert "### Thought\n\n> Hm\n" in document
    assert "### Sub-agent: Look around" in document
    assert "### Error: ApiError\n\n> 503\n" in document
