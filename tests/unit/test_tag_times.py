"""Since when a tag points where it points: our own clock, the registry's, and which counts."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.model import Digest, Tags
from bot.tag_times import FirstSeen, Since, dated, likeliest, loaded

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
ONE, TWO = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)


def test_a_tag_is_as_old_as_we_have_seen_it() -> None:
    """New tags start with the listing that shows them; those gone from it are forgotten."""
    seen = FirstSeen({"1.0": Since(NOON, ONE), "0.9": Since(NOON, None)})
    assert seen.listed(("1.0", "1.1", "1.1"), at=LATER) == ("1.1",)
    assert seen.since == {"1.0": Since(NOON, ONE), "1.1": Since(LATER, None)}
    assert seen.changed


def test_a_listing_that_shows_nothing_new_changes_nothing() -> None:
    """Nor does an empty one, which may be a registry's mistake."""
    seen = FirstSeen({"1.0": Since(NOON, ONE)})
    seen.listed(("1.0",), at=LATER)
    seen.listed((), at=LATER)
    assert seen.since == {"1.0": Since(NOON, ONE)}
    assert not seen.changed


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(Since(NOON, ONE), Since(NOON, ONE), id="it points there still"),
        pytest.param(Since(NOON, TWO), Since(LATER, ONE), id="it pointed elsewhere"),
        pytest.param(Since(NOON, None), Since(LATER, ONE), id="nobody knew where it pointed"),
        pytest.param(None, Since(LATER, ONE), id="nobody knew it"),
    ],
)
def test_a_tag_that_moves_starts_again(before: Since | None, expected: Since) -> None:
    """What we knew of a tag found to point at ONE → what we know then."""
    seen = FirstSeen({"1.0": before} if before else {})
    assert seen.pointed("1.0", ONE, at=LATER) is (before != expected)
    assert seen.since == {"1.0": expected}
    assert seen.changed is (before != expected)


@pytest.mark.parametrize(
    ("seen", "pushed", "counts"),
    [
        pytest.param(ONE, ONE, True, id="they agree"),
        pytest.param(ONE, TWO, False, id="they contradict each other"),
        pytest.param(None, ONE, False, id="we do not know"),
        pytest.param(ONE, None, False, id="the vendor does not say"),
    ],
)
def test_a_push_of_something_else_has_no_time(seen: Digest | None, pushed: Digest | None, *, counts: bool) -> None:
    """Where the tag points as we saw it, and as its vendor says → whether the vendor's time counts.

    A time that names no digest may be that of the first push, while what is there now came a minute ago.
    """
    tags = Tags(repository="x", names=("1.0",), read_at=LATER)
    clock = FirstSeen({"1.0": Since(LATER, seen), "gone": Since(NOON, ONE)})
    result = dated(tags, seen=clock, pushed={"1.0": Since(NOON, pushed), "gone": Since(NOON, ONE)})
    assert result.pushed == ({"1.0": NOON} if counts else {})
    assert result.first_seen == {"1.0": LATER}


def test_what_is_written_is_read_again() -> None:
    """JSON and back."""
    seen = FirstSeen({"1.0": Since(NOON, ONE), "1.1": Since(LATER, None)})
    assert seen.dumped() == f'{{"1.0":["2026-01-01T12:00:00+00:00","{ONE}"],"1.1":["2026-01-01T13:00:00+00:00",null]}}'
    assert loaded(seen.dumped()).since == seen.since


@pytest.mark.parametrize(
    "text",
    [None, "", "{", "[]", "7", '{"1.0": 7}', '{"1.0": []}', '{"1.0": ["noon", null]}', '{"1.0": ["2026-01-01", null]}'],
)
def test_a_memory_that_cannot_be_read_starts_again(text: str | None) -> None:
    """So things wait again, and nothing else happens."""
    assert loaded(text).since == {}


def test_what_is_likely_chosen_is_looked_at_first() -> None:
    """Versions by their numbers, before dates, hashes and the rest."""
    tags = ("sha-1", "1.9.0", "latest", "v1.10.0", "20260101", "1.9.0", "sha256-99.sig")
    assert likeliest(tags, most=3) == ("v1.10.0", "1.9.0", "20260101")
