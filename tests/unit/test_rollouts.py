"""Rollouts: what their JSON says, in a sentence, and what it makes of an environment's health.

| the Rollout                       | the environment, its Application Healthy |
|-----------------------------------|------------------------------------------|
| Healthy, all steps done           | Healthy                                  |
| under way, or paused              | Progressing, with step, weight and pause |
| aborted, or Degraded              | Degraded, with its message               |
| cannot be read, or says nothing   | Unknown: never Healthy                   |
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.argocd import parse_application
from bot.cluster import Cluster, connect
from bot.health import HealthState, assess
from bot.model import Application, Rollout, Unknown
from bot.rollouts import in_words, parse_rollout
from sandbox.cluster import ClusterServer
from tests.clock import ManualClock
from tests.unit import facts
from tests.unit.facts import NOON, PRODUCTION, at

SHOP = "github.com/org/shop"
STEPS: list[dict[str, Any]] = [
    {"setWeight": 20},
    {"pause": {}},
    {"setWeight": 60},
    {"pause": {"duration": "10m"}},
    {"setWeight": 80},
]
PAUSED = {"phase": "Paused", "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-11-23T12:00:00Z"}]}


def rollout(**status: Any) -> Rollout:
    """`web`, with five steps, in this status."""
    metadata = {"name": "web", "namespace": "shop", "generation": 3}
    return parse_rollout({"metadata": metadata, "spec": {"strategy": {"canary": {"steps": STEPS}}}, "status": status})


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(
            rollout(currentStepIndex=1, **PAUSED),
            "web: step 2 of 5, weight 20 %, paused until resumed",
            id="a pause without an end",
        ),
        pytest.param(
            rollout(currentStepIndex=3, **PAUSED),
            "web: step 4 of 5, weight 60 %, paused until 2026-11-23 12:10 UTC",
            id="a pause with a duration ends at a moment",
        ),
        pytest.param(
            rollout(currentStepIndex=0, phase="Progressing", message="more replicas need to be updated"),
            "web: step 1 of 5, weight 20 %, Progressing: more replicas need to be updated",
            id="a step under way",
        ),
        pytest.param(
            rollout(currentStepIndex=2, phase="Progressing", canary={"weights": {"canary": {"weight": 45}}}),
            "web: step 3 of 5, weight 45 %, Progressing",
            id="the weight that the router has, before the one that was asked for",
        ),
        pytest.param(
            rollout(currentStepIndex=0, phase="Degraded", abort=True, message="RolloutAborted: metric failed"),
            "web: aborted: RolloutAborted: metric failed",
            id="aborted",
        ),
        pytest.param(rollout(), "web: does not report its phase", id="no status at all"),
    ],
)
def test_a_rollout_is_told_in_a_sentence(found: Rollout, said: str) -> None:
    """In absolute times, so that it stays the same until something happens."""
    assert in_words(found) == said


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "spec", "status", "strategy", "canary", "steps"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read(found: object) -> None:
    """A cluster may hold anything: nothing is raised."""
    in_words(parse_rollout(found))


@pytest.mark.parametrize(
    ("one", "state", "reason"),
    [
        pytest.param(
            rollout(currentStepIndex=5, phase="Healthy"),
            HealthState.HEALTHY,
            "web-production is Synced and Healthy",
            id="fully promoted",
        ),
        pytest.param(
            rollout(currentStepIndex=1, **PAUSED),
            HealthState.PROGRESSING,
            "web: step 2 of 5, weight 20 %, paused until resumed",
            id="paused",
        ),
        pytest.param(
            rollout(currentStepIndex=5, phase="Healthy", observedGeneration="2"),
            HealthState.PROGRESSING,
            "web: step 5 of 5, weight 80 %, Progressing",
            id="Healthy of what was there before",
        ),
        pytest.param(
            rollout(currentStepIndex=0, phase="Degraded", abort=True, message="metric failed"),
            HealthState.DEGRADED,
            "web: aborted: metric failed",
            id="aborted",
        ),
        pytest.param(
            Unknown("web: its Rollout cannot be read: it answered 403 Forbidden"),
            HealthState.UNKNOWN,
            "web: its Rollout cannot be read: it answered 403 Forbidden",
            id="one that cannot be read",
        ),
        pytest.param(rollout(), HealthState.UNKNOWN, "web: does not report its phase", id="one that says nothing"),
    ],
)
def test_the_worst_of_application_and_rollouts_counts(one: Rollout | Unknown, state: HealthState, reason: str) -> None:
    """The truth table of this module: nothing but a Healthy Rollout leaves a Healthy Application Healthy."""
    application = facts.application(PRODUCTION, rollouts=(one,))
    health = assess((application,), base=facts.base(), merge_commit=facts.sha("merge"), merged_at=at(-5), now=NOON)
    assert (health.state, health.reason) == (state, reason)


def test_a_healthy_rollout_mends_no_degraded_application() -> None:
    """Something else of it is broken."""
    one = rollout(currentStepIndex=5, phase="Healthy")
    application = facts.application(PRODUCTION, rollouts=(one,), health="Degraded", health_message="no database")
    health = assess((application,), base=facts.base(), merge_commit=facts.sha("merge"), merged_at=at(-5), now=NOON)
    assert (health.state, health.reason) == (HealthState.DEGRADED, "web-production is Degraded: no database")


@pytest.mark.parametrize(
    ("destination", "names"),
    [
        pytest.param({"server": "https://kubernetes.default.svc"}, (("shop", "web"),), id="the cluster we read"),
        pytest.param({"name": "in-cluster"}, (("shop", "web"),), id="the same by its name"),
        pytest.param({"server": "https://elsewhere.example"}, (), id="another, which we do not read"),
        pytest.param({}, (), id="nowhere"),
    ],
)
def test_rollouts_are_looked_for_where_they_are(
    destination: dict[str, str], names: tuple[tuple[str, str], ...]
) -> None:
    """Of Rollouts in another cluster Argo CD's own word counts: its health of the Application takes them in."""
    resources = [
        {"group": "argoproj.io", "kind": "Rollout", "namespace": "shop", "name": "web"},
        {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "api"},
    ]
    found = parse_application({"spec": {"destination": destination}, "status": {"resources": resources}})
    assert found.rollout_names == names


