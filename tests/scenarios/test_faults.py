"""GitHub hiccups: what failed is looked at again, nothing is done twice, nothing wrong is merged."""

from datetime import timedelta

import pytest

from sandbox import shop
from sandbox.github.server import Fault
from sandbox.github.state import Protection
from tests.world import World


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(method="POST", path="/git/trees$", status=502), id="a tree cannot be written"),
        pytest.param(
            Fault(method="POST", path="/git/commits$", status=500, when="after"), id="a commit's answer is lost"
        ),
        pytest.param(
            Fault(method="POST", path="/graphql$", status=502, body="updateRefs"), id="the branch cannot be moved"
        ),
        pytest.param(
            Fault(method="POST", path="/graphql$", status=502, when="after", body="updateRefs"),
            id="the branch is moved but the answer is lost",
        ),
        pytest.param(
            Fault(method="POST", path="/graphql$", status=504, when="after", body="createPullRequest"),
            id="the pull request is opened but the answer is lost",
        ),
        pytest.param(
            Fault(method="PUT", path="/merge$", status=502, when="after"), id="the merge happens but the answer is lost"
        ),
        pytest.param(
            Fault(method="POST", path="/deployments$", status=502, when="after"), id="the record's answer is lost"
        ),
        pytest.param(
            Fault(
                method="PUT",
                path="/merge$",
                status=403,
                message="You have exceeded a secondary rate limit.",
                headers={"Retry-After": "5"},
            ),
            id="a secondary rate limit",
        ),
        pytest.param(
            Fault(
                method="PUT",
                path="/merge$",
                status=409,
                message="Head branch was modified. Review and try the merge again.",
            ),
            id="a race for the head",
        ),
        pytest.param(Fault(method="POST", path="/graphql$", status=502, times=3), id="reads fail for a while"),
    ],
)
async def test_one_fault_changes_nothing_in_the_end(prompt_world: World, fault: Fault) -> None:
    """Whatever single request fails, before or after its effect, the road is travelled once."""
    world = prompt_world
    await world.start()
    await world.settle()
    world.laptop.github_server.faults.append(fault)
    world.push("1.1.0")
    for _ in range(5):
        await world.after("1m")
    assert not world.laptop.github_server.faults, "the fault was never met"
    assert world.board("staging").live == "1.1.0"
    into = [p.head_ref for p in world.repository.pulls]
    assert into == [f"caisson/web-app/{name}" for name in ("development", "staging", "production")]
    records = [d.environment for d in world.repository.deployments if "1.1.0" in str(d.payload)]
    assert len(records) == len(set(records)) == 2


@pytest.mark.parametrize("path", ["/labels$", "/requested_reviewers$"], ids=["labels", "invitations"])
async def test_what_people_are_called_on_with_stops_no_merge(prompt_world: World, path: str) -> None:
    """An App that may not label or invite merges and records all the same, and the board says what it may not."""
    world = prompt_world
    await world.laptop_ready()
    config = shop.configuration(world.image).replace("{count: 1}", "{users: [bob, wanda]}")
    await world.start(config=f"{config}templates: {{labels: [deployment]}}\n")
    await world.settle()
    faults = world.laptop.github_server.faults
    faults.append(Fault(method="POST", path=path, status=403, message="Not with this App", times=10_000))
    world.push("1.1.0")
    for _ in range(40):
        await world.after("1m")
    world.approve(world.pull_request(into="production"), by="bob")
    for _ in range(40):
        await world.after("1m")
    assert world.board("production").active == "1.1.0"
    faults.clear()


async def test_branch_protection_is_respected_and_explained(world: World) -> None:
    """When GitHub asks for more than our gates, nothing is forced: the board says that people must act there."""
    await world.soaked()
    world.repository.protection["main"] = Protection(required_approvals=2)
    pull = world.pull_request(into="production")
    world.approve(pull, by="bob")
    for _ in range(3):
        await world.after("1m")
    assert not pull.merged_at
    assert "main's rules ask for 2 approving reviews on GitHub" in world.board("production").waiting
    (told,) = [run for run in world.repository.check_runs if run.name == "caisson/refused"]
    assert "never bypasses" in (told.summary or "")
    world.approve(pull, by="wanda")
    await world.after("15m")
    assert pull.merged_at


async def test_a_registry_that_is_away_changes_nothing(prompt_world: World) -> None:
    """No answer is not the answer "no newer tag": the board says why, and it goes on when the registry is back."""
    world = prompt_world
    await world.start()
    await world.settle()
    world.registry.away = True
    await world.after("15m")
    assert world.board("development").active == "1.0.0"
    world.registry.away = False
    world.push("1.1.0")
    await world.after("6m")
    assert world.board("development").live == "1.1.0"


async def test_a_fight_over_a_text_does_not_burn_github_s_limits(prompt_world: World) -> None:
    """Another bot undoes what we write as often as we write it: after twenty passes we look once a minute only."""
    world = prompt_world
    pull = await world.soaked()
    ours = pull.body

    async def fought(rounds: int) -> int:
        """How many writes it comes to while somebody else has the last word each time."""
        before = len(world.writes)
        for _ in range(rounds):
            pull.body = "Not theirs, mine."
            await world.service.worker.run_once()
        return len(world.writes) - before

    await world.service.resync()
    assert await fought(60) == 20
    await world.service.resync()
    assert await fought(60) == 0, "neither we nor a webhook make it faster"
    await world.clock.advance(timedelta(minutes=1))
    assert await fought(60) == 1
    await world.after("1m")
    assert pull.body == ours
    await world.after("1m")
    pull.body = "Once more."
    await world.service.resync()
    await world.settle()
    assert pull.body == ours, "a pass with nothing to write has ended the chain"
