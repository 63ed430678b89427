"""The board issue: one per repository, ours, kept up to date; and commands said outside an open promotion."""

from collections.abc import Callable

import pytest

from sandbox.github import pulls, talk
from sandbox.github.server import Fault
from sandbox.github.state import Issue, PullRequest
from tests.scenarios.test_commands import config
from tests.world import World


def answers(issue: Issue) -> list[list[str]]:
    """What the bot reacted with, for each comment of a person, oldest first."""
    people = [c for c in issue.comments if not c.author.login.endswith("[bot]")]
    return [[reaction.content for reaction in comment.reactions] for comment in people]


def said(issue: Issue) -> list[str]:
    return [c.body for c in issue.comments if c.author.login.endswith("[bot]")]


async def started(world: World) -> Issue:
    """1.0.0 stands everywhere, and the board is there."""
    await world.start()
    await world.settle()
    await world.after("1m")
    return world.board_issue


def persons_issue(world: World, *, by: str = "carol", title: str = "A question", body: str = "") -> Issue:
    return talk.create_issue(world.laptop.github, world.repository, world.laptop.person(by), title=title, body=body)


def persons_pull(world: World, *, branch: str = "feature") -> PullRequest:
    """A pull request of bob's, into the default branch."""
    world.laptop.commit(world.repository, {"notes.md": "x\n"}, "A feature", by="bob", branch=branch)
    bob = world.laptop.person("bob")
    return pulls.create_pull_request(
        world.laptop.github, world.repository, bob, title="A feature", head=branch, base="main"
    )


# --- the board --------------------------------------------------------------------------------------------------------


async def test_the_board_shows_where_releases_stand(world: World) -> None:
    """Environment by environment: what is active, what is proposed, and what that waits for."""
    board = await started(world)
    assert "| production | 1.0.0 | Healthy |" in board.body
    world.push("1.1.0")
    await world.settle()
    await world.after("1m")
    pull = world.pull_request(into="production")
    row = next(line for line in board.body.splitlines() if line.startswith("| production"))
    assert f"1.1.0 #{pull.number}" in row
    assert "soaking in staging until 12:3" in row
    assert len(world.our_issues("caisson/board")) == 1


async def test_the_board_is_opened_once(world: World) -> None:
    """Also where the answer was lost, and with an empty store."""
    await world.laptop_ready()
    world.laptop.github_server.faults.append(Fault(method="POST", path="/issues$", status=502, when="after"))
    await world.start()
    await world.settle()
    await world.after("10m")
    await world.lose_the_store()
    await world.after("2h")
    assert len(world.our_issues("caisson/board")) == 1


async def test_what_people_write_into_the_board_is_written_over(world: World) -> None:
    """Its text, with the marker or without, and the label too: it stays the one board."""
    board = await started(world)
    wanda = world.laptop.person("wanda")
    github, repository = world.laptop.github, world.repository
    talk.edit_issue(github, repository, wanda, board, body="| production | 9.9.9 |", title="Mine")
    talk.remove_label(github, repository, wanda, board, "caisson/board")
    await world.settle()
    await world.after("1m")
    assert "9.9.9" not in board.body
    assert "| production | 1.0.0 |" in board.body
    assert world.our_issues("caisson/board") == [board]
    assert len([i for i in repository.issues.values() if i.author is world.laptop.app.bot]) == 1


async def test_a_closed_board_is_switched_off(world: World) -> None:
    """Whoever closes it has it neither reopened nor replaced nor updated; reopened it is kept up to date again."""
    board = await started(world)
    github, repository = world.laptop.github, world.repository
    talk.edit_issue(github, repository, world.laptop.person("tom"), board, state="closed")
    before = board.body
    world.push("1.1.0")
    await world.settle()
    await world.lose_the_store()
    await world.after("2h")
    assert (board.state, board.body) == ("closed", before)
    assert len(world.our_issues("caisson/board")) == 1
    talk.edit_issue(github, repository, world.laptop.person("tom"), board, state="open")
    await world.settle()
    await world.after("1m")
    assert "1.1.0" in board.body


async def test_a_look_alike_is_no_board(world: World) -> None:
    """A person's issue with our marker and label is neither written over nor taken for ours."""
    await world.laptop_ready()
    board = await started(world)
    wanda = world.laptop.person("wanda")
    fake = talk.create_issue(
        world.laptop.github, world.repository, wanda, title=board.title, body=board.body, labels=("caisson/board",)
    )
    world.push("1.1.0")
    await world.settle()
    await world.after("2m")
    assert "1.1.0" in board.body
    assert "1.1.0" not in fake.body
    world.comment(fake, "/freeze production x", by="alice")
    await world.settle()
    assert not world.freezes


async def test_without_issues_there_is_no_board(world: World) -> None:
    """Where issues are switched off nothing is tried, promotions go on, and a freeze is refused in words."""
    await world.laptop_ready()
    await world.start()
    world.repository.has_issues = False
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert world.board("staging").active == "1.1.0"
    pull = world.pull_request(into="production")
    world.comment(pull, "/freeze production x", by="alice")
    await world.settle()
    assert answers(pull) == [["-1"]]
    assert "issues are switched off" in said(pull)[0]


async def test_an_observing_bot_opens_no_board(world: World) -> None:
    """`mode: observe` reports only: no issue is opened, no comment heard, and no freeze made."""
    await world.start(config=config(top="mode: observe\n"))
    await world.settle()
    issue = persons_issue(world)
    world.comment(issue, "/caisson freeze production x", by="alice")
    await world.after("1h")
    assert answers(issue) == [[]]
    assert not world.our_issues("caisson/board")


