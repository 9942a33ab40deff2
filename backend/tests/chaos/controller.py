"""One controller as it is served, but for the place where its pods run: ``python -m tests.chaos.controller``."""

import os
from dataclasses import replace

from fastapi import FastAPI

from opm.server.app import build_ports, create_app
from opm.server.core.settings import Settings
from opm.server.serve import run
from tests.chaos.runtime import SharedRuntime


def application(settings: Settings) -> FastAPI:
    return create_app(settings, replace(build_ports(settings), runtime=SharedRuntime(os.environ["CHAOS_PODS"])))


if __name__ == "__main__":
    run(Settings(), application)
