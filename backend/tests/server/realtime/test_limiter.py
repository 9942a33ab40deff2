"""Rates by the `limits` library, in this process and in a real Redis: shared, lost, and found again."""

import asyncio
import time

import pytest
import structlog
from pydantic import ValidationError

from opm.server.core.rates import Rate
from opm.server.core.settings import RateSettings
from opm.server.realtime.limiter import StoredLimiter
from opm.server.realtime.store import Shared
from opm.server.realtime.windows import Windows
from tests.redis import RedisStore


def limiter(per_user: str = "3/minute", store: str | None = None, look_again: float = 0.2) -> StoredLimiter:
    return StoredLimiter(RateSettings(per_user=per_user, store=store), look_again=look_again)


async def passed(counted: StoredLimiter, who: str, tries: int, rate: Rate = Rate.USER) -> int:
    return [await counted.hit(rate, who) for _ in range(tries)].count(None)


async def test_so_many_pass_and_the_next_is_told_how_long_to_wait() -> None:
    counted = limiter("3/minute")
    assert await passed(counted, "ada", 3) == 3
    wait = await counted.hit(Rate.USER, "ada")
    assert wait is not None
    assert 58 < wait <= 60
    assert await passed(counted, "bob", 3) == 3


async def test_the_wait_is_true() -> None:
    counted = limiter("2/1second")
    assert await passed(counted, "ada", 2) == 2
    wait = await counted.hit(Rate.USER, "ada")
    assert wait is not None
    await asyncio.sleep(wait + 0.02)
    assert await counted.hit(Rate.USER, "ada") is None


async def test_a_burst_passes_and_then_the_sustained_rate() -> None:
    counted = limiter(RateSettings().per_user)
    began = time.monotonic()
    assert await passed(counted, "ada", 200) == 60
    assert time.monotonic() - began < 1, "the burst was measured while it lasted"


async def test_several_rates_hold_together_and_an_empty_one_is_off() -> None:
    counted = StoredLimiter(RateSettings(per_user="", per_address="5/second;7/minute", sign_in="1/hour"))
    assert await passed(counted, "ada", 500) == 500
    assert await passed(counted, "::1", 10, Rate.ADDRESS) == 5
    await asyncio.sleep(1.05)
    assert await passed(counted, "::1", 10, Rate.ADDRESS) == 2
    assert await passed(counted, "::1", 2, Rate.SIGN_IN) == 1


@pytest.mark.parametrize(
    "text", ["many", "5", "0/second", "5/second;", "5/fortnight", "-1/second", "5/second 3/minute"]
)
def test_what_is_no_rate_is_refused_at_the_start(text: str) -> None:
    with pytest.raises(ValidationError):
        RateSettings(per_user=text)
    with pytest.raises(ValidationError):
        RateSettings(store="http://127.0.0.1")


async def test_strangers_cannot_fill_the_memory() -> None:
    now = 0.0
    windows = Windows(most_keys=100, now=lambda: now)
    for number in range(1000):
        assert await windows.acquire_entry(f"2001:db8::{number:x}", 5, 60)
    assert len(windows) == 100
    now = 61.0
    await windows.acquire_entry("one more", 5, 60)
    assert len(windows) == 1, "what is over is forgotten"


async def test_one_key_takes_no_more_than_its_limit() -> None:
    windows = Windows()
    for _ in range(10_000):
        await windows.acquire_entry("ada", 60, 60)
    assert await windows.get("ada") == 60


@pytest.mark.redis
async def test_two_controllers_count_together(redis_url: str) -> None:
    rates = RateSettings(per_user="10/minute", store=redis_url)
    one, other = StoredLimiter(rates, patience=10), StoredLimiter(rates, patience=10)
    try:
        assert await passed(one, "ada", 1) + await passed(other, "ada", 1) == 2
        granted = await asyncio.gather(*(each.hit(Rate.USER, "ada") for each in (one, other) * 10))
        assert granted.count(None) == 8
        wait = await other.hit(Rate.USER, "ada")
        assert wait is not None
        assert 55 < wait <= 60
    finally:
        await one.close()
        await other.close()


@pytest.mark.redis
async def test_without_the_store_each_counts_alone_and_says_so_once(redis_store: RedisStore) -> None:
    one, other = limiter("5/minute", redis_store.url), limiter("5/minute", redis_store.url)
    try:
        assert await passed(one, "ada", 5) + await passed(other, "ada", 5) == 5
        redis_store.stop()
        with structlog.testing.capture_logs() as lines:
            began = time.monotonic()
            assert await passed(one, "ada", 20) == 5, "still limited, by a count of its own"
            assert await passed(other, "ada", 20) == 5
            assert time.monotonic() - began < 3, "an outage slows next to nothing"
            await asyncio.sleep(0.3)
            await passed(one, "bob", 3)
        assert [line["log_level"] for line in lines].count("warning") == 2, "each of the two, once"
        assert "redis://" not in str(lines)
        redis_store.start()
        await asyncio.sleep(0.3)
        with structlog.testing.capture_logs() as lines:
            assert await passed(one, "eve", 3) + await passed(other, "eve", 5) == 5, "together again"
        assert [line["event"] for line in lines] == ["the store of rate limits answers again"] * 2
    finally:
        await one.close()
        await other.close()


@pytest.mark.redis
async def test_while_the_store_is_down_one_request_looks_and_the_others_do_not_wait(redis_url: str) -> None:
    now = 0.0
    store = Shared(redis_url, 5, lambda: now)
    assert store.due()
    store.failed(OSError())
    assert not store.due()
    now = 5.0
    assert [store.due() for _ in range(3)] == [True, False, False]
    store.answered()
    assert store.due()
    await store.close()


@pytest.mark.redis
async def test_a_store_that_hangs_is_given_up_quickly() -> None:
    """It accepts and never answers."""
    silent = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(30), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    counted = limiter("5/minute", f"redis://127.0.0.1:{port}/0", look_again=60)
    try:
        began = time.monotonic()
        assert await passed(counted, "ada", 8) == 5
        assert time.monotonic() - began < 3
    finally:
        await counted.close()
        silent.close()
