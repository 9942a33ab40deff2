"""Stands in for OpenCode where only its life matters: starts in a fraction of a second and misbehaves on request.

Told what to do by `stub` in the configuration it is given: `say` and `exit` at the start, `mute` (never answer),
`stubborn` (ignore SIGTERM), `hold_mb` (of memory). A file `hang` in the workspace stops the answers. `POST /run` starts
a command the way an agent's tool does: as the leader of a session of its own, which outlives its parent.
"""

import json
import os
import signal
import subprocess
import sys
import time
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STUB = json.loads(os.environ["OPENCODE_CONFIG_CONTENT"]).get("stub", {})
SECRET = b64encode(f"opencode:{os.environ['OPENCODE_SERVER_PASSWORD']}".encode()).decode()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.headers["Authorization"] != f"Basic {SECRET}":
            self.reply(401)
        elif STUB.get("mute") or Path("hang").exists():
            time.sleep(600)
        else:
            self.reply(200)

    def do_POST(self) -> None:
        if self.path == "/global/dispose":
            Path("disposed").write_text("yes")
        else:
            command = self.rfile.read(int(self.headers["Content-Length"])).decode()
            subprocess.Popen(["/bin/sh", "-c", command], start_new_session=True)
        self.reply(200)

    def reply(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is inherited
        pass


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    Path("../environ.json").write_text(json.dumps(dict(os.environ)))
    say(STUB.get("say", "starting"))
    if "exit" in STUB:
        sys.exit(STUB["exit"])
    kept = bytearray(STUB.get("hold_mb", 0) << 20)
    if STUB.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    port = int(sys.argv[sys.argv.index("--port") + 1])
    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        server.daemon_threads = True
        say(f"opencode server listening on http://127.0.0.1:{port}")
        server.serve_forever()
    del kept


main()
