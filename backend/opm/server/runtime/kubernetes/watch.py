"""All objects of one kind, kept as the cluster has them: one list, then one watch, whoever they belong to.

A watch continues where the last one ended; bookmarks keep that place fresh. When the cluster has forgotten it (410),
everything is listed again.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import structlog

from opm.server.runtime.kubernetes.api import Api, ApiError, ApiSilent, Kind
from opm.server.runtime.kubernetes.objects import Change, Object, Page, Status

log = structlog.get_logger(__name__)

PAGE = 500
WATCH_SECONDS = 240.0
LATE = 30.0
"""Seconds after which a watch that should have ended, and has not, is taken for one that hangs."""
LONGEST_LINE = 4 << 20
LASTING = 5.0
"""A watch that held so long was no failure, however it ended; unless it did not."""

T = TypeVar("T", bound=Object)
S_contra = TypeVar("S_contra", contravariant=True)


class Keeper(Protocol[S_contra]):
    """Who keeps what is told."""

    def replace(self, items: Iterable[S_contra]) -> None: ...

    def put(self, item: S_contra) -> None: ...

    def drop(self, item: S_contra) -> None: ...


class Gone(Exception):
    """The place to continue from is not known any more."""


class Reflector(Generic[T]):
    def __init__(
        self,
        api: Api,
        kind: Kind,
        shape: type[T],
        keeper: Keeper[T],
        selector: str = "",
        *,
        seconds: float = WATCH_SECONDS,
        late: float = LATE,
    ) -> None:
        """A watch is asked to end after about `seconds`, and given up `late` seconds after that."""
        self.synced = asyncio.Event()
        self.trouble: str | None = None
        """Why what is kept may be old."""
        self._api = api
        self._kind = kind
        self._shape = shape
        self._keeper = keeper
        self._selector = {"labelSelector": selector} if selector else {}
        self._seconds = seconds
        self._late = late
        self._failures = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                place = await self._list()
                while True:
                    place = await self._watch(place)
            except Gone:
                log.info("listing anew", kind=self._kind.plural)
            except (ApiError, ApiSilent) as exc:
                await self._rest(exc)
            except Exception as exc:
                log.exception("a watch failed", kind=self._kind.plural)
                await self._rest(exc)

    async def _list(self) -> str:
        found: list[T] = []
        query = {**self._selector, "limit": str(PAGE)}
        path = self._kind.path(self._api.namespace)
        while True:
            body = await self._api.request("GET", path, query=query)
            page = msgspec.json.decode(body, type=Page[self._shape])
            found += page.items
            if not page.metadata.next:
                break
            query["continue"] = page.metadata.next
        self._keeper.replace(found)
        self.trouble = None
        self.synced.set()
        return page.metadata.resource_version

    async def _watch(self, place: str) -> str:
        """Where to continue. One that breaks off is not a failure of what was told before."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        # not all at once
        asked = int(self._seconds * random.uniform(0.75, 1.25))  # noqa: S311  # nosec B311
        limit = asked + self._late
        try:
            async with aclosing(self._lines(place, asked, limit)) as lines:
                async for change in lines:
                    place = self._take(change, place)
                    self._failures, self.trouble = 0, None
        except ApiSilent as exc:
            # one that hung told nothing for who knows how long
            await self._rest(exc, quietly=LASTING < clock() - begun < limit)
        except ApiError as exc:
            if exc.code in {400, 410} or exc.reason in {"Expired", "Gone"}:
                self._failures += 1
                await asyncio.sleep(self._api.pause(min(self._failures, 6)) / 4)
                raise Gone from exc
            await self._rest(exc)
        else:
            if clock() - begun <= LASTING:
                # whoever ends every watch properly and at once would be asked without a pause
                await self._rest(ApiSilent("The Kubernetes API ended a watch as soon as it began."))
        return place

    def _take(self, change: Change, place: str) -> str:
        if change.type == "ERROR":
            status = msgspec.json.decode(change.object, type=Status)
            raise ApiError(status.code, status.reason, status.message)
        if change.type == "BOOKMARK":
            return msgspec.json.decode(change.object, type=Object).metadata.resource_version or place
        item = msgspec.json.decode(change.object, type=self._shape)
        if change.type == "DELETED":
            self._keeper.drop(item)
        else:
            self._keeper.put(item)
        return item.metadata.resource_version or place

    async def _lines(self, place: str, asked: int, limit: float) -> AsyncGenerator[Change]:
        query = {
            **self._selector,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": place,
            "timeoutSeconds": str(asked),
        }
        path = self._kind.path(self._api.namespace)
        async with self._api.opened("GET", path, query, seconds=limit) as response:
            rest = bytearray()
            async for piece in response.content.iter_any():
                rest += piece
                *lines, last = rest.split(b"\n")
                for line in lines:
                    if line.strip():
                        yield msgspec.json.decode(line, type=Change)
                rest = bytearray(last)
                if len(rest) > LONGEST_LINE:
                    raise ApiSilent("The Kubernetes API tells of an object that does not end.")

    async def _rest(self, exc: Any, *, quietly: bool = False) -> None:
        self._failures += 1
        asked = exc.retry_after if isinstance(exc, ApiError) else None
        if not quietly:
            self.trouble = str(exc)
            log.warning("a watch broke off", kind=self._kind.plural, reason=self.trouble, times=self._failures)
        await asyncio.sleep(self._api.pause(min(self._failures, 6), asked))
