"""GitHub refuses a merge, or would: it is explained, not tried again in each pass, and never got around."""

import pytest

from sandbox.github import records
from sandbox.github.access import register_app
from sandbox.github.server import Fault
from sandbox.github.state import Caller, Protection
from tests.world import ROOT, World

MERGE = "/merge$"


def tries(world: World) -> int:
    """How often a merge was asked for."""
    return sum(1 for call in world.calls if call.method == "PUT" and call.path.endswith("/merge"))


def refusals(world: World) -> list[str]:
    return [run.title or "" for run in world.repository.check_runs if run.name == "caisson/refused"]


@pytest.mark.parametrize("ruleset", [False, True], ids=["classic protection", "a ruleset"])
async def test_the_branchs_own_rules_are_told_before_anything_is_tried(world: World, *, ruleset: bool) -> None:
    """Which check is missing stands on the board and on the head; when it passes, the merge follows."""
    pull = await world.soaked()
    other = register_app(world.laptop.github, "ci", ROOT / "app.yml", webhook_secret="x")
    world.repository.protection["main"] = Protection(required_checks=("caisson/gates", "ci/test"), ruleset=ruleset)
    world.approve(pull, by="bob")
    before = tries(world)
    await world.settle()
    for _ in range(3):
        await world.after("5m")
    assert not pull.merged_at
    assert tries(world) - before <= 1
    assert world.board("production").waiting == "every gate passes; main's rules ask for the check ci/test"
    assert refusals(world) == ["every gate passes; main's rules ask for the check `ci/test`"]
    ci = Caller(user=other.bot, app=other)
    records.create_check_run(
        world.laptop.github, world.repository, ci, name="ci/test", head_sha=pull.head_sha, conclusion="success"
    )
    await world.after("6m")
    assert pull.merged_at


async def test_an_app_that_may_bypass_a_rule_does_not(world: World) -> None:
    """An administrator lets the App bypass the branch's rules, for whatever reason: its merges keep them."""
    pull = await world.soaked()
    bot = world.laptop.app.bot.login
    world.repository.protection["main"] = Protection(required_approvals=2, bypass=(bot,))
    await world.settle()
    world.approve(pull, by="bob")
    for _ in range(3):
        await world.after("5m")
    assert not pull.merged_at
    assert "2 approving reviews" in world.board("production").waiting


async def test_our_own_check_as_a_required_one_does_not_stop_us(world: World) -> None:
    """The branch requires `caisson/gates`: it is green before the merge is asked for."""
    pull = await world.soaked()
    world.repository.protection["main"] = Protection(required_checks=("caisson/gates",))
    world.approve(pull, by="bob")
    await world.after("1m")
    assert pull.merged_at
    assert not refusals(world)


async def test_a_refusal_is_told_and_tried_again_after_an_hour(prompt_world: World) -> None:
    """Squash merging is off: no pass after pass runs against it, the head says what to change, and then it goes on."""
    world = prompt_world
    pull = await world.soaked()
    world.repository.merge_methods.discard("squash")
    before = tries(world)
    world.approve(pull, by="bob")
    await world.settle()
    for _ in range(5):
        await world.after("10m")
    assert tries(world) - before == 1
    assert "Squash merges are not allowed" in world.board("production").waiting
    assert "set merge_method: merge" in world.board("production").waiting
    (told,) = refusals(world)
    assert "GitHub refuses the merge" in told
    world.repository.merge_methods.add("squash")
    await world.after("10m")
    assert pull.merged_at


async def test_a_refusal_survives_the_loss_of_the_store(prompt_world: World) -> None:
    """What GitHub said stands on GitHub: another bot with an empty store does not run against it either."""
    world = prompt_world
    pull = await world.soaked()
    world.repository.merge_methods.discard("squash")
    world.approve(pull, by="bob")
    await world.settle()
    before = tries(world)
    await world.lose_the_store()
    await world.after("1m")
    assert tries(world) == before
    assert "Squash merges are not allowed" in world.board("production").waiting
    assert not pull.merged_at


async def test_another_head_is_tried_at_once(prompt_world: World) -> None:
    """A refusal is of one head: what is proposed anew has not been refused."""
    world = prompt_world
    pull = await world.soaked()
    world.repository.merge_methods.discard("squash")
    world.approve(pull, by="bob")
    await world.settle()
    world.repository.merge_methods.add("squash")
    old = pull.head_sha
    path = "applications/web-app/production/kustomization.yaml"
    world.laptop.commit(world.repository, {path: world.file(path) + "# theirs\n"}, "A remark", by="alice")
    await world.settle()
    assert pull.head_sha != old
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at


async def test_a_race_for_the_base_is_no_refusal(prompt_world: World) -> None:
    """GitHub says so with the status of a refusal: the next look merges, and nothing is told of it."""
    world = prompt_world
    pull = await world.soaked()
    text = "Base branch was modified. Review and try the merge again."
    world.laptop.github_server.faults.append(Fault(method="PUT", path=MERGE, status=405, message=text))
    world.approve(pull, by="bob")
    await world.after("1m")
    assert pull.merged_at
    assert not refusals(world)
