"""What holds of our promotions while people's pull requests could not be read."""

from bot.model import OpenPulls
from bot.observe import GitHubFacts
from bot.pull_watch import unjudged
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
