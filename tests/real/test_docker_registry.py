"""Our client and our parser against CNCF Distribution itself, as Debian packages it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from bot.clock import SystemClock
from bot.model import Digest, Tags
from bot.registry import Registry
from bot.scans import Scans
from bot.senders import Hint, parse
from config.doors import Sender
from tests.conftest import require
from tests.real.docker_registry import PATIENCE, push, serving


@dataclass(slots=True)
class Sink:
    """Where the registry sends its notifications: every tagged manifest it tells of, with the headers it came with."""

    hints: asyncio.Queue[tuple[Hint, Mapping[str, str]]]
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        for hint in parse(Sender.DISTRIBUTION, await request.read()):
            self.hints.put_nowait((hint, request.headers))
        return web.Response(status=202)

    async def next(self) -> tuple[Hint, Mapping[str, str]]:
        return await asyncio.wait_for(self.hints.get(), PATIENCE)


@asynccontextmanager
async def listening() -> AsyncIterator[Sink]:
    """A sink on loopback."""
    sink = Sink(asyncio.Queue())
    application = web.Application()
    application.router.add_post("/registry", sink.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sink.url = f"http://127.0.0.1:{runner.addresses[0][1]}/registry"
    try:
        yield sink
    finally:
        await runner.cleanup()


@pytest.mark.real
async def test_a_push_is_told_confirmed_and_listed(tmp_path: Path) -> None:
    """A push by skopeo is notified, one HEAD confirms it, and a listing agrees."""
    program, skopeo = require("docker-registry"), require("skopeo")
    async with (
        listening() as sink,
        serving(program, tmp_path, notify=sink.url) as host,
        aiohttp.ClientSession() as session,
    ):
        registry = Registry(session, SystemClock(), plain_http=frozenset({host}))
        scans = Scans(registry, SystemClock(), fresh_for=timedelta(hours=1))
        repository = f"{host}/org/shop"
        first = await push(skopeo, tmp_path / "first", f"{repository}:1.0.0")
        hint, headers = await sink.next()
        assert hint == Hint(repository=repository, tag="1.0.0", digest=Digest(first))
        assert headers["Authorization"] == "Bearer from-the-registry"

        assert (await registry.tags(repository)).names == ("1.0.0",)
        assert await registry.digest(repository, "1.0.0") == first
        assert await registry.digest(repository, "9.9.9") is None

        await scans.tags(repository)
        second = await push(skopeo, tmp_path / "second", f"{repository}:1.1.0")
        assert await scans.hint(repository, "1.1.0")
        assert await scans.digest(repository, "1.1.0") == second
        tags = await scans.tags(repository)
        assert isinstance(tags, Tags)
        # Distribution 2.8 lists in no order, whatever the specification says.
        assert set(tags.names) == set((await registry.tags(repository)).names) == {"1.0.0", "1.1.0"}
