"""What boards are told of runs."""

from datetime import datetime

from opm.server.db.models import OpencodeSession
from opm.wire.events import SessionChanged


def session_changed(run: OpencodeSession, now: datetime) -> SessionChanged:
    return SessionChanged(
        project_id=run.project_id, timestamp=now, task_id=run.task_id, session_id=run.id, status=run.status
    )
