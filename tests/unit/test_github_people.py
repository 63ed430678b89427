"""Roles and team memberships, over HTTP on loopback: what GitHub does not say plainly is unknown."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.github import people
from bot.github.client import GitHubApp, RepositoryClient
from bot.model import Permission, Unknown
from tests.unit.small_github import Manual, Reply, SmallGitHub

PEM = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
ROLE = "/repos/o/r/collaborators/bob/permission"
MEMBER = "/orgs/o/teams/sre/memberships/bob"


@pytest.fixture
async def door() -> AsyncIterator[tuple[SmallGitHub, RepositoryClient]]:
    """A small GitHub, and a client of one of its repositories."""
    clock = Manual()
    github = SmallGitHub(clock=clock)
    server = web.Application()
    server.router.add_route("*", "/{path:.*}", github.handle)
    async with TestServer(server) as listening, aiohttp.ClientSession() as session:
        url = str(listening.make_url("")).rstrip("/")
        app = GitHubApp(session, clock, app_id=42, private_key_pem=PEM, url=url)
        yield github, app.repository(3, 7)


@pytest.mark.parametrize(
    ("reply", "role", "person"),
    [
        pytest.param(Reply(body={"role_name": "maintain", "user": {"id": 5}}), Permission.MAINTAIN, 5, id="a role"),
        pytest.param(Reply(body={"role_name": "write", "user": None}), Permission.WRITE, 0, id="of nobody it names"),
        pytest.param(Reply(body={"role_name": "deployer", "user": {"id": 5}}), None, 5, id="a custom role"),
        pytest.param(Reply(body={"permission": "write", "user": {"id": 5}}), None, 5, id="no role at all"),
        pytest.param(Reply(body=[]), None, 0, id="another shape"),
        pytest.param(Reply(status=404, body={"message": "bob is not a user"}), None, 0, id="a login that is gone"),
        pytest.param(Reply(status=403, body={"message": "Resource not accessible"}), None, 0, id="refused"),
    ],
)
async def test_a_role_and_whose_it_is(
    door: tuple[SmallGitHub, RepositoryClient], reply: Reply, role: Permission | None, person: int
) -> None:
    """What is not a role that we know is unknown, and whose login it is is said along."""
    github, client = door
    github.says("GET", ROLE, reply)
    found, number = await people.permission(client, "o/r", "bob")
    assert number == person
    assert found == role if role is not None else isinstance(found, Unknown)


@pytest.mark.parametrize(
    ("reply", "member"),
    [
        pytest.param(Reply(body={"state": "active", "role": "member"}), True, id="an active member"),
        pytest.param(Reply(body={"state": "pending", "role": "member"}), False, id="invited, and not there yet"),
        pytest.param(Reply(body={"role": "member"}), False, id="no state"),
        pytest.param(Reply(body=[]), False, id="another shape"),
        pytest.param(Reply(status=404, body={"message": "Not Found"}), False, id="no member, or no such team"),
        pytest.param(Reply(status=403, body={"message": "Resource not accessible"}), None, id="refused: unknown"),
    ],
)
async def test_a_membership(*, door: tuple[SmallGitHub, RepositoryClient], reply: Reply, member: bool | None) -> None:
    """Only an active membership is one; a refusal is unknown, which opens nothing."""
    github, client = door
    github.says("GET", MEMBER, reply)
    found = await people.membership(client, "o/sre", "bob")
    assert isinstance(found, Unknown) if member is None else found is member


async def test_a_name_cannot_lead_elsewhere(door: tuple[SmallGitHub, RepositoryClient]) -> None:
    """A login or slug is one step of the path, whatever stands in it."""
    github, client = door
    assert await people.membership(client, "o/sre", "bob/../../x?y") is False
    assert all("/x" not in one.path for one in github.asked)
