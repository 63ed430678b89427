"""How CNCF Distribution lets us in: by users and passwords, and by tokens that a service signs for it."""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

import aiohttp
import jwt
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import serialization

from bot.errors import Permanent
from bot.registry import Registry
from tests.certificates import Certified, certify
from tests.clock import ManualClock
from tests.conftest import require
from tests.loopback import Loopback, listening
from tests.real.docker_registry import push, serving

# What `htpasswd -nbB ann s3cret` printed once.
HTPASSWD = "ann:$2y$05$B9SHQxgLPmC5zYvJl5T4GuQqyJddrICXAVQpSWkfeHQxi4snLtDJe"
SERVICE, ISSUER = "the registry", "the token service"
LOGIN = "Basic " + base64.b64encode(b"ann:s3cret").decode()


class Proof(Enum):
    """How a token says which key signed it."""

    CERTIFICATE = "x5c"
    KEY_ID = "kid"


@dataclass(slots=True)
class TokenService:
    """Gives ann what she asks for, and others nothing. `ends`: how far from now its tokens end."""

    certified: Certified
    proof: Proof
    ends: timedelta = timedelta(minutes=5)
    scopes: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """Distribution docs, "Token Authentication Specification"."""
        if request.headers.get("Authorization") != LOGIN:
            return web.json_response({"errors": [{"code": "UNAUTHORIZED"}]}, status=401)
        scopes = request.query.getall("scope", [])
        self.scopes += scopes
        return web.json_response({"token": self._token(scopes), "expires_in": 300})

    def _token(self, scopes: list[str]) -> str:
        """Distribution docs, "Token Authentication Implementation"."""
        now = datetime.now(UTC)
        access = [dict(zip(("type", "name", "actions"), scope.split(":"), strict=True)) for scope in scopes]
        claims = {
            "iss": ISSUER,
            "sub": "ann",
            "aud": SERVICE,
            "exp": now + self.ends,
            "nbf": now - timedelta(hours=1),
            "iat": now - timedelta(hours=1),
            "jti": str(len(self.scopes)),
            "access": [{**entry, "actions": entry["actions"].split(",")} for entry in access],
        }
        return jwt.encode(claims, self.certified.key, algorithm="RS256", headers=dict(self._names_key()))

    def _names_key(self) -> Mapping[str, object]:
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        if self.proof is Proof.CERTIFICATE:
            return {"x5c": [base64.b64encode(self.certified.certificate.public_bytes(encoding)).decode()]}
        # As libtrust reckons it: 240 bits of the key's SHA-256, in base32, in twelve groups of four.
        digest = hashlib.sha256(self.certified.key.public_key().public_bytes(encoding, form)).digest()[:30]
        text = base64.b32encode(digest).decode()
        return {"kid": ":".join(text[at : at + 4] for at in range(0, len(text), 4))}


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
    tokens = TokenService(certify("token.example"), proof)
    certificate, _ = tokens.certified.write(folder)
    async with listening(tokens.answer) as server:
        realm = f"{server.url}/token"
        auth = {"realm": realm, "service": SERVICE, "issuer": ISSUER, "rootcertbundle": str(certificate)}
        async with serving(program, folder, auth={"token": auth}) as host:
            digest = await push(skopeo, folder / "image", f"{host}/org/shop:1.0.0", login="ann:s3cret")
            tokens.scopes.clear()
            server.asked.clear()
            yield World(host, tokens, server, digest)


@pytest.mark.real
async def test_user_and_password_let_us_in(tmp_path: Path) -> None:
    """The right ones list and look; without any, or with wrong ones, the refusal says what to give."""
    program, skopeo = require("docker-registry"), require("skopeo")
    path = tmp_path / "htpasswd"
    path.write_text(f"{HTPASSWD}\n")
    auth = {"htpasswd": {"realm": "it", "path": str(path)}}
    async with serving(program, tmp_path, auth=auth) as host, aiohttp.ClientSession() as session:
        digest = await push(skopeo, tmp_path / "image", f"{host}/org/shop:1.0.0", login="ann:s3cret")

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
