"""The product and the servers it is compared with, asked in turns; see `bench.references`."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.load import Target, repeat
from bench.machine import cpu_seconds

LIGHTER = {"same query, bare": 3, "same bytes, bare": 10}
"""More requests for those that need little, because the kernel counts CPU time in hundredths of a second."""


async def compare(sides: dict[str, Target], rounds: int, requests: int) -> list[Figure]:
    """Each round asks every side, beginning with another one each time."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for target in sides.values():
        await repeat(target, max(requests // 5, 20))
    for number in range(rounds):
        for name in _rotated(list(sides), number):
            times = requests * LIGHTER.get(name, 1)
            before = cpu_seconds(sides[name].pid)
            await repeat(sides[name], times)
            rates[name].append(times / max(cpu_seconds(sides[name].pid) - before, 0.01))
    ratios = [query / ours for ours, query in zip(rates["opm"], rates["same query, bare"], strict=True)]
    figures = [Figure(name, "requests per CPU second", numbers) for name, numbers in rates.items()]
    return [*figures, Figure("CPU time, opm : same query", "times", ratios)]


def _rotated(names: list[str], by: int) -> list[str]:
    return names[by % len(names) :] + names[: by % len(names)]


@contextlib.contextmanager
def reference(*arguments: str, module: str = "bench.references") -> Iterator[Target]:
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=Path(__file__).resolve().parents[1],
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout
        port = process.stdout.readline().decode().strip()
        assert port, "the reference did not start"
        yield Target(f"http://127.0.0.1:{port}/", process.pid)
    finally:
        process.kill()
        process.wait()
