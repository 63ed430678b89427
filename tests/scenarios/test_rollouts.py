"""Progressive delivery: what an environment's Rollouts do is shown, and what they have not finished is not verified."""

import asyncio

from bot.model import Rollout, Unknown
from bot.rollouts import in_words
from tests.world import FULL_NAME, World

STEPS: list[dict[str, object]] = [{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}]
PAUSED = {"phase": "Paused", "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-11-23T12:00:00Z"}]}


def staging(world: World) -> str:
    """The name of staging's Application."""
    found = world.service.cluster.applications(f"github.com/{FULL_NAME}")
    assert not isinstance(found, Unknown), found.reason
    return next(a.name for a in found if any(s.path.endswith("/staging") for s in a.sources))


async def seen(world: World, said: str) -> None:
    """Until the bot has seen the Rollout say this; then everything settles."""
    for _ in range(10_000):
        found = world.service.cluster.applications(f"github.com/{FULL_NAME}")
        rollouts = [r for a in found for r in a.rollouts] if not isinstance(found, Unknown) else []
        if any(isinstance(one, Rollout) and said in in_words(one) for one in rollouts):
            await world.settle()
            return
        await asyncio.sleep(0.001)
    raise AssertionError(f"the bot never saw a Rollout say {said!r}")


async def test_a_paused_rollout_keeps_its_release_from_the_next_environment(world: World) -> None:
    """Step, weight and pause are shown; production waits until somebody resumes it and it is done."""
    await world.start()
    await world.settle()
    name = staging(world)
    world.laptop.cluster.add_rollout("web", application=name, steps=STEPS)
    world.laptop.cluster.step_rollout("web", application=name, currentStepIndex=1, **PAUSED)
    await seen(world, "paused until resumed")
    world.push("1.1.0")
    await world.settle()
    assert world.board("staging").health == "Progressing"
    assert world.board("staging").live == "1.1.0"
    assert "1.1.0" not in str(world.board("production").proposed)
    merge = world.merged_pull_request(into="staging").merge_commit_sha
    (check,) = [c for c in world.repository.check_runs if c.name == "caisson/health (staging)" and c.head_sha == merge]
    assert (check.status, check.title) == (
        "in_progress",
        "web: step 2 of 3, weight 20 %, paused until resumed",
    )

    done = {"phase": "Healthy", "currentStepIndex": 3, "pauseConditions": []}
    world.laptop.cluster.step_rollout("web", application=name, **done)
    await seen(world, "step 3 of 3")
    await world.after("30m")
    assert world.board("staging").health == "Healthy"
    assert (check.status, check.conclusion) == ("completed", "success")
    assert world.pull_request(into="production").title == "Promote web-app 1.1.0 to production"


async def test_an_aborted_rollout_is_degraded(world: World) -> None:
    """With its message where people look: on the deployment of that release."""
    await world.soaked()
    name = staging(world)
    world.laptop.cluster.add_rollout("web", application=name, steps=STEPS)
    world.laptop.cluster.step_rollout(
        "web", application=name, phase="Degraded", abort=True, currentStepIndex=0, message="metric success-rate failed"
    )
    await seen(world, "aborted")
    assert world.board("staging").health == "Degraded"
    record = [d for d in world.repository.deployments if d.environment == "web-app/staging"][-1]
    assert "web: aborted: metric success-rate failed" in record.statuses[-1].description
    assert "web: aborted: metric success-rate failed" in world.board("production").waiting
