"""Where providers and repositories may be: an address that people give must not lead into the operator's own network
unasked."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from opm.server.core.errors import Invalid
from opm.server.core.settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Awaitable[list[str]]]

_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "169.254.169.123", "100.100.100.200", "fd00:ec2::254")
)
_SHARED = ipaddress.ip_network("100.64.0.0/10")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_RESOLVE_SECONDS = 5


async def resolve(host: str) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator allows, and what a refusal names: the `field` filled in, what is `entrusted` to the host."""

    allowed_hosts: frozenset[str]
    private: bool
    field: str
    variable: str
    entrusted: str


def for_providers(settings: Settings) -> Rules:
    hosts = frozenset(host.lower() for host in settings.providers.allowed_hosts)
    return Rules(hosts, _private_allowed(settings), "base_url", "OPM_PROVIDERS__ALLOWED_HOSTS", "key")


def for_repositories(settings: Settings) -> Rules:
    hosts = frozenset(host.lower() for host in settings.git.allowed_hosts)
    return Rules(hosts, private=False, field="git.url", variable="OPM_GIT__ALLOWED_HOSTS", entrusted="token")


class _Refused(Exception):
    """The message says why."""


class AddressGuard:
    """Judges a URL by every address that its name has now."""

    def __init__(self, rules: Rules, look_up: Resolve = resolve) -> None:
        self._rules = rules
        self._look_up = look_up

    async def check(self, url: str) -> list[str]:
        """The addresses to connect to; `Invalid` says why there are none."""
        try:
            return await self._judged(url)
        except _Refused as exc:
            raise Invalid(str(exc), field=self._rules.field, reason="address_refused") from exc.__cause__

    async def _judged(self, url: str) -> list[str]:
        parts = _parse(url)
        host = (parts.hostname or "").lower().rstrip(".")
        named = host in self._rules.allowed_hosts
        addresses = [ipaddress.ip_address(text) for text in await self._addresses(host)]
        for address in addresses:
            self._judge(host, address, named=named)
        inside = self._rules.private and all(_is_inside(_true(address)) for address in addresses)
        if parts.scheme != "https" and not named and not inside:
            raise _Refused(f"{host} must be reached by https: the {self._rules.entrusted} would travel in the clear.")
        return [str(address) for address in addresses]

    async def _addresses(self, host: str) -> list[str]:
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            pass
        try:
            async with asyncio.timeout(_RESOLVE_SECONDS):
                found = await self._look_up(host)
        except (OSError, UnicodeError, TimeoutError) as exc:
            raise _Refused(f"The name {host} cannot be resolved.") from exc
        if not found:
            raise _Refused(f"The name {host} cannot be resolved.")
        return [address.partition("%")[0] for address in found]

    def _judge(self, host: str, address: Address, *, named: bool) -> None:
        true = _true(address)
        if true in _METADATA:
            raise _Refused(f"{host} is an address of a cloud's metadata service, which is never allowed.")
        if named or _is_public(true) or (self._rules.private and _is_inside(true)):
            return
        raise _Refused(
            f"{host} is not a public address. Whoever operates opm can allow it with {self._rules.variable}."
        )


def _private_allowed(settings: Settings) -> bool:
    if settings.providers.allow_private != "auto":
        return settings.providers.allow_private == "always"
    if settings.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(settings.host).is_loopback
    except ValueError:
        return False


def _parse(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as exc:
        raise _Refused("This is not an address.") from exc
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _Refused("An address begins with https:// or http://.")
    if parts.username is not None or parts.password is not None:
        raise _Refused("An address must not hold a name or password; enter the key as the API key.")
    if parts.query or parts.fragment:
        raise _Refused("A base URL has neither ? nor #.")
    return parts


def _true(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, if that is where it leads."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


def _is_inside(address: Address) -> bool:
    """Private, shared or this machine; neither link-local nor multicast nor one without meaning."""
    odd = address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved
    shared = isinstance(address, ipaddress.IPv4Address) and address in _SHARED
    return shared or address.is_loopback or (address.is_private and not odd)
