"""Choosing, installing and trusting the OpenCode program, with an npm that says what the test wants."""

import json
import os
from pathlib import Path

import pytest

from opm.server.core.errors import RuntimeFault
from opm.server.runtime import opencode
from opm.server.runtime.opencode import PINNED_VERSION, check_binary, ensure_binary, installed_path, is_intact
from tests.opencode import opencode_binary


@pytest.mark.parametrize(
    ("system", "machine", "avx2", "musl", "package"),
    [
        ("Linux", "x86_64", True, False, "opencode-linux-x64"),
        ("Linux", "x86_64", False, False, "opencode-linux-x64-baseline"),
        ("Linux", "x86_64", True, True, "opencode-linux-x64-musl"),
        ("Linux", "x86_64", False, True, "opencode-linux-x64-baseline-musl"),
        ("Linux", "aarch64", False, False, "opencode-linux-arm64"),
        ("Linux", "aarch64", False, True, "opencode-linux-arm64-musl"),
        ("Darwin", "arm64", False, False, "opencode-darwin-arm64"),
        ("Darwin", "x86_64", False, False, "opencode-darwin-x64-baseline"),
    ],
)
def test_the_variant_follows_system_processor_and_loader(
    system: str, machine: str, avx2: bool, musl: bool, package: str
) -> None:
    assert opencode.variant_for(system, machine, avx2=avx2, musl=musl) == package


@pytest.mark.parametrize(("system", "machine"), [("Windows", "AMD64"), ("Linux", "riscv64")])
def test_a_machine_without_a_build_is_told_what_to_do(system: str, machine: str) -> None:
    with pytest.raises(RuntimeFault, match="OPM_OPENCODE__BINARY"):
        opencode.variant_for(system, machine, avx2=True, musl=False)


def a_program(path: Path, says: str, code: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
    path.chmod(0o755)
    return path


class FakeNpm:
    """An npm that delivers a shell script and records how it was called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        self.write(version=PINNED_VERSION, integrity=opencode.INTEGRITY.get(opencode.variant(), "sha512-any"))

    def write(self, *, version: str, integrity: str, code: int = 0) -> None:
        package = opencode.variant()
        lock = json.dumps({"packages": {f"node_modules/{package}": {"integrity": integrity}}})
        script = f"""#!/bin/sh
echo "$@" >> {self.calls}
if [ {code} != 0 ]; then echo "registry is away"; exit {code}; fi
while [ "$1" != "--prefix" ]; do shift; done
mkdir -p "$2/node_modules/{package}/bin"
echo '{lock}' > "$2/package-lock.json"
printf '#!/bin/sh\\necho {version}\\n' > "$2/node_modules/{package}/bin/opencode"
chmod 755 "$2/node_modules/{package}/bin/opencode"
"""
        (self.folder / "npm").write_text(script)
        (self.folder / "npm").chmod(0o755)


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeNpm:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return FakeNpm(folder)


async def test_it_is_installed_once_without_scripts_and_then_found(npm: FakeNpm, tmp_path: Path) -> None:
    target, said = tmp_path / "target", list[str]()
    first = await ensure_binary(target, progress=said.append)
    assert first == installed_path(target)
    assert await check_binary(first) == PINNED_VERSION
    assert said[0].startswith(f"Installing OpenCode {PINNED_VERSION}")
    assert await ensure_binary(target) == first
    calls = npm.calls.read_text().splitlines()
    assert len(calls) == 1
    assert "--ignore-scripts" in calls[0]
    assert calls[0].endswith(f"{opencode.variant()}@{PINNED_VERSION}")
    assert [path.name for path in target.iterdir()] == [PINNED_VERSION], "nothing is left of the installation"


@pytest.mark.skipif(opencode.variant() not in opencode.INTEGRITY, reason="no hash is pinned for this machine's variant")
async def test_another_package_than_the_pinned_one_is_refused(npm: FakeNpm, tmp_path: Path) -> None:
    npm.write(version=PINNED_VERSION, integrity="sha512-something-else")
    with pytest.raises(RuntimeFault, match="served a different"):
        await ensure_binary(tmp_path / "target")
    assert not installed_path(tmp_path / "target").exists()


async def test_another_version_than_the_pinned_one_is_refused(npm: FakeNpm, tmp_path: Path) -> None:
    npm.write(version="9.9.9", integrity=opencode.INTEGRITY.get(opencode.variant(), ""))
    with pytest.raises(RuntimeFault, match=r"delivered OpenCode 9\.9\.9"):
        await ensure_binary(tmp_path / "target")


async def test_an_npm_that_fails_is_quoted(npm: FakeNpm, tmp_path: Path) -> None:
    npm.write(version="", integrity="", code=7)
    with pytest.raises(RuntimeFault, match=r"(?s)exit code 7.*registry is away.*OPM_OPENCODE__BINARY"):
        await ensure_binary(tmp_path / "target")


async def test_without_npm_the_way_out_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeFault, match=r"install Node\.js 20 or later, or set OPM_OPENCODE__BINARY"):
        await ensure_binary(tmp_path / "target")


async def test_a_program_that_was_changed_is_installed_again(npm: FakeNpm, tmp_path: Path) -> None:
    binary = await ensure_binary(tmp_path)
    os.utime(binary, (1, 1))
    assert is_intact(binary), "the same content under another time is the same program"
    binary.write_text("#!/bin/sh\necho wrong!\n")
    assert not is_intact(binary)
    assert await check_binary(await ensure_binary(tmp_path)) == PINNED_VERSION
    assert len(npm.calls.read_text().splitlines()) == 2


async def test_an_override_is_used_and_another_version_is_said(tmp_path: Path) -> None:
    own, said = a_program(tmp_path / "own", "opencode v2.0.0"), list[str]()
    assert await ensure_binary(tmp_path / "unused", override=own, progress=said.append) == own
    assert said == [f"Using OpenCode 2.0.0 from {own}; this program was made for {PINNED_VERSION}."]
    assert not (tmp_path / "unused").exists()


async def test_a_program_that_does_not_run_is_a_fault_in_words(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="is not a program that can be run"):
        await check_binary(tmp_path / "absent")
    with pytest.raises(RuntimeFault, match="exit code 4"):
        await check_binary(a_program(tmp_path / "broken", "oh no", code=4))
    with pytest.raises(RuntimeFault, match="cannot be run"):
        await check_binary(tmp_path)


@pytest.mark.opencode
async def test_the_real_one_reports_the_pinned_version() -> None:
    assert await check_binary(opencode_binary()) == PINNED_VERSION
