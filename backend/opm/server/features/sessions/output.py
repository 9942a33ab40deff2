"""Reading the numbered output of runs, during and after."""

from uuid import UUID

import orjson

from opm.server.core.actor import Actor
from opm.server.core.errors import NotFound
from opm.server.db.models import OpencodeSession
from opm.server.db.uow import UnitOfWork
from opm.server.features.projects.service import ProjectService
from opm.server.features.sessions.repository import SessionRepository

_BATCH = 2000


class OutputService:
    def __init__(self, uow: UnitOfWork, projects: ProjectService) -> None:
        self._projects = projects
        self._sessions = SessionRepository(uow.session)

    async def require(self, actor: Actor, ref: str, session_id: UUID) -> OpencodeSession:
        project = await self._projects.require(actor, ref)
        run = await self._sessions.get(session_id)
        if run is None or run.project_id != project.id:
            raise NotFound("There is no such run in this project.", session=str(session_id))
        return run

    async def rows(self, session_id: UUID, after: int, limit: int = 500) -> list[tuple[int, str, bytes]]:
        """What follows number `after`: number, type, and the event as JSON."""
        rows = await self._sessions.events_after(session_id, after, limit)
        return [(row.seq, row.type, orjson.dumps(row.data)) for row in rows]

    async def texts(self, session_id: UUID) -> dict[str, str]:
        """What was recorded so far of every text of a run, by the name of its part."""
        said: dict[str, str] = {}
        after = 0
        while rows := await self._sessions.events_after(session_id, after, _BATCH):
            after = rows[-1].seq
            for row in rows:
                if row.type == "snapshot":
                    said = {p["part_id"]: p["data"] for p in row.data["parts"] if p["type"] == "output"}
                elif row.type == "output":
                    said[row.data["part_id"]] = said.get(row.data["part_id"], "") + row.data["data"]
        return said

    async def last_seq(self, session_id: UUID) -> int:
        return await self._sessions.last_seq(session_id)
