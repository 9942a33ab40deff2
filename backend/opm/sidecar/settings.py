"""What a sidecar is told when it starts: plain matters by environment, secrets by a file that only it may read."""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from opm.wire.passes import MINIMUM_KEY_BYTES, PassPart

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Misconfigured(Exception):
    """The message says which variable or file is wrong and what it should hold."""


@dataclass(frozen=True, slots=True)
class ModelSettings:
    host: str
    port: int

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "ModelSettings":
        return cls(host=environ.get("OPM_POD_HOST") or "127.0.0.1", port=_port(environ))


@dataclass(frozen=True, slots=True)
class PodSettings:
    """``opencode_url`` and ``opencode_password`` are empty in the files sidecar, which never speaks to OpenCode."""

    part: PassPart
    project_id: UUID
    host: str
    port: int
    workspace: Path
    allowed_hosts: frozenset[str]
    pass_key: bytes = field(repr=False)
    opencode_url: str = ""
    opencode_password: str = field(default="", repr=False)

    @classmethod
    def read(cls, part: PassPart, environ: Mapping[str, str]) -> "PodSettings":
        host = environ.get("OPM_POD_HOST") or "127.0.0.1"
        more_hosts = {name.strip().lower() for name in environ.get("OPM_POD_ALLOWED_HOSTS", "").split(",")}
        secrets = _secrets(Path(_need(environ, "OPM_POD_SECRETS_FILE")))
        session = part == "session"
        return cls(
            part=part,
            project_id=_project(_need(environ, "OPM_POD_PROJECT")),
            host=host,
            port=_port(environ),
            workspace=_workspace(_need(environ, "OPM_POD_WORKSPACE")),
            allowed_hosts=_LOOPBACK | {host.lower()} | (more_hosts - {""}),
            pass_key=_pass_key(secrets),
            opencode_url=_url(_need(environ, "OPM_POD_OPENCODE_URL")) if session else "",
            opencode_password=_password(secrets) if session else "",
        )


def _need(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name, "")
    if not value:
        raise Misconfigured(f"{name} is not set")
    return value


def _port(environ: Mapping[str, str]) -> int:
    value = _need(environ, "OPM_POD_PORT")
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65_536:
        raise Misconfigured("OPM_POD_PORT is not a port number from 1 to 65535")
    return int(value)


def _project(value: str) -> UUID:
    try:
        return UUID(value)
    except ValueError:
        raise Misconfigured("OPM_POD_PROJECT is not a UUID") from None


def _workspace(value: str) -> Path:
    path = Path(value)
    if not path.is_absolute() or not path.is_dir():
        raise Misconfigured("OPM_POD_WORKSPACE is not the absolute path of an existing directory")
    return path


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "http" or not parts.hostname or parts.username or parts.path.strip("/") or parts.query:
        raise Misconfigured("OPM_POD_OPENCODE_URL is not of the form http://host:port")
    return value.rstrip("/")


def _secrets(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_mode & 0o007:
            raise Misconfigured("OPM_POD_SECRETS_FILE can be read by everybody; make it mode 0600")
        content = json.loads(path.read_bytes())
    except (OSError, ValueError) as exc:
        raise Misconfigured(f"OPM_POD_SECRETS_FILE cannot be read as JSON ({type(exc).__name__})") from None
    if not isinstance(content, dict):
        raise Misconfigured("OPM_POD_SECRETS_FILE does not hold a JSON object")
    return cast("Mapping[str, Any]", content)


def _pass_key(secrets: Mapping[str, Any]) -> bytes:
    try:
        key = base64.b64decode(str(secrets.get("pass_key", "")), validate=True)
    except binascii.Error:
        raise Misconfigured("pass_key in OPM_POD_SECRETS_FILE is not base64") from None
    if len(key) < MINIMUM_KEY_BYTES:
        raise Misconfigured(f"pass_key in OPM_POD_SECRETS_FILE has fewer than {MINIMUM_KEY_BYTES} bytes")
    return key


def _password(secrets: Mapping[str, Any]) -> str:
    password = secrets.get("opencode_password")
    if not isinstance(password, str) or len(password) < 16:
        raise Misconfigured("opencode_password in OPM_POD_SECRETS_FILE is missing or shorter than 16 characters")
    return password


def umask_of(environ: Mapping[str, str]) -> int | None:
    """Where containers of different users share the workspace by their group, that has to be able to write."""
    value = environ.get("OPM_POD_UMASK", "")
    if value and not re.fullmatch("0[0-7]{1,3}", value):
        raise Misconfigured("OPM_POD_UMASK is not an octal number such as 0002")
    return int(value, 8) if value else None
