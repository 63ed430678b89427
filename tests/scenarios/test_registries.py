"""Registries that demand tokens, fail on the way or send what is no answer; and the many who tell of a push."""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from config.doors import Door, Hmac, Option, PathSecret, Sender, bearer
from sandbox.github import events
from tests.scenarios.declarations import both, declared, kustomized, started
from tests.world import IMAGE, World

# --- what goes wrong --------------------------------------------------------------------------------------------------


async def proposed(world: World, image: str = 'constraint: "*"') -> None:
    """1.1.0 stands open into development, for want of an approval."""
    await world.laptop_ready()
    config = declared(image).replace("auto: true", "auto: true, approvals: {count: 1}")
    await world.start(config=config, files=both(kustomized(world, "1.0.0")))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert "needs 1 approval" in world.board("development").waiting


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        pytest.param("away", "503", id="it is away"),
        pytest.param("rubbish", "JSON", id="it answers with a page for people"),
        pytest.param("huge", "bytes", id="it answers without end"),
        pytest.param("loop", "the same tags again and again", id="its list leads back to itself"),
    ],
)
async def test_a_registry_that_fails_on_the_way_stops_what_comes_from_it(
    prompt_world: World, fault: str, said: str
) -> None:
    """Approved or not: nothing is merged, closed or deleted, and the board says why; afterwards it goes on."""
    world = prompt_world
    await proposed(world)
    pull = world.pull_request(into="development")
    head = world.repository.branch(pull.head_ref)
    setattr(world.registry, fault, True)
    await world.after("10m")
    world.approve(pull, by="bob")
    for _ in range(3):
        await world.after("10m")
    assert pull.state == "open"
    assert not pull.merged_at
    assert world.repository.branch(pull.head_ref) == head
    assert world.board("development").active == "1.0.0"
    assert said in world.board("development").waiting
    assert world.registry.host in world.board("development").waiting
    setattr(world.registry, fault, False)
    await world.after("10m")
    assert pull.merged_at
    assert world.board("development").active == "1.1.0"


async def test_a_tag_that_is_deleted_on_the_way_is_not_merged(prompt_world: World) -> None:
    """The pull request stays, and says that its tag is not admitted any more; put back, it goes on."""
    world = prompt_world
    await proposed(world)
    pull = world.pull_request(into="development")
    digest = world.registry.push(IMAGE, "1.1.0")
    world.registry.untag(IMAGE, "1.1.0")
    await world.after("5m")
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.state == "open"
    assert "the declaration does not admit" in world.board("development").waiting
    world.registry.retag(IMAGE, "1.1.0", digest)
    await world.settle()
    assert pull.merged_at


async def test_a_registry_that_is_emptied_takes_nothing_away(prompt_world: World) -> None:
    """A listing without a tag is a mistake more often than not: what runs goes on running, what is open stays open."""
    world = prompt_world
    await proposed(world)
    pull = world.pull_request(into="development")
    for tag in ("1.0.0", "1.1.0"):
        world.registry.untag(IMAGE, tag)
    await world.after("5m")
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.state == "open"
    assert world.board("development").active == "1.0.0"
    assert world.board("production").active == "1.0.0"


# --- how it lets us in ------------------------------------------------------------------------------------------------


async def test_tokens_end_on_the_way(world: World, tmp_path: Path) -> None:
    """Each lives for a minute, by the operator's login; promotions go on over hours, and a wrong login says so."""
    await world.laptop_ready()
    world.registry.credentials, world.registry.token_life = ("ann", "s3cret"), timedelta(minutes=1)
    world.credentials = tmp_path / "config.json"
    world.credentials.write_text(logins(world, "ann:s3cret"))
    await started(world, 'constraint: "*"')
    for minor in (1, 2):
        await world.after("1h")
        world.push(f"1.{minor}.0")
        await world.settle()
        assert world.board("production").active == f"1.{minor}.0"
    tokens = [path for _, path in world.registry.asked if path.startswith("/token")]
    assert len(tokens) >= 3
    assert all("s3cret" not in path for path in tokens)
    world.credentials.write_text(logins(world, "ann:changed"))
    await world.after("1h")
    world.push("1.3.0")
    await world.settle()
    assert world.board("production").active == "1.2.0"
    assert "give Caisson credentials" in world.board("development").waiting


def logins(world: World, login: str) -> str:
    auth = base64.b64encode(login.encode()).decode()
    return json.dumps({"auths": {world.registry.host: {"auth": auth}}})


async def test_lists_that_did_not_change_are_not_read_again(prompt_world: World) -> None:
    """Where the registry has ETags: polls cost it next to nothing, and what is new is found all the same."""
    world = prompt_world
    world.registry.etags = True
    await started(world, 'constraint: "*"')
    before = world.registry.unchanged
    for _ in range(3):
        await world.after("6m")
    assert world.registry.unchanged >= before + 3
    world.push("1.1.0")
    world.registry.outbox.clear()
    await world.after("6m")
    assert world.board("production").active == "1.1.0"


