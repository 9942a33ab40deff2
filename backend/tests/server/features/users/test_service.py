"""Sign-ins as rows: spent once also when many try at once, renewed, ended, and told to the audit log."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from opm.server.core.actor import Client
from opm.server.core.errors import Unauthorized
from opm.server.db.models import AuditLog, RefreshToken, User
from opm.server.features.users.service import SignIn, UserService
from opm.server.wiring import Ports
from tests.fakes.clock import MovedClock
from tests.server.api.door import open_ports, settings_for

HERE = Client("127.0.0.1", "Browser/1", "request-1")


class Desk:
    """Each call is a unit of work of its own, as at the door."""

    def __init__(self, ports: Ports, clock: MovedClock) -> None:
        self.ports = ports
        self.clock = clock

    async def launch(self) -> str:
        async with self.ports.scope() as scope:
            return await scope.users.issue_launch()

    async def redeem(self, raw: str) -> SignIn | None:
        async with self.ports.scope() as scope:
            return await scope.users.redeem_launch(raw, HERE)

    async def signed(self) -> SignIn:
        signed = await self.redeem(await self.launch())
        assert signed is not None
        return signed

    async def refresh(self, raw: str) -> SignIn | None:
        async with self.ports.scope() as scope:
            return await scope.users.refresh(raw, HERE)

    async def is_live(self, signed: SignIn) -> bool:
        async with self.ports.scope(write=False) as scope:
            return await scope.users.is_live(signed.user.id, signed.family)

    async def rows(self, model: type) -> list:
        async with self.ports.db.session(write=False) as session:
            return list((await session.execute(select(model).order_by(model.id))).scalars())

    async def disable(self) -> None:
        async with self.ports.scope() as scope:
            (await scope.users.ensure_local_user()).disabled_at = self.clock.now()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str | None:
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else None


@pytest.fixture
async def desk(database_url: str | None, tmp_path: Path) -> AsyncIterator[Desk]:
    clock = MovedClock()
    async with open_ports(settings_for(tmp_path, database={"url": database_url}), clock) as ports:
        yield Desk(ports, clock)


async def test_there_is_one_local_person(desk: Desk) -> None:
    await desk.launch()
    await desk.launch()
    (user,) = await desk.rows(User)
    assert (user.issuer, user.oidc_subject) == ("opm:local", "local")
    assert user.name


async def test_tokens_are_kept_as_hashes_only(desk: Desk) -> None:
    raw = await desk.launch()
    signed = await desk.redeem(raw)
    assert signed is not None
    kept = " ".join(str(vars(row)) for row in await desk.rows(RefreshToken) + await desk.rows(AuditLog))
    assert raw not in kept
    assert signed.refresh_token not in kept + repr(signed)


async def test_only_one_of_many_redeems_a_launch_token(desk: Desk) -> None:
    raw = await desk.launch()
    answers = await asyncio.gather(*(desk.redeem(raw) for _ in range(8)))
    assert sum(answer is not None for answer in answers) == 1


async def test_a_launch_token_ends(desk: Desk) -> None:
    raw = await desk.launch()
    desk.clock.pass_by(hours=24)
    assert await desk.redeem(raw) is None


async def test_a_token_serves_its_own_purpose_only(desk: Desk) -> None:
    assert await desk.refresh(await desk.launch()) is None
    assert await desk.redeem((await desk.signed()).refresh_token) is None


async def test_every_sign_in_is_another_family(desk: Desk) -> None:
    first, second = await desk.signed(), await desk.signed()
    assert first.family != second.family
    assert first.user.id == second.user.id
    async with desk.ports.scope() as scope:
        await scope.users.logout(first.family, first.actor)
    assert not await desk.is_live(first)
    assert await desk.is_live(second)


async def test_renewing_goes_on_for_as_long_as_one_comes_back(desk: Desk) -> None:
    signed = await desk.signed()
    for _ in range(4):
        desk.clock.pass_by(days=29)
        renewed = await desk.refresh(signed.refresh_token)
        assert renewed is not None
        assert renewed.family == signed.family
        signed = renewed
    assert await desk.is_live(signed)
    desk.clock.pass_by(days=30)
    assert not await desk.is_live(signed)
    assert await desk.refresh(signed.refresh_token) is None


async def test_many_tabs_renew_at_once(desk: Desk) -> None:
    signed = await desk.signed()
    answers = await asyncio.gather(*(desk.refresh(signed.refresh_token) for _ in range(5)))
    assert len({answer.refresh_token for answer in answers if answer}) == 5
    desk.clock.pass_by(seconds=30)
    assert all([await desk.refresh(answer.refresh_token) for answer in answers if answer])


@pytest.mark.parametrize(("seconds", "lives"), [(10, True), (11, False)])
async def test_a_token_shown_again_after_the_grace_ends_the_family(desk: Desk, seconds: int, lives: bool) -> None:
    signed = await desk.signed()
    renewed = await desk.refresh(signed.refresh_token)
    assert renewed is not None
    desk.clock.pass_by(seconds=seconds)
    assert (await desk.refresh(signed.refresh_token) is not None) == lives
    assert await desk.is_live(signed) == lives
    assert (await desk.refresh(renewed.refresh_token) is not None) == lives


async def test_a_person_shut_out_is_out_at_once(desk: Desk) -> None:
    signed, raw = await desk.signed(), await desk.launch()
    await desk.disable()
    assert not await desk.is_live(signed)
    assert await desk.refresh(signed.refresh_token) is None
    assert await desk.redeem(raw) is None


async def test_a_sign_in_of_somebody_else_is_not_mine(desk: Desk) -> None:
    signed = await desk.signed()
    async with desk.ports.scope(write=False) as scope:
        assert not await scope.users.is_live(uuid4(), signed.family)
        assert not await scope.users.is_live(signed.user.id, uuid4())


async def test_the_audit_log_tells_the_story(desk: Desk) -> None:
    signed = await desk.signed()
    await desk.redeem("guess")
    await desk.refresh(signed.refresh_token)
    desk.clock.pass_by(minutes=1)
    await desk.refresh(signed.refresh_token)
    lines = await desk.rows(AuditLog)
    assert [line.action for line in lines] == ["auth.sign_in", "auth.sign_in_refused", "auth.refresh_reused"]
    assert [line.user_id for line in lines] == [signed.user.id] * 3
    assert {line.ip_address for line in lines} == {"127.0.0.1"}
    assert {line.user_agent for line in lines} == {"Browser/1"}
    assert {line.request_id for line in lines} == {"request-1"}


async def test_signing_out_by_refresh_token(desk: Desk) -> None:
    signed = await desk.signed()
    async with desk.ports.scope() as scope:
        assert await scope.users.family_of("unknown", HERE) is None
        found = await scope.users.family_of(signed.refresh_token, HERE)
        assert found is not None
        await scope.users.logout(*found)
    assert not await desk.is_live(signed)
    line = (await desk.rows(AuditLog))[-1]
    assert (line.action, line.user_id) == ("auth.sign_out", signed.user.id)


async def test_old_links_are_forgotten(desk: Desk) -> None:
    await desk.signed()
    desk.clock.pass_by(days=31)
    await desk.launch()
    (left,) = await desk.rows(RefreshToken)
    assert left.purpose == "launch"


async def test_an_account_that_is_gone_is_nobody(desk: Desk) -> None:
    async with desk.ports.scope(write=False) as scope:
        users: UserService = scope.users
        with pytest.raises(Unauthorized):
            await users.get(uuid4())
