"""Truth table: when a merge whose gates all pass is not tried, what is said of it, and until when."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Ask
from bot.model import BranchRules, Check, CheckStatus, ForeignCheck, PullRequest, Unknown
from bot.refusals import explained, kept, refusal_on, resistance
from tests.unit.facts import HEAD, NOON, at, check, pull, sha

GREEN = check(conclusion="SUCCESS")
ASKED = BranchRules(approvals=1, checks=("caisson/gates", "ci"))


def noted(state: str, *, minute: float = -10, **changed: Any) -> Check:
    """The refusal of that minute, as it stands on the head."""
    text = kept("GitHub refuses the merge: no", pull(merge_state=state), at=at(minute)).text
    return replace(check(text.name, external_id=text.external_id, title=text.title), **changed)


def opened(state: str, *checks: Check, **changed: Any) -> PullRequest:
    return pull(merge_state=state, checks=checks, **changed)


@pytest.mark.parametrize(
    ("there", "said"),
    [
        pytest.param(opened("CLEAN"), None, id="GitHub has nothing against it"),
        pytest.param(opened("UNKNOWN"), None, id="GitHub does not know yet"),
        pytest.param(opened("UNSTABLE", GREEN), None, id="a check that is not required fails"),
        pytest.param(opened("BLOCKED", check()), "has still to see it", id="our own check is not green yet"),
        pytest.param(opened("BLOCKED"), "has still to see it", id="our own check is not there yet"),
        pytest.param(opened("BLOCKED", GREEN), "asks for 1 approving review", id="the rules ask for more"),
        pytest.param(opened("BEHIND", GREEN), "`/retry` makes our head anew", id="the branch must be up to date"),
        pytest.param(opened("CLEAN", GREEN, noted("CLEAN")), "GitHub refuses", id="refused ten minutes ago"),
        pytest.param(opened("CLEAN", GREEN, noted("CLEAN", minute=-60)), None, id="refused an hour ago"),
        pytest.param(opened("CLEAN", GREEN, noted("BLOCKED")), None, id="what was refused has changed since"),
        pytest.param(opened("BLOCKED", GREEN, noted("CLEAN")), "asks for 1", id="blocked since: the rules say why"),
        pytest.param(opened("CLEAN", GREEN, noted("CLEAN", commit=sha("older"))), None, id="of another head"),
        pytest.param(opened("CLEAN", GREEN, noted("CLEAN", name="caisson/x")), None, id="in another check"),
        pytest.param(opened("CLEAN", noted("CLEAN", external_id="v1:refused:CLEAN:soon")), None, id="without a moment"),
    ],
)
def test_what_stands_against_a_merge(*, there: PullRequest, said: str | None) -> None:
    """What GitHub said once, or would say now; each refusal is tried again in time."""
    found = resistance(there, "main", rules=ASKED, now=NOON)
    if said is None:
        assert found is None
    else:
        assert found is not None
        assert said.replace("asks for", "ask for") in found.reason


def test_the_rules_are_read_only_when_they_matter_and_kept() -> None:
    """One question while GitHub blocks it; the answer stands on the head for an hour."""
    blocked = opened("BLOCKED", GREEN)
    first = resistance(blocked, "main", rules=None, now=NOON)
    assert first is not None
    assert (first.ask, first.note) == (Ask(rules=frozenset({"main"})), None)
    then = resistance(blocked, "main", rules=ASKED, now=NOON)
    assert then is not None
    assert then.note is not None
    kept_there = check(then.note.text.name, external_id=then.note.text.external_id, title=then.note.text.title)
    later = resistance(opened("BLOCKED", GREEN, kept_there), "main", rules=None, now=at(59))
    assert later is not None
    assert (later.reason, later.ask, later.note, later.until) == (then.reason, Ask(), None, at(60))


def test_rules_that_cannot_be_read_are_told_and_not_kept() -> None:
    """The next pass asks again; nothing is merged meanwhile."""
    found = resistance(opened("BLOCKED", GREEN), "main", rules=Unknown("GitHub is away"), now=NOON)
    assert found is not None
    assert (found.note, "GitHub is away" in found.reason) == (None, True)


def run(name: str, conclusion: str | None) -> ForeignCheck:
    done = CheckStatus.COMPLETED
    return ForeignCheck(
        name=name, commit=HEAD, app=7, slug="ci", suite="s", status=done, conclusion=conclusion, started=NOON
    )


@pytest.mark.parametrize(
    ("rules", "changed", "said"),
    [
        pytest.param(
            ASKED, {}, "main's rules ask for 1 approving review on GitHub and the check `ci`", id="two things"
        ),
        pytest.param(
            ASKED,
            {"review_decision": "APPROVED", "foreign_checks": (run("ci", "FAILURE"),)},
            "main's rules ask for the check `ci`",
            id="the review was given",
        ),
        pytest.param(
            replace(ASKED, approvals=2),
            {"foreign_checks": (run("ci", "SUCCESS"),)},
            "main's rules ask for 2 approving reviews on GitHub",
            id="the check passed",
        ),
        pytest.param(
            BranchRules(owners=True, conversations=True, signatures=True),
            {},
            "main's rules ask for a review by a code owner, every conversation to be resolved and signed commits",
            id="three things",
        ),
        pytest.param(
            BranchRules(linear=True, deployments=("staging",), others=("workflows",)),
            {},
            "main's rules ask for a linear history (`merge_method: squash`), deployments to `staging` and what its "
            "rule `workflows` says",
            id="rarer ones",
        ),
        pytest.param(
            BranchRules(),
            {},
            "GitHub's branch protection of main asks for more than this App may read",
            id="nothing that may be read",
        ),
    ],
)
def test_the_rules_in_words(*, rules: BranchRules, changed: dict[str, Any], said: str) -> None:
    """What is known to be given already is left out; our own check is none that people could give."""
    assert explained(rules, "main", pull(**changed)) == said


def test_a_check_s_name_makes_no_markup() -> None:
    """Whoever may name a check does not write on our head."""
    assert refusal_on(pull()) is None
    assert "`a'b¦c`" in explained(BranchRules(checks=("a`b|c",)), "main", pull())
