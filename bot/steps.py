"""What one environment comes to in a pass, and how the board shows it. No I/O."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions import (
    Action,
    Ask,
    EnvironmentView,
    Verdict,
)
from bot.model import PullRequest, Release
from bot.standing import Standing
from config.pipeline import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one environment comes to. `until`: when time alone may bring it a candidate."""

    view: EnvironmentView
    actions: tuple[Action, ...] = ()
    ask: Ask = Ask()
    verdicts: tuple[Verdict, ...] = ()
    until: datetime | None = None


def noticed(step: Step, *notices: str | None) -> Step:
    """The step, with what people should know of the environment itself said first on the board."""
    told = "; ".join(dict.fromkeys(part for part in (*notices, step.view.waiting) if part))
    return replace(step, view=replace(step.view, waiting=told))


def view_of(
    environment: Environment,
    standing: Standing,
    *,
    waiting: str,
    proposed: Release | None = None,
    pull: PullRequest | None = None,
    verdicts: tuple[Verdict, ...] = (),
) -> EnvironmentView:
    return EnvironmentView(
        name=environment.name,
        active=standing.active.label if standing.active else None,
        proposed=proposed.label if proposed else None,
        pull_request=pull.number if pull else None,
        live=standing.active.label if standing.active and standing.health.live else None,
        health=standing.health.state.value,
        waiting=waiting,
        verdicts=verdicts,
    )
