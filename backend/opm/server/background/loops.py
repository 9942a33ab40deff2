"""The loops of a controller, started and stopped together."""

from typing import Self

from opm.server.wiring import Ports


class Background:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...
