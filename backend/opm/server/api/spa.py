"""The built front end: hashed assets for ever, `index.html` for every other address, and never for `/api`.

It answers whatever no route took, so that a wrong method on a known address is still told as that.
"""

import asyncio
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI
from isal import igzip
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

import opm
from opm.server.api.compression import accepts_gzip
from opm.server.api.errors import no_such_address

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
_PACKED_ALREADY = frozenset({".woff2", ".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif"})
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"
_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>OpenCode Project Manager</title>
<body style="font: 1rem/1.5 system-ui; max-width: 40rem; margin: 4rem auto; padding: 0 1rem">
<main><h1>The web interface has not been built</h1>
<p>The server and its API are running. From a checkout, stop the server and type <code>make run</code>:
it builds the web interface and serves it. An installed package carries it; if this is one, install it anew.</p></main>
"""


def package_folder() -> Path:
    """Where a build of the front end is put, and a wheel carries it."""
    return Path(opm.__file__).parent / "_web"


def not_built() -> Response:
    return HTMLResponse(_NOT_BUILT, 503, {"Cache-Control": "no-store"})


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    packed: bytes | None
    etag: str
    media_type: str


@lru_cache(maxsize=512)
def _load(path: Path, modified: int, size: int) -> Asset:
    body = path.read_bytes()
    packed = None
    if path.suffix not in _PACKED_ALREADY and len(body) > 1024:
        packed = igzip.compress(body, 2)  # pyright: ignore[reportUnknownMemberType]  its stub leaves `data` open
    media_type = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(body, packed, f'W/"{hashlib.sha256(body).hexdigest()[:20]}"', media_type)


class Spa:
    def __init__(self, folder: Path, elsewhere: ASGIApp) -> None:
        self.folder = folder.resolve()
        self.elsewhere = elsewhere
        """What answers a socket that no route took."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.elsewhere(scope, receive, send)
            return
        path: str = scope["path"]
        if scope["method"] not in {"GET", "HEAD"} or path == "/api" or path.startswith("/api/"):
            raise no_such_address()
        response = await self._answer(path, Headers(scope=scope), head=scope["method"] == "HEAD")
        await response(scope, receive, send)

    async def _answer(self, path: str, headers: Headers, *, head: bool) -> Response:
        file = self._find(path)
        asset_wanted = path.startswith("/assets/")
        if file is None and asset_wanted:
            # a page from before an update must not get HTML for its script
            raise no_such_address()
        index = self.folder / "index.html"
        if file is None and not index.is_file():
            return not_built()
        file = file or index
        facts = file.stat()
        asset = await asyncio.to_thread(_load, file, facts.st_mtime_ns, facts.st_size)
        return _respond(asset, headers, _FOR_EVER if asset_wanted else _ASK_AGAIN, head=head)

    def _find(self, path: str) -> Path | None:
        """A file of the build under this address; nothing hidden, nothing outside."""
        parts = path.strip("/").split("/")
        if "\0" in path or any(part.startswith(".") for part in parts):
            return None
        try:
            file = (self.folder / "/".join(parts)).resolve()
            return file if file.is_relative_to(self.folder) and file.is_file() else None
        except OSError:  # a name longer than the file system knows
            return None


def _respond(asset: Asset, headers: Headers, cache: str, *, head: bool) -> Response:
    shared = {"Cache-Control": cache, "ETag": asset.etag, "Vary": "Accept-Encoding"}
    known = [tag.strip() for tag in headers.get("if-none-match", "").split(",")]
    if asset.etag in known or "*" in known:
        return Response(status_code=304, headers=shared)
    body = asset.body
    if asset.packed is not None and accepts_gzip(headers.get("accept-encoding", "")):
        body = asset.packed
        shared["Content-Encoding"] = "gzip"
    shared["Content-Length"] = str(len(body))
    return Response(b"" if head else body, headers=shared, media_type=asset.media_type)


def install(app: FastAPI, folder: Path | None = None) -> None:
    router = app.router
    router.default = Spa(folder or package_folder(), router.default)
