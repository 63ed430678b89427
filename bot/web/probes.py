"""What the platform asks: is the process alive, may it be sent traffic, and its figures for Prometheus."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.clock import Clock
from bot.errors import StoreUnavailable
from bot.store.port import Store


class Probes:
    """`ready`: whether the first resync is over."""

    def __init__(self, *, store: Store, clock: Clock, ready: Callable[[], bool]) -> None:
        self._store = store
        self._clock = clock
        self._ready = ready

    async def livez(self, _: web.Request) -> web.Response:
        return web.Response(text="alive\n")

    async def readyz(self, _: web.Request) -> web.Response:
        """Ready means that a delivery would be kept: one small record is written to find out."""
        if not self._ready():
            return web.Response(status=503, text="not ready: the first resync is not over\n")
        try:
            await self._store.put("probe", "readyz", self._clock.now().isoformat())
        except StoreUnavailable as error:
            return web.Response(status=503, text=f"not ready: {error}\n")
        return web.Response(text="ready\n")

    async def metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
