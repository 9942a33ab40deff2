"""Root as it is in an ordinary container: without the capabilities with which it sees into every process."""

import os
import shutil

import pytest

SEEING = "-sys_ptrace,-sys_admin,-perfmon"


def unseeing() -> list[str]:
    """Words before a command; none are needed for another account than root's."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        reason = "NOT TESTED what processes see of each other: root needs setpriv (Debian: util-linux)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return ["setpriv", f"--inh-caps={SEEING}", f"--bounding-set={SEEING}"]
