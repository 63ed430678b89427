"""A branch that takes changes through its merge queue only: in, judged again on the group, out, and the record."""

import json

import pytest

from sandbox.github import pulls, queueing, records
from sandbox.github.access import register_app
from sandbox.github.state import App, Caller, MergeQueue, Protection, PullRequest
from tests.world import ROOT, World

GATES = "caisson/gates"


async def queued_world(world: World, *checks: str) -> tuple[PullRequest, App]:
    """1.1.0 lacks an approval for production, and from now on `main` has a merge queue that asks for these checks."""
    pull = await world.soaked()
    ci = register_app(world.laptop.github, "ci", ROOT / "app.yml", webhook_secret="x")
    world.repository.queues["main"] = MergeQueue()
    world.repository.protection["main"] = Protection(required_checks=checks)
    return pull, ci


def passes(world: World, ci: App, sha: str, *, conclusion: str = "success") -> None:
    """CI reports on a commit."""
    by = Caller(user=ci.bot, app=ci)
    records.create_check_run(world.laptop.github, world.repository, by, name="ci", head_sha=sha, conclusion=conclusion)


def group(world: World, pull: PullRequest) -> str:
    """The commit that the queue tries for a pull request."""
    entry = queueing.entry_of(world.repository, pull)
    assert entry is not None
    assert entry.head_sha is not None
    return entry.head_sha


def gates_on(world: World, sha: str) -> list[str | None]:
    """How our check on a commit stands, the newest last."""
    return [run.conclusion for run in world.repository.check_runs if run.head_sha == sha and run.name == GATES]


def recorded(world: World) -> dict[str, object]:
    """What our newest record of production says."""
    newest = [d for d in world.repository.deployments if d.environment == "web-app/production"][-1]
    assert isinstance(newest.payload, dict)
    return dict(json.loads(json.dumps(newest.payload)))


async def test_what_passes_goes_through_the_queue_and_is_recorded_as_promoted(world: World) -> None:
    """It is put in once, judged again on the merge group, and recorded as ours, although the queue merged it."""
    pull, _ = await queued_world(world, GATES)
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at
    assert pull.merged_by is world.laptop.github.merge_queue_bot
    assert pull.merge_commit_sha is not None
    assert gates_on(world, pull.merge_commit_sha) == ["success"]
    assert (recorded(world)["how"], recorded(world)["note"]) == ("promoted", "")
    assert world.board("production").active == "1.1.0"


async def test_while_it_waits_its_place_is_shown(world: World) -> None:
    """The queue waits for somebody else's check: the board says where it stands, and nothing is done twice."""
    pull, ci = await queued_world(world, GATES, "ci")
    passes(world, ci, pull.head_sha)
    world.approve(pull, by="bob")
    await world.settle()
    await world.after("5m")
    assert world.board("production").waiting == "in GitHub's merge queue, position 1"
    assert gates_on(world, group(world, pull)) == ["success"]
    assert [event.kind for event in pull.timeline].count("added_to_merge_queue") == 1
    passes(world, ci, group(world, pull))
    await world.settle()
    assert pull.merged_at
    assert recorded(world)["how"] == "promoted"


async def test_a_hold_takes_it_out(world: World) -> None:
    """Nothing overrides a hold: it leaves the queue, and comes back when the hold is released."""
    pull, ci = await queued_world(world, GATES, "ci")
    passes(world, ci, pull.head_sha)
    world.approve(pull, by="bob")
    await world.settle()
    world.comment(pull, "/hold the database is not ready", by="wanda")
    await world.settle()
    assert queueing.entry_of(world.repository, pull) is None
    assert "held by wanda" in world.board("production").waiting
    assert not pull.merged_at
    world.comment(pull, "/unhold", by="wanda")
    await world.settle()
    passes(world, ci, group(world, pull))
    await world.settle()
    assert pull.merged_at


async def test_a_gate_that_turns_to_wait_takes_it_out(world: World) -> None:
    """An approval is withdrawn while the queue tries it: the group's check is green no more, and it leaves."""
    pull, ci = await queued_world(world, GATES, "ci")
    passes(world, ci, pull.head_sha)
    world.comment(pull, "/approve", by="bob")
    await world.settle()
    there = group(world, pull)
    world.comment(pull, "/unapprove", by="bob")
    await world.settle()
    assert queueing.entry_of(world.repository, pull) is None
    assert gates_on(world, there)[-1] is None
    assert "needs 1 approval" in world.board("production").waiting
    assert not pull.merged_at


async def test_access_lost_in_the_queue_counts(prompt_world: World) -> None:
    """Who approved is read again for the group: whoever was removed since approves of nothing."""
    world = prompt_world
    pull, ci = await queued_world(world, GATES, "ci")
    passes(world, ci, pull.head_sha)
    world.approve(pull, by="bob")
    await world.settle()
    del world.repository.collaborators["bob"]
    await world.after("10m")
    await world.service.resync()
    await world.settle()
    assert queueing.entry_of(world.repository, pull) is None
    assert not pull.merged_at


