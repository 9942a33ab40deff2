"""The life of a card: one table and one function, from which the API's check, the SQL guard, the board's
allowed drops and the diagram in the documentation are made."""

from enum import StrEnum

from opm.server.core.errors import Conflict


class TaskStatus(StrEnum):
    TODO = "todo"
    IN_PROGRESS = "in_progress"
    AI_REVIEW = "ai_review"
    HUMAN_REVIEW = "human_review"
    DONE = "done"


class Cause(StrEnum):
    """Why a card moves."""

    EXECUTE = "execute"
    FEEDBACK = "feedback"
    CANCEL = "cancel"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    MOVE = "move"
    UNDO = "undo"


T = TaskStatus
_MOVES = frozenset(
    {
        (T.AI_REVIEW, T.HUMAN_REVIEW),
        (T.HUMAN_REVIEW, T.DONE),
        (T.HUMAN_REVIEW, T.TODO),
        (T.AI_REVIEW, T.TODO),
        (T.DONE, T.TODO),
    }
)
STEPS: dict[Cause, frozenset[tuple[TaskStatus, TaskStatus]]] = {
    Cause.EXECUTE: frozenset({(T.TODO, T.IN_PROGRESS)}),
    Cause.FEEDBACK: frozenset({(T.AI_REVIEW, T.IN_PROGRESS), (T.HUMAN_REVIEW, T.IN_PROGRESS)}),
    Cause.CANCEL: frozenset({(T.IN_PROGRESS, T.TODO)}),
    Cause.SUCCEEDED: frozenset({(T.IN_PROGRESS, T.AI_REVIEW)}),
    Cause.FAILED: frozenset({(T.IN_PROGRESS, T.HUMAN_REVIEW)}),
    Cause.MOVE: _MOVES,
    Cause.UNDO: frozenset((target, source) for source, target in _MOVES),
}

LABELS: dict[TaskStatus, str] = {
    T.TODO: "To do",
    T.IN_PROGRESS: "In progress",
    T.AI_REVIEW: "AI review",
    T.HUMAN_REVIEW: "Human review",
    T.DONE: "Done",
}


def targets(source: TaskStatus, cause: Cause) -> list[TaskStatus]:
    """The columns `cause` may bring a card to from `source`, in board order."""
    return [t for t in TaskStatus if (source, t) in STEPS[cause]]


def sources(cause: Cause) -> list[TaskStatus]:
    return [s for s in TaskStatus if targets(s, cause)]


def check(source: TaskStatus, target: TaskStatus, cause: Cause) -> None:
    """Refuse a step that the table does not know, saying what is possible instead."""
    if (source, target) in STEPS[cause]:
        return
    allowed = targets(source, cause)
    possible = ", ".join(LABELS[t] for t in allowed) or "nowhere this way"
    raise Conflict(
        f"A card in {LABELS[source]} cannot go to {LABELS[target]} by {cause.value}; possible: {possible}.",
        source=source,
        target=target,
        cause=cause,
        allowed=allowed,
    )
