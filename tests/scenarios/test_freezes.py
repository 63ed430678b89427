"""Freezes: an issue of our App stops an environment until our App, or somebody who may, closes it."""

from datetime import timedelta

import pytest

from sandbox.github import talk
from sandbox.github.server import Fault
from sandbox.github.state import Issue, PullRequest
from tests.scenarios.test_commands import reactions, replies
from tests.world import World


async def frozen(world: World, line: str = "/freeze production end of the year") -> PullRequest:
    """Production lacks nothing but an approval, and alice has frozen it on its pull request."""
    pull = await world.soaked()
    world.comment(pull, line, by="alice")
    await world.settle()
    return pull


def said(issue: Issue) -> list[str]:
    """What the bot wrote on an issue."""
    return [c.body for c in issue.comments if c.author.login.endswith("[bot]")]


def close(world: World, issue: Issue, *, by: str) -> None:
    talk.edit_issue(world.laptop.github, world.repository, world.laptop.person(by), issue, state="closed")


async def test_nothing_enters_a_frozen_environment_until_it_is_unfrozen(world: World) -> None:
    """However many approve; losing the store ends no freeze; `/unfreeze` on its own issue does."""
    pull = await frozen(world)
    (issue,) = world.freezes
    assert issue.title == "Freeze web-app/production"
    assert reactions(pull) == [["eyes", "rocket"]]
    assert not replies(pull)
    world.approve(pull, by="bob")
    await world.settle()
    await world.lose_the_store()
    await world.after("1h")
    assert not pull.merged_at
    assert f"frozen by alice: end of the year (#{issue.number})" in world.board("production").waiting
    assert "frozen by alice" in pull.body
    world.comment(issue, "/unfreeze", by="alice")
    await world.settle()
    assert pull.merged_at
    assert issue.state == "closed"
    assert not world.freezes


async def test_other_environments_go_on(world: World) -> None:
    """A freeze is of one environment."""
    await frozen(world)
    world.push("1.2.0")
    await world.settle()
    assert world.board("staging").active == "1.2.0"
    assert world.board("production").active == "1.0.0"


async def test_a_freeze_bites_in_the_very_pass_that_hears_of_it(world: World) -> None:
    """The approval and the freeze arrive together: nothing merges."""
    pull = await world.soaked()
    world.approve(pull, by="bob")
    world.comment(pull, "/freeze production stop", by="alice")
    await world.settle()
    assert not pull.merged_at


async def test_a_freeze_is_over_by_itself(world: World) -> None:
    """At the moment that `until` names, with nobody there, and its issue is closed."""
    pull = await frozen(world, "/freeze production until=2026-11-23T15:00+01:00 the fair")
    assert "frozen by alice until 2026-11-23 14:00 UTC: the fair" in world.board("production").waiting
    world.approve(pull, by="bob")
    await world.after("70m")
    assert not pull.merged_at
    (issue,) = world.freezes
    await world.after("30m")
    assert pull.merged_at
    assert issue.state == "closed"


async def test_several_freezes_hold_until_the_last_is_over(world: World) -> None:
    """Whoever closes one of them ends that one."""
    pull = await frozen(world)
    world.comment(pull, "/freeze production another reason", by="alice")
    await world.settle()
    first, second = world.freezes
    world.approve(pull, by="bob")
    close(world, first, by="alice")
    await world.settle()
    assert not pull.merged_at
    assert "another reason" in world.board("production").waiting
    close(world, second, by="alice")
    await world.settle()
    assert pull.merged_at
    assert not world.freezes


async def test_a_closing_that_counted_counts_on(world: World) -> None:
    """Whoever ended a freeze may leave: it does not come back."""
    pull = await frozen(world)
    (issue,) = world.freezes
    close(world, issue, by="alice")
    await world.settle()
    world.repository.collaborators["alice"] = "read"
    await world.lose_the_store()
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at


@pytest.mark.parametrize("by", ["tom", "wanda", "bob"])
async def test_who_may_not_freeze_ends_no_freeze(world: World, by: str) -> None:
    """Closed by triage or write it is still a freeze: opened again, and said so once, however often it is closed."""
    pull = await frozen(world)
    world.approve(pull, by="bob")
    (issue,) = world.freezes
    for _ in range(2):
        close(world, issue, by=by)
        await world.settle()
        assert issue.state == "open"
    world.comment(issue, "/unfreeze", by=by)
    await world.settle()
    assert not pull.merged_at
    assert len([words for words in said(issue) if "Still frozen" in words]) == 1
    assert "needs maintain" in said(issue)[-1]


async def test_an_edited_freeze_is_a_freeze(world: World) -> None:
    """Neither another text nor another title, nor the label taken off, frees anything."""
    pull = await frozen(world, "/freeze production until=2030-01-01 the fair")
    world.approve(pull, by="bob")
    (issue,) = world.freezes
    wanda = world.laptop.person("wanda")
    github, repository = world.laptop.github, world.repository
    talk.edit_issue(github, repository, wanda, issue, body="Nothing to see here.", title="Freeze web-app/other")
    talk.remove_label(github, repository, wanda, issue, "caisson/freeze")
    await world.settle()
    await world.lose_the_store()
    await world.settle()
    assert not pull.merged_at
    assert "frozen until 2030-01-01 00:00 UTC" in world.board("production").waiting
    assert world.freezes == [issue]
    close(world, issue, by="wanda")
    talk.remove_label(github, repository, wanda, issue, "caisson/freeze")
    await world.settle()
    assert not pull.merged_at
    assert issue.state == "open"


