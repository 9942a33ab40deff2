"""The demo model's language, word by word, and what its author is told when he slips."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opm.sidecar.model.script import (
    WORDS,
    Drop,
    Failure,
    Rate,
    Say,
    ScriptError,
    Step,
    Stream,
    Tool,
    Turn,
    Wait,
    is_scripted,
    parse,
)

REFERENCE = Path(__file__).parents[4] / "docs" / "reference" / "demo-model.md"


def steps(line: str) -> tuple[Step, ...]:
    (turn,) = parse(line)
    return turn.steps


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("demo: say Hello there", Say("Hello there")),
        ("demo: say", Say("")),
        (r"demo: say one\ntwo\tthree\\four", Say("one\ntwo\tthree\\four")),
        ("demo: think Hm", Say("Hm", thought=True)),
        ("demo: wait 2.5", Wait(2.5)),
        ("demo: rate 0", Rate(0)),
        ("demo: stream 100 50", Stream(100, 50)),
        ("demo: stream 100", Stream(100, 0)),
        ("demo: drop", Drop()),
        ('demo: tool read {"filePath": "ä"}', Tool("read", '{"filePath":"ä"}')),
        ("demo: tool todoread", Tool("todoread", "{}")),
        ('demo: tool odd {"name": "x"}', Tool("odd", '{"name":"x"}')),
        (r"demo: write a.md one\ntwo", Tool("write", r'{"filePath":"a.md","content":"one\ntwo\n"}')),
        ("demo: run ls -l", Tool("bash", '{"command":"ls -l","description":"Demo: ls -l"}')),
    ],
)
def test_words(line: str, step: Step) -> None:
    assert steps(line) == (step,)


def test_a_question_with_its_answers() -> None:
    (asked,) = steps("demo: ask Which database? | SQLite | PostgreSQL")

    assert isinstance(asked, Tool)
    assert asked.name == "question"
    assert '"question":"Which database?"' in asked.arguments
    assert '"label":"PostgreSQL"' in asked.arguments


@pytest.mark.parametrize(
    ("line", "failure"),
    [
        ("demo: error 401", Failure(401, "The demo script asked for this error.")),
        ("demo: error 500 Out of luck", Failure(500, "Out of luck")),
        ("demo: fail 429", Failure(429, "The demo script asked for this failure.", times=1)),
        ("demo: fail 503 3", Failure(503, "The demo script asked for this failure.", times=3)),
        ("demo: fail 503 3 0.5", Failure(503, "The demo script asked for this failure.", times=3, retry_after=0.5)),
    ],
)
def test_failures(line: str, failure: Failure) -> None:
    assert parse(line)[0].failure == failure


def test_turns_and_prose() -> None:
    text = "Please do this:\n- demo: say One\nand then\n  DEMO: run ls\n> demo: next\nmore prose\ndemo: say Two"

    assert [[type(step).__name__ for step in turn.steps] for turn in parse(text)] == [["Say", "Tool"], ["Say"]]


def test_how_a_turn_ends() -> None:
    assert parse("demo: say x")[0].finish_reason == "stop"
    assert parse("demo: run ls")[0].finish_reason == "tool_calls"
    assert parse("demo: run ls\ndemo: finish length")[0].finish_reason == "length"
    assert parse('demo: usage {"prompt_tokens": 7}')[0].usage == {"prompt_tokens": 7}


@pytest.mark.parametrize(
    "line",
    [
        "demo: dance",
        "demo:",
        "demo: tool",
        "demo: tool read {not json}",
        "demo: tool read [1]",
        "demo: tool bad/name {}",
        "demo: write",
        "demo: run",
        "demo: ask Which?",
        "demo: ask Which? | one",
        "demo: wait",
        "demo: wait soon",
        "demo: wait 9999999",
        "demo: wait -1",
        "demo: wait inf",
        "demo: stream x",
        "demo: stream 100001",
        "demo: error",
        "demo: error 200",
        "demo: fail 503 many",
        "demo: finish",
        "demo: usage many",
        'demo: usage {"prompt_tokens": -1}',
        'demo: usage {"prompt_tokens": "1"}',
    ],
)
def test_a_slip_is_told_with_its_line(line: str) -> None:
    with pytest.raises(ScriptError, match=r"^line 2, demo: ?"):
        parse(f"prose\n{line}")


@pytest.mark.parametrize("text", ["", "Hello", "this demo: say x", "demonstrate: say x", "demo say x"])
def test_prose_is_no_script(text: str) -> None:
    assert not is_scripted(text)
    assert parse(text) == [Turn()]


@given(
    st.lists(st.sampled_from(sorted(WORDS)).flatmap(lambda word: st.text().map(lambda rest: f"demo: {word} {rest}")))
)
def test_any_script_is_understood_or_refused_in_one_way(lines: list[str]) -> None:
    text = "\n".join(lines)
    assert is_scripted(text) or not lines
    assert understood(text) in {True, False}


def understood(text: str) -> bool:
    try:
        return bool(parse(text))
    except ScriptError:
        return False


def test_the_reference_names_every_word_and_no_other() -> None:
    text = REFERENCE.read_text()
    table = re.findall(r"^\| `demo: ([a-z]+)", text, re.MULTILINE)

    assert sorted(table) == sorted(WORDS)


def test_the_example_of_the_reference_is_a_script() -> None:
    example = re.search(r"```\n(.*?)```", REFERENCE.read_text(), re.DOTALL)
    assert example is not None

    assert [turn.finish_reason for turn in parse(example.group(1))] == ["tool_calls", "tool_calls", "stop"]
