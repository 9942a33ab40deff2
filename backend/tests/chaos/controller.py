"""One controller as it is served, but for the place where its pods run, if CHAOS_PODS names one.

Run as ``python -m tests.chaos.controller``.
"""

import os
from dataclasses import replace

from fastapi import FastAPI

from opm.server.app import build_ports, create_app
from opm.server.core.settings import Settings
from opm.server.serve import run
from tests.chaos.runtime import SharedRuntime


def application(settings: Settings) -> FastAPI:
    ports, pods = build_ports(settings), os.environ.get("CHAOS_PODS")
    return create_app(settings, replace(ports, runtime=SharedRuntime(pods)) if pods else ports)


if __name__ == "__main__":
    run(Settings(), application)
