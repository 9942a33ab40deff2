"""The programs: ``opm sidecar files``, ``opm sidecar session``, ``opm sidecar model``."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable

from opm.sidecar.app import Server, server
from opm.sidecar.settings import Misconfigured, ModelSettings, PodSettings


def run_files() -> None:
    from opm.sidecar.files.app import create  # noqa: PLC0415 - each program loads only its own part

    def prepare(closing: asyncio.Event) -> Server:
        settings = PodSettings.read("files", os.environ)
        return server(create(settings, closing), settings.host, settings.port, closing)

    _run("files", prepare)


def run_session() -> None:
    from opm.sidecar.session.app import create  # noqa: PLC0415 - each program loads only its own part

    def prepare(closing: asyncio.Event) -> Server:
        settings = PodSettings.read("session", os.environ)
        return server(create(settings, closing), settings.host, settings.port, closing)

    _run("session", prepare)


def run_model() -> None:
    from opm.sidecar.model.app import create  # noqa: PLC0415 - each program loads only its own part

    def prepare(closing: asyncio.Event) -> Server:
        settings = ModelSettings.read(os.environ)
        return server(create(), settings.host, settings.port, closing)

    _run("model", prepare)


def _run(part: str, prepare: Callable[[asyncio.Event], Server]) -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    try:
        serving = prepare(asyncio.Event())
    except Misconfigured as exc:
        raise SystemExit(f"opm sidecar {part} does not start: {exc}") from None
    serving.run()
    if not serving.started:
        raise SystemExit(f"opm sidecar {part} does not start: its port is taken or not allowed")
