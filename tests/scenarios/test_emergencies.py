"""A hotfix that cannot wait: two of the environment's approvers waive what only costs time, and nothing else."""

from sandbox import shop
from sandbox.github.state import PullRequest
from tests.world import World

CALL = "/emergency payments are down"


async def soaking(
    world: World, *, approvals: str = "{count: 2}", declared: bool = True, pace: str = "complete"
) -> PullRequest:
    """1.1.0 has half an hour to soak before production, and wants approvals there. `pace`: of staging."""
    await world.laptop_ready()
    config = shop.configuration(world.image).replace("{count: 1}", approvals)
    config = config.replace("after: [development]", f"after: [development]\n        pace: {pace}")
    await world.start(config=config + ("emergency: {people: 2}\n" if declared else ""))
    world.laptop.github.add_team("acme/sre", "bob", "alice")
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    assert "soaking" in world.board("production").waiting
    return pull


async def test_two_people_bring_it_in_at_once(world: World) -> None:
    """One call opens nothing and says so; the second merges it, in red, and Git tells who it was."""
    pull = await soaking(world)
    world.comment(pull, CALL, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "soaking" in world.board("production").waiting
    assert "🔴 | emergency (called) | called by bob: payments are down; it takes one more of the approvers" in pull.body
    world.comment(pull, "/emergency I see it too", by="wanda")
    await world.settle()
    assert pull.merged_at
    assert pull.merge_commit_sha is not None
    message = world.repository.git.commit(pull.merge_commit_sha).message
    assert "waived by the emergency of bob, wanda (it said: " in message
    (green,) = [r for r in world.repository.check_runs if r.head_sha == pull.head_sha and r.conclusion == "success"]
    assert "🔴 | emergency | called by bob: payments are down; wanda: I see it too" in (green.summary or "")


async def test_it_is_off_unless_it_is_declared(world: World) -> None:
    """Both are refused, and told why."""
    pull = await soaking(world, declared=False)
    for by in ("bob", "wanda"):
        world.comment(pull, CALL, by=by)
    await world.settle()
    assert not pull.merged_at
    assert "No `emergency` is declared" in pull.comments[-1].body


async def test_one_person_is_not_two(world: World) -> None:
    """Who calls twice has called once, and an approval is no call."""
    pull = await soaking(world)
    world.comment(pull, CALL, by="bob")
    world.comment(pull, "/emergency again, and again", by="bob")
    world.comment(pull, "/approve", by="wanda")
    await world.settle()
    assert not pull.merged_at
    assert "soaking" in world.board("production").waiting


async def test_only_the_environments_approvers_may(world: World) -> None:
    """Whoever writes but is of no team that approves there calls in vain; a reader is refused."""
    pull = await soaking(world, approvals="{teams: [acme/sre]}")
    world.comment(pull, CALL, by="bob")
    world.comment(pull, CALL, by="wanda")
    world.comment(pull, CALL, by="carol")
    await world.settle()
    assert not pull.merged_at
    assert "`/emergency` needs write access" in pull.comments[-1].body
    world.comment(pull, CALL, by="alice")
    await world.settle()
    assert pull.merged_at


async def test_a_hold_stands(world: World) -> None:
    """Nothing overrides a hold, not two people either."""
    pull = await soaking(world)
    world.comment(pull, "/hold the migration runs", by="tom")
    await world.settle()
    for by in ("bob", "wanda"):
        world.comment(pull, CALL, by=by)
    await world.settle()
    assert not pull.merged_at
    assert "held by tom" in world.board("production").waiting


async def test_a_call_is_of_one_head(world: World) -> None:
    """A newer release moves the pull request: what was called for the older is void."""
    pull = await soaking(world, pace="latest")
    world.comment(pull, CALL, by="bob")
    await world.settle()
    world.push("1.2.0")
    await world.settle()
    assert "1.2.0" in pull.title
    world.comment(pull, CALL, by="wanda")
    await world.settle()
    assert not pull.merged_at


async def test_access_is_that_of_the_merge(world: World) -> None:
    """Bob called while it was held; by the time that it is released he is no collaborator any more."""
    pull = await soaking(world)
    world.comment(pull, "/hold look at this", by="tom")
    await world.settle()
    for by in ("bob", "wanda"):
        world.comment(pull, CALL, by=by)
    await world.settle()
    del world.repository.collaborators["bob"]
    world.comment(pull, "/unhold", by="tom")
    await world.settle()
    assert not pull.merged_at
    assert "soaking" in world.board("production").waiting


async def test_a_stranger_s_commit_is_never_waived(prompt_world: World) -> None:
    """Everybody in a hurry, and somebody's commit on the branch: it stays out."""
    world = prompt_world
    pull = await soaking(world)
    world.laptop.commit(world.repository, {"evil.yaml": "a: 1\n"}, "Just a fix", by="wanda", branch=pull.head_ref)
    await world.settle()
    for by in ("bob", "alice"):
        world.comment(pull, CALL, by=by)
    await world.settle()
    assert not pull.merged_at


async def test_a_fix_does_not_wait_for_what_it_replaces(world: World) -> None:
    """What stands in staging soaks there for production: two people bring the fix in all the same, one does not."""
    await soaking(world)
    world.push("1.1.1")
    await world.settle()
    pull = world.pull_request(into="staging")
    assert "soaks for production" in world.board("staging").waiting
    world.comment(pull, CALL, by="bob")
    await world.settle()
    assert not pull.merged_at
    world.comment(pull, "/emergency I see it too", by="wanda")
    await world.settle()
    assert pull.merged_at
    assert world.board("staging").active == "1.1.1"
