"""Which series the product has, by asking its registry."""

import importlib
import importlib.util
from functools import cache

from tests.identity.programs import missing

MODULE = "opm.server.core.metrics"


@cache
def known_families() -> dict[str, set[str]]:
    """Every name that can be asked for, with its labels."""
    if importlib.util.find_spec(MODULE) is None:
        missing("the metrics", "this version counts nothing")
    registry = importlib.import_module(MODULE).REGISTRY
    return {
        sample: set(collector._labelnames)
        for collector, names in registry._collector_to_names.items()
        for sample in names
    }
