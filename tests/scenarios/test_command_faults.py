"""Commands while GitHub hiccups: each is done once, or refused; nothing claims to be done that is not."""

import pytest

from sandbox.github.server import Fault
from sandbox.github.state import PullRequest
from tests.world import World

ANSWER_LOST = Fault(method="POST", path="/graphql$", status=502, when="after", body="addReaction")


def bot_comments(pull: PullRequest) -> list[str]:
    return [c.body for c in pull.comments if c.author.login.endswith("[bot]")]


def reactions(pull: PullRequest) -> list[str]:
    return [r.content for c in pull.comments for r in c.reactions]


def fail(world: World, fault: Fault) -> None:
    world.laptop.github_server.faults.append(fault)


async def test_access_that_cannot_be_read_commands_nothing(prompt_world: World) -> None:
    """GitHub refuses to say what somebody may do: they may nothing, and are told so."""
    world = prompt_world
    pull = await world.soaked()
    fail(world, Fault(method="GET", path="/collaborators/bob/permission$", status=403, message="Forbidden"))
    world.comment(pull, "/approve", by="bob")
    await world.settle()
    assert not pull.merged_at
    assert reactions(pull) == ["-1"]
    assert "could not be read" in bot_comments(pull)[0]


async def test_access_that_is_read_late_commands_late(prompt_world: World) -> None:
    """A hiccup is waited out: the command is still there to be heard."""
    world = prompt_world
    pull = await world.soaked()
    fail(world, Fault(method="GET", path="/collaborators/bob/permission$", status=502))
    world.comment(pull, "/approve", by="bob")
    await world.settle()
    await world.after("5m")
    assert pull.merged_at
    assert reactions(pull) == ["rocket"]


async def test_a_reply_whose_answer_is_lost_is_given_once(prompt_world: World) -> None:
    """The reply and the reaction are found where they were written."""
    world = prompt_world
    pull = await world.soaked()
    fail(world, ANSWER_LOST)
    world.comment(pull, "/diff", by="carol")
    await world.settle()
    await world.after("5m")
    assert len(bot_comments(pull)) == 1
    assert reactions(pull) == ["rocket"]


async def test_a_waiver_whose_answer_is_lost_is_given_once(prompt_world: World) -> None:
    """One check run of its name stands on the head, whatever was tried."""
    world = prompt_world
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    fail(world, Fault(method="POST", path="/graphql$", status=502, when="after", body="caisson/skip"))
    world.comment(pull, "/skip gate=soak it burns", by="alice")
    await world.settle()
    await world.after("5m")
    kept = [run for run in world.repository.check_runs if run.name.startswith("caisson/skip")]
    assert [run.head_sha for run in kept] == [pull.head_sha]
    assert reactions(pull) == ["rocket"]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(method="POST", path="/git/commits$", status=500), id="the commit cannot be made"),
        pytest.param(
            Fault(method="POST", path="/graphql$", status=502, body="updateRefs"), id="the branch cannot be moved"
        ),
        pytest.param(
            Fault(method="POST", path="/graphql$", status=502, when="after", body="updateRefs"),
            id="the branch is moved, and the answer lost",
        ),
        pytest.param(ANSWER_LOST, id="the reaction's answer is lost"),
    ],
)
async def test_retry_is_answered_when_it_is_done(prompt_world: World, fault: Fault) -> None:
    """Whatever fails on the way, the head is ours in the end, and the command is answered once."""
    world = prompt_world
    pull = await world.soaked()
    world.laptop.commit(world.repository, {"evil.yaml": "a: 1\n"}, "Just a fix", by="wanda", branch=pull.head_ref)
    foreign = pull.head_sha
    await world.settle()
    fail(world, fault)
    world.comment(pull, "/retry", by="tom")
    await world.settle()
    await world.after("5m")
    assert pull.head_sha != foreign
    with pytest.raises(KeyError):
        world.file("evil.yaml", branch=pull.head_ref)
    assert reactions(pull) == ["rocket"]
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at
