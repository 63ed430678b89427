"""What a person merged: the trailers of a head that nobody judged say nothing of its order."""

from dataclasses import replace

import pytest

from bot.merges import first_proposed_as
from bot.model import Merged, Release
from tests.unit.facts import NEW, NEWER, NOON, OLD, at, commit, person


@pytest.mark.parametrize(
    ("claimed", "recorded", "minute"),
    [
        pytest.param(-120, (NEW, OLD), -120, id="our records say so too"),
        pytest.param(
            600, (replace(NEW, proposed=at(-90)), NEW, OLD), -120, id="the first of our records, not the claim"
        ),
        pytest.param(-6000, (OLD, NEWER), -60, id="a claim from before the pull request"),
        pytest.param(-30, (), -30, id="a claim that may be"),
        pytest.param(6000, (), 0, id="a claim from the future, which would keep every newer release out"),
    ],
)
def test_when_it_was_first_proposed(*, claimed: float, recorded: tuple[Release, ...], minute: float) -> None:
    """As our records say; else no earlier than GitHub opened it, and no later than now."""
    merged = Merged(
        number=7,
        by_us=True,
        created=at(-60),
        merged_at=NOON,
        merged_by=person("bob"),
        merged_by_us=False,
        head=commit(),
        commit=commit("merge"),
        files={},
    )
    found = first_proposed_as(replace(NEW, proposed=at(claimed)), merged, recorded=recorded, now=NOON)
    assert found == replace(NEW, proposed=at(minute))
