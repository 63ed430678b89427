"""`caisson/health (<environment>)` on the merge commit.

| health                                   | the check on the commit that brought the release |
|------------------------------------------|--------------------------------------------------|
| Healthy                                  | success                                          |
| Degraded                                 | failure, with the reason                         |
| Progressing with Rollouts under way      | in progress: step, weight, pause                 |
| Progressing without, or Unknown          | as it was                                        |
| another release has taken its place      | one in progress is cancelled, others stay        |
"""

from dataclasses import replace

import pytest

from bot.actions import PostCheck
from bot.health import Health, HealthState
from bot.health_check import health_checks
from bot.model import Check, CheckStatus, Merged, Place
from tests.unit import facts
from tests.unit.facts import NEW, PRODUCTION, SHOP, at, record

STEP = "web: step 2 of 5, weight 20 %, paused until resumed"


def merged(*checks: Check, commit: str = "merge") -> Merged:
    return Merged(
        number=6,
        by_us=True,
        created=at(-110),
        merged_at=at(-101),
        merged_by=facts.US,
        merged_by_us=True,
        head=facts.commit(),
        commit=facts.commit(commit),
        files={},
        checks=checks,
    )


def posted(health: Health, *merges: Merged, unwatched: bool = False) -> list[PostCheck]:
    """What is posted where 1.1.0 stands in production with that health."""
    place: Place = facts.place(PRODUCTION, record(NEW), merged=merges)
    here = facts.standing(record(NEW), name="production", health=health, unwatched=unwatched)
    return list(health_checks(SHOP, PRODUCTION, place, here))


def health(state: HealthState, *, rollouts: str = "") -> Health:
    return replace(facts.health(state, reason=rollouts or f"web is {state}"), rollouts=rollouts)


@pytest.mark.parametrize(
    ("now", "conclusion", "title"),
    [
        pytest.param(health(HealthState.HEALTHY), "SUCCESS", "web is Healthy", id="Healthy"),
        pytest.param(health(HealthState.DEGRADED), "FAILURE", "web is Degraded", id="Degraded"),
        pytest.param(health(HealthState.PROGRESSING, rollouts=STEP), None, STEP, id="a Rollout under way"),
    ],
)
def test_what_is_decided_or_worth_watching_is_posted(now: Health, conclusion: str | None, title: str) -> None:
    """On the merge commit, and once: the next pass finds it there."""
    (one,) = posted(now, merged())
    assert (one.commit, one.text.conclusion, one.text.title) == (facts.sha("merge"), conclusion, title)
    assert one.text.name == "caisson/health (production)"
    there = facts.check(one.text.name, external_id=one.text.external_id, commit=facts.sha("merge"))
    assert not posted(now, merged(there))


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(health(HealthState.PROGRESSING), id="Progressing without Rollouts"),
        pytest.param(health(HealthState.UNKNOWN), id="Unknown"),
        pytest.param(health(HealthState.UNKNOWN, rollouts="web: cannot be read"), id="a Rollout that cannot be read"),
    ],
)
def test_what_is_not_decided_costs_nothing(now: Health) -> None:
    """No request of its own, and nothing that was said is taken back."""
    assert not posted(now, merged())


def test_where_health_is_not_watched_there_is_no_check() -> None:
    """Nobody could ever complete it."""
    assert not posted(health(HealthState.HEALTHY), merged(), unwatched=True)


def test_a_commit_that_did_not_bring_the_release_gets_none() -> None:
    """An earlier merge without a check stays as it is."""
    assert not posted(health(HealthState.HEALTHY), merged(commit="earlier"))


@pytest.mark.parametrize(
    ("status", "conclusions"),
    [
        pytest.param(CheckStatus.IN_PROGRESS, ["CANCELLED"], id="one in progress is cancelled"),
        pytest.param(CheckStatus.COMPLETED, [], id="one that was decided stays"),
    ],
)
def test_a_release_that_was_replaced_is_watched_no_more(status: CheckStatus, conclusions: list[str]) -> None:
    """Its check must not wait for ever, and cancelled never counts as passing."""
    left = facts.check("caisson/health (production)", status=status, commit=facts.sha("earlier"))
    found = posted(health(HealthState.PROGRESSING), merged(left, commit="earlier"))
    assert [one.text.conclusion for one in found] == conclusions
