"""Every request shows a pass: nothing behind this middleware is reachable without one, on HTTP or WebSocket.

The agent shares the network with the sidecars, so being local proves nothing. Only ``GET /health`` and
``/health/opencode`` are open, and say one word; they are also exempt from the check of the Host header, which health
probes set to any address.
"""

import heapq
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from opm.sidecar.errors import Refused, answer
from opm.sidecar.settings import PodSettings
from opm.wire.passes import LEEWAY_SECONDS, InvalidPass, PassClaims, verify

OPEN = frozenset({"/health", "/health/opencode"})


class ReplayGuard:
    """Remembers each pass until it is dead. When full it refuses, for forgetting one would let it be replayed."""

    def __init__(self, capacity: int = 100_000, clock: Callable[[], float] = time.time) -> None:
        self._capacity = capacity
        self._clock = clock
        self._seen: set[str] = set()
        self._deaths: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._seen)

    def admit(self, claims: PassClaims) -> None:
        now = self._clock()
        while self._deaths and self._deaths[0][0] + LEEWAY_SECONDS <= now:
            self._seen.discard(heapq.heappop(self._deaths)[1])
        if claims.jti in self._seen:
            raise InvalidPass("the pass was refused: it was shown before")
        if len(self._seen) >= self._capacity:
            raise InvalidPass("the pass was refused: too many passes are alive, slow down")
        self._seen.add(claims.jti)
        heapq.heappush(self._deaths, (claims.expires_at, claims.jti))


class Guard:
    def __init__(self, app: ASGIApp, settings: PodSettings) -> None:
        self._app = app
        self._settings = settings
        self._replays = ReplayGuard()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or _is_health(scope):
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except Refused as refused:
            response = answer(refused)
            if scope["type"] == "websocket":
                await WebSocket(scope, receive, send).send_denial_response(response)
            else:
                await response(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if _host_name(headers.get("host", "")) not in self._settings.allowed_hosts:
            raise Refused(403, "The sidecar is not known by this host name; add it to OPM_POD_ALLOWED_HOSTS.")
        shown = headers.getlist("authorization")
        scheme, _, token = shown[0].partition(" ") if len(shown) == 1 else ("", "", "")
        if scheme.lower() != "bearer" or not token:
            raise Refused(401, "Show a pass: Authorization: Bearer <pass>.")
        try:
            claims = verify(
                self._settings.pass_key,
                token.strip(),
                project_id=self._settings.project_id,
                part=self._settings.part,
                method=scope.get("method", "GET"),
                path=scope["raw_path"].decode("latin-1"),
            )
            self._replays.admit(claims)
        except InvalidPass as exc:
            raise Refused(401, f"{str(exc).capitalize()}.") from exc


def _is_health(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["path"] in OPEN and scope["method"] in {"GET", "HEAD"}


def _host_name(host: str) -> str:
    """``name``, ``name:port`` or ``[v6]:port`` to the bare name."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
