"""The one way in: puts doors, probes and board together, and serves them so that no slow client starves the others."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web

from bot.clock import Clock
from bot.store.port import Store
from bot.web.board import Board, BoardPage
from bot.web.probes import Probes
from bot.web.webhooks import Doors, WebConfig

__all__ = ["WebConfig", "make_app", "make_runner", "serve", "stop_signal"]

_GRACE_SECONDS = 10.0
_BACKLOG = 1024
# The store's thread shares one interpreter with the event loop. Python's default of 5 ms before a busy loop yields
# is most of a commit's time; with a tenth of that, more deliveries a second were measured.
_SWITCH_SECONDS = 0.0005


def make_app(
    *,
    store: Store,
    config: WebConfig,
    worker_wake: Callable[[], None],
    clock: Clock,
    board: Callable[[], Awaitable[Board]],
    ready: Callable[[], bool],
    concerned: Callable[[Iterable[str]], frozenset[str]] = frozenset,
) -> web.Application:
    """The application. `worker_wake` is called after nudges; `ready` says whether the first resync is over.

    `concerned`: the keys that news of some keys concerns besides, with these.
    """
    doors = Doors(store=store, clock=clock, config=config, wake=worker_wake, concerned=concerned)
    probes = Probes(store=store, clock=clock, ready=ready)
    page = BoardPage(board)
    # A body's size is ours to bound (`bot.web.bodies`).
    app = web.Application(client_max_size=0)
    app.add_routes(
        [
            web.post("/webhooks/github", doors.github),
            web.post("/webhooks/registry/{name}", doors.registry),
            web.post("/webhooks/registry/{name}/{secret}", doors.registry),
            web.get("/livez", probes.livez),
            web.get("/readyz", probes.readyz),
            web.get("/metrics", probes.metrics),
            web.get("/", page.page),
            web.get("/static/board.css", page.style),
        ]
    )
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """How it is served: no inflating, no access log, and a connection that says nothing for 5 seconds is closed."""
    return web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        auto_decompress=False,
        keepalive_timeout=5.0,
        lingering_time=1.0,
        shutdown_timeout=_GRACE_SECONDS,
    )


def favour_the_loop() -> None:
    """Let the loop have the interpreter back from the store's thread sooner: a setting of the whole process."""
    sys.setswitchinterval(_SWITCH_SECONDS)


async def serve(app: web.Application, *, host: str, port: int, until: asyncio.Event) -> None:
    """Serve until `until` is set; then take no more, and let the requests under way end within 10 seconds."""
    favour_the_loop()
    runner = make_runner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=_BACKLOG).start()
        await until.wait()
    finally:
        await runner.cleanup()


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets, for `serve` to wait on. After it, stop the worker; close the store last."""
    stopped = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    return stopped
