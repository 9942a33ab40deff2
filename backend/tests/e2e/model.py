"""A provider of one's own: the scripted model, outside of every pod."""

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator

from tests.e2e.served import wait_for


@contextlib.contextmanager
def model_server() -> Iterator[str]:
    """Any server that speaks as OpenAI does; here our own scripted one, outside of every pod."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "opm", "sidecar", "model"], env={**os.environ, "OPM_POD_PORT": str(port)}
    )
    try:
        wait_for(lambda: _answers(port), 20, "the model")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(20)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
