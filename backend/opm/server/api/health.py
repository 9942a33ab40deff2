"""For whoever restarts the server, or sends it traffic; they say one word and need no sign-in."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from opm.server.api.deps import PortsDep

router = APIRouter(tags=["ops"])


class Health(BaseModel):
    status: Literal["ok", "ready"]


@router.get("/healthz")
async def healthz() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz")
async def readyz(ports: PortsDep) -> Health:
    """The database answers and has the schema of this version; 503 otherwise."""
    await ports.db.ping()
    return Health(status="ready")
