"""A real git server over HTTP on a loopback port: `git http-backend` behind a few lines of CGI, with Basic sign-in."""

import base64
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "HOME": str(folder)}
    made = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, env=environment, capture_output=True, text=True
    )
    return made.stdout.strip()


class GitServer:
    """`sign_in` is ``name:token`` when one is needed. `meanwhile` is called before a pack is sent."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = 0
        self.sign_in = ""
        self.redirect = ""
        self.meanwhile: Callable[[], None] = lambda: None
        self.authorizations: list[str] = []

    def url(self, name: str = "tea.git") -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    def publish(self, work: Path, name: str = "tea.git") -> str:
        git(self.root, "clone", "-q", "--bare", str(work), name)
        return self.url(name)


def repository(folder: Path) -> Path:
    """Two commits on main, a branch `next`, a tag `v1`."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "README.md").write_text("# Tea\n")
    (folder / "src").mkdir()
    (folder / "src" / "tea.py").write_text("print('tea')\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    git(folder, "tag", "v1")
    git(folder, "checkout", "-qb", "next")
    (folder / "next.txt").write_text("next\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "second")
    git(folder, "checkout", "-q", "main")
    return folder


@contextmanager
def serving(root: Path) -> Iterator[GitServer]:
    root.mkdir(parents=True, exist_ok=True)
    about = GitServer(root)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            about.meanwhile()
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

        def _answer(self, body: bytes) -> None:
            shown = self.headers.get("Authorization", "")
            about.authorizations.append(shown)
            if about.redirect:
                self._end(302, b"", Location=about.redirect + self.path)
                return
            wanted = base64.b64encode(about.sign_in.encode()).decode()
            if about.sign_in and shown != f"Basic {wanted}":
                self._end(401, b"no", **{"WWW-Authenticate": 'Basic realm="git"'})
                return
            path, _, query = self.path.partition("?")
            made = subprocess.run(
                ["git", "http-backend"],
                input=body,
                capture_output=True,
                check=False,
                env={
                    "PATH": os.environ["PATH"],
                    "GIT_PROJECT_ROOT": str(about.root),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "GIT_CONFIG_GLOBAL": "/dev/null",
                    "REQUEST_METHOD": self.command,
                    "PATH_INFO": path,
                    "QUERY_STRING": query,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "CONTENT_LENGTH": str(len(body)),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                },
            )
            head, _, content = made.stdout.partition(b"\r\n\r\n")
            told = dict(line.split(": ", 1) for line in head.decode().splitlines())
            self._end(int(told.pop("Status", "200").split()[0]), content, **told)

        def _end(self, status: int, content: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object, **__: object) -> None:
            """Nothing: its log is of no interest."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        about.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield about
        finally:
            server.shutdown()
            thread.join()
