"""How often somebody may ask: what is counted, and who counts. The counting itself is a port."""

from enum import StrEnum
from typing import Protocol


class Rate(StrEnum):
    """What is counted apart from each other; the values are the names of the settings."""

    USER = "per_user"
    ADDRESS = "per_address"
    SIGN_IN = "sign_in"


class Limiter(Protocol):
    async def hit(self, rate: Rate, who: str) -> float | None:
        """Counts one request of `who`. None: it may pass; else the seconds until one would."""
        ...

    async def close(self) -> None: ...