async def test_what_looks_like_a_freeze_freezes_nothing(world: World) -> None:
    """A person's issue with our label and our words is a person's issue."""
    pull = await frozen(world)
    (issue,) = world.freezes
    close(world, issue, by="alice")
    talk.create_issue(
        world.laptop.github,
        world.repository,
        world.laptop.person("wanda"),
        title=issue.title,
        body=issue.body,
        labels=("caisson/freeze",),
    )
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at


@pytest.mark.parametrize(
    ("line", "by", "says"),
    [
        pytest.param("/freeze production now", "bob", "needs maintain", id="write is not enough"),
        pytest.param("/freeze prodction now", "alice", "Did you mean `production`", id="nearly an environment"),
        pytest.param("/freeze nowhere now", "alice", "There is `web-app/development`", id="no environment"),
        pytest.param("/freeze production until=soon x", "alice", "write `until=", id="no moment"),
        pytest.param("/freeze production until=2020-01-01 x", "alice", "is over already", id="a moment that is over"),
        pytest.param("/freeze production until=9999-12-31 x", "alice", "ten years", id="no end in sight"),
        pytest.param("/unfreeze production", "bob", "needs maintain", id="unfreeze by write"),
    ],
)
async def test_what_is_refused(prompt_world: World, line: str, by: str, says: str) -> None:
    """Who may not, and what cannot be understood, freezes nothing and is told why."""
    world = prompt_world
    pull = await frozen(world, line) if by == "alice" else await world.soaked()
    if by != "alice":
        world.comment(pull, line, by=by)
        await world.settle()
    assert not world.freezes
    assert reactions(pull) == [["-1"]]
    assert says in replies(pull)[0]


async def test_a_freeze_outlasts_whoever_asked_for_it(world: World) -> None:
    """Somebody who left has frozen it all the same."""
    pull = await frozen(world)
    world.repository.collaborators.pop("alice")
    world.approve(pull, by="bob")
    await world.after("1h")
    assert not pull.merged_at


async def test_a_deleted_freeze_is_gone(world: World) -> None:
    """Only admins can delete issues on GitHub: what they took away is no freeze."""
    pull = await frozen(world)
    (issue,) = world.freezes
    del world.repository.issues[issue.number]
    world.approve(pull, by="bob")
    await world.after("1m")
    await world.service.resync()
    await world.settle()
    assert pull.merged_at


async def test_what_cannot_be_read_whole_opens_nothing(prompt_world: World) -> None:
    """Whoever hides a freeze among a crowd of look-alikes gains nothing: the gate waits, and says why."""
    world = prompt_world
    pull = await frozen(world)
    world.approve(pull, by="bob")
    for number in range(31):
        await world.clock.advance(timedelta(seconds=1))
        talk.create_issue(
            world.laptop.github,
            world.repository,
            world.laptop.person("tom"),
            title=f"Look {number}",
            labels=("caisson/freeze",),
        )
    await world.settle()
    assert not pull.merged_at
    assert "what is frozen is not known" in world.board("production").waiting


ISSUE_LOST = Fault(method="POST", path="/issues$", status=502, when="after")
REACTION_LOST = Fault(method="POST", path="/graphql$", status=502, body="addReaction")


@pytest.mark.parametrize("fault", [ISSUE_LOST, REACTION_LOST])
async def test_a_freeze_is_made_once(prompt_world: World, fault: Fault) -> None:
    """An answer is lost between the writes: the next pass finds the freeze and freezes nothing again."""
    world = prompt_world
    pull = await world.soaked()
    world.laptop.github_server.faults.append(fault)
    world.comment(pull, "/freeze production stop", by="alice")
    await world.settle()
    await world.after("5m")
    assert len(world.freezes) == 1
    assert reactions(pull)[0][-1] == "rocket"


async def test_an_old_unfreeze_ends_no_later_freeze(prompt_world: World) -> None:
    """An `/unfreeze` whose reaction was lost does not end what was frozen after it was written."""
    world = prompt_world
    pull = await frozen(world)
    world.comment(pull, "/unfreeze", by="alice")
    await world.settle()
    assert not world.freezes
    await world.clock.advance(timedelta(minutes=1))
    world.comment(pull, "/freeze production again", by="alice")
    await world.settle()
    old = next(comment for comment in pull.comments if comment.body == "/unfreeze")
    old.reactions.clear()
    await world.service.resync()
    await world.settle()
    assert len(world.freezes) == 1


async def test_freeze_and_unfreeze_in_one_comment_leave_nothing_frozen(world: World) -> None:
    """In their order: the one ends what the other began."""
    pull = await world.soaked()
    world.comment(pull, "/freeze production for a moment\n/unfreeze production", by="alice")
    await world.settle()
    assert not world.freezes
    assert reactions(pull) == [["eyes", "rocket"]]
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at
