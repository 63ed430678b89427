"""What the operator of the process sets above every repository's file: floors of approvals, and what is stopped."""

import pytest

from config.operator import Operator, parse_floors
from sandbox.github.state import PullRequest
from tests.scenarios.test_commands import config
from tests.world import World


async def test_a_floor_raises_the_approvals_that_are_declared(world: World) -> None:
    """One is declared, two are asked for: one merges nothing, two do; the wait names whose rule that is."""
    world.operator = Operator(floors=parse_floors("prod*=2"))
    pull = await _proposed(world)
    world.approve(pull, by="bob")
    await world.after("1h")
    assert not pull.merged_at
    assert "needs 1 more approval" in world.board("production").waiting
    assert "the operator's rule prod*=2" in world.board("production").waiting
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at


async def test_what_merges_by_itself_waits_for_its_floor(world: World) -> None:
    """`auto: true` asks for nobody; the operator does."""
    world.operator = Operator(floors=parse_floors("staging=1"))
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.after("1h")
    pull = world.pull_request(into="staging")
    assert "the operator's rule staging=1" in world.board("staging").waiting
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at


async def test_a_floor_lowers_nothing(world: World) -> None:
    """Two are declared and one is asked for: two it is."""
    world.operator = Operator(floors=parse_floors("prod*=1"))
    pull = await _proposed(world, approvals="        approvals: {count: 2}\n")
    world.approve(pull, by="bob")
    await world.after("1h")
    assert not pull.merged_at
    assert "operator" not in world.board("production").waiting


@pytest.mark.parametrize("pattern", ["*", "acme/*", "acme/deploy"])
async def test_stopped_merges(world: World, pattern: str) -> None:
    """Nothing merges while that is stopped, whoever approves or waives; started again without, it goes on."""
    pull = await _proposed(world)
    world.operator = Operator(no_merges=(pattern,))
    await world.lose_the_store()
    world.approve(pull, by="bob")
    world.comment(pull, "/skip gate=soak x", by="alice")
    await world.after("1h")
    assert not pull.merged_at
    assert "the operator has stopped all merges" in world.board("production").waiting
    assert "the operator has stopped all merges" in pull.body
    world.operator = Operator()
    await world.lose_the_store()
    await world.settle()
    assert pull.merged_at


async def test_other_repositories_go_on(world: World) -> None:
    """A stop may name repositories; this is none of them."""
    world.operator = Operator(no_merges=("acme/other",), no_writes=("other/*",))
    pull = await _proposed(world)
    world.approve(pull, by="bob")
    await world.after("1h")
    assert pull.merged_at


async def test_stopped_writes(prompt_world: World) -> None:
    """Nothing at all is written, not even a reaction; what stands and what waits is still shown on the board."""
    world = prompt_world
    pull = await _proposed(world)
    world.operator = Operator(no_writes=("*",))
    await world.lose_the_store()
    before = len(world.writes)
    world.approve(pull, by="bob")
    world.comment(pull, "/freeze production x", by="alice")
    world.push("1.2.0")
    await world.after("2h")
    assert len(world.writes) == before
    assert "the operator has stopped all writes" in world.board("production").waiting


async def _proposed(world: World, *, approvals: str = "        approvals: {count: 1}\n") -> PullRequest:
    """1.1.0 soaks in staging; its pull request into production is open."""
    await world.start(config=config(approvals=approvals))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    return world.pull_request(into="production")
