"""For whoever restarts the server, or sends it traffic; they say one word and need no sign-in."""

from collections.abc import Awaitable, Callable
from typing import Literal

from fastapi import Request
from pydantic import BaseModel

from opm.server.api.deps import PortsDep
from opm.server.api.policies import Policy
from opm.server.api.routing import new_router
from opm.server.core.errors import Unavailable

router = new_router(tag="ops", policy=Policy.PUBLIC)


class Health(BaseModel):
    status: Literal["ok", "ready"]


@router.get("/healthz")
async def healthz() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz")
async def readyz(request: Request, ports: PortsDep) -> Health:
    """The database answers and has what this version needs, and the server does not stop; 503 otherwise."""
    if request.app.state.draining:
        raise Unavailable("The server stops; another one serves.")
    await ports.db.ping()
    # whoever serves says how to tell; an application that is only tested has no migrations to miss
    is_current: Callable[[], Awaitable[bool]] | None = getattr(request.app.state, "schema_is_current", None)
    if is_current is not None and not await is_current():
        raise Unavailable("The database has an older schema than this version needs; run `opm migrate`.")
    return Health(status="ready")
