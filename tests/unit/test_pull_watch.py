"""What holds of our promotions while people's pull requests could not be read, and which of their checks go first."""

from dataclasses import replace

from bot.actions import PostCheck
from bot.messages import GATES, check_text
from bot.model import CheckStatus, OpenPulls
from bot.observe import GitHubFacts
from bot.pull_watch import MOST_POSTED, most_urgent, unjudged
from tests.unit import facts
from tests.unit.facts import HEAD, PRODUCTION, observation, person, place, pull, sha


def test_whoever_else_proposes_our_commit_is_a_rival_until_judged() -> None:
    """Not our own pull request, nor one of another commit."""
    ours = pull()
    theirs = pull(number=8, by_us=False, author=person("wanda"), base_branch="other")
    aside = pull(number=9, by_us=False, author=person("wanda"), head=sha("aside"))
    found = GitHubFacts(
        repository=observation().repository,
        places={("shop", "production"): place(PRODUCTION, pull=ours)},
        keys={},
        pulls=OpenPulls(into={"main": (ours, aside), "other": (theirs,)}),
    )
    watched = unjudged(found)
    assert watched.rivals == {HEAD: "#8 proposes this very commit into other"}
    assert not watched.actions


def posted(*, before: str | None = None, after: str | None = None) -> PostCheck:
    """A check on somebody's head, from one conclusion to another; None: in progress."""
    status = CheckStatus.COMPLETED if after else CheckStatus.IN_PROGRESS
    existing = replace(facts.check(), status=CheckStatus.COMPLETED, conclusion=before) if before else None
    return PostCheck(
        commit=HEAD, existing=existing, text=check_text(GATES, "#8", "", "", status=status, conclusion=after)
    )


def test_a_success_is_taken_back_before_anything_else_is_posted() -> None:
    """However many wait for the first word on them: until then people could merge on it."""
    green, waiting, back = posted(after="SUCCESS"), posted(), posted(before="SUCCESS")
    assert most_urgent([green, waiting, back]) == (back, waiting, green)
    assert most_urgent([waiting] * 2 * MOST_POSTED + [back])[0] is back
