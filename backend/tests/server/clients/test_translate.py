"""What every event of OpenCode means for a run: output for the record, signals for its driver, or nothing."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.server.clients.base import AgentEvent
from opm.server.clients.translate import (
    Asked,
    Erred,
    Idle,
    Replied,
    Resync,
    Retrying,
    Signal,
    Translator,
    Working,
    parts_of,
)
from opm.wire.events import AnyOutput, Output, OutputChild, OutputError, OutputFile, OutputTodos, OutputTool

ROOT, PROMPT, ANSWER = "ses_root", "msg_prompt", "msg_answer"
Made = list[AnyOutput | Signal]


class Told:
    """A translator and the events of a session, said shortly."""

    def __init__(self) -> None:
        self.translator = Translator(ROOT, PROMPT, "/ws")

    def event(self, kind: str, **properties: Any) -> Made:
        return self.translator.feed(AgentEvent(kind, properties))

    def delta(self, text: str, part: str = "prt_1", session: str = ROOT, message: str = ANSWER, **more: Any) -> Made:
        said = {"field": "text"} | more
        return self.event("message.part.delta", sessionID=session, messageID=message, partID=part, delta=text, **said)

    def part(self, session: str = ROOT, message: str = ANSWER, **part: Any) -> Made:
        whole = {"id": "prt_1", "sessionID": session, "messageID": message, **part}
        return self.event("message.part.updated", sessionID=session, part=whole, time=1)

    def text(self, text: str, *, ended: bool = False, **more: Any) -> Made:
        time = {"start": 1, "end": 2} if ended else {"start": 1}
        return self.part(**{"type": "text", "text": text, "time": time, **more})

    def child(self, child: str = "ses_child", parent: str = ROOT) -> Made:
        return self.event("session.created", sessionID=child, info={"id": child, "parentID": parent, "title": "Look"})


@pytest.fixture
def told() -> Told:
    return Told()


def words(made: Made) -> str:
    return "".join(each.data for each in made if isinstance(each, Output))


# --- text --------------------------------------------------------------------------------------------------


def test_deltas_come_through_and_the_whole_text_adds_nothing(told: Told) -> None:
    assert told.text("") == []
    assert told.delta("Hello ") == [Output(data="Hello ", part_id="prt_1")]
    assert told.delta("world") == [Output(data="world", part_id="prt_1")]
    assert told.text("Hello world", ended=True) == []


def test_what_deltas_left_out_is_added_by_the_whole_text(told: Told) -> None:
    told.delta("Hello")
    assert told.text("Hello world", ended=True) == [Output(data=" world", part_id="prt_1")]
    assert told.text("Hello world", ended=True) == []


def test_text_without_deltas_is_said_once(told: Told) -> None:
    assert told.text("All of it") == [Output(data="All of it", part_id="prt_1")]
    assert told.text("All of it", ended=True) == []


def test_only_deltas_of_text_count(told: Told) -> None:
    assert told.delta("x", field="metadata") == []
    assert told.delta("") == []


def test_trimming_at_the_end_is_no_reason_to_read_again(told: Told) -> None:
    told.delta("Done. \n")
    assert told.text("Done.", ended=True) == []


def test_reasoning_is_told_apart_from_speech(told: Told) -> None:
    told.part(type="reasoning", text="", id="prt_think")
    (piece,) = told.delta("hm", part="prt_think")
    assert isinstance(piece, Output)
    assert piece.kind == "reasoning"
    assert told.part(type="reasoning", text="hm", id="prt_think", time={"start": 1, "end": 2}) == []


def test_a_text_heard_from_its_middle_is_read_again_once_it_ends(told: Told) -> None:
    assert words(told.delta("world")) == "world"
    assert told.text("Hello world") == [], "not before it has ended"
    assert told.text("Hello world", ended=True) == [Resync()]
    assert told.text("Hello world", ended=True) == [], "once is enough"


def test_a_snapshot_is_gone_on_from(told: Told) -> None:
    told.translator.take([Output(data="Hello", part_id="prt_1"), OutputTool(part_id="t", tool="bash", state="running")])
    assert words(told.delta(" world")) == " world"
    assert told.text("Hello world", ended=True) == []


def test_a_snapshot_with_a_gap_is_read_again_at_the_end(told: Told) -> None:
    told.translator.take([Output(data="Hel […] ", part_id="prt_1", kind="reasoning")])
    (piece,) = told.delta("world")
    assert isinstance(piece, Output)
    assert piece.kind == "reasoning", "the kind is known from the snapshot"
    assert told.text("Hello world", ended=True, type="reasoning") == [Resync()]


@given(
    text=st.text(max_size=200),
    cuts=st.lists(st.integers(0, 200), max_size=12),
    heard=st.integers(0, 12),
    interim=st.sets(st.integers(0, 12)),
)
def test_any_split_into_deltas_reproduces_the_text(text: str, cuts: list[int], heard: int, interim: set[int]) -> None:
    """Also when the last deltas are missing and whole texts come in between."""
    told = Told()
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in itertools.pairwise(edges)]
    made: Made = []
    for i, piece in enumerate(pieces[:heard]):
        made += told.delta(piece)
        if i in interim:
            made += told.text("".join(pieces[: i + 1]))
    made += told.text(text, ended=True)
    assert words(made) == text
    assert Resync() not in made


@given(text=st.text(min_size=1, max_size=80), start=st.integers(0, 80))
def test_heard_from_anywhere_the_end_is_right_or_read_again(text: str, start: int) -> None:
    told = Told()
    made = told.delta(text[start:]) + told.text(text, ended=True)
    assert Resync() in made or words(made).strip() == text.strip()


# --- whose words -------------------------------------------------------------------------------------------


def test_the_prompt_is_never_echoed(told: Told) -> None:
    assert told.text("Do this", message=PROMPT) == []
    assert told.delta("Do this", message=PROMPT) == []


def test_other_messages_of_humans_are_not_echoed_either(told: Told) -> None:
    assert told.event("message.updated", sessionID=ROOT, info={"id": "msg_more", "role": "user"}) == []
    assert told.text("Continue", message="msg_more") == []
    assert told.event("message.updated", sessionID=ROOT, info={"id": ANSWER, "role": "assistant"}) == []
    assert words(told.text("Yes", ended=True)) == "Yes"


def test_what_opencode_adds_of_itself_is_not_said(told: Told) -> None:
    assert told.text("a reminder to the model", synthetic=True) == []


def test_other_sessions_are_not_ours(told: Told) -> None:
    assert told.delta("x", session="ses_other") == []
    assert told.text("x", session="ses_other") == []
    assert told.event("session.idle", sessionID="ses_other") == []
    assert told.event("session.status", sessionID="ses_other", status={"type": "busy"}) == []
    assert told.event("session.error", sessionID="ses_other", error={"name": "APIError"}) == []
    assert told.event("permission.asked", id="per_1", sessionID="ses_other", permission="bash", patterns=[]) == []
    assert told.child("ses_theirs", parent="ses_other") == []
    assert told.translator.children == []


# --- sub-agents --------------------------------------------------------------------------------------------


def test_sub_agents_belong_to_the_run(told: Told) -> None:
    assert told.child() == [OutputChild(child="ses_child", title="Look")]
    assert told.child() == [], "announced once"
    assert told.child("ses_grandchild", parent="ses_child") == [OutputChild(child="ses_grandchild", title="Look")]
    (piece,) = told.delta("found", session="ses_child", message="msg_c")
    assert isinstance(piece, Output)
    assert piece.child == "ses_child"
    (call,) = told.part(session="ses_child", type="tool", tool="grep", state={"status": "running", "input": {}})
    assert isinstance(call, OutputTool)
    assert call.child == "ses_child"
    assert told.translator.children == ["ses_child", "ses_grandchild"]


def test_the_prompt_of_a_sub_agent_is_not_speech(told: Told) -> None:
    told.child()
    told.event("message.updated", sessionID="ses_child", info={"id": "msg_c", "role": "user", "sessionID": "ses_child"})
    assert told.text("Look for it", session="ses_child", message="msg_c") == []


def test_a_sub_agent_at_rest_is_not_the_end(told: Told) -> None:
    told.child()
    assert told.event("session.idle", sessionID="ses_child") == []
    assert told.event("session.status", sessionID="ses_child", status={"type": "idle"}) == []
    assert told.event("session.status", sessionID="ses_child", status={"type": "busy"}) == []
    assert told.event("todo.updated", sessionID="ses_child", todos=[]) == []


def test_a_sub_agent_asks_in_the_name_of_the_run(told: Told) -> None:
    told.translator.adopt(["ses_child"])
    made = told.event("permission.asked", id="per_1", sessionID="ses_child", permission="bash", patterns=["ls"])
    assert made == [Asked("permission", "per_1", {"permission": "bash", "patterns": ["ls"]})]


# --- tools -------------------------------------------------------------------------------------------------


def call(told: Told, name: str, **state: Any) -> OutputTool:
    (made,) = told.part(id="prt_t", type="tool", tool=name, callID="call_1", state=state)
    assert isinstance(made, OutputTool)
    return made


def test_a_tool_call_from_pending_to_completed(told: Told) -> None:
    assert call(told, "bash", status="pending", input={}, raw="").state == "pending"
    running = call(
        told, "bash", status="running", input={"command": "ls"}, time={"start": 1000}, metadata={"output": "a"}
    )
    assert (running.state, running.input, running.output) == ("running", {"command": "ls"}, "a")
    assert running.started_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    done = call(
        told,
        "bash",
        status="completed",
        input={"command": "ls"},
        output="a\nb",
        title="List",
        metadata={"exit": 3, "output": "a"},
        time={"start": 1000, "end": 2000},
    )
    assert (done.part_id, done.title, done.output, done.exit_code) == ("prt_t", "List", "a\nb", 3)
    assert done.ended_at == datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)


def test_a_tool_call_that_fails_says_why(told: Told) -> None:
    failed = call(told, "read", status="error", input={"filePath": "x"}, error="no such file")
    assert (failed.state, failed.error, failed.output) == ("error", "no such file", None)


def test_only_editing_tools_show_a_diff(told: Told) -> None:
    state = {"status": "completed", "input": {}, "output": "", "metadata": {"diff": "--- a"}}
    assert call(told, "edit", **state).diff == "--- a"
    assert call(told, "apply_patch", **state).diff == "--- a"
    assert call(told, "bash", **state).diff is None


def test_long_output_of_a_tool_keeps_its_end(told: Told) -> None:
    output = call(told, "bash", status="completed", input={}, output="x" * 40_000 + "end").output
    assert output is not None
    assert output.endswith("xend")
    assert len(output) == 30_000


# --- states of the session ---------------------------------------------------------------------------------


def test_states_of_the_session_are_signals(told: Told) -> None:
    assert told.event("session.status", sessionID=ROOT, status={"type": "busy"}) == [Working()]
    assert told.event("session.status", sessionID=ROOT, status={"type": "idle"}) == [Idle()]
    assert told.event("session.idle", sessionID=ROOT) == [Idle()]
    retry = {"type": "retry", "attempt": 2, "message": "Too many requests", "next": 1_500_000_000_000}
    (signal,) = told.event("session.status", sessionID=ROOT, status=retry)
    assert signal == Retrying(2, "Too many requests", datetime(2017, 7, 14, 2, 40, tzinfo=UTC))


@pytest.mark.parametrize(
    ("error", "name", "message"),
    [
        ({"name": "APIError", "data": {"message": "no", "statusCode": 401}}, "APIError", "no"),
        ({"name": "UnknownError", "message": "plain"}, "UnknownError", "plain"),
        ({"name": "MessageAbortedError"}, "MessageAbortedError", "MessageAbortedError"),
        (None, "Error", "Error"),
    ],
)
def test_errors_are_shown_and_remembered(told: Told, error: Any, name: str, message: str) -> None:
    made = told.event("session.error", sessionID=ROOT, error=error)
    assert made == [OutputError(name=name, message=message), Erred(message)]


def test_an_error_that_names_no_session_concerns_every_run(told: Told) -> None:
    assert Erred("bad model") in told.event("session.error", error={"name": "UnknownError", "message": "bad model"})


# --- asks, lists, files ------------------------------------------------------------------------------------


def test_a_question_is_passed_on_with_its_options(told: Told) -> None:
    questions = [{"question": "Which?", "header": "W", "options": [{"label": "A", "description": ""}]}]
    made = told.event("question.asked", id="que_1", sessionID=ROOT, questions=questions, tool={"messageID": "m"})
    assert made == [Asked("question", "que_1", {"questions": questions})]


def test_a_permission_is_passed_on_with_what_a_human_must_see(told: Told) -> None:
    ask = {"permission": "edit", "patterns": ["q.txt"], "metadata": {"diff": "+1"}, "always": ["*"]}
    made = told.event("permission.asked", id="per_1", sessionID=ROOT, tool={"callID": "c"}, **ask)
    assert made == [Asked("permission", "per_1", ask)]


@pytest.mark.parametrize("kind", ["permission.replied", "question.replied", "question.rejected"])
def test_answers_close_asks(told: Told, kind: str) -> None:
    assert told.event(kind, sessionID=ROOT, requestID="per_1", reply="once") == [Replied("per_1")]


def test_todos_are_lists_of_text(told: Told) -> None:
    todos = [{"content": "Write", "status": "pending", "priority": "high", "id": 7}, {"content": "Rest"}]
    assert told.event("todo.updated", sessionID=ROOT, todos=todos) == [
        OutputTodos(
            items=[
                {"content": "Write", "status": "pending", "priority": "high"},
                {"content": "Rest", "status": "", "priority": ""},
            ]
        )
    ]


def test_edited_files_are_named_from_the_workspace(told: Told) -> None:
    assert told.event("file.edited", file="/ws/src/a.py") == [OutputFile(path="src/a.py")]
    assert told.event("file.edited", file="/elsewhere") == [OutputFile(path="/elsewhere")]
    assert told.event("file.edited") == []


@pytest.mark.parametrize(
    "kind",
    ["server.heartbeat", "plugin.added", "catalog.updated", "session.updated", "session.diff", "message.removed", "x"],
)
def test_what_is_of_no_interest_is_passed_over(told: Told, kind: str) -> None:
    assert told.event(kind, sessionID=ROOT, info={"id": ROOT}) == []


@pytest.mark.parametrize("kind", ["step-start", "step-finish", "patch", "snapshot", "file", "something-new"])
def test_parts_of_no_interest_are_passed_over(told: Told, kind: str) -> None:
    assert told.part(type=kind, snapshot="abc") == []


# --- stored messages ---------------------------------------------------------------------------------------


def test_stored_messages_show_texts_reasoning_and_tools() -> None:
    parts = [
        {"type": "step-start", "id": "p0"},
        {"type": "reasoning", "id": "p1", "text": "hm"},
        {"type": "text", "id": "p2", "text": "Hello"},
        {"type": "text", "id": "p3", "text": "hidden", "synthetic": True},
        {"type": "tool", "id": "p4", "tool": "bash", "state": {"status": "running", "input": {"command": "ls"}}},
    ]
    shown = parts_of([{"info": {"id": ANSWER}, "parts": parts}, {"info": {"id": "m2"}}])
    assert shown == [
        Output(data="hm", part_id="p1", kind="reasoning"),
        Output(data="Hello", part_id="p2"),
        OutputTool(part_id="p4", tool="bash", state="running", input={"command": "ls"}),
    ]
