"""A server on loopback that answers as one handler says and remembers what it was asked."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    form: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Loopback:
    """`host` is `address:port`."""

    handler: Handler
    host: str = ""
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @property
    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        form = {name: str(value) for name, value in (await request.post()).items()}
        path = str(request.rel_url)
        self.asked.append(Asked(method=request.method, path=path, headers=request.headers, form=form, body=body))
        return await self.handler(request)


@asynccontextmanager
async def listening(
    handler: Handler, *, address: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Loopback]:
    """The server, for the time of the block."""
    it = Loopback(handler)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", it.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, address, port, ssl_context=tls).start()
    it.host = f"{address}:{runner.addresses[0][1]}"
    try:
        yield it
    finally:
        await runner.cleanup()
