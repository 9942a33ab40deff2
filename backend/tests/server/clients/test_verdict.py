"""Every way a run was seen to end, read from the messages that OpenCode stores."""

from typing import Any

import pytest

from opm.server.clients.verdict import End, answers_to, read, text_of

PROMPT = "msg_prompt"
USER = {"info": {"id": PROMPT, "role": "user"}, "parts": [{"type": "text", "text": "Do it"}]}


def answer(*parts: dict[str, Any], done: bool = True, **info: Any) -> dict[str, Any]:
    time = {"created": 1, "completed": 2} if done else {"created": 1}
    about = {"id": "msg_a", "role": "assistant", "parentID": PROMPT, "time": time}
    return {"info": about | info, "parts": [{"type": "step-start"}, *parts]}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def api_error(status: int, message: str = "no such key") -> dict[str, Any]:
    return {"name": "APIError", "data": {"message": message, "statusCode": status, "isRetryable": status >= 429}}


REFUSED = {"type": "tool", "tool": "bash", "state": {"status": "error", "error": "The user rejected permission"}}


@pytest.mark.parametrize(
    ("last", "end", "reason"),
    [
        (answer(text("Done."), finish="stop"), End.SUCCESS, None),
        (answer(text("Half"), finish="length"), End.INCOMPLETE, "output limit"),
        (answer(finish="content-filter"), End.FAILED, "content filter"),
        (
            answer(finish="content-filter", error={"name": "ContentFilterError", "data": {"message": "filtered"}}),
            End.FAILED,
            "filtered",
        ),
        (answer(error=api_error(400)), End.FAILED, "refused the request: no such key"),
        (answer(error=api_error(401)), End.FAILED, "API key; check it in the settings: no such key"),
        (answer(error=api_error(403)), End.FAILED, "refused access"),
        (answer(error=api_error(404)), End.FAILED, "does not know this model"),
        (answer(error=api_error(429)), End.FAILED, "rate limit"),
        (answer(error=api_error(503, "overloaded")), End.FAILED, "overloaded"),
        (answer(error={"name": "UnknownError", "message": "odd"}), End.FAILED, "odd"),
        (answer(error={"name": "StructuredOutputError", "data": {}}), End.FAILED, "StructuredOutputError"),
        (answer(text("par"), error={"name": "MessageAbortedError", "data": {"message": "Aborted"}}), End.STOPPED, None),
        (answer(), End.STOPPED, None),
        (answer(REFUSED, finish="tool-calls"), End.BLOCKED, "bash was refused: The user rejected permission"),
        (answer(finish="tool-calls"), End.BLOCKED, "permission was refused or a question dismissed"),
        (answer(finish="other"), End.FAILED, "“other”"),
        (answer(text("par"), done=False), End.UNFINISHED, None),
    ],
)
def test_the_last_answer_tells_the_end(last: dict[str, Any], end: End, reason: str | None) -> None:
    reading = read([USER, last], PROMPT)
    assert reading.end == end
    if reason is None:
        assert reading.reason is None
    else:
        assert reason in (reading.reason or "")


def test_an_error_counts_also_before_the_answer_is_complete() -> None:
    assert read([USER, answer(error=api_error(401), done=False)], PROMPT).end == End.FAILED


@pytest.mark.parametrize(
    "messages", [[], [USER], [{"info": {"id": "msg_other", "role": "user"}}, answer(finish="stop")]]
)
def test_no_answer_is_told_apart_from_a_bad_one(messages: list[Any]) -> None:
    reading = read(messages, PROMPT)
    assert (reading.end, reading.text, reading.cost) == (End.UNANSWERED, None, 0)


def test_earlier_prompts_are_not_answered_here() -> None:
    before = [{"info": {"id": "msg_0", "role": "user"}}, answer(text("Old"), finish="stop", cost=5)]
    reading = read([*before, USER, answer(text("New"), finish="stop", cost=1)], PROMPT)
    assert (reading.text, reading.cost) == ("New", 1)
    assert len(answers_to([*before, USER], PROMPT)) == 0


def test_a_failed_attempt_inside_a_step_leaves_no_words() -> None:
    tried = answer(text("I thi"), {"type": "step-start"}, text("I think."), text("So."), finish="stop")
    assert text_of(tried) == "I think.\n\nSo."


def test_what_opencode_adds_is_not_what_the_agent_said() -> None:
    assert text_of(answer({"type": "text", "text": "note", "synthetic": True}, text(""), text("Yes"))) == "Yes"


def test_a_summary_of_compaction_is_not_the_answer() -> None:
    """Its tokens were spent all the same."""
    summary = answer(text("So far ..."), finish="stop", summary=True, cost=2, tokens={"input": 7})
    working = answer(text("Going on"), finish="tool-calls", cost=1)
    reading = read([USER, working, summary], PROMPT)
    assert (reading.end, reading.text, reading.cost) == (End.BLOCKED, "Going on", 3)
    assert reading.tokens["input"] == 7
    assert read([USER, summary], PROMPT).end == End.UNANSWERED


def test_answers_after_compaction_still_belong_to_the_run() -> None:
    """OpenCode then goes on with a prompt of its own making."""
    again = {
        "info": {"id": "msg_own", "role": "user"},
        "parts": [{"type": "text", "text": "Continue", "synthetic": True}],
    }
    last = answer(text("Done."), finish="stop", parentID="msg_own")
    assert read([USER, answer(finish="tool-calls"), again, last], PROMPT).text == "Done."


def test_tokens_and_cost_are_summed_over_all_steps() -> None:
    steps = [
        answer(
            finish="tool-calls",
            cost=0.25,
            tokens={"input": 10, "output": 2, "reasoning": 1, "cache": {"read": 5, "write": 4}},
        ),
        answer(finish="tool-calls", cost=None, tokens=None),
        answer(finish="stop", cost=0.5, tokens={"input": 20, "output": 3, "cache": {"read": None}}),
    ]
    reading = read([USER, *steps], PROMPT)
    assert reading.cost == 0.75
    assert reading.tokens == {"input": 30, "output": 5, "reasoning": 1, "cache_read": 5, "cache_write": 4}
