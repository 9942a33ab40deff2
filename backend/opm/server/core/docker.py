"""The logins of registries in a docker configuration, for those who pull images by them."""

import base64
import json
from pathlib import Path
from typing import Any, cast

from opm.server.core.errors import Invalid


def logins(path: Path | None) -> str:
    """The registries' part of a docker configuration; none is an empty one, which does no harm as a pull secret."""
    if path is None:
        return '{"auths": {}}\n'
    try:
        auths: Any = json.loads(read_text(path)).get("auths")
    except (ValueError, AttributeError) as exc:
        raise Invalid(f"{path} is no docker configuration.") from exc
    if not isinstance(auths, dict) or not auths:
        raise Invalid(f"{path} names no registry; run `docker login` first.")
    if empty := [name for name, entry in cast("dict[str, Any]", auths).items() if not _is_whole(entry)]:
        raise Invalid(
            f"{path} has no password for {', '.join(empty)}: docker keeps it in a credential store. Log in with a "
            'configuration of its own: `docker --config FOLDER login ...`, with {"credsStore": ""} in its config.json.'
        )
    return json.dumps({"auths": auths}) + "\n"


def _is_whole(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    try:
        name, _, password = base64.b64decode(str(entry.get("auth", ""))).decode().partition(":")  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  JSON of any shape
    except ValueError:
        return False
    return bool(name and password)


def read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise Invalid(f"{path} cannot be read.") from exc
