"""What a promotion may cost in GitHub requests: counted exactly as the benchmark counts it.

GitHub allows an installation a number of requests an hour, and far fewer writes a minute; a bot that spends few of them
serves many repositories (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
"""

import pytest

from tests.bench import road
from tests.world import World


@pytest.fixture
async def budget(prompt_world: World) -> road.Budget:
    """One release into the first environment, through it, and into the next."""
    return await road.walk(prompt_world)


async def test_a_new_image_becomes_a_pull_request_within_budget(budget: road.Budget) -> None:
    """From the push to the open pull request with its check: at most 6 requests."""
    assert len(budget.bump.calls) <= road.MOST_CALLS, str(budget.bump)


async def test_a_healthy_release_is_promoted_within_budget(budget: road.Budget) -> None:
    """From the news that it is Healthy upstream to the next open pull request with its check: at most 6 requests."""
    assert len(budget.promotion.calls) <= road.MOST_CALLS, str(budget.promotion)


async def test_an_approved_promotion_is_merged_and_recorded_within_budget(budget: road.Budget) -> None:
    """From the approval to the merge, verified and recorded as a Deployment: at most 6 requests."""
    assert len(budget.merge.calls) <= road.MOST_CALLS, str(budget.merge)


async def test_an_idle_pass_reads_once_and_writes_nothing(budget: road.Budget) -> None:
    """When everything has settled, a resync costs each repository one read and no write."""
    assert budget.idle.writes == 0, str(budget.idle)
    assert budget.idle.reads <= 1, str(budget.idle)


async def test_people_who_are_named_cost_a_request_each_time_they_are_asked(prompt_world: World) -> None:
    """Reviewers are requested after the opening: one read and one request more. A membership is one request more."""
    prompt_world.laptop.github.add_team("acme/sre", "bob")
    budget = await road.walk(prompt_world, approvals="{users: [alice], teams: [acme/sre], codeowners: true}")
    assert len(budget.bump.calls) <= road.MOST_CALLS + 2, str(budget.bump)
    assert len(budget.promotion.calls) <= road.MOST_CALLS + 2, str(budget.promotion)
    assert len(budget.merge.calls) <= road.MOST_CALLS + 1, str(budget.merge)
    assert (budget.idle.reads, budget.idle.writes) == (1, 0), str(budget.idle)


async def test_the_board_issue_travels_or_costs_one_write(prompt_world: World) -> None:
    """It goes along with other writes; what nothing takes along costs a look and a write of its own a minute later."""
    await road.walk(prompt_world)
    before = len(prompt_world.writes)
    await prompt_world.after("1m")
    late = [f"{call.method} {call.path}" for call in prompt_world.writes[before:]]
    assert late == ["POST /graphql"]
    assert "1.1.0" in prompt_world.board_issue.body
    budget = await road.idle(prompt_world)
    assert (budget.reads, budget.writes) == (1, 0), str(budget)