# --- followed in the cluster ------------------------------------------------------------------------------------------


class Followed:
    """A cluster server, our cache of it, and what the cache told."""

    def __init__(self, server: ClusterServer, cluster: Cluster, told: asyncio.Queue[frozenset[str]]) -> None:
        self.server, self.cluster, self.told = server, cluster, told

    def application(self) -> Application:
        found = self.cluster.applications(SHOP)
        assert not isinstance(found, Unknown), found.reason
        (one,) = found
        return one

    async def becomes(self, said: str) -> None:
        """Until the Rollout says this; each change is told."""
        async with asyncio.timeout(20):
            while said not in self.said():
                assert await self.told.get() == frozenset({SHOP})

    def said(self) -> str:
        found = self.cluster.applications(SHOP)
        rollouts = found[0].rollouts if not isinstance(found, Unknown) and found else ()
        return "; ".join(one.reason if isinstance(one, Unknown) else in_words(one) for one in rollouts)


@asynccontextmanager
async def following(*, refused: int | None = None, has_rollout: bool = True) -> AsyncIterator[Followed]:
    clock, told = ManualClock(), asyncio.Queue[frozenset[str]]()
    server = await ClusterServer(clock.now).start()
    server.rollouts_refused = refused
    cluster = Cluster(await connect(server.url), clock, changed=told.put)
    server.add_application("shop", repository_url=f"https://{SHOP}.git", path="apps/shop")
    if has_rollout:
        server.add_rollout("web", application="shop", steps=STEPS)
    running = asyncio.create_task(cluster.run())
    try:
        yield Followed(server, cluster, told)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await cluster.close()
        await server.stop()


async def test_a_rollout_is_followed_step_by_step() -> None:
    """Each change is seen, and told to the repositories of its Application."""
    async with following() as world:
        await world.becomes("web: step 5 of 5, weight 80 %")
        world.server.step_rollout("web", application="shop", currentStepIndex=1, **PAUSED)
        await world.becomes("web: step 2 of 5, weight 20 %, paused until resumed")
        world.server.step_rollout("web", application="shop", phase="Degraded", abort=True, message="metric failed")
        await world.becomes("web: aborted: metric failed")


async def test_a_cluster_without_rollouts_is_not_asked_for_them() -> None:
    """Neither their definition nor a right to read them is needed: nothing is wrong."""
    async with following(refused=404, has_rollout=False) as world:
        async with asyncio.timeout(20):
            await world.cluster.caught_up(world.server.resource_version)
        assert world.application().rollouts == ()


@pytest.mark.parametrize("status", [403, 404], ids=["without the right", "without the definition"])
async def test_rollouts_that_cannot_be_read_are_unknown(status: int) -> None:
    """An Application has one and we may not see it: said, with the answer in words."""
    async with following(refused=status) as world:
        await world.becomes(f"web: its Rollout cannot be read: it answered {status}")
