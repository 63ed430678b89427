"""Holds: whose they are, and who ends them."""

from sandbox.github import pulls, talk
from sandbox.github.state import PullRequest
from tests.world import World


async def _held_by_alice(world: World) -> PullRequest:
    """1.1.0 waits for an approval into production, and alice holds it."""
    pull = await world.soaked()
    world.comment(pull, "/hold --> look first", by="alice")
    await world.settle()
    return pull


async def test_a_hold_cannot_be_taken_over(world: World) -> None:
    """A second `/hold` leaves the hold its holder's, so that triage cannot release somebody else's."""
    pull = await _held_by_alice(world)
    world.comment(pull, "/hold mine", by="tom")
    await world.settle()
    world.comment(pull, "/unhold", by="tom")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "held by alice" in world.board("production").waiting


async def test_unhold_works_after_the_label_was_taken_off(world: World) -> None:
    """Triage takes the label off, which releases nothing; `/unhold` by write then does."""
    pull = await _held_by_alice(world)
    talk.remove_label(world.laptop.github, world.repository, world.laptop.person("tom"), pull, "caisson/hold")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    world.comment(pull, "/unhold", by="wanda")
    await world.settle()
    assert pull.merged_at


async def test_hold_and_unhold_said_together_leave_nothing_held(world: World) -> None:
    """Commands act in order, whether they are read in one pass or in two."""
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    world.comment(pull, "/hold", by="wanda")
    world.comment(pull, "/unhold", by="wanda")
    world.approve(pull, by="bob")
    await world.after("30m")
    assert pull.merged_at


async def test_the_holder_by_label_may_unhold(world: World) -> None:
    """Whoever put the label on by hand may release the hold, with triage alone; somebody else with triage may not."""
    pull = await world.soaked()
    talk.add_labels(world.laptop.github, world.repository, world.laptop.person("tom"), pull, "caisson/hold")
    await world.settle()
    world.approve(pull, by="bob")
    await world.settle()
    assert "held by tom" in world.board("production").waiting
    world.comment(pull, "/unhold", by="tom")
    await world.settle()
    assert pull.merged_at


async def test_a_retargeted_pull_request_blocks(world: World) -> None:
    """Its verdicts are of one base: pointed at another branch, it waits until it is pointed back."""
    pull = await world.soaked()
    world.laptop.commit(world.repository, {"other.yaml": "a: 1\n"}, "Another branch", by="alice", branch="other")
    wanda = world.laptop.person("wanda")
    pulls.edit_pull_request(world.laptop.github, world.repository, wanda, pull, base="other")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "retargeted to other" in world.board("production").waiting
    pulls.edit_pull_request(world.laptop.github, world.repository, wanda, pull, base="main")
    await world.settle()
    assert pull.merged_at


async def test_a_revert_by_hand_is_not_promoted_on(world: World) -> None:
    """What people took out of an environment by hand neither returns there nor goes on from there."""
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    await world.after("30m")
    path = "applications/web-app/staging/kustomization.yaml"
    text = world.file(path).replace('"1.1.0"', '"1.0.0"')
    world.laptop.commit(world.repository, {path: text}, "Back to what worked", by="alice")
    await world.settle()
    for pull in world.open_pull_requests(into="production"):
        world.approve(pull, by="bob")
    await world.after("1h")
    assert world.board("staging").active == "1.0.0"
    assert world.board("production").active == "1.0.0"
