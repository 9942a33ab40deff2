"""What this machine must have for the product to run on it, looked at one by one, each with how to mend it."""

import asyncio
import ctypes
import os
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from opm.server.core.errors import RuntimeFault
from opm.server.runtime import opencode as program

GIB = 1024**3
LEAST_FREE = 2 * GIB
"""OpenCode takes 0.2 GiB, and each project a repository and its history."""

SYS_OPENAT2 = 437
AT_FDCWD = -100
RESOLVE_BENEATH = 0x08
"""Of `linux/openat2.h`; the number is the same on every architecture."""

Look = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool | None
    """None: it works without, but not as well."""
    found: str
    mend: str = ""


async def run_checks(*, data_dir: Path, opencode: Path | None = None, search_path: str | None = None) -> list[Check]:
    """Everything, also after a failure. `opencode` replaces the installed program; `search_path` replaces PATH."""

    def look(tool: str) -> str | None:
        return shutil.which(tool, path=search_path)

    return [
        check_python(sys.version_info[:2]),
        check_system(platform.system()),
        check_openat2(),
        await check_opencode(data_dir, opencode),
        *(await asyncio.gather(*(check_tool(need, look) for need in TOOLS))),
        *check_data_dir(data_dir),
        check_port(),
    ]


@dataclass(frozen=True, slots=True)
class Need:
    tool: str
    required: bool
    mend: str


TOOLS = (
    Need("git", required=True, mend="Install git (Debian: apt install git); every workspace is a git repository."),
    Need("rg", required=False, mend="Install ripgrep (Debian: apt install ripgrep), or the agent's search fails."),
    Need("npm", required=False, mend="Install Node.js 20 or later with npm; it fetches OpenCode once."),
    Need("node", required=False, mend="Install Node.js 20 or later; agents use it for JavaScript projects."),
)


def check_python(version: tuple[int, ...]) -> Check:
    found = ".".join(map(str, version))
    return Check("Python", version >= (3, 11), found, "Install Python 3.11 or later.")


def check_system(name: str) -> Check:
    return Check("Operating system", name == "Linux", name, "Pods on this machine need Linux; elsewhere use a cluster.")


def check_openat2() -> Check:
    mend = "Use Linux 5.6 or later, and a container that does not forbid openat2; file access is confined with it."
    if platform.system() != "Linux":
        return Check("openat2", ok=False, found="not on this system", mend=mend)
    how = (ctypes.c_uint64 * 3)(os.O_PATH | os.O_CLOEXEC, 0, RESOLVE_BENEATH)
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.syscall(SYS_OPENAT2, AT_FDCWD, b".", ctypes.byref(how), ctypes.sizeof(how))
    if descriptor < 0:
        return Check("openat2", ok=False, found=os.strerror(ctypes.get_errno()), mend=mend)
    os.close(descriptor)
    return Check("openat2", ok=True, found="available")


async def check_opencode(data_dir: Path, override: Path | None) -> Check:
    mend = f"Run `opm setup-opencode`, or {program.OVERRIDE_HINT}."
    try:
        binary = override or program.installed_path(data_dir / "opencode")
        version = await program.check_binary(binary)
    except RuntimeFault as fault:
        return Check("OpenCode", ok=False, found=fault.message, mend=mend)
    found = f"{version} at {binary}"
    if version != program.PINNED_VERSION:
        mend = f"This program was made for OpenCode {program.PINNED_VERSION}; another may behave otherwise. {mend}"
        return Check("OpenCode", ok=None, found=found, mend=mend)
    return Check("OpenCode", ok=True, found=found)


async def check_tool(need: Need, look: Look) -> Check:
    failing = False if need.required else None
    path = look(need.tool)
    if path is None:
        return Check(need.tool, failing, "not found", need.mend)
    said = await _version(path)
    if said is None:
        return Check(need.tool, failing, f"{path} does not answer", need.mend)
    return Check(need.tool, ok=True, found=f"{said} ({path})")


async def _version(path: str) -> str | None:
    try:
        process = await asyncio.create_subprocess_exec(
            path, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        return None
    try:
        output, _ = await asyncio.wait_for(process.communicate(), 20)
    except TimeoutError:
        process.kill()
        await process.wait()
        return None
    lines = output.decode(errors="replace").splitlines()
    return lines[0].strip() if process.returncode == 0 and lines else None


def check_data_dir(data_dir: Path) -> list[Check]:
    """A directory that is not there yet is judged by the nearest one above it, and not made."""
    place = data_dir
    while not place.exists() and place != place.parent:
        place = place.parent
    return [_check_writable(data_dir, place), _check_space(place)]


def _check_writable(data_dir: Path, place: Path) -> Check:
    mend = f"Make {place} writable for this user, or choose another place with OPM_DATA_DIR."
    try:
        with tempfile.NamedTemporaryFile(dir=place):
            return Check("Data directory", ok=True, found=f"{data_dir} can be written")
    except OSError as error:
        return Check("Data directory", ok=False, found=f"{data_dir}: {error.strerror}", mend=mend)


def _check_space(place: Path) -> Check:
    free = shutil.disk_usage(place).free
    mend = f"Free some space on the disk that holds {place}; {LEAST_FREE // GIB} GiB is the least to work with."
    return Check("Disk space", None if free < LEAST_FREE else True, f"{free / GIB:.1f} GiB free", mend)


def check_port(host: str = "127.0.0.1") -> Check:
    try:
        with socket.socket() as attempt:
            attempt.bind((host, 0))
            return Check("Loopback port", ok=True, found=f"{host} can be listened on")
    except OSError as error:
        mend = "Allow this user to listen on the loopback interface; pods talk over it."
        return Check("Loopback port", ok=False, found=f"{host}: {error.strerror}", mend=mend)
