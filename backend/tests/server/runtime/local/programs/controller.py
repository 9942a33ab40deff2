"""A controller to be killed: brings up one pod with the settings it is given, says so, and waits for its end."""

import asyncio
import pickle
import sys

from opm.server.runtime.local import LocalRuntime
from tests.server.runtime.local.support import running


async def main() -> None:
    settings, spec = pickle.loads(sys.stdin.buffer.read())  # noqa: S301  written by the test that started us
    runtime = LocalRuntime(settings)
    await runtime.open()
    await running(runtime, spec)
    sys.stdout.write("up\n")
    sys.stdout.flush()
    await asyncio.sleep(600)


asyncio.run(main())
