"""Runs under fault, and what must be true of them afterwards: judged by the rows, the ledger of the pods, and nothing
that a controller says of itself."""

import asyncio
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import asyncpg

from tests.chaos.cluster import Cluster
from tests.chaos.pods import Pods

STUCK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Found:
    """What the database holds of all runs."""

    runs: list[Any]
    events: list[Any]


async def projects(cluster: Cluster, count: int) -> list[str]:
    made = [await cluster.call("POST", "/projects", {"name": f"Chaos {number}"}) for number in range(count)]
    for project in made:
        await cluster.call("PATCH", f"/projects/{project['slug']}", {"max_concurrent_runs": 4})
    return [project["slug"] for project in made]


async def execute_all(cluster: Cluster, slugs: list[str], count: int, at_once: int = 8) -> None:
    """As many runs as are wished for, made while things happen."""
    numbers = iter(range(count))

    async def some(worker: int) -> None:
        for number in numbers:
            slug = slugs[number % len(slugs)]
            card = await cluster.call("POST", f"/projects/{slug}/tasks", {"title": f"Card {number}"}, first=worker)
            await cluster.call("POST", f"/projects/{slug}/tasks/{card['id']}/execute", first=worker + 1)

    async with asyncio.TaskGroup() as group:
        for worker in range(at_once):
            group.create_task(some(worker))


async def all_ended(url: str, count: int, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while await ended_of(url) < count:
            await asyncio.sleep(0.5)


async def ended_of(url: str) -> int:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval("SELECT count(*) FROM opencode_sessions WHERE verdict IS NOT NULL")
    finally:
        await connection.close()


async def found(url: str) -> Found:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        runs = await connection.fetch(
            "SELECT s.*, t.status AS card, extract(epoch FROM execution_end_at - execution_start_at) AS seconds"
            " FROM opencode_sessions s JOIN tasks t ON t.id = s.task_id"
        )
        events = await connection.fetch("SELECT session_id, seq, type, created_at FROM session_events ORDER BY 1, 2")
        return Found(runs, events)
    finally:
        await connection.close()


async def judge(url: str, pods: Pods, count: int) -> dict[str, Any]:
    """Raises for anything lost, doubled, stuck or out of order; gives figures."""
    seen = await found(url)
    assert len(seen.runs) == count, "every execution that was accepted is there, and none twice"
    wrong = [(str(run["id"]), run["verdict"], run["reason"], run["card"]) for run in seen.runs if not _well(run)]
    assert wrong == []
    prompts = {run["message_id"]: pods.delivered[run["message_id"]] for run in seen.runs}
    assert {name: times for name, times in prompts.items() if times != 1} == {}, "each prompt is delivered once"
    assert sum(pods.delivered.values()) == count
    _judge_output(seen)
    silence, told = _longest_silence(seen)
    assert silence < STUCK_SECONDS, told
    return {
        "runs": count,
        "taken over": sum(run["fence"] - 1 for run in seen.runs),
        "refused by pods": len(pods.refused),
        "longest run in s": round(max(float(run["seconds"]) for run in seen.runs), 1),
        "longest silence in s": round(silence, 1),
    }


def _longest_silence(seen: Found) -> tuple[float, str]:
    """Seconds in which nothing was written of a run that was at work, and where; one may be struck several times."""
    moments: dict[Any, list[tuple[Any, str]]] = {run["id"]: [(run["execution_start_at"], "start")] for run in seen.runs}
    for event in seen.events:
        moments[event["session_id"]].append((event["created_at"], f"{event['seq']} {event['type']}"))
    return max(
        ((b - a).total_seconds(), f"run {name} was silent from {what} at {a} until {then} at {b}")
        for name, own in moments.items()
        for (a, what), (b, then) in pairwise(own)
    )


def _well(run: Any) -> bool:
    return (run["status"], run["verdict"], run["card"]) == ("completed", "success", "ai_review")


def _judge_output(seen: Found) -> None:
    by_run: dict[Any, list[Any]] = {}
    for event in seen.events:
        by_run.setdefault(event["session_id"], []).append(event)
    for run in seen.runs:
        mine = by_run[run["id"]]
        assert [event["seq"] for event in mine] == list(range(1, run["last_seq"] + 1)), "numbers without gaps"
        assert [event["type"] for event in mine].count("completion") == 1
        assert mine[-1]["type"] == "completion", "nothing is written after the end"
        said = run["final_output"].split("\n")
        assert sum("word 5." in line for line in said) == 1, "the words of one prompt, once"
