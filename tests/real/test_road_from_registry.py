"""The road again, from CNCF Distribution itself: skopeo pushes, the registry tells, the bot promotes."""

from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.conftest import require
from tests.real.docker_registry import PATIENCE, push, serving
from tests.world import IMAGE, World


class _Relay:
    """Stands at an address that is known before the bot is started, and passes on what the registry sends."""

    def __init__(self) -> None:
        self.url = ""
        self._held: list[tuple[bytes, str]] = []

    async def take(self, request: web.Request) -> web.Response:
        self._held.append((await request.read(), request.headers["Authorization"]))
        return web.Response(status=202)

    async def deliver(self, door: str) -> set[int]:
        """Send everything held to the bot; the statuses it answered."""
        answers = set()
        async with aiohttp.ClientSession() as session:
            while self._held:
                body, authorization = self._held.pop(0)
                async with session.post(door, data=body, headers={"Authorization": authorization}) as response:
                    answers.add(response.status)
        return answers

    @property
    def waiting(self) -> bool:
        return bool(self._held)


@pytest.mark.real
async def test_a_skopeo_push_travels_to_staging(tmp_path: Path) -> None:
    """What skopeo pushes to docker-registry is notified, confirmed, proposed and merged, with the registry's digest."""
    program, skopeo = require("docker-registry"), require("skopeo")
    relay = _Relay()
    application = web.Application()
    application.router.add_post("/registry", relay.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    notify = f"http://127.0.0.1:{runner.addresses[0][1]}/registry"
    (tmp_path / "registry").mkdir()
    async with serving(program, tmp_path / "registry", notify=notify) as host:
        await push(skopeo, tmp_path / "first", f"{host}/{IMAGE}:1.0.0")
        world = World(tmp_path)
        world.registry_host = host
        try:
            await world.start()
            await world.settle()
            assert world.board("staging").active == "1.0.0"

            digest = await push(skopeo, tmp_path / "second", f"{host}/{IMAGE}:1.1.0")
            for _ in range(PATIENCE * 100):
                if relay.waiting:
                    break
                await _breathe(host)
            assert await relay.deliver(f"{world.service.url}/webhooks/registry/distribution") == {202}
            await world.settle()
            assert world.board("staging").live == "1.1.0"
            assert digest[:19] in (world.pull_request(into="production").body or "")
        finally:
            await world.stop()
            await runner.cleanup()


async def _breathe(host: str) -> None:
    """One request to the registry: its notification is on the way meanwhile."""
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}/v2/") as response:
        await response.read()
