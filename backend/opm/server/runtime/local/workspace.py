"""The files a pod starts with: an empty git repository, and a home in which OpenCode finds nothing to download."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from opm.server.core.errors import RuntimeFault
from opm.server.runtime import agent
from opm.server.runtime.base import PodSpec
from opm.server.runtime.local import environment
from opm.server.runtime.local.layout import PodLayout, delete_tree

GIT_LIMIT = 60.0


async def prepare(layout: PodLayout, spec: PodSpec) -> None:
    """Make what is missing; a workspace that exists is never touched."""
    await asyncio.to_thread(_prepare_home, layout)
    if layout.workspace.is_dir():
        return
    # Built beside its place and renamed, so that a crash cannot leave half a workspace behind.
    draft = layout.root / ".workspace.new"
    await asyncio.to_thread(_write_seed, draft, spec.seed_files)
    await _commit(draft, layout, spec)
    draft.rename(layout.workspace)


def _prepare_home(layout: PodLayout) -> None:
    layout.make()
    # Helper libraries are unpacked here at every start and never taken away again.
    for leftover in layout.temp.iterdir():
        if leftover.is_dir() and not leftover.is_symlink():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            leftover.unlink(missing_ok=True)
    plugins = layout.home / ".config/opencode/node_modules"
    plugins.mkdir(parents=True, exist_ok=True, mode=0o700)
    (plugins.parent / "package-lock.json").write_text(agent.plugin_lock())
    git_config = layout.home / ".gitconfig"
    if not git_config.exists():
        git_config.write_text(agent.GIT_CONFIG)


def _write_seed(folder: Path, files: Mapping[str, str]) -> None:
    if folder.exists():
        delete_tree(folder)
    folder.mkdir(mode=0o700)
    for name, text in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or not path.parts or {"..", ".git"} & set(path.parts):
            raise RuntimeFault(f"The file {name!r} cannot be part of a new workspace.")
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


async def _commit(folder: Path, layout: PodLayout, spec: PodSpec) -> None:
    git = shutil.which("git")
    if git is None:
        raise RuntimeFault("git was not found; install it, then start the project again.")
    name, email = agent.AUTHOR
    environ = {
        **environment.base(layout, str(spec.project_id), environment.search_path()),
        **agent.QUIET_GIT,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
    }
    await _git(git, folder, environ, "init", "--quiet", "-b", "main", "--template=")
    await _git(git, folder, environ, "add", "--all")
    message = "Create the workspace"
    await _git(git, folder, environ, "commit", "--quiet", "--allow-empty", "--no-verify", "-m", message)


async def _git(git: str, folder: Path, environ: dict[str, str], *arguments: str) -> None:
    safe = ["-c", f"core.hooksPath={os.devnull}", "-c", "commit.gpgSign=false", "-c", "core.fsmonitor=false"]
    process = await asyncio.create_subprocess_exec(
        git,
        *safe,
        *arguments,
        cwd=folder,
        env=environ,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), GIT_LIMIT)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise RuntimeFault(f"git {arguments[0]} did not end within {GIT_LIMIT:.0f} s.") from error
    if process.returncode != 0:
        raise RuntimeFault(f"git {arguments[0]} failed: {output.decode(errors='replace').strip()[-400:]}")
