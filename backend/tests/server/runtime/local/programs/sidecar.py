"""Stands in for the sidecars where only their life matters."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is inherited
        pass


Path(f"../environ-{sys.argv[1]}.json").write_text(json.dumps(dict(os.environ)))
with ThreadingHTTPServer(("127.0.0.1", int(os.environ["OPM_POD_PORT"])), Handler) as server:
    server.serve_forever()
