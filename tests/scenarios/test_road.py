"""The road from a pushed image to production."""

import pytest

from sandbox import shop
from tests.world import World


async def test_a_pushed_image_travels_to_production(world: World) -> None:
    """A push becomes a pull request into each environment in turn; production waits for soak and an approval."""
    await world.start()
    await world.settle()
    assert world.board("production").active == "1.0.0"

    world.push("1.1.0")
    await world.settle()
    assert world.board("development").live == "1.1.0"
    assert world.board("staging").live == "1.1.0"
    pull = world.pull_request(into="production")
    assert pull.title == "Promote web-app 1.1.0 to production"
    assert "soaking in staging until" in world.board("production").waiting

    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at, "approved, but not soaked"

    await world.after("30m")
    assert pull.merged_at
    assert world.board("production").live == "1.1.0"
    assert 'newTag: "1.1.0"   # moved by Caisson' in world.file("applications/web-app/production/kustomization.yaml")


async def test_a_slash_approval_counts_like_a_review(world: World) -> None:
    """`/approve` by somebody with write, who is no author, lets the release in."""
    await world.soaked()
    world.comment(world.pull_request(into="production"), "/approve", by="bob")
    await world.settle()
    assert world.board("production").live == "1.1.0"


async def test_a_reader_cannot_approve(world: World) -> None:
    """`/approve` by somebody who may only read is refused, with the reason, and nothing merges."""
    pull = await world.soaked()
    world.comment(pull, "/approve", by="carol")
    await world.settle()
    assert not pull.merged_at
    assert "needs write access" in pull.comments[-1].body


async def test_a_newer_release_moves_the_open_pull_request(world: World) -> None:
    """There is one living pull request per environment: a newer candidate moves it."""
    pull = await world.soaked()
    world.push("1.2.0")
    await world.settle()
    assert world.pull_request(into="production") is pull
    assert pull.title == "Promote web-app 1.2.0 to production"


async def test_an_approved_pull_request_is_not_moved(world: World) -> None:
    """A pull request that has a valid approval keeps its release, whatever is pushed meanwhile."""
    await world.start(config=shop.configuration("{image}", approvals=2))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    await world.after("30m")
    pull = world.pull_request(into="production")
    world.approve(pull, by="bob")
    await world.settle()
    world.push("1.2.0")
    await world.settle()
    assert pull.title == "Promote web-app 1.1.0 to production"
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    assert world.board("production").live == "1.1.0"


async def test_a_held_promotion_waits_until_released(world: World) -> None:
    """`/hold` stops one promotion, with its reason on the board; `/unhold` lets it go on."""
    pull = await world.soaked()
    world.comment(pull, "/hold the shop opens today", by="wanda")
    await world.settle()
    assert "held by wanda: the shop opens today" in world.board("production").waiting
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    world.comment(pull, "/unhold", by="wanda")
    await world.settle()
    assert pull.merged_at


async def test_a_version_outside_the_constraint_goes_nowhere(world: World) -> None:
    """Only what the declaration admits is proposed."""
    await world.start()
    await world.settle()
    world.push("2.0.0")
    world.push("latest")
    await world.settle()
    assert not world.repository.pulls
    assert world.board("development").active == "1.0.0"


async def test_status_and_help_are_answered_once(world: World) -> None:
    """Queries get one reply each, however often they are delivered."""
    pull = await world.soaked()
    world.comment(pull, "/status\n\n/help", by="bob")
    await world.settle()
    replies = [c for c in pull.comments if c.author.login == "caisson[bot]"]
    assert len(replies) == 1
    assert "needs 1 approval" in replies[0].body
    assert "/unhold" in replies[0].body


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("```\n/approve\n```", id="in a fence"),
        pytest.param("> /approve", id="in a quote"),
        pytest.param("<!--\n/approve\n-->", id="in an HTML comment"),
    ],
)
async def test_hidden_commands_do_nothing(prompt_world: World, body: str) -> None:
    """A command that is not visible plain text is no command."""
    await prompt_world.soaked()
    pull = prompt_world.pull_request(into="production")
    prompt_world.comment(pull, body, by="bob")
    await prompt_world.settle()
    assert not pull.merged_at
