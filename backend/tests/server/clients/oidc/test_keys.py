"""The provider's keys: asked for when a token names an unknown one, and no oftener than that is honest."""

import asyncio
import itertools
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from opm.server.clients.oidc.jose import BadToken
from opm.server.clients.oidc.keys import KEPT, MOST_WAITING, PAUSE, PublishedKeys, usable
from opm.server.core.errors import Unavailable

ONE, TWO = (ECKey.generate_key("P-256", {"kid": kid, "use": "sig"}) for kid in ("one", "two"))


class Publisher:
    """A provider's key set over time."""

    def __init__(self, *keys: ECKey) -> None:
        self.published = list(keys)
        self.asked = 0
        self.down = False
        self.now = 1000.0
        self.keys = PublishedKeys(self.fetch, lambda: self.now, self.sleep)

    async def sleep(self, seconds: float) -> None:
        until = self.now + seconds
        await asyncio.sleep(0)  # the others come to wait, too
        self.now = max(self.now, until)

    async def fetch(self) -> dict[str, Any]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise Unavailable("down")
        return {"keys": [key.as_dict(private=False) for key in self.published]}

    async def kids(self, kid: str | None) -> list[str | None]:
        return [key.kid for key in (await self.keys.for_token(kid)).keys]


async def test_keys_are_read_once_and_kept() -> None:
    publisher = Publisher(ONE, TWO)
    assert await publisher.kids("one") == ["one"]
    assert await publisher.kids("two") == ["two"]
    assert publisher.asked == 1


async def test_a_new_key_is_found_and_the_old_one_serves_until_it_is_dropped() -> None:
    publisher = Publisher(ONE)
    await publisher.kids("one")
    publisher.published = [TWO, ONE]
    assert await publisher.kids("two") == ["two"]
    assert await publisher.kids("one") == ["one"]
    assert publisher.asked == 2
    publisher.published = [TWO]
    publisher.now += KEPT + 1
    with pytest.raises(BadToken):
        await publisher.kids("one")


async def test_invented_names_make_us_ask_once_in_ten_seconds() -> None:
    publisher = Publisher(ONE)
    await publisher.kids("one")
    asked_at: list[float] = []
    for number in range(6):
        before = publisher.asked
        with pytest.raises(BadToken):
            await publisher.kids(f"invented-{number}")
        asked_at += [publisher.now] * (publisher.asked - before)
    assert len(asked_at) == 6
    assert all(later - sooner >= PAUSE for sooner, later in itertools.pairwise(asked_at))


async def test_those_who_come_within_the_pause_wait_for_one_answer_and_not_too_many_of_them() -> None:
    publisher = Publisher(ONE)
    await publisher.kids("one")
    with pytest.raises(BadToken):
        await publisher.kids("invented")
    publisher.published = [ONE, TWO]
    began = publisher.now
    names = ["two", *(f"invented-{number}" for number in range(MOST_WAITING - 1)), "one too many"]
    answers = await asyncio.gather(*(publisher.kids(name) for name in names), return_exceptions=True)
    assert answers[0] == ["two"], "a rotation within the pause fails nobody"
    assert all(isinstance(answer, BadToken) for answer in answers[1:-1])
    assert isinstance(answers[-1], Unavailable), "nothing is known against it"
    assert publisher.asked == 3
    assert publisher.now == began + PAUSE
    assert await publisher.kids("one") == ["one"]


async def test_those_who_wait_are_told_when_the_provider_does_not_answer() -> None:
    publisher = Publisher(ONE)
    await publisher.kids("one")
    with pytest.raises(BadToken):
        await publisher.kids("invented")
    publisher.down = True
    answers = await asyncio.gather(*(publisher.kids("two") for _ in range(3)), return_exceptions=True)
    assert all(isinstance(answer, Unavailable) for answer in answers)
    assert publisher.asked == 3


async def test_many_at_once_ask_once() -> None:
    publisher = Publisher(ONE)
    assert await asyncio.gather(*(publisher.kids("one") for _ in range(20))) == [["one"]] * 20
    assert publisher.asked == 1


async def test_a_provider_that_is_down_takes_no_known_key_away() -> None:
    publisher = Publisher(ONE)
    await publisher.kids("one")
    publisher.down = True
    publisher.now += KEPT + 1
    assert await publisher.kids("one") == ["one"]
    publisher.now += PAUSE
    with pytest.raises(Unavailable):
        await publisher.kids("two")
    unheard = Publisher(ONE)
    unheard.down = True
    for _ in range(2):
        with pytest.raises(Unavailable):
            await unheard.kids("one")
    assert unheard.asked == 1


def test_only_public_keys_for_signatures_are_used() -> None:
    encryption = RSAKey.generate_key(2048, {"kid": "enc", "use": "enc"})
    shared = OctKey.import_key(b"k" * 32, {"kid": "oct"})
    published = [
        shared.as_dict(private=True),
        encryption.as_dict(private=False),
        {"kty": "EC", "crv": "P-256", "x": "!", "y": "!"},
        {"kty": "unheard-of"},
        "text",
        None,
        ONE.as_dict(private=False),
    ]
    assert [key.kid for key in usable({"keys": published}).keys] == ["one"]
    for wrong in ({}, {"keys": "x"}, {"keys": []}, {"keys": published[:3]}):
        with pytest.raises(BadToken):
            usable(wrong)
