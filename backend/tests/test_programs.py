"""How the harness finds, fetches, starts and ends what it needs."""

import shutil
import sys
import time
from pathlib import Path

import pytest

from tests.absent import missing
from tests.identity.keycloak_dist import check_archive, find_java, java_version
from tests.identity.oidc_provider import running_oidc_provider
from tests.programs import Program, make_whole

FAILED: type[BaseException] = pytest.fail.Exception
SKIPPED: type[BaseException] = pytest.skip.Exception


def python(home: Path, script: str, given: bytes = b"") -> Program:
    return Program([sys.executable, "-u", "-c", script], home, given=given, environment={})


def test_what_is_missing_is_skipped_with_its_reason_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(SKIPPED, match="NOT TESTED against Keycloak: no Java"):
        missing("Keycloak", "no Java")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(FAILED, match="NOT TESTED against Keycloak: no Java"):
        missing("Keycloak", "no Java")


def test_provider_without_its_program_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FAILED, match=r"there is no Node\.js"), running_oidc_provider(tmp_path / "op"):
        pass


def test_java_is_taken_where_it_is_named_if_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    for version, taken in (("1.8.0_402", False), ("11.0.22", False), ("17.0.15", True), ("25", True)):
        old.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2026-01-01' >&2\n")
        old.chmod(0o755)
        assert (java_version(old) >= 17) is taken
        if taken:
            assert find_java() == old


def test_an_archive_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "keycloak.zip"
    archive.write_bytes(b"something else")
    with pytest.raises(FAILED, match="not the one that was pinned"):
        check_archive(archive)


def test_what_breaks_off_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    def break_off(made: Path) -> None:
        (made / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_whole(tmp_path / "wanted", break_off)
    assert list(tmp_path.iterdir()) == []
    make_whole(tmp_path / "wanted", lambda made: (made / "whole").touch())
    assert [path.name for path in tmp_path.iterdir()] == ["wanted"]


def test_a_program_that_does_not_come_up_shows_its_log(tmp_path: Path) -> None:
    program = python(tmp_path, "print('no such port'); raise SystemExit(3)")
    with pytest.raises(FAILED, match=r"(?s)ended with 3 at start.*no such port"):
        program.wait_for(lambda: None, 20, "it")
    program.end()


def test_a_program_has_its_deadline_and_ends_with_its_children(tmp_path: Path) -> None:
    sleeper = shutil.which("sleep") or pytest.fail("there is no sleep")
    program = python(
        tmp_path,
        "import signal, subprocess, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        f"print('child', subprocess.Popen([{sleeper!r}, '600']).pid, sys.stdin.read()); signal.pause()",
        given=b"told",
    )
    said = program.wait_for(lambda: program.said() if "told" in program.said() else None, 20, "it")
    with pytest.raises(FAILED, match="not ready after 0 s"):
        program.wait_for(lambda: None, 0.2, "it")
    program.end(seconds=0.2)
    assert program.process.poll() is not None
    deadline = time.monotonic() + 10
    while is_running(int(said.split()[1])) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(int(said.split()[1]))
    assert not (tmp_path / "stdin").exists()


def is_running(pid: int) -> bool:
    """A child that ended may wait for whoever has adopted it to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
