"""Asking and telling: feedback, permissions, questions, and everything that waits for a person."""

from uuid import UUID

from fastapi import Response

from opm.server.api.deps import ActorDep, PageDep, ScopeDep
from opm.server.api.policies import Policy, declared
from opm.server.api.routing import new_router
from opm.server.core.paging import Page
from opm.server.features.interactions.schemas import (
    Attention,
    Feedback,
    Interaction,
    InteractionKind,
    PermissionAnswer,
    QuestionAnswer,
)
from opm.server.features.sessions.schemas import Session

router = new_router(tag="interactions", policy=Policy.OWNER)
_TASK = "/projects/{project}/tasks/{task}"


@router.get("/attention", openapi_extra=declared(Policy.SIGNED_IN))
async def list_attention(actor: ActorDep, scope: ScopeDep, page: PageDep) -> Page[Attention]:
    """What waits for you in all projects: asks first, then cards to review, each longest waiting first."""
    return await scope.interactions.attention(actor, page)


@router.get(_TASK + "/interactions")
async def list_interactions(
    actor: ActorDep, scope: ScopeDep, page: PageDep, project: str, task: UUID
) -> Page[Interaction]:
    """All that people and the agent said to each other on a card, in order."""
    return await scope.interactions.page(actor, project, task, page)


@router.post(_TASK + "/interactions", status_code=202)
async def send_feedback(actor: ActorDep, scope: ScopeDep, project: str, task: UUID, body: Feedback) -> Session:
    """Continues the conversation. While the agent works, the message is queued, and the run at work is the answer."""
    return await scope.sessions.feedback(actor, project, task, body)


@router.post(_TASK + "/interactions/send", status_code=202)
async def send_queued(actor: ActorDep, scope: ScopeDep, project: str, task: UUID) -> Session:
    """Sends what is queued on a card whose run failed or was cancelled before it could be sent."""
    return await scope.sessions.send_queued(actor, project, task)


@router.patch(_TASK + "/interactions/{interaction}")
async def edit_queued(
    actor: ActorDep, scope: ScopeDep, project: str, task: UUID, interaction: UUID, body: Feedback
) -> Interaction:
    """Only while the message is queued."""
    return await scope.interactions.reword(actor, project, task, interaction, body.message)


@router.delete(_TASK + "/interactions/{interaction}", status_code=204)
async def withdraw_queued(actor: ActorDep, scope: ScopeDep, project: str, task: UUID, interaction: UUID) -> Response:
    """Only while the message is queued."""
    await scope.interactions.withdraw(actor, project, task, interaction)
    return Response(status_code=204)


@router.post(_TASK + "/permissions/{interaction}", status_code=202)
async def answer_permission(
    actor: ActorDep, scope: ScopeDep, project: str, task: UUID, interaction: UUID, body: PermissionAnswer
) -> Interaction:
    """Saved at once, and carried to the agent."""
    return await scope.interactions.answer(
        actor, project, task, interaction, InteractionKind.PERMISSION, body.model_dump()
    )


@router.post(_TASK + "/questions/{interaction}", status_code=202)
async def answer_question(
    actor: ActorDep, scope: ScopeDep, project: str, task: UUID, interaction: UUID, body: QuestionAnswer
) -> Interaction:
    """Saved at once, and carried to the agent."""
    return await scope.interactions.answer(
        actor, project, task, interaction, InteractionKind.QUESTION, body.model_dump()
    )
