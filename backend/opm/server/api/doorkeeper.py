"""How many connections are open, and whose."""

import functools
import ipaddress
from collections import Counter
from collections.abc import Callable

from opm.server.api.households import house_of
from opm.server.core.settings import LimitSettings


class Doorkeeper:
    """Counts open connections, in all and of each address."""

    def __init__(self, limits: LimitSettings, *, proxied: bool = False) -> None:
        self.limits = limits
        self.open = 0
        self._proxied = proxied
        self._of: Counter[str] = Counter()

    def enter(self, host: str) -> Callable[[], None] | None:
        """The way out, to be called once; None when there is no room."""
        # a proxy on this machine brings everybody
        whose = "" if self._proxied and _is_loopback(host) else house_of(host)
        if self.open >= self.limits.connections:
            return None
        if whose and self._of[whose] >= self.limits.connections_per_address:
            return None
        self.open += 1
        self._of[whose] += 1
        return functools.partial(self._leave, whose)

    def _leave(self, whose: str) -> None:
        self.open -= 1
        self._of[whose] -= 1
        if not self._of[whose]:
            del self._of[whose]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return not host  # a socket in the file system
