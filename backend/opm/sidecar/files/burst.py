"""Changes that are told together. Too many become one: the deepest folder that holds them all."""

from typing import Any, Literal

from opm.sidecar.files.names import to_text

MOST_CHANGES = 200

Operation = Literal["create", "modify", "delete"]


class Burst:
    def __init__(self, most: int = MOST_CHANGES) -> None:
        self._most = most
        self._changes: dict[bytes, Operation] = {}
        self._folder: bytes | None = None

    def __bool__(self) -> bool:
        return bool(self._changes) or self._folder is not None

    def add(self, path: bytes, operation: Operation) -> None:
        if self._folder is not None:
            self._folder = _common(self._folder, _above(path))
            return
        before = self._changes.get(path)
        if (before, operation) == ("create", "delete"):
            del self._changes[path]  # it came and went, as temporary files do
            return
        self._changes[path] = _together(before, operation)
        if len(self._changes) > self._most:
            self._collapse()

    def add_folder(self, path: bytes) -> None:
        """Anything beneath it may have changed."""
        if self._folder is None and not self._changes:
            self._folder = path
            return
        self._collapse()
        self._folder = path if self._folder is None else _common(self._folder, path)

    def pour_into(self, other: "Burst") -> None:
        if self._folder is not None:
            other.add_folder(self._folder)
        for path, operation in self._changes.items():
            other.add(path, operation)

    def items(self) -> list[dict[str, Any]]:
        """The fields of `opm.wire.files.FileChange`."""
        if self._folder is not None:
            return [{"path": to_text(self._folder), "operation": "modify", "many": True}]
        return [{"path": to_text(path), "operation": how, "many": False} for path, how in self._changes.items()]

    def _collapse(self) -> None:
        for path in self._changes:
            above = _above(path)
            self._folder = above if self._folder is None else _common(self._folder, above)
        self._changes.clear()


def _together(before: Operation | None, now: Operation) -> Operation:
    if before == "delete":
        return "modify" if now == "create" else now
    return "create" if before == "create" else now


def _above(path: bytes) -> bytes:
    return path.rpartition(b"/")[0]


def _common(one: bytes, other: bytes) -> bytes:
    shared: list[bytes] = []
    for left, right in zip(one.split(b"/"), other.split(b"/"), strict=False):
        if left != right:
            break
        shared.append(left)
    return b"/".join(shared)
