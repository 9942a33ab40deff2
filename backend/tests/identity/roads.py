"""Names that no name server knows, for clients of the tests: a request keeps the address that it was made for."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import httpx

from tests.identity.provider import origin


class Roads(httpx.BaseTransport):
    """From origins, such as ``https://opencode.local``, to those where they are really found."""

    def __init__(self, roads: Mapping[str, str], authority: Path | None = None) -> None:
        """`authority`: whose certificates are good there, for the names."""
        self._roads = {name: httpx.URL(place) for name, place in roads.items()}
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if authority is not None:
            trust.load_verify_locations(authority)
        self._inner = httpx.HTTPTransport(verify=trust)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        place = self._roads[origin(str(request.url))]
        moved = httpx.Request(
            request.method,
            request.url.copy_with(scheme=place.scheme, host=place.host, port=place.port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return self._inner.handle_request(moved)

    def close(self) -> None:
        self._inner.close()
