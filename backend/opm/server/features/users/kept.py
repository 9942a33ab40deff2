"""What is kept of a creating request for those who ask again."""

from pydantic import BaseModel

AT_WORK = 0
"""In place of a status: there is no answer yet."""


class KeptAnswer(BaseModel):
    """What a creating request was answered."""

    status: int
    content_type: str | None
    body: str
