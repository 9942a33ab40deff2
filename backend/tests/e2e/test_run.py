"""The main job, seen through the API: cards, a real agent, its questions, its failures, and what breaks around it."""

import os
import signal
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.model import model_server
from tests.e2e.served import Client, Project, Served, wait_for, words

pytestmark = [pytest.mark.opencode, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def client(served: Served) -> Client:
    return served.client()


@pytest.fixture(scope="module")
def project(client: Client) -> Project:
    return client.project("Story")


def gapless(rows: list) -> bool:
    return [row.number for row in rows] == list(range(1, len(rows) + 1))


def prompts(served: Served) -> int:
    """How many prompts of humans the pods' OpenCode servers have stored."""
    total = 0
    for path in served.data.glob("pods/*/**/opencode.db"):
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            total += database.execute(
                "SELECT count(*) FROM message WHERE json_extract(data, '$.role') = 'user'"
            ).fetchone()[0]
    return total


def test_a_sub_agent_is_told_under_its_parent(project: Project) -> None:
    task = '{"description": "Look around", "prompt": "demo: say I looked.", "subagent_type": "general"}'
    card = project.card("Delegate", "say Off you go.", f"tool task {task}", "next", "say It came back.")
    card.execute()
    card.until("ai_review")
    rows = card.output()
    child = next(row.data for row in rows if row.kind == "child")
    said = [row.data["data"] for row in rows if row.kind == "output" and row.data.get("child") == child["child"]]
    assert "I looked." in "".join(said)
    (run,) = project.client.call("GET", f"{card.path}/sessions")["items"]
    assert [(one["id"], one["parent"], one["state"]) for one in run["children"]] == [(child["child"], None, "finished")]
    assert "Look around" in run["children"][0]["title"]
    assert run["children"][0]["tokens"]["output"] > 0
    assert run["tokens"]["output"] > run["children"][0]["tokens"]["output"]
    assert run["created_by_name"]
    exported = project.client.http.get(f"{project.path}/sessions/{run['id']}/export", params={"format": "md"}).text
    assert exported.index("Sub-agent: Look around") < exported.index("> I looked.") < exported.index("> It came back.")


def test_logs_know_nothing_of_prompts_files_and_keys(served: Served, client: Client) -> None:
    """Markers in every text that a person or an agent writes; the log of the server and the audit log have none."""
    project = client.project("Private")
    card = project.card("zebra-title", "write note.md zebra-file", "next", "say zebra-answer", "next")
    card.execute()
    card.until_said("zebra-answer")
    body = {"path": "own.txt", "content": "zebra-own-file", "overwrite": True}
    client.call("POST", f"{project.path}/files/write", body)
    key = {"provider": "anthropic", "model": "m", "api_key": "zebra-key-0123456789", "instructions": "zebra-rules"}
    client.call("PUT", f"{project.path}/config", key)
    assert client.http.get(f"{project.path}/config/zebra-address").status_code == 404
    asking = client.project("Private, too").card("zebra-title", "run echo tea", "next", "say Done.")
    asking.execute()
    words = {"reply": "reject", "message": "zebra-words"}
    client.call("POST", f"{asking.path}/permissions/{asking.ask(60)['id']}", words)
    history = client.call("GET", f"{asking.path}/events")["items"]
    decided = [event["metadata"] for event in history if event["event_type"] == "permission_answered"]
    assert [event["reply"] for event in decided] == ["reject"]
    assert "zebra" not in str(history)
    gone = project.card("zebra-title", "Nothing.")
    client.call("DELETE", gone.path)
    client.call("POST", f"{project.path}/tasks/bulk", {"ids": [gone.id], "action": "restore"})
    audit = client.http.get(f"{project.path}/audit/export", params={"format": "jsonl"}).text
    assert all(action in audit for action in ("secret.set", "task.delete", "task.restore"))
    assert "zebra" not in audit
    log = served.log.read_text()
    assert "run.start" in audit
    assert [line for line in log.splitlines() if "zebra" in line and "zebra-address" not in line] == []


def test_a_card_becomes_files(project: Project) -> None:
    card = project.card("Greet", "say I write.", "write hello.md Hello, world!", "next", "say It is written.")
    queued = card.execute()
    assert queued["status"] == "queued"
    assert queued["config_version"] == 1

    rows = card.output()
    assert gapless(rows)
    assert rows[-1].kind == "completion"
    assert rows[-1].data["data"]["verdict"] == "success"
    assert "I write.\nIt is written." in words(rows)
    tools = [row.data for row in rows if row.kind == "tool"]
    assert tools[-1]["tool"] == "write"
    assert tools[-1]["state"] == "completed"

    done = card.get()
    assert done["status"] == "ai_review"
    assert done["opencode_output"] == "It is written."
    assert done["run"]["tokens"] > 0
    content = project.client.http.get(f"{project.path}/files/content", params={"path": "hello.md"})
    assert content.text == "Hello, world!\n"
    diff = project.client.call("GET", f"{card.path}/diff")
    assert [(f["file"], f["status"], f["additions"]) for f in diff["files"]] == [("hello.md", "added", 1)]
    moved = [project.client.call("POST", f"{card.path}/move", {"status": s}) for s in ("human_review", "done")]
    assert moved[-1]["status"] == "done"


def test_output_resumes_where_a_reader_stopped(project: Project) -> None:
    card = project.card("Count", "rate 0", "say one two three four five")
    card.execute()
    whole = card.output()
    assert [(r.number, r.data) for r in card.output(after=2)] == [(r.number, r.data) for r in whole[2:]]


def test_a_permission_is_asked_and_given(project: Project) -> None:
    card = project.card("Count lines", "run wc -l hello.md", "next", "say Counted.")
    card.execute()
    ask = card.ask()
    assert ask["kind"] == "permission"
    assert ask["request"]["patterns"] == ["wc -l hello.md"]
    assert card.get()["attention"] == "permission"
    assert project.client.call("GET", "/attention")["items"][0]["interaction_id"] == ask["id"]
    card.answer(ask, reply="once")
    assert card.until("ai_review")["opencode_output"] == "Counted."
    assert [i["state"] for i in card.interactions()] == ["answered", "answered"]


def test_a_refused_permission_goes_to_a_human_with_the_reason(project: Project) -> None:
    card = project.card("Delete", "run rm hello.md", "next", "say Gone.")
    card.execute()
    card.answer(card.ask(), reply="reject")
    failed = card.until("human_review")
    assert failed["run"]["verdict"] == "blocked"
    assert "bash" in failed["run"]["reason"]
    assert failed["attention"] == "failed"


def test_a_question_is_answered(project: Project) -> None:
    card = project.card("Choose", "ask Tea or coffee? | Tea | Coffee", "next", "say Thanks.")
    card.execute()
    ask = card.ask()
    assert ask["request"]["questions"][0]["question"] == "Tea or coffee?"
    card.answer(ask, answers=[["Tea"]])
    card.until("ai_review")
    tool = [r.data for r in card.output() if r.kind == "tool"][-1]
    assert "Tea" in tool["output"]


def test_a_provider_that_fails_once_is_tried_again(project: Project) -> None:
    card = project.card("Hiccup", "fail 503 1", "say Through.")
    card.execute()
    rows = card.output()
    assert card.get()["opencode_output"] == "Through."
    retrying = [r.data for r in rows if r.kind == "status" and r.data["data"] == "retrying"]
    assert retrying[0]["attempt"] == 1
    assert retrying[0]["next_at"]
    assert card.get()["run"]["retry_message"] is None


def test_a_refusal_of_the_provider_is_explained_and_feedback_goes_on(project: Project) -> None:
    card = project.card("Refused", "error 401 No such key")
    card.execute()
    failed = card.until("human_review")
    assert "API key" in failed["run"]["reason"]
    assert "No such key" in failed["run"]["reason"]

    run = card.feedback("demo: say Better now.")
    assert run["kind"] == "feedback"
    assert run["remote_session_id"] is not None
    assert card.until("ai_review")["opencode_output"] == "Better now."
    said = [(i["kind"], i["sequence_number"]) for i in card.interactions()]
    assert said == [("prompt", 1), ("feedback", 2)]
    sessions = project.client.call("GET", f"{card.path}/sessions")["items"]
    assert {s["remote_session_id"] for s in sessions} == {run["remote_session_id"]}


def test_runs_wait_in_a_queue_and_can_be_taken_out(project: Project) -> None:
    first = project.card("First", "stream 400 20")
    others = [project.card(f"Waiting {n}", f"say {n}") for n in (1, 2)]
    first.execute()
    first.until_said("t00003")
    for other in others:
        other.execute()
    assert [other.get()["run"]["queue_position"] for other in others] == [1, 2]
    project.client.call("POST", f"{others[0].path}/cancel")
    assert others[0].get()["status"] == "todo"
    assert others[1].get()["run"]["queue_position"] == 1

    project.client.call("POST", f"{first.path}/cancel")
    cancelled = first.until("todo", 15)
    assert cancelled["run"]["status"] == "cancelled"
    assert others[1].until("ai_review")["opencode_output"] == "2"
    assert gapless(first.output())


def test_a_killed_opencode_ends_the_run_with_the_reason_and_work_goes_on(served: Served, project: Project) -> None:
    card = project.card("Struck", "stream 400 20")
    card.execute()
    card.until_said("t00003")
    os.kill(opencode_pid(served, project), signal.SIGKILL)
    failed = card.until("human_review", 30)
    assert failed["run"]["verdict"] == "interrupted"
    assert "signal 9" in failed["run"]["reason"]
    assert gapless(card.output())

    card.feedback("demo: say I go on.")
    assert card.until("ai_review")["opencode_output"] == "I go on."


def test_a_killed_controller_adopts_the_run_and_sends_nothing_twice(served: Served, project: Project) -> None:
    card = project.card("Adopted", "stream 160 20", "run ls", "next", "say The end.")
    before = prompts(served)
    card.execute()
    seen = card.until_said("t00005")
    waiting = project.card("Patient", "say After you.")
    waiting.execute()
    pid = opencode_pid(served, project)

    served.kill()
    served.start()

    assert opencode_pid(served, project) == pid, "the pod was adopted, not restarted"
    rest = card.output(after=seen[-1].number)
    assert [row.number for row in [*seen, *rest]] == list(range(1, len(seen) + len(rest) + 1))
    assert rest[-1].data["data"]["verdict"] == "success"
    shown = words([*seen, *rest])
    assert all(f"t{n:05d}" in shown for n in range(1, 161))
    assert card.until("ai_review")["opencode_output"] == "The end."
    assert waiting.until("ai_review")["opencode_output"] == "After you."
    assert prompts(served) - before == 2


def test_an_ask_outlives_the_controller(served: Served, project: Project) -> None:
    card = project.card("Patience", "run wc -c hello.md", "next", "say Measured.")
    card.execute()
    ask = card.ask()
    served.kill()
    served.start()
    assert card.ask()["id"] == ask["id"]
    card.answer(ask, reply="once")
    assert card.until("ai_review")["opencode_output"] == "Measured."


def test_a_provider_of_ones_own_and_its_next_version(served: Served, client: Client) -> None:
    project = client.project("Own provider")
    with model_server() as address:
        for version, temperature in ((2, 0.1), (3, 0.2), (4, 0.3)):
            body = {
                "provider": "openai-compatible",
                "model": "demo",
                "base_url": address,
                "api_key": "not-a-real-key-0000",
                "temperature": temperature,
            }
            saved = client.call("PUT", f"{project.path}/config", body)
            assert (saved["version"], saved["api_key_last4"]) == (version, "0000")
            card = project.card(f"Version {version}", f"say From version {version}.")
            assert card.execute()["config_version"] == version
            assert card.until("ai_review")["opencode_output"] == f"From version {version}."
    assert "not-a-real-key" not in served.log.read_text()


def test_stopping_leaves_no_process_behind(served: Served, project: Project) -> None:
    card = project.card("Background", "run sleep 300", "next", "say never")
    card.execute()
    card.answer(card.ask(), reply="once")
    wait_for(lambda: processes_of(served), 20, "processes of the pod")
    wait_for(lambda: any("sleep" in line for line in processes_of(served)), 20, "the command of the agent")
    assert served.stop() == 0
    assert processes_of(served) == []


def opencode_pid(served: Served, project: Project) -> int:
    found = [line for line in processes_of(served, project.id) if " serve --hostname" in line]
    assert len(found) == 1, found
    return int(found[0].split()[0])


def processes_of(served: Served, project_id: str = "") -> list[str]:
    """Processes at work in the server's pods, or in that of one project: number and command line."""
    pods = served.data / "pods" / project_id.replace("-", "")
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            where = (entry / "cwd").readlink()
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if where.is_relative_to(pods):
            found.append(f"{entry.name} {line}")
    return found