async def test_what_a_person_puts_in_is_recorded_as_theirs(world: World) -> None:
    """Our gates wait, and the branch does not require our check: the queue merges it, in that person's name."""
    pull, _ = await queued_world(world)
    world.laptop.enqueue(world.repository, pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    assert (recorded(world)["how"], recorded(world)["note"]) == (
        "merged by a person",
        "merged by wanda, gates not enforced",
    )


async def test_what_a_person_puts_in_too_early_waits_for_the_gates(world: World) -> None:
    """Where our check is required, the group's says what is missing, and the person's place in the queue is theirs."""
    pull, ci = await queued_world(world, GATES, "ci")
    for sha in (pull.head_sha,):
        passes(world, ci, sha)
        records.create_check_run(
            world.laptop.github,
            world.repository,
            Caller(user=ci.bot, app=ci),
            name=GATES,
            head_sha=sha,
            conclusion="success",
        )
    world.laptop.enqueue(world.repository, pull, by="wanda")
    await world.settle()
    assert gates_on(world, group(world, pull)) == [None]
    assert "needs 1 approval" in world.board("production").waiting
    assert queueing.entry_of(world.repository, pull) is not None
    assert not pull.merged_at


async def test_the_group_must_bring_what_was_approved(prompt_world: World) -> None:
    """An entry before ours changes the promoted file: our check on the group is not green."""
    world = prompt_world
    pull, ci = await queued_world(world, GATES, "ci")
    passes(world, ci, pull.head_sha)
    path = "applications/web-app/production/kustomization.yaml"
    world.laptop.commit(
        world.repository, {path: "# theirs\n" + world.file(path)}, "A remark", by="wanda", branch="remark"
    )
    person = world.laptop.person("wanda")
    other = pulls.create_pull_request(
        world.laptop.github, world.repository, person, title="A remark", head="remark", base="main"
    )
    for name in ("ci", GATES):
        records.create_check_run(
            world.laptop.github,
            world.repository,
            Caller(user=ci.bot, app=ci),
            name=name,
            head_sha=other.head_sha,
            conclusion="success",
        )
    world.laptop.enqueue(world.repository, other, by="wanda")
    world.approve(pull, by="bob")
    await world.settle()
    assert gates_on(world, group(world, pull)) == [None]
    assert not pull.merged_at


@pytest.mark.parametrize("checks", [(GATES,), ()], ids=["our check required", "no check required"])
async def test_another_head_leaves_the_queue(prompt_world: World, checks: tuple[str, ...]) -> None:
    """The promoted file changes on the base: what was queued is taken out, made anew, and approved anew."""
    world = prompt_world
    pull, ci = await queued_world(world, *checks, "ci")
    passes(world, ci, pull.head_sha)
    world.approve(pull, by="bob")
    await world.settle()
    old = pull.head_sha
    path = "applications/web-app/production/kustomization.yaml"
    world.laptop.commit(world.repository, {path: world.file(path) + "# theirs\n"}, "A remark", by="alice")
    await world.settle()
    assert pull.head_sha != old
    assert queueing.entry_of(world.repository, pull) is None
    assert not pull.merged_at
    assert "needs 1 approval" in world.board("production").waiting


async def test_what_the_queue_cannot_merge_is_not_put_in_again_at_once(prompt_world: World) -> None:
    """A check of the group fails: the board says what became of it, and it is tried again after an hour."""
    world = prompt_world
    pull, ci = await queued_world(world, GATES, "ci")
    passes(world, ci, pull.head_sha)
    world.approve(pull, by="bob")
    await world.settle()
    passes(world, ci, group(world, pull), conclusion="failure")
    await world.settle()
    for _ in range(5):
        await world.after("10m")
    assert queueing.entry_of(world.repository, pull) is None
    assert [event.kind for event in pull.timeline].count("added_to_merge_queue") == 1
    assert "merge queue could not merge it (ci failure)" in world.board("production").waiting
    await world.after("15m")
    passes(world, ci, group(world, pull))
    await world.settle()
    assert pull.merged_at


async def test_what_a_person_takes_out_stays_out(prompt_world: World) -> None:
    """Somebody takes it out of the queue: the board names them, and nothing puts it back behind their back."""
    world = prompt_world
    pull, ci = await queued_world(world, GATES, "ci")
    passes(world, ci, pull.head_sha)
    world.approve(pull, by="bob")
    await world.settle()
    queueing.dequeue(world.laptop.github, world.repository, world.laptop.user("wanda"), pull)
    await world.after("2h")
    assert queueing.entry_of(world.repository, pull) is None
    assert "wanda took it out of GitHub's merge queue" in world.board("production").waiting
    assert not pull.merged_at
