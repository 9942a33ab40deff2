"""One small call to a provider, to learn whether address, key and model are right. Nothing of it is kept."""

import asyncio
import json
import socket
import time
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from opm.server.clients.addresses import AddressGuard
from opm.server.core.errors import Unavailable

_LARGEST = 64 << 10
_LONGEST = 600
_AT_ONCE = 4
_ASK = "Reply with the single word OK."
_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be tried; `dialect` is how the provider is spoken to."""

    dialect: str
    base_url: str
    model: str
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    ok: bool
    status: int | None
    message: str
    latency_ms: int


class ProviderClient(Protocol):
    async def check(self, url: str) -> list[str]:
        """Raises `Invalid` when a provider must not be there."""
        ...

    async def attempt(self, trial: Trial) -> Heard: ...


class HttpProviders:
    def __init__(self, guard: AddressGuard, seconds: float) -> None:
        self._guard = guard
        self._seconds = seconds
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def check(self, url: str) -> list[str]:
        return await self._guard.check(url)

    async def attempt(self, trial: Trial) -> Heard:
        """Connects to the addresses that were judged, follows no redirect, and ends in time."""
        addresses = await self._guard.check(trial.base_url)
        if self._turns.locked():
            raise Unavailable("Other tests are going on; try again in a moment.", retry_after=5)
        async with self._turns:
            begun = time.monotonic()
            status, message = await self._ask(trial, addresses)
            spent = round((time.monotonic() - begun) * 1000)
        said = message.replace(trial.key, "[key]") if trial.key else message
        return Heard(status is not None and 200 <= status < 300, status, said[:_LONGEST], spent)

    async def _ask(self, trial: Trial, addresses: list[str]) -> tuple[int | None, str]:
        path, headers, body = _request(trial)
        connector = aiohttp.TCPConnector(resolver=_Pinned(addresses), use_dns_cache=False, force_close=True)
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as http,
                http.post(
                    trial.base_url.rstrip("/") + path, json=body, headers=headers, allow_redirects=False
                ) as answer,
            ):
                return answer.status, _said(answer.status, await answer.content.read(_LARGEST))
        except TimeoutError:
            return None, f"No answer within {self._seconds:.0f} s."
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            host = urlsplit(trial.base_url).netloc
            return None, f"{host} cannot be reached: {_reason(exc)}"


class _Pinned(AbstractResolver):
    """Gives the judged addresses, so that a name cannot lead elsewhere between judgement and connection."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""


def _request(trial: Trial) -> tuple[str, dict[str, str], dict[str, Any]]:
    if trial.dialect == "anthropic":
        headers = {"anthropic-version": "2023-06-01"} | ({"x-api-key": trial.key} if trial.key else {})
        messages = [{"role": "user", "content": _ASK}]
        return "/messages", headers, {"model": trial.model, "max_tokens": _TOKENS, "messages": messages}
    if trial.dialect == "google":
        headers = {"x-goog-api-key": trial.key} if trial.key else {}
        said = {"contents": [{"parts": [{"text": _ASK}]}], "generationConfig": {"maxOutputTokens": _TOKENS}}
        return f"/models/{quote(trial.model, safe='')}:generateContent", headers, said
    headers = {"authorization": f"Bearer {trial.key}"} if trial.key else {}
    if trial.dialect == "openai":
        return "/responses", headers, {"model": trial.model, "input": _ASK, "max_output_tokens": _TOKENS}
    messages = [{"role": "user", "content": _ASK}]
    return "/chat/completions", headers, {"model": trial.model, "max_tokens": _TOKENS, "messages": messages}


def _said(status: int, body: bytes) -> str:
    """The provider's own words, out of whatever form it puts them in."""
    if 300 <= status < 400:
        return "The provider answers with a redirect, which is not followed; enter the final address."
    text = body.decode(errors="replace").strip()
    try:
        found = json.loads(text)
    except ValueError:
        return text or f"An empty answer with status {status}."
    return (_error(found) if status >= 400 else _answer(found)) or text


def _error(found: Any) -> str | None:
    for path in (("error", "message"), ("error",), ("message",), ("detail",)):
        text = _at(found, *path)
        if isinstance(text, str) and text:
            return text
    return None


def _answer(found: Any) -> str:
    """Of four forms: chat completions, messages, Gemini's, responses (where reasoning may come before the text)."""
    texts = [_at(found, "choices", 0, "message", "content"), _at(found, "content", 0, "text")]
    texts += [_at(found, "candidates", 0, "content", "parts", 0, "text")]
    texts += [_at(found, "output", number, "content", 0, "text") for number in range(3)]
    return next((text for text in texts if isinstance(text, str) and text), "It answered.")


def _at(found: Any, *path: str | int) -> Any:
    for step in path:
        try:
            found = found[step]
        except (LookupError, TypeError):
            return None
    return found


def _reason(exc: Exception) -> str:
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not trusted."
    if isinstance(exc, aiohttp.ClientConnectorError):
        return exc.os_error.strerror or "no connection."
    return str(exc) or type(exc).__name__
