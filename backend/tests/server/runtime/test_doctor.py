"""What `opm doctor` finds, on a machine that has things and on one that lacks them."""

from pathlib import Path

import pytest

from opm.server.runtime import doctor
from opm.server.runtime.doctor import Check, run_checks
from opm.server.runtime.opencode import PINNED_VERSION


def a_tool(folder: Path, name: str, says: str, code: int = 0) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return path


def by_name(checks: list[Check]) -> dict[str, Check]:
    return {check.name: check for check in checks}


async def test_a_machine_with_everything_passes(tmp_path: Path) -> None:
    for tool in ("git", "rg", "npm", "node"):
        a_tool(tmp_path, tool, f"{tool} 1.2.3")
    program = a_tool(tmp_path, "opencode", PINNED_VERSION)
    checks = await run_checks(data_dir=tmp_path / "data", opencode=program, search_path=str(tmp_path))
    assert [check for check in checks if check.ok is not True] == []
    assert by_name(checks)["git"].found == f"git 1.2.3 ({tmp_path}/git)"
    assert not (tmp_path / "data").exists(), "looking changes nothing"


async def test_what_is_missing_comes_with_its_mend(tmp_path: Path) -> None:
    checks = by_name(await run_checks(data_dir=tmp_path, search_path=str(tmp_path)))
    assert (checks["git"].ok, checks["rg"].ok) == (False, None)
    assert "apt install ripgrep" in checks["rg"].mend
    assert checks["OpenCode"].ok is False
    assert "opm setup-opencode" in checks["OpenCode"].mend


async def test_a_tool_that_is_broken_does_not_count(tmp_path: Path) -> None:
    a_tool(tmp_path, "git", "broken", code=1)
    checks = by_name(await run_checks(data_dir=tmp_path, search_path=str(tmp_path)))
    assert checks["git"].ok is False
    assert "does not answer" in checks["git"].found


async def test_another_opencode_is_a_warning(tmp_path: Path) -> None:
    check = await doctor.check_opencode(tmp_path, a_tool(tmp_path, "opencode", "9.9.9"))
    assert check.ok is None
    assert PINNED_VERSION in check.mend


def test_an_old_python_and_another_system_fail() -> None:
    assert doctor.check_python((3, 10)).ok is False
    assert doctor.check_python((3, 11)).ok is True
    assert doctor.check_system("Darwin").ok is False


def test_a_data_directory_that_cannot_be_written_fails() -> None:
    writable, _space = doctor.check_data_dir(Path("/proc/opm"))
    assert writable.ok is False
    assert "OPM_DATA_DIR" in writable.mend


def test_an_address_that_cannot_be_listened_on_fails() -> None:
    assert doctor.check_port("192.0.2.1").ok is False


@pytest.mark.parametrize("check", [doctor.check_openat2(), doctor.check_port()])
def test_this_machine_can_do_what_the_tests_need(check: Check) -> None:
    assert check.ok is True
