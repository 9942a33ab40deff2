"""Metrics for Prometheus, on a port of their own: what people reach does not have them.

Numbers about runs come from the database and are of the whole installation, so every controller says the same; all
others are of this process. A database that is away takes only its own numbers out of the answer.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from opm.server.core.errors import Conflict, OpmError
from opm.server.features.sessions.schemas import Census
from opm.server.wiring import Ports

_PATHS = ("/metrics", "/api/metrics")
_STATES = ("queued", "starting", "running")


@dataclass(frozen=True, slots=True)
class Work:
    """What the loops say of themselves."""

    leads: Callable[[], bool]
    taken_over: Callable[[], int]
    driven: Callable[[], int]


class _Readings(Collector):
    """Read when they are asked for."""

    def __init__(self, ports: Ports, work: Work | None) -> None:
        self._ports = ports
        self._work = work
        self.census: Census | None = None

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield _gauge("opm_database_up", "Whether the database answered just now", self.census is not None)
        if self.census is not None:
            yield _gauges("opm_runs", "Runs of the whole installation that have not ended", "status", self._runs())
            oldest = self.census.oldest_queued_seconds
            yield _gauge("opm_queue_oldest_seconds", "How long the first in the queue has waited", oldest)
        boards = self._ports.hub.boards
        kinds = {"board": boards, "output": self._ports.hub.watching - boards}
        yield _gauges("opm_streams_open", "Sockets and streams that are open here", "kind", kinds)
        yield _gauges("opm_db_pool", "Connections to the database", "state", self._ports.db.pool())
        bus = self._ports.bus
        yield _gauge("opm_bus_connected", "Whether news of other controllers arrive at once", bus.connected)
        yield _counter("opm_bus_reconnects", "How often the bus was lost and found again", bus.reconnects)
        if self._work is not None:
            yield _gauge("opm_leader", "Whether this controller does what one does for all", self._work.leads())
            yield _gauge("opm_runs_driven", "Runs that this controller drives", self._work.driven())
            taken = self._work.taken_over()
            yield _counter("opm_lease_takeovers", "Runs taken over from a driver that was gone", taken)

    def _runs(self) -> dict[str, int]:
        return {state: self.census.runs.get(state, 0) if self.census else 0 for state in _STATES}


@contextlib.asynccontextmanager
async def served(ports: Ports, work: Work | None = None) -> AsyncGenerator[int]:
    """Serves until it is left, if settings say where; the port, 0 if not."""
    settings = ports.settings.metrics
    if settings.port is None:
        yield 0
        return
    readings = _Readings(ports, work)
    ports.metrics.registry.register(readings)

    async def answer(_: web.Request) -> web.Response:
        readings.census = await _census(ports)
        return web.Response(body=generate_latest(ports.metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get(path, answer) for path in _PATHS])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as exc:
        await runner.cleanup()
        raise Conflict(f"Cannot serve metrics on {settings.host} port {settings.port}: {exc.strerror}.") from exc
    try:
        yield settings.port
    finally:
        await runner.cleanup()
        ports.metrics.registry.unregister(readings)


async def _census(ports: Ports) -> Census | None:
    try:
        async with ports.scope(write=False) as scope:
            return await scope.sessions.census()
    except OpmError:
        return None


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=float(value))


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(name, what, value=value)


def _gauges(name: str, what: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
