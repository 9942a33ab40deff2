"""What waits for a person as one list of two parts, asks and cards, and the place in it that a cursor names."""

from datetime import datetime
from typing import Any
from uuid import UUID

from opm.server.core.errors import Invalid
from opm.server.core.paging import PageRequest
from opm.server.db.models import Interaction, Task
from opm.server.features.interactions.repository import Position
from opm.server.features.interactions.schemas import Attention, InteractionKind

ASKS, CARDS = "asks", "cards"


def position(request: PageRequest) -> tuple[str, Position | None]:
    """The part that a page begins in, and after what."""
    text = request.position()
    if text is None:
        return ASKS, None
    part, _, rest = text.partition("|")
    moment, _, row = rest.partition("|")
    try:
        after = datetime.fromisoformat(moment), UUID(row)
    except ValueError:
        after = None
    if after is None or after[0].tzinfo is None or part not in {ASKS, CARDS}:
        raise Invalid("The cursor is not one of ours; start again without it.", field="cursor")
    return part, after


def of_ask(row: Interaction, title: str, project_id: UUID, slug: str, name: str) -> tuple[str, Attention]:
    """Its place in the list, and what is shown."""
    return _key(ASKS, row.created_at, row.id), Attention(
        project_id=project_id,
        project_slug=slug,
        project_name=name,
        task_id=row.task_id,
        task_title=title,
        kind="permission" if row.kind == InteractionKind.PERMISSION else "question",
        interaction_id=row.id,
        since=row.created_at,
        text=_question(row),
    )


def of_card(task: Task, slug: str, name: str, status: str | None, reason: str | None) -> tuple[str, Attention]:
    failed = status == "failed"
    return _key(CARDS, task.updated_at, task.id), Attention(
        project_id=task.project_id,
        project_slug=slug,
        project_name=name,
        task_id=task.id,
        task_title=task.title,
        kind="failed" if failed else "review",
        since=task.updated_at,
        text=((reason if failed else task.opencode_output) or "")[:300],
    )


def _key(part: str, moment: datetime, row: UUID) -> str:
    return f"{part}|{moment.isoformat()}|{row}"


def _question(row: Interaction) -> str:
    if row.kind == InteractionKind.PERMISSION:
        return f"{row.request.get('permission')}: {', '.join(row.request.get('patterns', []))}"[:300]
    questions: list[dict[str, Any]] = row.request.get("questions", [])
    return " ".join(str(question.get("question", "")) for question in questions)[:300]
