"""Who did what: the audit log of a project, to page through or to take along, and that of the own account."""

import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from pydantic import AwareDatetime
from starlette.responses import StreamingResponse

from opm.server.api import contents
from opm.server.api.deps import ActorDep, AdminDep, PageDep, PortsDep, ScopeDep
from opm.server.api.downloads import attachment
from opm.server.api.policies import Policy, declared
from opm.server.api.routing import new_router
from opm.server.core.paging import MAX_LIMIT, Page, PageRequest
from opm.server.features.audit.schemas import AuditEntry, AuditFilter, AuditOutcome
from opm.server.wiring import Ports, Scope

router = new_router(tag="audit", policy=Policy.OWNER)

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class ExportFormat(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


async def get_filter(
    action: Annotated[str | None, Query(max_length=64, examples=["project.create"])] = None,
    user: UUID | None = None,
    resource_type: Annotated[str | None, Query(max_length=32)] = None,
    resource_id: Annotated[str | None, Query(max_length=4096)] = None,
    outcome: AuditOutcome | None = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> AuditFilter:
    return AuditFilter(
        action=action,
        user=user,
        resource_type=resource_type,
        resource_id=resource_id,
        outcome=outcome,
        since=since,
        until=until,
    )


FilterDep = Annotated[AuditFilter, Depends(get_filter)]
FormDep = Annotated[ExportFormat, Query(alias="format")]


@router.get("/projects/{project}/audit")
async def list_audit(
    actor: ActorDep, scope: ScopeDep, page: PageDep, wanted: FilterDep, project: str
) -> Page[AuditEntry]:
    """Who did what in this project, newest first."""
    return await scope.audit.page(actor, project, page, wanted)


@router.get("/audit", openapi_extra=declared(Policy.SIGNED_IN))
async def list_account_audit(actor: ActorDep, scope: ScopeDep, page: PageDep, wanted: FilterDep) -> Page[AuditEntry]:
    """What belongs to no project, as one's own sign-ins and sign-outs, and what was done in projects deleted since."""
    return await scope.audit.account_page(actor, page, wanted)


@router.get(
    "/projects/{project}/audit/export", response_class=StreamingResponse, response_model=None, responses=contents.LINES
)
async def export_audit(
    actor: ActorDep, ports: PortsDep, wanted: FilterDep, project: str, form: FormDep = ExportFormat.CSV
) -> StreamingResponse:
    """All lines that the filter leaves, newest first."""
    return await _export(ports, form, lambda scope, request: scope.audit.page(actor, project, request, wanted))


@router.get(
    "/audit/export",
    response_class=StreamingResponse,
    response_model=None,
    responses=contents.LINES,
    openapi_extra=declared(Policy.SIGNED_IN),
)
async def export_account_audit(
    actor: ActorDep, ports: PortsDep, wanted: FilterDep, form: FormDep = ExportFormat.CSV
) -> StreamingResponse:
    """As `/audit` lists it, all of it."""
    return await _export(ports, form, lambda scope, request: scope.audit.account_page(actor, request, wanted))


@router.get("/audit/accounts", openapi_extra=declared(Policy.ADMIN))
async def list_accounts_audit(actor: AdminDep, scope: ScopeDep, page: PageDep, wanted: FilterDep) -> Page[AuditEntry]:
    """What belongs to no project, of everybody, refused sign-ins included; for administrators."""
    return await scope.audit.page_of_all_accounts(page, wanted)


@router.get(
    "/audit/accounts/export",
    response_class=StreamingResponse,
    response_model=None,
    responses=contents.LINES,
    openapi_extra=declared(Policy.ADMIN),
)
async def export_accounts_audit(
    actor: AdminDep, ports: PortsDep, wanted: FilterDep, form: FormDep = ExportFormat.CSV
) -> StreamingResponse:
    """As `/audit/accounts` lists it, all of it."""
    return await _export(ports, form, lambda scope, request: scope.audit.page_of_all_accounts(request, wanted))


async def _export(
    ports: Ports, form: ExportFormat, read: Callable[[Scope, PageRequest], Awaitable[Page[AuditEntry]]]
) -> StreamingResponse:
    async def page(cursor: str | None) -> Page[AuditEntry]:
        # a unit of work for each page: a slow reader must not hold a connection to the database
        async with ports.scope(write=False) as scope:
            return await read(scope, PageRequest(limit=MAX_LIMIT, cursor=cursor))

    first = await page(None)

    async def pieces() -> AsyncIterator[str]:
        if form is ExportFormat.CSV:
            yield _csv([list(AuditEntry.model_fields)])
        current = first
        while True:
            yield _written(current.items, form)
            if current.next_cursor is None:
                return
            current = await page(current.next_cursor)

    media = "text/csv" if form is ExportFormat.CSV else "application/jsonl"
    return StreamingResponse(pieces(), media_type=media, headers=attachment(f"audit.{form.value}"))


def _written(entries: list[AuditEntry], form: ExportFormat) -> str:
    if form is ExportFormat.JSONL:
        return "".join(entry.model_dump_json() + "\n" for entry in entries)
    return _csv([[_cell(value) for value in entry.model_dump(mode="json").values()] for entry in entries])


def _cell(value: object) -> str:
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value)
    # spreadsheets would run it
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
