"""Keys and secrets: a keyring that seals texts to the row they belong to, and derives keys for other uses.

A sealed text is ``v1.<key id>.<base64 of nonce and ciphertext>``, AES-256-GCM, with the place it belongs to as
associated data: moved to another row it does not open.
"""

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opm.server.core.errors import Internal
from opm.server.core.redaction import LIVE

_KEY_BYTES = 32
_NONCE_BYTES = 12
_LEAST_DIFFERENT_BYTES = 12
"""Of 32 random bytes fewer are different once in 10^25 times; of a text that somebody repeated, always."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted text as it stands in the database."""

    value: str

    def __repr__(self) -> str:
        return "Sealed(...)"


class Cipher(Protocol):
    def seal(self, plaintext: str, *, place: str) -> Sealed: ...

    def open(self, sealed: Sealed, *, place: str) -> str: ...

    def derive(self, purpose: str, context: str = "") -> bytes:
        """32 bytes that are always the same for one purpose and context, also after a new key came in."""
        ...

    def derive_all(self, purpose: str) -> dict[str, bytes]:
        """32 bytes for each key of the ring, by its id, the newest first: for what is signed anew after a rotation."""
        ...


def place_of(table: str, column: str, row_id: object, project_id: object) -> str:
    """What a secret is bound to; of a project's own row, `project_id` is its id too."""
    return f"{table}|{column}|{row_id}|{project_id}"


def key_id_of(sealed: Sealed) -> str:
    return sealed.value.partition(".")[2].partition(".")[0]


class Keyring:
    """The first key encrypts, the oldest one derives, all of them decrypt.

    With a `path`, keys that are put into the file meanwhile are taken up; none is let go of.
    """

    def __init__(self, keys: dict[str, bytes], path: Path | None = None) -> None:
        self._path = path
        self._seen = path.stat().st_mtime_ns if path else 0
        self._keys: dict[str, bytes] = {}
        self._take(keys)
        # not the newest: pods and sign-ins that outlive a rotation go on working
        self._root = keys[next(reversed(keys))]

    @property
    def ids(self) -> list[str]:
        return list(self._keys)

    def _take(self, keys: dict[str, bytes]) -> None:
        if not keys or any(len(key) != _KEY_BYTES for key in keys.values()):
            raise Internal("A master key must have 32 bytes; see the guide on keys.")
        self._keys = keys | {name: key for name, key in self._keys.items() if name not in keys}
        self._newest = next(iter(keys))

    def _look_again(self) -> None:
        if self._path is None:
            return
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._seen:
                self._take(read_keys(self._path))
                self._seen = changed
        except OSError:
            return  # what is known still serves

    def seal(self, plaintext: str, *, place: str) -> Sealed:
        self._look_again()
        LIVE.learn(plaintext)
        nonce = os.urandom(_NONCE_BYTES)
        body = AESGCM(self._keys[self._newest]).encrypt(nonce, plaintext.encode(), place.encode())
        return Sealed(f"v1.{self._newest}.{base64.b64encode(nonce + body).decode()}")

    def open(self, sealed: Sealed, *, place: str) -> str:
        version, _, rest = sealed.value.partition(".")
        key_id, _, body = rest.partition(".")
        if key_id not in self._keys:
            self._look_again()
        if version != "v1" or key_id not in self._keys:
            raise Internal("A stored secret was encrypted with a master key that is not in the key file.")
        raw = base64.b64decode(body)
        try:
            plain = AESGCM(self._keys[key_id]).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode())
        except InvalidTag as exc:
            raise Internal("A stored secret does not belong to its row or was changed.") from exc
        LIVE.learn(plain.decode())
        return plain.decode()

    def derive(self, purpose: str, context: str = "") -> bytes:
        return _derived(self._root, purpose, context)

    def derive_all(self, purpose: str) -> dict[str, bytes]:
        self._look_again()
        ids = [self._newest, *(name for name in self._keys if name != self._newest)]
        return {name: _derived(self._keys[name], purpose, "") for name in ids}


def _derived(key: bytes, purpose: str, context: str) -> bytes:
    info = f"opm:{purpose}:{context}".encode()
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(key)


def load_keyring(path: Path) -> Keyring:
    """Read the key file (lines of ``<id> <base64 of 32 bytes>``, newest first); make one if there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_private(path, new_key_line()[1])
    return Keyring(read_keys(path), path)


def is_exposed(found: os.stat_result) -> bool:
    """Whether others may read or change it. Kubernetes hands a file out as root's, to be read by the pod's group."""
    handed_out = found.st_uid == 0 != os.geteuid() and found.st_gid in {os.getegid(), *os.getgroups()}
    return bool(found.st_mode & (0o037 if handed_out else 0o077))


def read_keys(path: Path) -> dict[str, bytes]:
    if is_exposed(path.stat()):
        raise Internal(f"The key file {path} can be read by others; run: chmod 600 {path}")
    pairs = [line.split() for line in path.read_text().splitlines() if line.strip()]
    keys = {key_id: base64.b64decode(value) for key_id, value in pairs}
    for key_id, key in keys.items():
        if len(set(key)) < _LEAST_DIFFERENT_BYTES:
            raise Internal(
                f"The master key {key_id} in {path} is not random. Put one of `openssl rand -base64 32` in its place."
            )
    return keys


def add_key(path: Path) -> str:
    """A new first key; the file is replaced as a whole, so that a crash leaves the old one or the new one."""
    key_id, line = new_key_line()
    draft = path.with_name(f"{path.name}.{key_id}")
    _write_private(draft, line + path.read_text())
    draft.replace(path)
    return key_id


def new_key_line() -> tuple[str, str]:
    """The id of a new key, and its line of a key file."""
    key_id = secrets.token_hex(4)
    return key_id, f"{key_id} {base64.b64encode(os.urandom(_KEY_BYTES)).decode()}\n"


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
