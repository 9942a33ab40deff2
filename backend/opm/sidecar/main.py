"""The programs: ``opm sidecar files``, ``session`` and ``model``, which serve; ``seed`` and ``dispose``, which end."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Generator

from opm.sidecar.app import Server, server
from opm.sidecar.settings import Misconfigured, ModelSettings, PodSettings, umask_of


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


def run_seed() -> None:
    from opm.sidecar.seed import plant  # noqa: PLC0415 - each program loads only its own part

    # process 1 of its container is deaf to what it does not handle; a half-made workspace is made anew
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with _told("seed"):
        plant(os.environ)


def run_dispose() -> None:
    from opm.sidecar.dispose import dispose  # noqa: PLC0415 - each program loads only its own part

    with _told("dispose"):
        dispose(os.environ)


@contextlib.contextmanager
def _told(part: str) -> Generator[None]:
    try:
        umask = umask_of(os.environ)
        if umask is not None:
            os.umask(umask)
        yield
    except Misconfigured as exc:
        raise SystemExit(f"opm sidecar {part} does not start: {exc}") from None


def _run(part: str, prepare: Callable[[asyncio.Event], Server]) -> None:
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    with _told(part):
        serving = prepare(asyncio.Event())
    serving.run()
    if not serving.started:
        raise SystemExit(f"opm sidecar {part} does not start: its port is taken or not allowed")
