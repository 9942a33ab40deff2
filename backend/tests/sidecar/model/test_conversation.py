"""What the demo model answers depends on the history in the request and on nothing else."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from opm.sidecar.model.conversation import INTRODUCTION, NOTES, Request, reply
from opm.sidecar.model.script import Say, Tool

SCRIPT = "Do it\ndemo: run ls\ndemo: next\ndemo: say Done"


def request(*messages: tuple[str, Any], tools: tuple[str, ...] = ("bash", "write")) -> Request:
    body = {
        "messages": [{"role": role, "content": content} for role, content in messages],
        "tools": [{"type": "function", "function": {"name": name, "parameters": {}}} for name in tools],
        "temperature": 0.5,
    }
    return msgspec.json.decode(json.dumps(body), type=Request)


def said(*messages: tuple[str, Any], tools: tuple[str, ...] = ("bash", "write")) -> str:
    return "".join(step.text for step in reply(request(*messages, tools=tools)).turn.steps if isinstance(step, Say))


def called(*messages: tuple[str, Any], tools: tuple[str, ...] = ("bash", "write")) -> list[Tool]:
    return [step for step in reply(request(*messages, tools=tools)).turn.steps if isinstance(step, Tool)]


def test_a_script_is_played_turn_by_turn() -> None:
    begun = (("system", "You are an agent"), ("user", SCRIPT))
    after_one = (*begun, ("assistant", None), ("tool", "a file"))

    assert [tool.name for tool in called(*begun)] == ["bash"]
    assert said(*after_one) == "Done"
    assert "ends here" in said(*after_one, ("assistant", "Done"))


def test_content_may_come_in_parts() -> None:
    parts = [{"type": "text", "text": "Do"}, {"type": "image_url"}, {"type": "text", "text": "demo: say Hello"}]

    assert said(("user", parts)) == "Hello"


def test_a_new_script_begins_anew() -> None:
    assert said(("user", SCRIPT), ("assistant", "x"), ("assistant", "y"), ("user", "demo: say Again")) == "Again"


def test_a_slip_in_a_script_is_the_answer() -> None:
    assert "line 1, demo: dance" in said(("user", "demo: dance"))


def test_without_a_script_it_says_what_it_is() -> None:
    assert said(("user", "Build me a shop")) == INTRODUCTION
    assert "not a language model" in INTRODUCTION
    assert "Settings" in INTRODUCTION


def test_a_request_without_a_human_is_answered_all_the_same() -> None:
    assert said() == INTRODUCTION


def test_feedback_is_repeated_noted_and_confirmed(tmp_path: Path) -> None:
    feedback = "Make it blue; it's $(touch owned) `nice`\nplease"
    history = (("user", SCRIPT), ("assistant", "Done"), ("user", feedback))

    (tool,) = called(*history)
    command = json.loads(tool.arguments)["command"]
    for _ in range(2):
        subprocess.run(["sh", "-c", command], cwd=tmp_path, check=True)

    assert "Make it blue" in said(*history)
    assert shlex.split(command)[0] == "printf"
    assert (tmp_path / NOTES).read_text() == "- Make it blue; it's $(touch owned) `nice` please\n" * 2
    assert not (tmp_path / "owned").exists()
    confirmed = (*history, ("assistant", None), ("tool", ""))
    assert called(*confirmed) == []
    assert f"added your words to {NOTES}" in said(*confirmed)


def test_feedback_without_a_shell_uses_the_next_best_tool() -> None:
    history = (("user", SCRIPT), ("assistant", "Done"), ("user", "Blue"))

    assert json.loads(called(*history, tools=("write",))[0].arguments) == {"filePath": NOTES, "content": "- Blue\n"}
    assert called(*history, tools=("read",)) == []
    assert "no tool" in said(*history, tools=("read",))


def test_titles_and_summaries_are_short_and_call_nothing() -> None:
    title = (("system", "You are a title generator. You output ..."), ("user", f"Generate a title:\n{SCRIPT}"))
    summary = (("user", SCRIPT), ("assistant", "Done"), ("user", "Summarize the conversation"))

    assert said(*title, tools=()) == "Demo: Do it"
    assert said(("system", "You are a title generator"), ("user", "demo: say x")) == "Demo run"
    assert said(*summary, tools=()).startswith("Demo model: so far this was asked: Do it")
    assert called(*summary, tools=()) == []


def test_the_same_point_has_the_same_key_and_the_next_another() -> None:
    here = reply(request(("system", "Now is 10:00"), ("user", SCRIPT)))
    again = reply(request(("system", "Now is 10:01"), ("user", SCRIPT)))
    later = reply(request(("user", SCRIPT), ("assistant", None), ("tool", "x")))

    assert here.key == again.key
    assert here.key != later.key
