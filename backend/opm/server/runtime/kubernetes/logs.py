"""What the containers of a pod said, without the secrets they were given."""

import base64
import binascii
import json
from collections.abc import Mapping

from opm.server.runtime.base import Part
from opm.server.runtime.kubernetes import names
from opm.server.runtime.kubernetes.api import PODS, SECRETS, Api, ApiError
from opm.server.runtime.kubernetes.objects import Secret, decode
from opm.server.runtime.redaction import LINE_LIMIT, Redactor

MOST_BYTES = 512 * 1024


async def tail(api: Api, name: str, part: Part, lines: int) -> list[str]:
    """The newest lines, oldest first; those of the container before it when this one has not said enough."""
    if lines <= 0:
        return []
    found = await _read(api, name, part, lines)
    if len(found) < lines:
        found = [*(await _read(api, name, part, lines - len(found), previous="true")), *found]
    if not found:
        return []
    redact = Redactor(await _secrets(api, name))
    return [redact(line)[:LINE_LIMIT] for line in found[-lines:]]


async def _read(api: Api, name: str, part: Part, lines: int, **more: str) -> list[str]:
    query = {"container": names.CONTAINERS[part], "tailLines": str(lines), "limitBytes": str(MOST_BYTES), **more}
    try:
        body = await api.get(PODS, name, "log", **query)
    except ApiError as exc:
        if exc.code == 400:  # that container was not started, or no container was there before it
            return []
        raise
    return [] if body is None else body.decode(errors="replace").splitlines()


async def _secrets(api: Api, name: str) -> list[str]:
    """Whoever made the pod, and whenever: what it was given lies beside it."""
    body = await api.get(SECRETS, name)
    return [] if body is None else values(decode(body, Secret).data)


def values(data: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    for entry, encoded in data.items():
        try:
            text = base64.b64decode(encoded).decode()
            found += [str(value) for value in json.loads(text).values()] if entry.endswith(".json") else [text]
        except (binascii.Error, ValueError, AttributeError):
            continue
    return found
