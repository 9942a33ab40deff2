"""Requests to the provider: no redirects, no cookies, bounded in time and size, answered in JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from opm.server.clients.oidc.jose import BadToken, parse_object
from opm.server.core.errors import Unavailable
from opm.server.core.settings import LOOPBACK

_LARGEST = 512 << 10


@dataclass(frozen=True, slots=True)
class Said:
    status: int
    body: dict[str, Any]


class Fetch:
    def __init__(self, seconds: float) -> None:
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._http: aiohttp.ClientSession | None = None

    async def ask(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        authorization: str | None = None,
    ) -> Said:
        """GET, or POST of a form. Any status below 500 is an answer; everything else is `Unavailable`."""
        require_safe(url)
        headers = {"Accept": "application/json"} | ({"Authorization": authorization} if authorization else {})
        try:
            async with self._session().request(
                "POST" if form is not None else "GET",
                url,
                data=form,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                if answer.status >= 500 or 300 <= answer.status < 400:
                    raise Unavailable(
                        f"The identity provider answers with an error (status {answer.status}); try again later."
                    )
                return Said(answer.status, await _json(answer))
        except TimeoutError as exc:
            raise Unavailable("The identity provider does not answer in time; try again in a moment.") from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise Unavailable("The identity provider cannot be reached; try again in a moment.") from exc

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=True
            )
        return self._http

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


def require_safe(url: str) -> None:
    """A discovery document must not lead secrets into the clear."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise Unavailable("The identity provider names an address without https; it is not used.")


async def _json(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > _LARGEST:
            raise Unavailable("The identity provider sends more than it should.")
    if not body:
        return {}
    try:
        return parse_object(bytes(body))
    except BadToken as exc:
        raise Unavailable("The identity provider's answer cannot be read.") from exc
