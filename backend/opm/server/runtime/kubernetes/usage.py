"""How much memory the containers of pods use, where the cluster gathers that (metrics-server or the like)."""

import asyncio
import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec
import structlog

from opm.server.core.errors import RuntimeFault
from opm.server.runtime.kubernetes import names
from opm.server.runtime.kubernetes.api import POD_METRICS, Api, ApiError
from opm.server.runtime.kubernetes.objects import Page, PodMetrics

log = structlog.get_logger(__name__)

FRESH = 15.0
"""Seconds; metrics-server itself does not look more often."""
LACKING = 300.0
"""Seconds until it is asked again whether there are any."""

_QUANTITY = re.compile(r"(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)([KMGTPE]i|[numkMGTPE]?)")
_UNITS = {
    **{unit: Decimal(1000) ** power for power, unit in zip(range(-3, 7), ("n", "u", "m", "", *"kMGTPE"), strict=True)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", 1)},
}


def quantity(text: str) -> int | None:
    """`128Mi` and the like, rounded; see "Quantity" in the Kubernetes API."""
    found = _QUANTITY.fullmatch(text)
    return round(Decimal(found[1]) * _UNITS[found[2]]) if found else None


class Usage:
    """One list for all pods, fetched behind the back of whoever asks: nobody waits for it, and it may be a bit old."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._bytes: dict[str, dict[str, int]] = {}
        self._due = 0.0
        self._refreshing: asyncio.Task[None] | None = None

    def of(self, pod: str) -> Mapping[str, int]:
        """Bytes by container; empty while nothing is known."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._due and self._refreshing is None:
            self._refreshing = loop.create_task(self._refresh())
        return self._bytes.get(pod, {})

    async def close(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            await asyncio.gather(self._refreshing, return_exceptions=True)

    async def _refresh(self) -> None:
        pause = FRESH
        try:
            path = POD_METRICS.path(self._api.namespace)
            body = await self._api.request("GET", path, query={"labelSelector": names.SELECTOR})
            found = msgspec.json.decode(body, type=Page[PodMetrics])
            self._bytes = {
                item.metadata.name: {
                    one.name: size for one in item.containers if (size := quantity(one.usage.memory)) is not None
                }
                for item in found.items
            }
        except (RuntimeFault, msgspec.DecodeError) as exc:
            self._bytes = {}
            if isinstance(exc, ApiError) and exc.code in {403, 404}:
                pause = LACKING
            log.info("the cluster does not tell of memory", reason=str(exc), again_in=pause)
        finally:
            self._due = asyncio.get_running_loop().time() + pause
            self._refreshing = None
