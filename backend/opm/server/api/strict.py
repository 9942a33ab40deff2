"""JSON as we take it: well-formed Unicode, not nested without end, no text or list larger than any use of ours.

The standard parser takes halves of surrogate pairs and NaN, which no database keeps, and falls over deep nesting.
"""

from typing import Any, cast

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request

from opm.server.core.errors import Invalid

DEPTH = 64
MEMBERS = 10_000
TEXT = 256 * 2**10
_FILE_WRITE = "/files/write"


def takes_files(path: str) -> bool:
    """Whether a body at this address carries a whole file as one text."""
    return path.endswith(_FILE_WRITE)


async def check_body(request: Request) -> None:
    """Raises for JSON that is not taken; what is taken is ready in the request for whoever reads it next.

    Errors: Invalid (not JSON), 413 (nested deeper than 64, over 10,000 members, a text over 256 KiB).
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return
    body = await request.body()
    if not body:
        return
    try:
        value = msgspec.json.decode(body)
    except RecursionError as exc:
        raise _too_deep() from exc
    except msgspec.DecodeError as exc:
        raise Invalid(f"The body is not JSON: {exc}.", field="body") from exc
    _measure(value, None if takes_files(request.url.path) else TEXT)
    request._json = value  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  where starlette keeps what it parsed


def _measure(value: object, text_limit: int | None) -> None:
    """Walks level by level: a recursion of our own could be driven as deep as the one it guards against."""
    level = [value]
    for _ in range(DEPTH + 1):
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                if text_limit is not None and len(item) > text_limit:
                    raise HTTPException(413, f"A text is too long; at most {text_limit} characters are taken here.")
            elif isinstance(item, list | dict):
                if len(cast("list[object]", item)) > MEMBERS:
                    raise HTTPException(413, f"A list or object is too long; at most {MEMBERS} members are taken.")
                below += cast("dict[str, Any]", item).values() if isinstance(item, dict) else cast("list[object]", item)
        if not below:
            return
        level = below
    raise _too_deep()


def _too_deep() -> HTTPException:
    return HTTPException(413, f"The body is nested too deeply; at most {DEPTH} levels are taken.")
