"""How several processes share tests out (`pytest -n 3 --dist loadgroup --no-loadscope-reorder`)."""

import pytest

from tests.identity.fixtures import needs_provider


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file stays with one process, which makes what its tests share once; so do all that sign in at a provider.

    Slow ones stay together by database: minutes of each side by side. What starts agents takes longest, and so is begun
    first.
    """
    items.sort(key=lambda item: item.get_closest_marker("opencode") is None)
    for item in items:
        group = "identity" if needs_provider(item) else item.nodeid.partition("::")[0]
        if item.get_closest_marker("slow") and item.get_closest_marker("postgres"):
            group += " on PostgreSQL"
        item.add_marker(pytest.mark.xdist_group(group))
