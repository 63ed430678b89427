"""`caisson/health (<environment>)` on a merge commit: how the release it brought fares where it went. No I/O.

It is completed only when that is decided, Healthy or Degraded, and says so together with the record of it. Before that
it stands there only while Rollouts are under way, which is worth watching: of a release that simply becomes Healthy it
costs no request of its own. What is unknown changes nothing that was said.
"""

from collections.abc import Iterator

from bot.actions import CheckText, PostCheck
from bot.health import HealthState
from bot.messages import cell, check_text
from bot.model import Check, CheckStatus, Merged, Place
from bot.standing import Standing
from config.pipeline import Environment, Pipeline

_CONCLUSIONS = {HealthState.HEALTHY: "SUCCESS", HealthState.DEGRADED: "FAILURE"}


def check_name(environment: Environment) -> str:
    """As GitHub lists it."""
    return f"caisson/health ({environment.name})"


def health_checks(pipeline: Pipeline, environment: Environment, place: Place, here: Standing) -> Iterator[PostCheck]:
    """What is to be posted: of the release that stands there, and of those whose watching has ended."""
    if here.unwatched or here.record is None:
        return
    for merged in place.merged:
        if merged.commit is None or not merged.by_us:
            continue
        existing = next((c for c in merged.checks if c.name == check_name(environment)), None)
        standing = merged.commit.sha == here.record.commit
        text = _present(pipeline, environment, here) if standing else _past(pipeline, environment, here, existing)
        if text is not None and (existing is None or existing.external_id != text.external_id):
            yield _posted(merged, existing, text)


def _posted(merged: Merged, existing: Check | None, text: CheckText) -> PostCheck:
    assert merged.commit is not None
    return PostCheck(commit=merged.commit.sha, existing=existing, text=text)


def _present(pipeline: Pipeline, environment: Environment, here: Standing) -> CheckText | None:
    health = here.health
    conclusion = _CONCLUSIONS.get(health.state)
    if conclusion is None and not (health.state is HealthState.PROGRESSING and health.rollouts):
        return None
    status = CheckStatus.COMPLETED if conclusion else CheckStatus.IN_PROGRESS
    label = here.active.label if here.active else "the release"
    summary = f"{label} in {environment.name}: {health.state}.\n\n{cell(health.reason)}\n"
    return _text(pipeline, environment, health.reason, summary, status=status, conclusion=conclusion)


def _past(pipeline: Pipeline, environment: Environment, here: Standing, existing: Check | None) -> CheckText | None:
    """A run that was left in progress when another release took the place of this one."""
    if existing is None or existing.status is CheckStatus.COMPLETED or here.active is None:
        return None
    title = f"{here.active.label} took its place before it was done"
    status = CheckStatus.COMPLETED
    return _text(pipeline, environment, title, f"{cell(title)}.\n", status=status, conclusion="CANCELLED")


def _text(
    pipeline: Pipeline,
    environment: Environment,
    title: str,
    summary: str,
    *,
    status: CheckStatus,
    conclusion: str | None,
) -> CheckText:
    subject = f"{pipeline.name}/{environment.name}"
    title = title[:200].replace("@", "@\u200b")
    return check_text(check_name(environment), subject, title, summary, status=status, conclusion=conclusion)
