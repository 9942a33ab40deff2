"""Pages of rows: all of them, once each, in order, whatever is added meanwhile."""

import pytest
from sqlalchemy import select

from opm.server.core.errors import Invalid
from opm.server.core.paging import PageRequest, cursor_after
from opm.server.db.models import AuditLog
from opm.server.wiring import Scope
from tests.builders import World


async def add(world: World, number: int) -> None:
    async def write(scope: Scope) -> None:
        scope.users.uow.audit(None, f"n{number}", ("thing", number))

    await world.do(write)


async def page(world: World, request: PageRequest, *, newest_first: bool) -> tuple[list[str], str | None]:
    async with world.ports.scope(write=False) as scope:
        found = await scope.audit._lines.page(select(AuditLog), request, newest_first=newest_first)
        return [line.action for line in found.items], found.next_cursor


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 3, 6, 7, 200])
async def test_every_row_comes_once(small_world: World, limit: int, newest_first: bool) -> None:
    for number in range(6):
        await add(small_world, number)
    seen: list[str] = []
    cursor = None
    while True:
        items, cursor = await page(small_world, PageRequest(limit=limit, cursor=cursor), newest_first=newest_first)
        assert len(items) <= limit
        seen += items
        if cursor is None:
            break
    wanted = [f"n{number}" for number in range(6)]
    assert seen == (wanted[::-1] if newest_first else wanted)


async def test_rows_added_meanwhile_do_not_shift_a_page(small_world: World) -> None:
    for number in range(4):
        await add(small_world, number)
    first, cursor = await page(small_world, PageRequest(limit=2), newest_first=True)
    await add(small_world, 4)
    rest, end = await page(small_world, PageRequest(limit=2, cursor=cursor), newest_first=True)
    assert (first, rest, end) == (["n3", "n2"], ["n1", "n0"], None)


@pytest.mark.parametrize("cursor", ["", "x", "%", "ä", "AAAA", cursor_after("nothing")])
async def test_what_is_not_ours_is_refused(small_world: World, cursor: str) -> None:
    with pytest.raises(Invalid):
        await page(small_world, PageRequest(cursor=cursor), newest_first=True)
