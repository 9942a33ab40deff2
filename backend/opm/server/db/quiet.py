"""Errors of the database without the values they are about: traces go to the log, and prompts must not.

SQLAlchemy itself leaves parameters out when told to. PostgreSQL and its driver put values into their own words: the
row that a constraint refused, the argument that has the wrong form.
"""

import re
from collections.abc import Iterator

from sqlalchemy import event
from sqlalchemy.engine import Engine, ExceptionContext

_VALUES = re.compile(r"(\n(?:DETAIL|HINT|CONTEXT): |invalid (?:input|byte)[^:\"]*[:\"]).*", re.DOTALL)
_DETAILS = ("detail", "hint", "where", "internal_query", "query")


def keep_quiet(engine: Engine) -> None:
    event.listen(engine, "handle_error", _hush)


def _hush(context: ExceptionContext) -> None:
    for error in _chain(context.sqlalchemy_exception, context.original_exception):
        error.args = tuple(_without_values(each) if isinstance(each, str) else each for each in error.args)
        for name in _DETAILS:
            if isinstance(getattr(error, name, None), str):
                setattr(error, name, None)


def _chain(*errors: BaseException | None) -> Iterator[BaseException]:
    """Each with what it was made of, once."""
    seen: set[int] = set()
    waiting = list(errors)
    while waiting:
        error = waiting.pop()
        if error is None or id(error) in seen:
            continue
        seen.add(id(error))
        yield error
        waiting += [error.__cause__, error.__context__]


def _without_values(text: str) -> str:
    return _VALUES.sub(lambda found: f"{found[1]} [left out]", text)
