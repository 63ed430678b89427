"""The road again, from CNCF Distribution itself: skopeo pushes, the registry tells, the bot promotes.

Open to all, under a password, and under tokens that end on the way; the last image must be signed, and cosign signs it.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from sandbox import shop
from tests.conftest import require
from tests.real.cosign_program import OFFLINE, run_cosign
from tests.real.docker_registry import PATIENCE, push, serving
from tests.real.logins import LOGIN, Proof, password_file, token_service
from tests.scenarios.declarations import both, declared, kustomized
from tests.world import IMAGE, World


class _Relay:
    """Stands at an address that is known before the bot is started, and passes on what the registry sends."""

    def __init__(self) -> None:
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


@dataclass(frozen=True, slots=True)
class _Road:
    """A registry that holds `IMAGE:1.0.0` and tells the relay; a world whose images come from it, not started yet."""

    world: World
    relay: _Relay
    host: str
    skopeo: str
    folder: Path
    login: str | None

    async def push(self, tag: str) -> str:
        """Push another image; gives its digest."""
        return await push(self.skopeo, self.folder / f"image-{tag}", f"{self.host}/{IMAGE}:{tag}", login=self.login)

    async def pushed(self, tag: str) -> str:
        """Push it, let the registry tell the bot, and let everything happen that follows."""
        digest = await self.push(tag)
        await self.told()
        return digest

    async def told(self) -> None:
        """The registry tells the bot, and everything happens that follows."""
        for _ in range(PATIENCE * 100):
            if self.relay.waiting:
                break
            await _breathe(self.host)
        assert await self.relay.deliver(f"{self.world.service.url}/webhooks/registry/distribution") == {202}
        await self.world.settle()


@asynccontextmanager
async def road(
    folder: Path, *, auth: Mapping[str, object] | None = None, token_host: str | None = None
) -> AsyncIterator[_Road]:
    """With `auth`, ann alone is let in, and the operator gives the bot her password in a file."""
    program, skopeo = require("docker-registry"), require("skopeo")
    relay = _Relay()
    application = web.Application()
    application.router.add_post("/registry", relay.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    notify = f"http://127.0.0.1:{runner.addresses[0][1]}/registry"
    (folder / "registry").mkdir()
    world = World(folder)
    try:
        async with serving(program, folder / "registry", notify=notify, auth=auth) as host:
            world.registry_host, world.token_host = host, token_host
            if auth is not None:
                world.credentials = folder / "config.json"
                login = base64.b64encode(LOGIN.encode()).decode()
                world.credentials.write_text(json.dumps({"auths": {host: {"auth": login}}}))
            made = _Road(world, relay, host, skopeo, folder, LOGIN if auth is not None else None)
            await made.push("1.0.0")
            yield made
    finally:
        if hasattr(world, "service"):
            await world.stop()
        await runner.cleanup()


async def _breathe(host: str) -> None:
    """One request to the registry: its notification is on the way meanwhile."""
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}/v2/") as response:
        await response.read()


@pytest.mark.real
async def test_a_skopeo_push_travels_to_staging(tmp_path: Path) -> None:
    """What skopeo pushes to docker-registry is notified, confirmed, proposed and merged, with the registry's digest."""
    async with road(tmp_path) as made:
        world = await made.world.start()
        await world.settle()
        assert world.board("staging").active == "1.0.0"
        digest = await made.pushed("1.1.0")
        assert world.board("staging").live == "1.1.0"
        assert digest[:19] in (world.pull_request(into="production").body or "")


@pytest.mark.real
async def test_a_push_travels_under_a_password(tmp_path: Path) -> None:
    """The operator's file of logins lets the bot in, from the push to the merged pull request.

    A password that is changed in the registry only stops it, with the reason, and merges nothing.
    """
    async with road(tmp_path, auth=password_file(tmp_path)) as made:
        world = await made.world.start(config=shop.configuration("{image}", staging="pace: latest"))
        await world.settle()
        digest = await made.pushed("1.1.0")
        assert world.board("staging").live == "1.1.0"
        assert digest[:19] in world.merged_pull_request(into="staging").body

        assert world.credentials is not None
        right = world.credentials.read_text()
        wrong = base64.b64encode(b"ann:changed").decode()
        world.credentials.write_text(json.dumps({"auths": {made.host: {"auth": wrong}}}))
        await made.pushed("1.2.0")
        assert world.board("development").active == "1.1.0"
        assert "refuses us (401); give Caisson credentials" in world.board("development").waiting
        assert "s3cret" not in world.board("development").waiting

        world.credentials.write_text(right)
        await world.after("6m")
        assert world.board("staging").live == "1.2.0"


@pytest.mark.real
async def test_a_push_travels_while_tokens_end(tmp_path: Path) -> None:
    """By our clock they are renewed early; one that the registry takes for ended stops the road until there is another.

    Only pulling is ever asked for.
    """
    async with (
        token_service(tmp_path, Proof.CERTIFICATE) as (tokens, server, auth),
        road(tmp_path, auth=auth, token_host=server.host) as made,
    ):
        tokens.scopes.clear()
        world = await made.world.start(config=shop.configuration("{image}", staging="pace: latest"))
        await world.settle()
        assert tokens.scopes == [f"repository:{IMAGE}:pull"]
        tokens.scopes.clear()
        await made.push("1.1.0")
        tokens.scopes.clear()
        await made.told()
        assert tokens.scopes == []
        assert world.board("staging").live == "1.1.0"

        await world.after("5m")
        assert tokens.scopes == [f"repository:{IMAGE}:pull"]

        await made.push("1.2.0")
        tokens.ends = timedelta(minutes=-30)
        await world.clock.advance(timedelta(minutes=5))
        await made.told()
        assert world.board("development").active == "1.1.0"
        assert "refuses us (401)" in world.board("development").waiting

        tokens.ends = timedelta(minutes=5)
        await world.after("6m")
        assert world.board("staging").live == "1.2.0"
        assert set(tokens.scopes) <= {f"repository:{IMAGE}:pull", f"repository:{IMAGE}:pull,push"}


@pytest.mark.real
async def test_what_cosign_signs_travels(tmp_path: Path) -> None:
    """Unsigned it is blocked, with the reason, and a signature by another key does not help; signed it is merged."""
    cosign = require("cosign")
    async with road(tmp_path) as made:
        keys, others = tmp_path / "keys", tmp_path / "others"
        for folder in (keys, others):
            folder.mkdir()
            assert await run_cosign(cosign, folder, "generate-key-pair")

        async def sign(folder: Path, digest: str) -> None:
            image = f"{made.host}/{IMAGE}@{digest}"
            assert await run_cosign(cosign, folder, "sign", "--key=cosign.key", *OFFLINE, image)

        world = made.world
        declaration = declared("verify: {cosign: {key: keys/cosign.pub}}")
        files = {**both(kustomized(world, "1.0.0")), "keys/cosign.pub": (keys / "cosign.pub").read_text()}
        await world.start(config=declaration, files=files)
        await world.settle()
        digest = await made.pushed("1.1.0")
        assert world.board("development").active == "1.0.0"
        assert "1.1.0 has no signature" in world.board("development").waiting
        assert "⛔" in world.pull_request(into="development").body

        await sign(others, digest)
        await world.after("5m")
        assert world.board("development").active == "1.0.0"
        assert "1.1.0 is not signed by the key of keys/cosign.pub" in world.board("development").waiting

        await sign(keys, digest)
        await world.after("5m")
        assert world.board("production").active == "1.1.0"
