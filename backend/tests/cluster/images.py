"""Under which names a cluster has our images; nothing is pulled."""

import os

REGISTRY = "local.test"


def image(name: str) -> str:
    """Of `opm-controller`, `opm-sidecar`, `opm-opencode`, `opm-local`, `postgres`, `redis` or `probe`."""
    return f"{os.environ.get('OPM_TEST_REGISTRY', REGISTRY)}/{name}:test"
