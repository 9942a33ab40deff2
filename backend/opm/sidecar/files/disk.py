"""What lies in a workspace while a clone is made: its draft, which in the end takes the place of all else."""

import contextlib
import os
import shutil
import stat

DRAFT = ".opm-clone-"


def used(workspace: int, draft: str) -> int:
    """Bytes on the disk."""
    total = 0
    with contextlib.suppress(FileNotFoundError):  # git has not begun, or has given up
        for _, _, names, directory in os.fwalk(draft, dir_fd=workspace):
            for name in names:
                with contextlib.suppress(FileNotFoundError):  # git renames what it has finished
                    total += os.stat(name, dir_fd=directory, follow_symlinks=False).st_blocks * 512
    return total


def drafts(workspace: int) -> list[str]:
    """Those of clones that were broken off by the end of this program."""
    return [name for name in _names(workspace) if name.startswith(DRAFT)]


def _names(directory: int) -> list[str]:
    with os.scandir(directory) as found:
        return [entry.name for entry in found]


def forget(workspace: int, *names: str) -> None:
    for draft in names:
        with contextlib.suppress(FileNotFoundError):
            _remove(workspace, draft)


def settle(workspace: int, draft: str) -> None:
    for name in _names(workspace):
        if name != draft:
            _remove(workspace, name)
    inside = os.open(draft, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=workspace)
    try:
        for name in _names(inside):
            os.rename(name, name, src_dir_fd=inside, dst_dir_fd=workspace)
    finally:
        os.close(inside)
    os.rmdir(draft, dir_fd=workspace)


def _remove(directory: int, name: str) -> None:
    if stat.S_ISDIR(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
        shutil.rmtree(name, dir_fd=directory)
    else:
        os.unlink(name, dir_fd=directory)
