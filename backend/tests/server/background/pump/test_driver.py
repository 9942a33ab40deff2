"""The life of a run from the queue to the verdict, with an agent that follows a script."""

import asyncio
from typing import Any

import pytest

from opm.server.db.models import AuditLog
from opm.server.features.interactions.schemas import InteractionKind
from opm.server.features.sessions.schemas import RunStatus, Verdict
from tests.fakes.agent import Turn
from tests.server.background.stage import Stage, eventually


async def test_a_run_that_succeeds(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        await turn.say("I look.")
        await turn.tool("bash", {"command": "ls"}, "a.txt", exit=0)
        await turn.next_step()
        await turn.say("All done.")
        await turn.finish()

    stage.agent.diffs = [{"file": "a.txt", "status": "added", "additions": 1, "deletions": 0, "patch": "+a"}]
    task = await stage.execute(script)
    stage.pump()
    run = await stage.ended(task)

    assert (run.status, run.verdict, run.exit_code) == (RunStatus.COMPLETED, Verdict.SUCCESS, 0)
    assert run.final_output == "All done."
    assert run.tokens == {"input": 20, "output": 10, "reasoning": 0, "cache_read": 0, "cache_write": 0}
    assert run.cost == pytest.approx(0.02)
    assert run.diff == stage.agent.diffs
    card = await stage.card(task)
    assert (card.status, card.opencode_output, card.attention) == ("ai_review", "All done.", "review")

    output = await stage.output(task)
    assert await stage.words(task) == "I look.|All done."
    assert [event["state"] for event in output if event["type"] == "tool"][-1] == "completed"
    assert (await stage.statuses(task))[:2] == ["starting", "running"]
    assert output[-1]["type"] == "completion"
    assert output[-1]["data"]["verdict"] == "success"
    ((session, body),) = stage.agent.prompts
    assert (session, body["messageID"]) == (run.remote_session_id, run.message_id)
    assert body["parts"][0]["text"].startswith("# Brew")
    counted = stage.ports.metrics.registry.get_sample_value
    assert counted("opm_runs_ended_total", {"verdict": "success"}) == 1


async def test_permissions_wait_for_a_human(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        assert await turn.ask_permission("bash", "rm x") == ("once", None)
        await turn.say("Removed.")
        await turn.finish()

    task = await stage.execute(script)
    stage.pump()
    ask = await stage.ask(task, InteractionKind.PERMISSION)
    assert ask.request["patterns"] == ["rm x"]
    assert (await stage.card(task)).attention == "permission"
    await stage.answer(ask, reply="once")
    assert (await stage.ended(task)).verdict == Verdict.SUCCESS

    assert [answer for _, answer in stage.agent.replies] == [("once", None)]
    kinds = [event["type"] for event in await stage.output(task)]
    assert kinds.index("ask") < kinds.index("answered") < kinds.index("completion")
    assert (await stage.statuses(task))[2:] == ["waiting", "running"]
    assert (await stage.card(task)).attention == "review"


async def test_a_rejected_permission_blocks_the_run(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        await turn.ask_permission("bash", "rm x")
        part = turn._part(type="tool", tool="bash", state={"status": "error", "input": {}, "error": "rejected"})
        assert part["state"]["status"] == "error"
        await turn.finish("tool-calls")

    task = await stage.execute(script)
    stage.pump()
    await stage.answer(await stage.ask(task, InteractionKind.PERMISSION), reply="reject", message="Not this one")
    run = await stage.ended(task)
    assert (run.status, run.verdict) == (RunStatus.FAILED, Verdict.BLOCKED)
    assert "bash was refused" in (run.reason or "")
    assert stage.agent.replies[0][1] == ("reject", "Not this one")
    assert (await stage.card(task)).status == "human_review"


@pytest.mark.parametrize("answer", [{"answers": [["Green"]]}, {"reject": True}])
async def test_questions_are_answered_or_dismissed(stage: Stage, answer: dict[str, Any]) -> None:
    async def script(turn: Turn) -> None:
        chosen = await turn.ask_question("Which tea?", "Green", "Black")
        await turn.say(str(chosen))
        await turn.finish()

    task = await stage.execute(script)
    stage.pump()
    ask = await stage.ask(task, InteractionKind.QUESTION)
    assert ask.request["questions"][0]["question"] == "Which tea?"
    await stage.answer(ask, **answer)
    assert (await stage.ended(task)).final_output == str(answer.get("answers"))


async def test_what_is_still_asked_at_the_end_expires(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        asking = asyncio.create_task(turn.ask_permission("bash", "ls"))
        await asyncio.sleep(1)
        asking.cancel()
        await turn.finish()

    task = await stage.execute(script)
    stage.pump()
    await stage.ended(task)
    page = await stage.interactions(task)
    assert [i.state for i in page if i.kind == "permission"] == ["expired"]


async def test_retries_are_shown_and_cleared(stage: Stage) -> None:
    went_on = asyncio.Event()

    async def script(turn: Turn) -> None:
        turn.status("retry", attempt=1, message="Too many requests", next=1)
        await went_on.wait()
        turn.status("busy")
        await turn.say("Through.")
        await turn.finish()

    task = await stage.execute(script)
    stage.pump()

    async def shown() -> bool:
        card = await stage.card(task)
        return card.run is not None and card.run.retry_message == "Too many requests"

    await eventually(shown, "a retry on the card")
    went_on.set()
    run = await stage.ended(task)
    assert run.retry_message is None
    assert await stage.statuses(task) == ["starting", "running", "retrying", "running"]


async def test_a_provider_that_refuses_fails_the_run_with_advice(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        await turn.fail("APIError", "bad key", statusCode=401)

    task = await stage.execute(script)
    stage.pump()
    run = await stage.ended(task)
    assert (run.status, run.verdict, run.exit_code) == (RunStatus.FAILED, Verdict.FAILED, 1)
    assert run.reason == "The provider refused the API key; check it in the settings: bad key"
    card = await stage.card(task)
    assert (card.status, card.attention) == ("human_review", "failed")
    assert {"type": "error", "name": "APIError", "message": "bad key"} in await stage.output(task)


async def test_an_idle_before_the_error_is_stored_is_waited_out(stage: Stage) -> None:
    """OpenCode says idle twice on errors, the first time before the answer bears its error."""

    async def script(turn: Turn) -> None:
        await turn.say("Half")
        agent, session = turn.agent, turn.session_id
        agent.busy.pop(session)
        agent.emit("session.idle", sessionID=session)
        await asyncio.sleep(1.5)
        await turn.fail("APIError", "overloaded", statusCode=503)

    task = await stage.execute(script)
    stage.pump()
    run = await stage.ended(task)
    assert (run.verdict, run.reason) == (Verdict.FAILED, "overloaded")


async def test_an_idle_while_the_agent_works_on_is_not_the_end(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        await turn.say("First")
        turn.agent.emit("session.idle", sessionID=turn.session_id)
        await asyncio.sleep(2)
        await turn.say("Second")
        await turn.finish()

    task = await stage.execute(script)
    stage.pump()
    run = await stage.ended(task)
    assert (run.verdict, run.final_output) == (Verdict.SUCCESS, "First\n\nSecond")


async def test_an_agent_that_does_not_exist_is_a_failed_start(stage: Stage) -> None:
    """OpenCode takes such a prompt, says an error, and nothing else ever."""
    stage.agent.deaf = True
    task = await stage.execute()
    stage.pump()
    run = await stage.until(task, RunStatus.RUNNING)
    error = {"name": "UnknownError", "data": {"message": "Agent not found: nobody"}}
    for _ in range(2):
        stage.agent.emit("session.error", sessionID=run.remote_session_id, error=error)
    run = await stage.ended(task)
    assert (run.verdict, run.reason) == (Verdict.FAILED, "Agent not found: nobody")


async def test_a_run_of_more_steps_than_one_page_of_messages(stage: Stage) -> None:
    async def script(turn: Turn) -> None:
        for _ in range(130):
            await turn.next_step()
        await turn.say("At last.")
        await turn.finish()

    task = await stage.execute(script)
    stage.pump()
    run = await stage.ended(task)
    assert (run.verdict, run.final_output) == (Verdict.SUCCESS, "At last.")
    assert run.tokens["input"] == 131 * 10


async def test_a_run_that_says_more_than_can_be_taken_at_once_succeeds(stage: Stage) -> None:
    stage.agent.largest_page = 200_000

    async def script(turn: Turn) -> None:
        for _ in range(12):
            await turn.say("x" * 50_000)
            await turn.next_step()
        await turn.say("At last.")
        await turn.finish()

    task = await stage.execute(script)
    stage.pump()
    run = await stage.ended(task)
    assert (run.verdict, run.final_output) == (Verdict.SUCCESS, "At last.")
    assert run.tokens["input"] == 13 * 10
    await stage.feedback(task, "And now?")
    assert (await stage.ended(task)).verdict == Verdict.SUCCESS


@pytest.mark.parametrize("last", [False, True])
async def test_a_message_that_is_too_large_alone_does_not_fail_its_run(stage: Stage, *, last: bool) -> None:
    stage.agent.largest_page = 100_000

    async def script(turn: Turn) -> None:
        await turn.say("x" * 200_000)
        if not last:
            await turn.next_step()
            await turn.say("At last.")
        await turn.finish()

    task = await stage.execute(script)
    stage.pump()
    run = await stage.ended(task)
    assert (run.verdict, run.final_output) == (Verdict.SUCCESS, None if last else "At last.")


async def test_one_project_works_on_one_card_at_a_time_in_order(stage: Stage) -> None:
    order: list[str] = []
    at_work = 0

    async def script(turn: Turn) -> None:
        nonlocal at_work
        at_work += 1
        assert at_work == 1
        order.append(turn.text)
        await asyncio.sleep(1)
        await turn.finish()
        at_work -= 1

    tasks = [await stage.execute(script, title) for title in ("One", "Two", "Three")]
    stage.pump()
    for task in tasks:
        assert (await stage.ended(task)).verdict == Verdict.SUCCESS
    assert order == ["# One", "# Two", "# Three"]


async def test_feedback_goes_on_in_the_same_conversation(stage: Stage) -> None:
    task = await stage.execute()
    stage.pump()
    first = await stage.ended(task)
    await stage.feedback(task, "Make it blue")
    second = await stage.ended(task)
    assert second.id != first.id
    assert second.remote_session_id == first.remote_session_id
    assert [body["parts"][0]["text"] for _, body in stage.agent.prompts] == ["# Brew", "Make it blue"]
    assert (second.verdict, await stage.words(task)) == (Verdict.SUCCESS, "Done.")
    assert second.tokens["input"] == 10, "only what this run used"


async def test_feedback_on_a_conversation_that_is_gone(stage: Stage) -> None:
    task = await stage.execute()
    pump = stage.pump()
    await stage.ended(task)
    assert pump
    stage.agent.info.clear()
    await stage.feedback(task, "Make it blue")
    run = await stage.ended(task)
    assert run.verdict == Verdict.FAILED
    assert "To do" in (run.reason or "")


async def test_a_fault_of_our_own_ends_the_run_not_the_pump(stage: Stage) -> None:
    task = await stage.execute()
    info = stage.agent.info
    stage.agent.info = None  # pyright: ignore[reportAttributeAccessIssue]  every call breaks in a way nobody foresaw
    stage.pump()
    run = await stage.ended(task)
    assert run.verdict == Verdict.FAILED
    assert "inside the server" in (run.reason or "")
    stage.agent.info = info
    assert (await stage.ended(await stage.execute())).verdict == Verdict.SUCCESS


async def test_an_address_that_leads_inside_by_now_is_not_used(stage: Stage) -> None:
    """The name was public when it was saved."""
    new = {"provider": "openai-compatible", "model": "m", "base_url": "https://llm.example/v1", "api_key": "sk-1"}
    await stage.world.config(stage.actor, stage.project, **new)
    stage.world.names["llm.example"] = ["169.254.169.254"]
    task = await stage.execute()
    stage.pump()
    run = await stage.ended(task)
    assert run.verdict == Verdict.FAILED
    assert "metadata" in str(run.reason)
    assert stage.agent.prompts == []


async def test_the_audit_log_says_that_a_run_was_given_the_key(stage: Stage) -> None:
    await stage.world.config(stage.actor, stage.project, api_key="sk-live-0123456789")
    task = await stage.execute()
    stage.pump()
    run = await stage.ended(task)
    (line,) = [line for line in await stage.world.rows(AuditLog) if line.action == "secret.used"]
    assert line.details == {"purpose": "run", "run": str(run.id)}
    assert "sk-live" not in repr(vars(line))
