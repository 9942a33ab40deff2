"""Lists by cursor: a page, and an opaque text that says where the next begins."""

import base64
import binascii
from typing import Generic, TypeVar

from pydantic import BaseModel, Field

from opm.server.core.errors import Invalid

Item = TypeVar("Item")

MAX_LIMIT = 200
DEFAULT_LIMIT = 50


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next_cursor: str | None = Field(
        default=None, description="give it as `cursor` to get what follows; None at the end"
    )


class PageRequest(BaseModel):
    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: str | None = Field(default=None, max_length=500)

    def position(self) -> str | None:
        """The sort key after which the page starts."""
        if self.cursor is None:
            return None
        try:
            return base64.urlsafe_b64decode(self.cursor.encode()).decode()
        except (binascii.Error, ValueError) as exc:
            raise Invalid("The cursor is not one of ours; start again without it.", field="cursor") from exc


def cursor_after(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()
