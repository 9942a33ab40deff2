"""``python -m bench``: measure, print tables. With ``--smoke`` tiny loads, to see that it still runs."""

import argparse
import asyncio
import tempfile
from pathlib import Path

from bench import board_fanout, first_delta, idle_projects, large_board, pod_start, task_list, terminal, workspace
from bench.figures import table
from bench.machine import described


async def measure(home: Path, *, only: str | None, smoke: bool) -> None:
    print(described(), flush=True)
    if only in {None, "task_list"}:
        for database, figures in await task_list.run(
            home / "list", rounds=1 if smoke else 9, requests=60 if smoke else 1000
        ):
            print("\n" + table(f"A board of 50 cards with 2 KB each, on {database}", figures))
    if only in {None, "large_board"}:
        cards, rounds, requests = (450, 1, 20) if smoke else (10_000, 9, 200)
        for title, figures in await large_board.run(home / "large", cards=cards, rounds=rounds, requests=requests):
            print("\n" + table(title, figures))
    if only in {None, "board_fanout"}:
        (home / "fanout").mkdir()
        browsers, rounds, burst = (40, 1, 5) if smoke else (2_000, 7, 30)
        for title, figures in await board_fanout.run(home / "fanout", browsers=browsers, rounds=rounds, burst=burst):
            print("\n" + table(title, figures))
    if only in {None, "first_delta"}:
        for title, figures in await first_delta.run(home / "delta", rounds=2 if smoke else 25):
            print("\n" + table(title, figures))
    if only in {None, "terminal"}:
        megabytes, rounds, requests = (2, 1, 5) if smoke else (200, 7, 200)
        for title, figures in await terminal.run(
            home / "terminal", megabytes=megabytes, rounds=rounds, requests=requests
        ):
            print("\n" + table(title, figures))
    if only in {None, "workspace"}:
        files, mebibytes, rounds = (2_000, 16, 1) if smoke else (100_000, 1_024, 7)
        for title, figures in await workspace.run(home / "workspace", files=files, mebibytes=mebibytes, rounds=rounds):
            print("\n" + table(title, figures))
    await _on_kubernetes(home, only=only, smoke=smoke)


async def _on_kubernetes(home: Path, *, only: str | None, smoke: bool) -> None:
    if only in {None, "idle_projects"}:
        projects, rounds = (20, 1) if smoke else (500, 2)
        for title, figures in await idle_projects.run(home / "idle", projects=projects, rounds=rounds):
            print("\n" + table(title, figures))
    if only in {None, "pod_start"}:
        if (reason := pod_start.missing()) is not None:
            print(f"\nNOT MEASURED: how long a pod takes to start: {reason}")
        else:
            for title, figures in await pod_start.run(rounds=1 if smoke else 7):
                print("\n" + table(title, figures))


_NAMES = (
    "task_list",
    "large_board",
    "board_fanout",
    "first_delta",
    "terminal",
    "workspace",
    "idle_projects",
    "pod_start",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("only", nargs="?", choices=_NAMES, help="one benchmark instead of all")
    parser.add_argument("--smoke", action="store_true", help="tiny loads: does it still run?")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="opm-bench-") as home:
        asyncio.run(measure(Path(home), only=chosen.only, smoke=chosen.smoke))


main()
