"""How CNCF Distribution lets us in: by users and passwords, and by tokens that a service signs for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.errors import Permanent
from bot.registry import Registry
from tests.clock import ManualClock
from tests.conftest import require
from tests.loopback import Loopback
from tests.real.docker_registry import push, serving
from tests.real.logins import LOGIN, Proof, TokenService, password_file, token_service


@dataclass(frozen=True, slots=True)
class World:
    """A registry under token authentication, with an image `org/shop:1.0.0` of that digest."""

    host: str
    tokens: TokenService
    server: Loopback
    digest: str

    def registry(self, session: aiohttp.ClientSession, clock: ManualClock, *, password: str) -> Registry:
        plain = frozenset({self.host, self.server.host})
        return Registry(session, clock, credentials={self.host: ("ann", password)}, plain_http=plain)


@asynccontextmanager
async def token_world(folder: Path, proof: Proof) -> AsyncIterator[World]:
    """The registry, with a token service whose certificate it trusts."""
    program, skopeo = require("docker-registry"), require("skopeo")
    async with (
        token_service(folder, proof) as (tokens, server, auth),
        serving(program, folder, auth=auth) as host,
    ):
        digest = await push(skopeo, folder / "image", f"{host}/org/shop:1.0.0", login=LOGIN)
        tokens.scopes.clear()
        server.asked.clear()
        yield World(host, tokens, server, digest)


@pytest.mark.real
async def test_user_and_password_let_us_in(tmp_path: Path) -> None:
    """The right ones list and look; without any, or with wrong ones, the refusal says what to give."""
    program, skopeo = require("docker-registry"), require("skopeo")
    async with serving(program, tmp_path, auth=password_file(tmp_path)) as host, aiohttp.ClientSession() as session:
        digest = await push(skopeo, tmp_path / "image", f"{host}/org/shop:1.0.0", login=LOGIN)

        def registry(*logins: tuple[str, str]) -> Registry:
            credentials = dict.fromkeys([host], logins[0]) if logins else {}
            return Registry(session, ManualClock(), credentials=credentials, plain_http=frozenset({host}))

        allowed = registry(("ann", "s3cret"))
        assert (await allowed.tags(f"{host}/org/shop")).names == ("1.0.0",)
        assert await allowed.digest(f"{host}/org/shop", "1.0.0") == digest
        for refused in (registry(), registry(("ann", "wrong")), registry(("bob", "s3cret"))):
            with pytest.raises(Permanent, match=r"refuses us \(401\); give Caisson credentials that may pull from it"):
                await refused.tags(f"{host}/org/shop")


@pytest.mark.real
@pytest.mark.parametrize("proof", Proof, ids=["the key named by its certificate", "the key named by its id"])
async def test_a_signed_token_lets_us_in_and_is_renewed(tmp_path: Path, proof: Proof) -> None:
    """Only pulling is asked for; one token serves until nine tenths of its life are over, then the next one does."""
    clock = ManualClock()
    async with token_world(tmp_path, proof) as world, aiohttp.ClientSession() as session:
        registry = world.registry(session, clock, password="s3cret")
        for _ in range(3):
            assert (await registry.tags(f"{world.host}/org/shop")).names == ("1.0.0",)
            assert await registry.digest(f"{world.host}/org/shop", "1.0.0") == world.digest
        assert world.tokens.scopes == ["repository:org/shop:pull"]
        await clock.advance(timedelta(seconds=271))
        assert await registry.digest(f"{world.host}/org/shop", "1.0.0") == world.digest
        assert len(world.tokens.scopes) == 2


@pytest.mark.real
async def test_a_token_that_the_registry_no_longer_takes_is_replaced(tmp_path: Path) -> None:
    """Ended by the registry's clock though not by ours: refused once, and never sent again."""
    async with token_world(tmp_path, Proof.CERTIFICATE) as world, aiohttp.ClientSession() as session:
        registry = world.registry(session, ManualClock(), password="s3cret")
        world.tokens.ends = timedelta(minutes=-30)
        with pytest.raises(Permanent, match=r"refuses us \(401\)"):
            await registry.tags(f"{world.host}/org/shop")
        world.tokens.ends = timedelta(minutes=5)
        assert (await registry.tags(f"{world.host}/org/shop")).names == ("1.0.0",)


@pytest.mark.real
async def test_a_wrong_password_is_refused_by_the_token_service(tmp_path: Path) -> None:
    """The error names the service and what to give."""
    async with token_world(tmp_path, Proof.CERTIFICATE) as world, aiohttp.ClientSession() as session:
        said = rf"{world.host}'s token service \({world.server.host}\) refuses us \(401\); give Caisson credentials"
        with pytest.raises(Permanent, match=said):
            await world.registry(session, ManualClock(), password="wrong").tags(f"{world.host}/org/shop")
