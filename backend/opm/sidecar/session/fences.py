"""The newest driver of each run that was seen here; requests of an older one are refused.

A controller that was paused goes on where it stood and does not know that another has its run since. The database
refuses its writes; this refuses what it would send to the agent, the prompt a second time above all.
"""

from collections import OrderedDict

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from opm.sidecar.errors import Refused, answer
from opm.wire import fence

_MOST = 10_000


class Fences:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._newest: OrderedDict[str, int] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        shown = Headers(scope=scope).get(fence.HEADER) if scope["type"] == "http" else None
        try:
            if shown is not None:
                self.admit(shown)
        except Refused as refused:
            await answer(refused)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def admit(self, shown: str) -> None:
        asking = fence.read(shown)
        if asking is None:
            raise Refused(400, "This is not a fence.")
        newest = self._newest.get(asking.run, 0)
        if asking.number < newest:
            raise Refused(409, "Another controller drives this run now.", reason="fenced", newest=newest)
        self._newest[asking.run] = asking.number
        self._newest.move_to_end(asking.run)
        if len(self._newest) > _MOST:
            self._newest.popitem(last=False)
