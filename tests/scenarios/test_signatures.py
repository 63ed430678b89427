"""Signatures that come late, go again, or are judged by a key that changes: what is not signed is not merged."""

from typing import Literal

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.registry.signing import signature_tag
from tests.scenarios.declarations import THERE, both, declared, kustomized, public
from tests.world import IMAGE, World

Form = Literal["simple", "bundle"]
VERIFIED = "verify: {cosign: {key: keys/cosign.pub}}"


def made() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


async def verified(world: World, key: ec.EllipticCurvePrivateKey, *, form: Form = "simple", approvals: int = 0) -> None:
    """1.0.0, signed, runs everywhere; what comes next must be signed by the same key, and perhaps approved."""
    await world.laptop_ready()
    first = world.registry.push(IMAGE, "1.0.0")
    world.registry.sign(IMAGE, first, key=key, form=form)
    config = declared(VERIFIED)
    if approvals:
        config = config.replace("auto: true", f"auto: true, approvals: {{count: {approvals}}}")
    await world.start(config=config, files={**both(kustomized(world, "1.0.0")), "keys/cosign.pub": public(key)})
    await world.settle()
    assert world.board("production").active == "1.0.0"


@pytest.mark.parametrize("form", ["simple", "bundle"])
async def test_a_late_signature_is_found_by_a_poll(prompt_world: World, form: Form) -> None:
    """However long it takes, and although nothing tells of it: pipelines sign after they push."""
    world = prompt_world
    world.has_cluster = False
    key = made()
    await verified(world, key, form=form)
    second = world.registry.push(IMAGE, "1.1.0")
    await world.settle()
    world.registry.sign(IMAGE, second, key=made(), form=form)
    world.registry.outbox.clear()
    await world.after("6m")
    assert "is not signed by the key" in world.board("development").waiting
    for _ in range(3):
        await world.after("6m")
    world.registry.sign(IMAGE, second, key=key, form=form)
    world.registry.outbox.clear()
    await world.after("6m")
    assert world.board("production").active == "1.1.0"


async def test_a_moved_tag_is_found_by_a_poll(prompt_world: World) -> None:
    """However long nothing happened before, and although nothing tells of it."""
    world = prompt_world
    world.has_cluster = False
    await world.laptop_ready()
    first = world.registry.push(IMAGE, "1.0.0", content=b"one")
    await world.start(config=declared("pin: both"), files=both(kustomized(world, "1.0.0", digest=first)))
    await world.settle()
    for _ in range(4):
        await world.after("6m")
    second = world.registry.push(IMAGE, "1.0.0", content=b"two")
    world.registry.outbox.clear()
    await world.after("6m")
    assert second in world.file(f"{THERE}/kustomization.yaml")


async def test_a_signature_that_disappears_blocks_again(prompt_world: World) -> None:
    """Also after it was seen: the open pull request is judged by what the registry has when it would be merged."""
    world = prompt_world
    world.has_cluster = False
    key = made()
    await verified(world, key, approvals=1)
    second = world.registry.push(IMAGE, "1.1.0")
    world.registry.sign(IMAGE, second, key=key)
    await world.settle()
    pull = world.pull_request(into="development")
    assert world.board("development").waiting.startswith("needs 1 approval")
    world.registry.untag(IMAGE, signature_tag(second))
    await world.after("6m")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "1.1.0 has no signature" in world.board("development").waiting
    world.registry.sign(IMAGE, second, key=key)
    world.registry.outbox.clear()
    await world.after("6m")
    assert pull.merged_at


async def test_the_key_on_the_default_branch_decides(world: World) -> None:
    """A key that is replaced blocks what the old one signed, also what was open before; put back, it merges.

    A key file that is no key, or is deleted, is not known to be right: it never opens anything.
    """
    key, next_key = made(), made()
    await verified(world, key, approvals=1)
    second = world.registry.push(IMAGE, "1.1.0")
    world.registry.sign(IMAGE, second, key=key)
    await world.settle()
    pull = world.pull_request(into="development")
    for content in (public(next_key), "this is no key\n", None):
        world.laptop.commit(world.repository, {"keys/cosign.pub": content}, "Another key", by="alice")
        await world.settle()
        world.approve(pull, by="bob")
        await world.settle()
        assert not pull.merged_at
        assert "keys/cosign.pub" in world.board("development").waiting
    world.laptop.commit(world.repository, {"keys/cosign.pub": public(key)}, "The key again", by="alice")
    await world.settle()
    assert pull.merged_at


async def test_a_key_of_the_promotion_itself_does_not_count(prompt_world: World) -> None:
    """Whoever pushes another key onto our branch changes nothing: keys are read on the default branch."""
    world = prompt_world
    await verified(world, made())
    attacker = made()
    second = world.registry.push(IMAGE, "1.1.0")
    world.registry.sign(IMAGE, second, key=attacker)
    await world.settle()
    pull = world.pull_request(into="development")
    planted = {"keys/cosign.pub": public(attacker)}
    world.laptop.commit(world.repository, planted, "A key", by="wanda", branch=pull.head_ref)
    await world.settle()
    assert not pull.merged_at
    assert world.board("development").active == "1.0.0"
    assert world.file("keys/cosign.pub") != public(attacker)


async def test_a_newer_unsigned_release_takes_the_place_of_a_signed_one(prompt_world: World) -> None:
    """The pull request follows the newest admitted version, and then is blocked; nothing is merged meanwhile.

    A constraint, or `ignore_tags`, takes the unsigned one out, and the signed one is promoted.
    """
    world = prompt_world
    key = made()
    await verified(world, key, approvals=1)
    good = world.registry.push(IMAGE, "1.1.0")
    world.registry.sign(IMAGE, good, key=key)
    await world.settle()
    pull = world.pull_request(into="development")
    world.push("1.2.0")
    await world.settle()
    assert world.pull_request(into="development") is pull
    assert world.board("development").proposed == "1.2.0"
    assert "1.2.0 has no signature" in world.board("development").waiting
    text = world.file(".github/caisson.yaml").replace(VERIFIED, f'{VERIFIED}\n        ignore_tags: ["1.2.0"]')
    world.laptop.commit(world.repository, {".github/caisson.yaml": text}, "Not that one", by="alice")
    await world.settle()
    assert world.board("development").proposed == "1.1.0"
    world.approve(pull, by="bob")
    await world.settle()
    assert world.board("development").active == "1.1.0"


@pytest.mark.parametrize("form", ["simple", "bundle"])
async def test_a_registry_tells_of_a_signature(prompt_world: World, form: Form) -> None:
    """Where it is notified like any push, nobody waits for a poll: pipelines sign moments after they push."""
    world = prompt_world
    world.has_cluster = False
    key = made()
    await verified(world, key, form=form)
    second = world.registry.push(IMAGE, "1.1.0")
    await world.settle()
    assert "1.1.0 has no signature" in world.board("development").waiting
    world.registry.sign(IMAGE, second, key=key, form=form)
    await world.settle()
    assert world.board("production").active == "1.1.0"
