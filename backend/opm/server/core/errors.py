"""Everything that can go wrong, as one tree.

OpmError
├── Refusal            the caller is wrong
│   ├── Invalid        VALIDATION_ERROR
│   ├── Unauthorized   UNAUTHORIZED
│   ├── Forbidden      FORBIDDEN
│   ├── NotFound       NOT_FOUND      (also: exists, but is not yours)
│   ├── Conflict       CONFLICT
│   │   └── Stale      CONFLICT       somebody changed it first
│   └── TooMany        VALIDATION_ERROR, with a status of its own
└── Fault              the world is wrong
    ├── Unavailable    SERVICE_UNAVAILABLE
    │   └── Away       SERVICE_UNAVAILABLE   the database cannot be reached, or is too busy
    ├── RuntimeFault   KUBERNETES_ERROR   the place where pods run refused or failed
    └── Internal       INTERNAL_ERROR

Only ``api/errors.py`` knows which HTTP status belongs to which type. Adapters wrap what their vendor raises.
"""

from enum import StrEnum
from typing import Any, ClassVar


class ErrorType(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    VALIDATION_ERROR = "VALIDATION_ERROR"
    CONFLICT = "CONFLICT"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    KUBERNETES_ERROR = "KUBERNETES_ERROR"


class OpmError(Exception):
    """Base of all. ``message`` is shown to users: say what happened and what to do; ``details`` is JSON."""

    type: ClassVar[ErrorType] = ErrorType.INTERNAL_ERROR

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class Refusal(OpmError):
    """The caller asked for something that cannot be given; asking again unchanged will not help."""


class Invalid(Refusal):
    type = ErrorType.VALIDATION_ERROR


class Unauthorized(Refusal):
    type = ErrorType.UNAUTHORIZED


class Forbidden(Refusal):
    type = ErrorType.FORBIDDEN


class NotFound(Refusal):
    type = ErrorType.NOT_FOUND


class Conflict(Refusal):
    type = ErrorType.CONFLICT


class Stale(Conflict):
    """The object was changed by somebody else since the caller read it."""


class TooMany(Refusal):
    """Asked too often; ``retry_after`` in its details says in how many seconds to ask again."""

    type = ErrorType.VALIDATION_ERROR


class Fault(OpmError):
    """Something we depend on failed; asking again later may help."""


class Unavailable(Fault):
    type = ErrorType.SERVICE_UNAVAILABLE


class Away(Unavailable):
    """The database cannot be reached right now, or others hold what is needed; nothing was saved."""


class RuntimeFault(Fault):
    type = ErrorType.KUBERNETES_ERROR


class Internal(Fault):
    type = ErrorType.INTERNAL_ERROR
