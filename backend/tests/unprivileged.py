"""Root as it is in an ordinary container: without the capabilities with which it sees into every process, or others."""

import os
import shutil

import pytest


def unseeing() -> list[str]:
    """Words before a command; none are needed for another account than root's."""
    return without("sys_ptrace", "sys_admin", "perfmon")


def without(*capabilities: str) -> list[str]:
    """The same for any capabilities."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        reason = "NOT TESTED what is closed to others than root: root needs setpriv (Debian: util-linux)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    taken = ",".join(f"-{name}" for name in capabilities)
    return ["setpriv", f"--inh-caps={taken}", f"--bounding-set={taken}"]
