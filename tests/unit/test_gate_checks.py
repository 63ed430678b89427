"""Tables of the gates `check` and `minimum_age`."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.actions import Outcome
from bot.gates import checks, minimum_age
from bot.model import CheckStatus, ForeignCheck
from config.pipeline import Conclusion, RequiredCheck
from tests.unit.facts import HEAD, NEW, NOON, at, sha

PASS, WAIT, BLOCK = Outcome.PASS, Outcome.WAIT, Outcome.BLOCK
BUILD = RequiredCheck(name="build", app="github-actions")
RUNNING: dict[str, Any] = {"status": CheckStatus.IN_PROGRESS, "conclusion": None}


def run(conclusion: str | None = "SUCCESS", *, minute: float | None = -10, **changed: Any) -> ForeignCheck:
    """A check run `build` of GitHub Actions (its number is 15368) on the head."""
    made = ForeignCheck(
        name="build",
        commit=HEAD,
        app=15368,
        slug="github-actions",
        suite="suite",
        status=CheckStatus.COMPLETED,
        conclusion=conclusion,
        started=None if minute is None else at(minute),
    )
    return replace(made, **changed)


@pytest.mark.parametrize(
    ("rule", "made", "outcome", "reason"),
    [
        pytest.param(BUILD, (run(),), PASS, "build by github-actions succeeded", id="success"),
        pytest.param(BUILD, (), WAIT, "no check of that name by github-actions", id="missing"),
        pytest.param(BUILD, (run(**RUNNING),), WAIT, "not concluded yet", id="running"),
        pytest.param(BUILD, (run(status=CheckStatus.OTHER, conclusion=None),), WAIT, "not concluded", id="queued"),
        pytest.param(BUILD, (run(status=CheckStatus.IN_PROGRESS),), WAIT, "not concluded", id="a conclusion too early"),
        pytest.param(BUILD, (run(None),), WAIT, "not understood", id="completed without a conclusion"),
        pytest.param(BUILD, (run("NEWLY_INVENTED"),), WAIT, "not understood", id="a conclusion we do not know"),
        pytest.param(BUILD, (run("FAILURE"),), BLOCK, "build by github-actions failed", id="failure"),
        pytest.param(BUILD, (run("TIMED_OUT"),), BLOCK, "timed out", id="timed out"),
        pytest.param(BUILD, (run("CANCELLED"),), BLOCK, "was cancelled", id="cancelled"),
        pytest.param(BUILD, (run("STARTUP_FAILURE"),), BLOCK, "could not be started", id="not started"),
        pytest.param(BUILD, (run("ACTION_REQUIRED"),), BLOCK, "asks for somebody", id="action required"),
        pytest.param(BUILD, (run("NEUTRAL"),), WAIT, "is neutral", id="neutral is no success"),
        pytest.param(BUILD, (run("SKIPPED"),), WAIT, "was skipped", id="skipped is no success"),
        pytest.param(BUILD, (run("STALE"),), WAIT, "went stale", id="stale"),
        pytest.param(
            BUILD.model_copy(update={"accept": (Conclusion.SKIPPED,)}),
            (run("SKIPPED"),),
            PASS,
            "",
            id="skipped, accepted",
        ),
        pytest.param(
            BUILD.model_copy(update={"accept": (Conclusion.SKIPPED,)}), (run("NEUTRAL"),), WAIT, "", id="only that one"
        ),
        pytest.param(BUILD, (run(commit=sha("older")),), WAIT, "on this head yet", id="on another commit"),
        pytest.param(BUILD, (run(name="build "),), WAIT, "no check", id="another name"),
        pytest.param(BUILD, (run(app=1, slug="github-action"),), WAIT, "no check", id="another App of the same name"),
        pytest.param(BUILD, (run(app=None, slug=None),), WAIT, "no check", id="of no App"),
        pytest.param(
            BUILD.model_copy(update={"app": "15368"}), (run(slug="renamed"),), PASS, "", id="by number, though renamed"
        ),
        pytest.param(
            BUILD.model_copy(update={"app": "15368"}), (run(app=7, slug="15368"),), WAIT, "", id="a slug like a number"
        ),
        pytest.param(
            BUILD, (run("FAILURE", minute=-20), run(minute=-10)), PASS, "", id="run again in its suite: the latest"
        ),
        pytest.param(BUILD, (run(minute=-10), run("FAILURE", minute=-20)), PASS, "", id="in any order"),
        pytest.param(BUILD, (run(), run(minute=None, **RUNNING)), WAIT, "", id="run again, not begun yet"),
        pytest.param(BUILD, (run(), run("FAILURE")), BLOCK, "", id="two at the same time: the worst"),
        pytest.param(
            BUILD, (run("FAILURE", suite="other", minute=-20), run()), BLOCK, "", id="failed in another suite"
        ),
        pytest.param(BUILD, (run(suite="other", **RUNNING), run()), WAIT, "", id="running in another suite"),
        pytest.param(
            BUILD, (run(suite="other", **RUNNING), run("FAILURE")), BLOCK, "", id="a failure outweighs what still runs"
        ),
    ],
)
def test_a_required_check(
    *, rule: RequiredCheck, made: tuple[ForeignCheck, ...], outcome: Outcome, reason: str
) -> None:
    """Only success on this head, by this App, in every suite.

    | on this head, by this App | its latest run in each suite | → verdict |
    | none | -                                        | wait  |
    | some | one failed                               | block |
    | some | one runs, was skipped, is not understood | wait  |
    | some | all succeeded                            | pass  |
    """
    verdict = checks.judge(rule, made, head=HEAD)
    assert (verdict.gate, verdict.outcome, verdict.until) == ("check (build)", outcome, None)
    assert reason in verdict.reason


def test_a_commit_that_is_yet_to_be_made_has_no_checks() -> None:
    """Those of the head that it replaces say nothing of it."""
    assert checks.judge(BUILD, (run(),), head=None).outcome is WAIT


@pytest.mark.parametrize(
    ("needed", "outcome", "until"),
    [
        pytest.param(60, PASS, None, id="older"),
        pytest.param(120, PASS, None, id="exactly old enough"),
        pytest.param(121, WAIT, 1, id="a minute short"),
        pytest.param(0, PASS, None, id="no age at all"),
    ],
)
def test_minimum_age(*, needed: int, outcome: Outcome, until: float | None) -> None:
    """The release was first proposed two hours ago; the end is inside."""
    verdict = minimum_age.judge(NEW, needed=timedelta(minutes=needed), now=NOON)
    assert (verdict.outcome, verdict.until) == (outcome, None if until is None else at(until))


def test_minimum_age_names_the_moment() -> None:
    """The same in every pass, so that nothing is rewritten."""
    verdict = minimum_age.judge(NEW, needed=timedelta(hours=3), now=NOON)
    assert verdict.reason == "1.1.0 will have been there for 3h at 13:00 UTC"
