"""One unit of work: rows are saved together, and what happened is announced only after they are.

Services say `emit`; the door that opened the unit commits it once. Nothing else commits.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from opm.server.core.actor import Actor, Client
from opm.server.core.clock import Clock
from opm.server.core.errors import Conflict, Stale
from opm.server.core.texts import printable
from opm.server.db.models import AuditLog, TaskEvent
from opm.wire.events import BoardEvent

log = structlog.get_logger(__name__)

Publish = Callable[[list[BoardEvent]], Awaitable[None]]


class UnitOfWork:
    def __init__(
        self,
        session: AsyncSession,
        clock: Clock,
        publish: Publish,
        *,
        writes: bool = True,
        in_doubt: Callable[[], None] = lambda: None,
    ) -> None:
        """`in_doubt` is called when nobody can say whether the rows were saved."""
        self.session = session
        self.writes = writes
        self.now: datetime = clock.now()
        """The moment of this unit: all its rows and events bear the same time."""
        self._publish = publish
        self._in_doubt = in_doubt
        self._events: list[BoardEvent] = []
        self._after: list[Callable[[], None]] = []

    def emit(self, event: BoardEvent) -> None:
        self._events.append(event)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Ring a bell once the rows are saved; the action must not fail and must not wait."""
        self._after.append(action)

    def note(self, task_id: UUID, event_type: str, by: UUID | None, **data: object) -> None:
        """A line in the card's history."""
        self.session.add(
            TaskEvent(task_id=task_id, event_type=event_type, actor_user_id=by, data=data, created_at=self.now)
        )

    def audit(
        self,
        actor: Actor | None,
        action: str,
        resource: tuple[str, object],
        *,
        project: UUID | None = None,
        failed: bool = False,
        client: Client | None = None,
        **d: object,
    ) -> None:
        """A line in the audit log; `resource` is its type and id, `client` from where nobody known asks."""
        asked = actor or client or Client()
        self.session.add(
            AuditLog(
                user_id=actor.user_id if actor else None,
                project_id=project,
                action=action,
                resource_type=resource[0],
                resource_id=str(resource[1]),
                outcome="failure" if failed else "success",
                details=d,
                ip_address=asked.ip,
                user_agent=printable(asked.user_agent or "")[:512] or None,
                request_id=asked.request_id,
                created_at=self.now,
            )
        )

    async def database_now(self) -> datetime:
        """The moment by the one clock that all controllers share. The embedded database has one controller."""
        if (await self.session.connection()).dialect.name != "postgresql":
            return self.now
        return (await self.session.execute(select(func.clock_timestamp()))).scalar_one()

    async def flush(self) -> None:
        """Send what is pending to the database, turning its refusals into ours."""
        try:
            await self.session.flush()
        except StaleDataError as exc:
            raise Stale("Somebody else changed this just now; read it again and repeat.") from exc
        except IntegrityError as exc:
            raise Conflict("This collides with something that exists already.") from exc

    async def commit(self) -> None:
        await self.flush()
        try:
            await self.session.commit()
        except BaseException:
            # the answer may be lost and not the rows; then they would be saved and never announced
            self._in_doubt()
            raise
        for action in self._after:
            action()
        if self._events:
            await self._publish(self._events)
