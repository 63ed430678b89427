"""Truth tables: which commit a source stands for, and whether its branch still holds one."""

from dataclasses import replace

import pytest

from bot.actions import Ask
from bot.model import HISTORY_READ, Base, Comparison, Place, Release, Sha, Unknown
from bot.sources import holds, source_commit, source_gone
from config.pipeline import Environment, Pipeline, Promote
from tests.unit.facts import at, base, observation, record, sha

ROOT = Environment(name="development", path="site/development")
COPY = Environment(name="production", path="site/production", after=("development",), promote=Promote.TREE)
SITE = Pipeline(name="site", environments=(ROOT, COPY))
SOURCE = Release(source=sha("source"), proposed=at(-60))
LONG = tuple(sha(f"commit {number}") for number in range(HISTORY_READ))
PAIR = (sha("source"), sha("tip"))


def test_a_folder_is_as_old_as_its_last_change() -> None:
    """A branch is its tip; where nothing is, there is nothing to promote."""
    here = base(folder=sha("tree"))
    assert source_commit(ROOT, here) == sha("merge")
    assert source_commit(replace_path(""), here) == sha("tip")
    assert source_commit(ROOT, replace(here, folder=None)) is None


def replace_path(path: str) -> Environment:
    return ROOT.model_copy(update={"path": path})


@pytest.mark.parametrize(
    ("history", "compared", "expected"),
    [
        pytest.param((sha("tip"), sha("source")), None, True, id="within what was read"),
        pytest.param((sha("tip"), sha("other")), None, False, id="the whole history was read, and it is not in it"),
        pytest.param(LONG, None, Ask(comparisons=frozenset({PAIR})), id="perhaps further back"),
        pytest.param(LONG, Comparison(contained=True, changed={}, complete=True), True, id="further back"),
        pytest.param(LONG, Comparison(contained=False, changed={}, complete=True), False, id="not further back either"),
        pytest.param(LONG, Unknown("no answer"), Unknown("no answer"), id="not to be learnt"),
    ],
)
def test_whether_a_branch_holds_a_commit(
    history: tuple[Sha, ...], compared: Comparison | Unknown | None, expected: object
) -> None:
    """However far back; what is not known is asked for, and never taken for granted."""
    seen = observation(comparisons={PAIR: compared} if compared else {})
    assert holds(base(history=history), sha("source"), seen) == expected


@pytest.mark.parametrize(
    ("there", "said"),
    [
        pytest.param(base(history=(sha("tip"), sha("source"))), "", id="it is there"),
        pytest.param(base(history=(sha("tip"),)), "no longer on main, whose history was rewritten", id="it is not"),
        pytest.param(None, "does not exist any more", id="the branch is gone"),
    ],
)
def test_a_source_that_is_gone_is_told_of(there: Base | None, said: str) -> None:
    """So that nothing of it is promoted."""
    place = Place(base=there, head=None, pull=None, merged=(), records=(record(SOURCE, commit=sha("source")),))
    found = source_gone(SITE, SOURCE, observation({"development": place}))
    assert isinstance(found, str)
    assert said in found
    assert bool(found) is bool(said)


def test_what_is_not_known_of_a_source_waits() -> None:
    """It is asked for first; where that cannot be learnt, it says so."""
    place = Place(base=base(history=LONG), head=None, pull=None, merged=(), records=())
    seen = observation({"development": place})
    assert source_gone(SITE, SOURCE, seen) == Ask(comparisons=frozenset({PAIR}))
    unknown = source_gone(SITE, SOURCE, replace(seen, comparisons={PAIR: Unknown("no answer")}))
    assert "is not known: no answer" in str(unknown)
