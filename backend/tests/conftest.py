"""Fixtures that every test may ask for by name."""

import pytest
import structlog

pytest_plugins = [
    "tests.postgres",
    "tests.redis",
    "tests.database",
    "tests.builders",
    "tests.identity.fixtures",
    "tests.parallel",
]


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Tracebacks as Python prints them: the default draws every local variable, which takes seconds."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    *shared, _ = structlog.get_config()["processors"]
    structlog.configure(processors=[*shared, renderer])
