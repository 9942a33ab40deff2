"""A process that hides itself, seen from outside by another one of the same account."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.unprivileged import unseeing

HIDES = "from opm.server.core.privacy import hide_process; print(hide_process(), flush=True); input()"
STAYS = "print(True, flush=True); input()"
BACKEND = Path(__file__).resolve().parents[3]


def seen_environment(program: str) -> str:
    with subprocess.Popen(
        [*unseeing(), sys.executable, "-c", program],
        cwd=BACKEND,
        env={"PATH": "/usr/bin:/bin", "OPM_TEST_MARKER": "zebra"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "True"
        looker = [*unseeing(), "cat", f"/proc/{process.pid}/environ"]
        said = subprocess.run(looker, capture_output=True, text=True, check=False).stdout
        process.communicate("\n")
    return said


@pytest.mark.parametrize(("program", "seen"), [(STAYS, True), (HIDES, False)], ids=["stays", "hides"])
def test_the_environment_of_a_hidden_process_cannot_be_read(program: str, seen: bool) -> None:
    assert ("OPM_TEST_MARKER=zebra" in seen_environment(program)) is seen
