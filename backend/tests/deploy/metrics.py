"""Which series the product has, by asking what counts them."""

import importlib
import importlib.util
from typing import Any

import pytest

from tests.absent import missing
from tests.builders import World

Families = dict[str, set[str]]
"""Every name that can be asked for, with its labels."""


@pytest.fixture
def families(small_world: World) -> Families:
    if importlib.util.find_spec("opm.server.api.metrics") is None:
        missing("the metrics", "this version counts nothing")
    ports: Any = small_world.ports
    kept = ports.metrics.registry._collector_to_names
    found: Families = {name: set(getattr(one, "_labelnames", ())) for one, names in kept.items() for name in names}
    return found | {_series(family): set(family._labelnames) for family in _read(ports)}


def _read(ports: Any) -> list[Any]:
    """What is read when it is asked for, with a database that answers and as one that leads."""
    api = importlib.import_module("opm.server.api.metrics")
    schemas = importlib.import_module("opm.server.features.sessions.schemas")
    readings = api._Readings(ports, api.Work(leads=lambda: True, taken_over=lambda: 0, driven=lambda: 0))
    readings.census = schemas.Census(runs={}, oldest_queued_seconds=0)
    return list(readings.collect())


def _series(family: Any) -> str:
    return f"{family.name}_total" if family.type == "counter" else family.name
