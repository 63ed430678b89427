"""A tag that is pushed again on the way: a release is what its digests are, and nothing else is merged in its name."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from bot.model import Digest
from tests.scenarios.declarations import THERE, both, declared, kustomized, public
from tests.world import IMAGE, World

VERIFIED = "verify: {cosign: {key: keys/cosign.pub}}"


async def judged(world: World, image: str, *, digest: bool = False, approvals: int = 1) -> Digest:
    """1.0.0 runs everywhere, 1.1.0 was pushed; both are signed. All want approvals. Gives 1.1.0's digest."""
    await world.laptop_ready()
    key = ec.generate_private_key(ec.SECP256R1())
    first = world.registry.push(IMAGE, "1.0.0")
    world.registry.sign(IMAGE, first, key=key)
    config = declared(image).replace("auto: true", f"auto: true, approvals: {{count: {approvals}}}")
    files = both(kustomized(world, "1.0.0", digest=first if digest else None))
    await world.start(config=config, files={**files, "keys/cosign.pub": public(key)})
    await world.settle()
    second = world.registry.push(IMAGE, "1.1.0")
    world.registry.sign(IMAGE, second, key=key)
    await world.settle()
    return second


async def approve(world: World, environment: str, *, by: str) -> None:
    world.approve(world.pull_request(into=environment), by=by)
    await world.settle()


async def test_what_was_approved_is_what_is_merged(world: World) -> None:
    """Git would hold the tag alone: pushed again after an approval it is another release, which nobody approved yet.

    Put back where it was, it is approved anew and goes on.
    """
    good = await judged(world, VERIFIED, approvals=2)
    await approve(world, "development", by="bob")
    pull = world.pull_request(into="development")
    world.registry.push(IMAGE, "1.1.0", content=b"something else")
    await world.settle()
    await approve(world, "development", by="wanda")
    await world.after("10m")
    assert not pull.merged_at
    assert "needs 1 more approval at this head, 1 given (so far wanda)" in world.board("development").waiting
    world.registry.retag(IMAGE, "1.1.0", good)
    await world.after("10m")
    assert not pull.merged_at
    await approve(world, "development", by="bob")
    await approve(world, "development", by="wanda")
    assert pull.merged_at


@pytest.mark.parametrize("image", ['constraint: "*"', VERIFIED], ids=["unsigned", "signed"])
async def test_what_was_verified_is_what_goes_on(prompt_world: World, image: str) -> None:
    """What runs upstream is known by its digest: the same tag with another one was verified nowhere."""
    world = prompt_world
    await judged(world, image)
    await approve(world, "development", by="bob")
    pull = world.pull_request(into="production")
    world.registry.push(IMAGE, "1.1.0", content=b"something else")
    await world.after("10m")
    await approve(world, "production", by="bob")
    assert not pull.merged_at
    assert "1.1.0 points at sha256:" in world.board("production").waiting
    assert world.board("production").active == "1.0.0"


async def test_where_a_tag_points_must_be_known(prompt_world: World) -> None:
    """While the registry does not say, what would be merged is not known to be what was verified."""
    world = prompt_world
    await judged(world, 'constraint: "*"')
    await approve(world, "development", by="bob")
    pull = world.pull_request(into="production")
    world.registry.away = True
    await world.after("10m")
    await approve(world, "production", by="bob")
    assert not pull.merged_at
    assert "503" in world.board("production").waiting
    world.registry.away = False
    await world.after("10m")
    assert pull.merged_at


async def test_a_pinned_digest_goes_on_whatever_becomes_of_its_tag(prompt_world: World) -> None:
    """Git holds the digest, so the same is merged everywhere; the registry need not be asked."""
    world = prompt_world
    good = await judged(world, f"pin: digest\n{VERIFIED}", digest=True)
    await approve(world, "development", by="bob")
    world.registry.untag(IMAGE, "1.1.0")
    await world.after("10m")
    await approve(world, "production", by="bob")
    assert f"digest: {good}" in world.file(f"{THERE}/kustomization.yaml")