# --- who tells of a push ----------------------------------------------------------------------------------------------

HARBOR = {
    "type": "PUSH_ARTIFACT",
    "occur_at": 1700000000,
    "operator": "ann",
    "event_data": {
        "resources": [
            {"tag": "1.1.0", "digest": f"sha256:{'0' * 64}", "resource_url": "{host}/acme/web-app:1.1.0"},
        ],
        "repository": {"name": "web-app", "namespace": "acme", "repo_full_name": "acme/web-app"},
    },
}
OWN = {"image": {"name": "acme/web-app", "versions": [{"label": "0.9.0"}, {"label": "1.1.0"}]}}
DOORS = {
    "harbor": Door(sender=Sender.HARBOR, authentication=bearer("harbor's own secret")),
    "own": Door(
        sender=Sender.GENERIC,
        authentication=Hmac(secret=b"a secret of two", header="X-Signature", algorithm="sha256", prefix="sha256="),
        options={Option.REPOSITORY: "image.name", Option.TAG: "image.versions[].label"},
    ),
    "quay": Door(sender=Sender.QUAY, authentication=PathSecret(secret=b"nobody-guesses-this")),
}


async def tell(world: World, path: str, body: bytes, headers: Mapping[str, str]) -> int:
    """POST to one of the bot's doors for registries; the status of the answer."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{world.service.url}/webhooks/registry/{path}", data=body, headers=headers) as response,
    ):
        return response.status


async def unheard(world: World) -> None:
    """1.1.0 was pushed, and nobody told the bot."""
    await world.laptop_ready()
    host = {Option.REGISTRY_HOST: world.registry.host}
    world.doors = {
        name: Door(sender=door.sender, authentication=door.authentication, options={**door.options, **host})
        for name, door in DOORS.items()
    }
    await started(world, 'constraint: "*"')
    world.push("1.1.0")
    world.registry.outbox.clear()
    await world.settle()
    assert not world.repository.pulls


async def test_harbor_tells(prompt_world: World) -> None:
    """In its own form, with its own secret; with another, or at another's door, nobody listens."""
    world = prompt_world
    await unheard(world)
    body = json.dumps(HARBOR).replace("{host}", world.registry.host).encode()
    for path, secret in (("harbor", "a guess"), ("own", "harbor's own secret"), ("harbour", "harbor's own secret")):
        assert await tell(world, path, body, {"Authorization": f"Bearer {secret}"}) == 401
    await world.settle()
    assert not world.repository.pulls
    assert await tell(world, "harbor", body, {"Authorization": "Bearer harbor's own secret"}) == 202
    await world.settle()
    assert world.board("production").active == "1.1.0"


async def test_a_sender_of_ones_own_tells(prompt_world: World) -> None:
    """JSON in whatever form, signed; a tag that it names and the registry does not have is believed by nobody."""
    world = prompt_world
    await unheard(world)
    body = json.dumps(OWN).replace("0.9.0", "9.9.9").encode()
    forged = {"X-Signature": f"sha256={hmac.digest(b'another secret', body, 'sha256').hex()}"}
    assert await tell(world, "own", body, forged) == 401
    signed = {"X-Signature": f"sha256={hmac.digest(b'a secret of two', body, 'sha256').hex()}"}
    assert await tell(world, "own", body, signed) == 202
    await world.settle()
    assert world.board("production").active == "1.1.0"


async def test_quay_tells_at_an_address_nobody_guesses(prompt_world: World) -> None:
    """It has no other means; without the address's last part, or with that in a query, nobody listens."""
    world = prompt_world
    await unheard(world)
    body = json.dumps(
        {
            "name": "web-app",
            "repository": IMAGE,
            "namespace": "acme",
            "docker_url": f"{world.registry.host}/{IMAGE}",
            "updated_tags": ["1.1.0", "latest"],
        }
    ).encode()
    for path in ("quay", "quay/nobody-guesses-thi", "quay?secret=nobody-guesses-this"):
        assert await tell(world, path, body, {}) in (401, 404)
    await world.settle()
    assert not world.repository.pulls
    assert await tell(world, "quay/nobody-guesses-this", body, {}) == 202
    await world.settle()
    assert world.board("production").active == "1.1.0"


async def test_github_tells_of_a_package(prompt_world: World) -> None:
    """Through GitHub's own door: the tag that stands in the event is confirmed and promoted."""
    world = prompt_world
    await unheard(world)
    package = {
        "name": "web-app",
        "namespace": "acme",
        "package_type": "CONTAINER",
        "owner": {"login": "acme"},
        "package_version": {
            "version": f"sha256:{'0' * 64}",
            "package_url": f"{world.image}:1.1.0",
            "container_metadata": {"tag": {"name": "1.1.0", "digest": f"sha256:{'0' * 64}"}},
        },
    }
    said = {"registry_package": package}
    alice = world.laptop.user("alice")
    events.emit(world.laptop.github, world.repository, "registry_package", alice, said, action="published")
    await world.settle()
    assert world.board("production").active == "1.1.0"
