"""How little Caisson says, and that a storm stays within what GitHub lets an installation create."""

from sandbox import shop
from sandbox.github.server import SECONDARY_LIMITS
from tests.scenarios.people import propose
from tests.world import World


async def test_a_storm_of_releases_stays_under_github_s_limits(prompt_world: World) -> None:
    """Two hundred releases within minutes: GitHub refuses nothing, and the last of them arrives everywhere."""
    world = prompt_world
    await world.start(config=shop.configuration("{image}", staging="pace: latest"))
    await world.settle()
    server = world.laptop.github_server
    server.write_limits = SECONDARY_LIMITS
    for burst in range(40):
        for i in range(5):
            world.push(f"1.{burst + 1}.{i}")
        await world.settle()
        await world.after("5s")
    assert server.limited == 0
    for _ in range(70):
        await world.after("1m")
    assert server.limited == 0
    assert world.board("staging").live == "1.40.4"
    pull = world.pull_request(into="production")
    assert pull.title == "Promote web-app 1.40.4 to production"
    world.approve(pull, by="bob")
    await world.settle()
    for _ in range(40):
        await world.after("1m")
    assert world.board("production").live == "1.40.4"


async def test_a_merge_goes_through_when_nothing_else_may(prompt_world: World) -> None:
    """Everybody talks until answers must wait; the approved release is merged and recorded all the same."""
    world = prompt_world
    pull = await world.soaked()
    world.laptop.github_server.write_limits = SECONDARY_LIMITS
    for i in range(12):
        world.comment(pull, f"/hold no {i}\n\n/unhold", by="wanda")
        world.comment(pull, "/unhold", by="wanda")
        await world.service.resync()
        await world.service.worker.drain()
    unanswered = [c for c in pull.comments if c.author.login == "wanda" and not c.reactions]
    assert unanswered, "there was room for every answer"
    world.approve(pull, by="bob")
    for _ in range(30):
        await world.after("1m")
    assert world.laptop.github_server.limited == 0
    assert all(comment.reactions for comment in unanswered), "put off, and never dropped"
    assert world.board("production").live == "1.1.0", world.board("production").waiting


async def test_people_s_pull_requests_hold_up_no_promotion(prompt_world: World) -> None:
    """More of them than GitHub lets us write checks on in a minute: a release goes its way in between."""
    world = prompt_world
    await world.start()
    await world.settle()
    await world.after("2m")
    world.laptop.github_server.write_limits = SECONDARY_LIMITS
    for i in range(70):
        propose(world, {f"docs/{i}.md": "x\n"}, branch=f"change-{i}")
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert world.laptop.github_server.limited == 0
    assert world.board("development").live == "1.1.0"


async def test_there_is_one_sticky_comment_and_none_when_nothing_changed(world: World) -> None:
    """Held, released and held again: one comment, edited in place; waiting adds none."""
    pull = await world.soaked()
    for body in ("/hold first", "/unhold", "/hold second"):
        world.comment(pull, body, by="wanda")
        await world.settle()
    ours = [comment for comment in pull.comments if comment.author.login == "caisson[bot]"]
    assert len(ours) == 1
    assert "second" in ours[0].body
    for _ in range(3):
        await world.after("1h")
    assert [comment for comment in pull.comments if comment.author.login == "caisson[bot]"] == ours