# --- commands outside an open promotion -------------------------------------------------------------------------------


async def test_commands_are_heard_on_the_board(world: World) -> None:
    """A freeze of an environment that has no promotion at all."""
    board = await started(world)
    world.comment(board, "/freeze production no releases now", by="alice")
    await world.settle()
    await world.after("1m")
    assert answers(board) == [["eyes", "rocket"]]
    assert "- web-app/production by alice: no releases now (#" in board.body
    world.comment(board, "/unfreeze", by="alice")
    await world.settle()
    await world.after("1m")
    assert not world.freezes
    assert "Frozen" not in board.body


async def test_commands_are_heard_on_a_merged_promotion(world: World) -> None:
    """There the environment need not be named."""
    pull = await world.soaked()
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at
    world.comment(pull, "/freeze production after this one", by="alice")
    world.comment(pull, "/approve", by="bob")
    await world.settle()
    assert len(world.freezes) == 1
    assert answers(pull) == [["eyes", "rocket"], ["-1"]]
    assert "is for open promotions" in said(pull)[-1]


@pytest.mark.parametrize("where", [persons_issue, persons_pull])
async def test_elsewhere_only_the_prefixed_form_counts(world: World, where: Callable[[World], Issue]) -> None:
    """On people's own issues and pull requests other bots live: we keep silent unless we are named."""
    await started(world)
    place = where(world)
    world.comment(place, "/freeze production not for us\n/hodl\n/merge", by="alice")
    await world.settle()
    assert not world.freezes
    assert (answers(place), said(place)) == ([[]], [])
    world.comment(place, "/caisson freeze production meant for us", by="alice")
    await world.settle()
    assert len(world.freezes) == 1
    assert (answers(place), said(place)) == ([[], ["eyes", "rocket"]], [])


async def test_strangers_get_a_reaction_and_no_words(world: World) -> None:
    """Whoever may not command is not argued with on their own issues."""
    await started(world)
    issue = persons_issue(world)
    world.comment(issue, "/caisson freeze production x", by="carol")
    world.comment(issue, "/caisson frobnicate", by="carol")
    await world.settle()
    assert (answers(issue), said(issue)) == ([["-1"], ["confused"]], [])
    assert not world.freezes


async def test_a_comment_edited_into_a_command_never_acts_elsewhere(world: World) -> None:
    """By its author or by anybody else, on the board or on an issue."""
    board = await started(world)
    issue = persons_issue(world)
    alice, wanda = world.laptop.person("alice"), world.laptop.person("wanda")
    for editor in (alice, wanda):
        for place in (board, issue):
            comment = talk.add_comment(world.laptop.github, world.repository, alice, place.number, "Fine.")
            talk.edit_comment(world.laptop.github, world.repository, editor, comment, "/caisson freeze production x")
    await world.settle()
    assert not world.freezes
    assert answers(board) == answers(issue) == [[], []]


async def test_an_issues_own_text_commands_nothing(world: World) -> None:
    """Only comments do: a text can be edited without that being told apart from the first."""
    await started(world)
    persons_issue(world, by="alice", body="/caisson freeze production x")
    await world.settle()
    assert not world.freezes


async def test_several_commands_in_one_comment_are_answered_together(world: World) -> None:
    """One is done, one is refused: the reaction is the worst, and the words say which."""
    board = await started(world)
    world.comment(board, "/freeze production one\n/freeze nowhere two\n/help freeze", by="alice")
    await world.settle()
    assert len(world.freezes) == 1
    assert answers(board) == [["eyes", "-1"]]
    (words,) = said(board)
    assert "There is no environment `nowhere`" in words
    assert "/freeze environment [until=…] reason" in words


async def test_promote_says_what_is_under_way(world: World) -> None:
    """Without a version the promotion is as fresh as it can be: each pass makes it so."""
    board = await started(world)
    world.comment(board, "/promote production", by="bob")
    world.comment(board, "/promote production", by="tom")
    await world.settle()
    assert answers(board) == [["rocket"], ["-1"]]
    assert "needs write" in said(board)[0]


async def test_noise_has_a_limit(prompt_world: World) -> None:
    """After five replies within an hour there are reactions only."""
    world = prompt_world
    board = await started(world)
    for _ in range(8):
        world.comment(board, "/help", by="bob")
        await world.settle()
    assert len(said(board)) == 5
    assert answers(board) == [["rocket"]] * 8


async def test_people_are_heard_while_nothing_can_be_proposed(world: World) -> None:
    """The pull request was retargeted, so nothing is judged there: a hold is obeyed all the same, and bites later."""
    pull = await world.soaked()
    world.laptop.commit(world.repository, {}, "A branch", by="bob", branch="other")
    bob = world.laptop.person("bob")
    pulls.edit_pull_request(world.laptop.github, world.repository, bob, pull, base="other")
    await world.settle()
    assert "retargeted" in world.board("production").waiting
    world.comment(pull, "/hold until this is back\n/status", by="bob")
    world.comment(pull, "/freeze production for good", by="alice")
    await world.settle()
    assert answers(pull) == [["rocket"], ["eyes", "rocket"]]
    assert "retargeted" in said(pull)[-1]
    pulls.edit_pull_request(world.laptop.github, world.repository, bob, pull, base="main")
    world.approve(pull, by="wanda")
    await world.settle()
    assert not pull.merged_at
    assert "held by bob" in world.board("production").waiting
    assert "frozen by alice" in world.board("production").waiting
