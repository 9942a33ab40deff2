"""The OpenCode program: which build suits this machine, where it lives, and how it gets there.

A wheel cannot carry 180 MB, and the `opencode-ai` package depends on an install script, so exactly one variant
package is installed from npm without scripts, compared with the integrity pinned here, and moved into place whole.
"""

import asyncio
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from opm.server.core.errors import RuntimeFault

PINNED_VERSION = "1.18.33"

INTEGRITY: Mapping[str, str] = {
    "opencode-linux-x64": (
        "sha512-q/t/3p2CTxOT9y2kvjesb/LZab2+1eqlhhWA02Be6mjTtmYtNBcBsrI5yDo4Fw7ZSPBW2oyMIGMNRqiKQjiAWw=="
    ),
    "opencode-linux-x64-baseline": (
        "sha512-1KQGBiiDDeL/VHHbHkOvvFo8Jr97WT5+C1tear+p7IcDTnXgVHXqIjU4O4jM4mHQzykTP2i884FCnW5LDa+zCA=="
    ),
}
"""Of `PINNED_VERSION`. A variant that is not listed rests on the check npm itself makes against its registry."""

OVERRIDE_HINT = "set OPM_OPENCODE__BINARY to the path of an OpenCode program"
INSTALL_LIMIT = 900.0
ANSWER_LIMIT = 60.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Written beside the program when it was verified, so that the next start need not read 180 MB."""

    version: str
    variant: str
    integrity: str
    sha256: str
    size: int
    mtime_ns: int


def variant_for(system: str, machine: str, *, avx2: bool, musl: bool) -> str:
    name = {"Linux": "linux", "Darwin": "darwin"}.get(system)
    arch = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(machine.lower())
    if name is None or arch is None:
        raise RuntimeFault(f"There is no OpenCode build for {system} on {machine}: {OVERRIDE_HINT}.")
    baseline = "-baseline" if arch == "x64" and not avx2 else ""
    return f"opencode-{name}-{arch}{baseline}{'-musl' if musl and name == 'linux' else ''}"


def variant() -> str:
    """The npm package that holds the OpenCode build for this machine."""
    return variant_for(platform.system(), platform.machine(), avx2=_has_avx2(), musl=_is_musl())


def _has_avx2() -> bool:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        # Not Linux. The build without AVX2 runs on every x64 processor, only somewhat slower.
        return False
    return any(line.startswith("flags") and " avx2" in line for line in cpuinfo.read_text().splitlines())


def _is_musl() -> bool:
    return any(Path("/lib").glob("ld-musl-*.so.1"))


def installed_path(target_dir: Path, package: str | None = None) -> Path:
    """Where `ensure_binary` puts the program of this machine, whether or not it is there yet."""
    return target_dir / PINNED_VERSION / (package or variant()) / "bin" / "opencode"


async def ensure_binary(
    target_dir: Path, *, override: Path | None = None, progress: Progress = lambda _line: None
) -> Path:
    """The path of a working OpenCode; installs the pinned one on first need."""
    if override is not None:
        version = await check_binary(override)
        if version != PINNED_VERSION:
            progress(f"Using OpenCode {version} from {override}; this program was made for {PINNED_VERSION}.")
        return override
    package = variant()
    binary = installed_path(target_dir, package)
    if await asyncio.to_thread(is_intact, binary):
        return binary
    await _install(target_dir, package, progress)
    return binary


def install(target_dir: Path, *, override: Path | None = None, progress: Progress = print) -> Path:
    """`ensure_binary` for callers without an event loop, such as commands."""
    return asyncio.run(ensure_binary(target_dir, override=override, progress=progress))


async def check_binary(path: Path) -> str:
    """The version the program at `path` reports; proves that it runs on this machine."""
    if not os.access(path, os.X_OK):
        raise RuntimeFault(f"{path} is not a program that can be run: {OVERRIDE_HINT}.")
    with tempfile.TemporaryDirectory(prefix="opm-version-") as home:
        environ = {"PATH": os.defpath, "HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}
        try:
            code, output = await _run([str(path), "--version"], cwd=home, env=environ, limit=ANSWER_LIMIT)
        except OSError as error:
            raise RuntimeFault(f"{path} cannot be run ({error.strerror}): {OVERRIDE_HINT}.") from error
    words = output.split()
    if code != 0 or not words:
        raise RuntimeFault(f"{path} --version failed ({_outcome(code)}): {output.strip()[-400:]}")
    return words[-1].removeprefix("v")


def is_intact(binary: Path) -> bool:
    """Whether the program is the one that was verified: by size and time, and by content when those differ."""
    stamp = _read_stamp(binary)
    if stamp is None or not os.access(binary, os.X_OK):
        return False
    seen = binary.stat()
    if (seen.st_size, seen.st_mtime_ns) == (stamp.size, stamp.mtime_ns):
        return True
    if seen.st_size != stamp.size or _sha256(binary) != stamp.sha256:
        return False
    _write_stamp(binary, variant_name=stamp.variant, integrity=stamp.integrity, sha256=stamp.sha256)
    return True


async def _install(target_dir: Path, package: str, progress: Progress) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise RuntimeFault(f"npm is needed once to install OpenCode: install Node.js 20 or later, or {OVERRIDE_HINT}.")
    with _scratch(target_dir) as scratch:
        progress(f"Installing OpenCode {PINNED_VERSION} ({package}, about 180 MB) with npm")
        await _npm_install(npm, package, scratch, progress)
        source = _integrity_of(scratch, package)
        _refuse_foreign(package, source, progress)
        folder = scratch / "node_modules" / package
        binary = folder / "bin" / "opencode"
        version = await check_binary(binary)
        if version != PINNED_VERSION:
            raise RuntimeFault(f"npm delivered OpenCode {version} where {PINNED_VERSION} was asked for.")
        digest = await asyncio.to_thread(_sha256, binary)
        _write_stamp(binary, variant_name=package, integrity=source, sha256=digest)
        await asyncio.to_thread(_put_in_place, folder, installed_path(target_dir, package).parent.parent)
    progress(f"OpenCode {PINNED_VERSION} is in {installed_path(target_dir, package)}")


@contextmanager
def _scratch(target_dir: Path) -> Generator[Path]:
    # Inside the target, so that moving the result into place is one rename on one file system.
    target_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".installing-", dir=target_dir) as scratch:
        yield Path(scratch)


async def _npm_install(npm: str, package: str, scratch: Path, progress: Progress) -> None:
    flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    command = [npm, "install", *flags, "--prefix", str(scratch), f"{package}@{PINNED_VERSION}"]
    heartbeat = asyncio.create_task(_tell_time(progress))
    try:
        code, output = await _run(command, cwd=str(scratch), env=None, limit=INSTALL_LIMIT)
    finally:
        heartbeat.cancel()
    if code != 0:
        raise RuntimeFault(
            f"npm could not install {package} ({_outcome(code)}): {output.strip()[-600:]}\n"
            f"Check that the npm registry can be reached, or {OVERRIDE_HINT}."
        )


async def _tell_time(progress: Progress) -> None:
    seconds = 0
    while True:
        await asyncio.sleep(5)
        seconds += 5
        progress(f"  still installing OpenCode ({seconds} s)")


def _integrity_of(scratch: Path, package: str) -> str:
    try:
        lock: dict[str, Any] = json.loads((scratch / "package-lock.json").read_text())
        return str(lock["packages"][f"node_modules/{package}"]["integrity"])
    except (OSError, ValueError, KeyError) as error:
        raise RuntimeFault(f"npm left no record of what it installed for {package}.") from error


def _refuse_foreign(package: str, found: str, progress: Progress) -> None:
    pinned = INTEGRITY.get(package)
    if pinned is None:
        progress(f"  {package} has no hash pinned here; npm's own check against its registry was made")
    elif pinned != found:
        raise RuntimeFault(
            f"The npm registry served a different {package}@{PINNED_VERSION} than the one this program was made for.",
            expected=pinned,
            found=found,
        )


def _put_in_place(folder: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if destination.exists() and not is_intact(destination / "bin" / "opencode"):
        shutil.rmtree(destination)
    try:
        folder.rename(destination)
    except OSError:
        # Somebody else installed the same at the same time; theirs is as good if it verifies.
        if not is_intact(destination / "bin" / "opencode"):
            raise


async def _run(command: list[str], *, cwd: str, env: Mapping[str, str] | None, limit: float) -> tuple[int | None, str]:
    """Exit code (None: stopped after `limit`) and everything it said."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), limit)
    except TimeoutError:
        return None, ""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, output.decode(errors="replace")


def _outcome(code: int | None) -> str:
    return "no answer in time" if code is None else f"exit code {code}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp_path(binary: Path) -> Path:
    return binary.parent.parent / "verified.json"


def _write_stamp(binary: Path, *, variant_name: str, integrity: str, sha256: str) -> None:
    seen = binary.stat()
    stamp = Stamp(PINNED_VERSION, variant_name, integrity, sha256, seen.st_size, seen.st_mtime_ns)
    _stamp_path(binary).write_text(json.dumps(asdict(stamp), indent=1))


def _read_stamp(binary: Path) -> Stamp | None:
    try:
        fields = cast("dict[str, Any]", json.loads(_stamp_path(binary).read_text()))
        return Stamp(**fields)
    except (OSError, ValueError, TypeError):
        return None
