"""The quick way to the highest version finds what the plain way finds. Properties."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.constraints import ConstraintError, parse_constraint
from bot.highest_first import highest_first
from bot.precedence import parse_version
from bot.tag_order import Position, Rank, position
from bot.versions import choose, make_rules

EVERYTHING = parse_constraint(">=0-0").spans

numbers = st.integers(min_value=0, max_value=4).map(str) | st.sampled_from(
    ["00", "01", "12", "300", "9" * 20, "9" * 260]
)
suffixes = st.sampled_from(
    ["", "-alpine", "-alpine-r9", "-alpine-r14", "-r2", "-rc.1", "-rc.1-alpine", "-0", "-01", "-eks.1"]
) | st.sampled_from(["+b", "-rc.2+b-c", ".", "-", "x"])
versions = st.builds(
    "{}{}{}".format,
    st.sampled_from(["", "v", "V"]),
    st.lists(numbers, min_size=1, max_size=4).map(".".join),
    suffixes,
)
tags = (
    versions
    | st.sampled_from(["latest", "", "1.2\n1.3", "\n", "v", "-1", "sha-0123456", "20240115"])
    | st.text(max_size=8)
)
operands = st.builds(
    "{}{}".format,
    st.lists(st.integers(0, 4).map(str) | st.just("x"), min_size=1, max_size=3).map(".".join),
    st.sampled_from(["", "-0", "-rc.1", "-alpine"]),
)
terms = st.builds("{}{}".format, st.sampled_from(["", "=", "!=", ">", ">=", "<", "<=", "~", "^"]), operands)
ranges = st.builds("{} - {}".format, operands, operands)
constraints = st.lists(st.lists(terms | ranges, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=2).map(
    " || ".join
)


def plainly(listed: list[str]) -> list[str]:
    """Every version, read one by one and sorted."""
    read = ((parse_version(tag), tag) for tag in set(listed))
    return [tag for _, tag in sorted(((v, tag) for v, tag in read if v is not None), key=by_order, reverse=True)]


def order(rank: Rank, tag: str) -> Position:
    """Where nothing stands."""
    return position(rank, tag, None)


def by_order(pair: tuple[Rank, str]) -> Position:
    """The same, of a pair."""
    return order(*pair)


def crowd(size: int, *, majors: int, minors: int, patches: int) -> list[str]:
    """Many tags, with junk, doubles, numbers left out, numbers that begin with zeros, and suffixes."""
    chance = random.Random(size)
    made = [f"sha-{chance.getrandbits(40):010x}" for _ in range(size // 3)]
    while len(made) < size:
        written = [chance.randrange(majors), chance.randrange(minors), chance.randrange(patches)]
        numbers = [chance.choice(["", "", "", "0"]) + str(number) for number in written]
        version = ".".join(numbers[: chance.choice([1, 2, 3, 3, 3])])
        suffix = chance.choice(["", "", "", "-alpine", "-alpine-r9", "-r10", "-rc.1", ".1", "x", "+b-c"])
        made.append(chance.choice(["", "v"]) + version + suffix)
    return made


@given(st.lists(tags, max_size=30))
def test_every_version_comes_highest_first(listed: list[str]) -> None:
    """Whatever is listed, broken lines and endless numbers too."""
    assert [tag for _, tag in highest_first(listed, EVERYTHING, order=order)] == plainly(listed)


@pytest.mark.parametrize(
    ("majors", "minors", "patches"),
    [
        pytest.param(12, 20, 20, id="spread over all three numbers"),
        pytest.param(1, 1, 3000, id="all in the last number"),
        pytest.param(3000, 1, 1, id="all in the first number"),
        pytest.param(1, 1, 1, id="all the same"),
    ],
)
def test_many_versions_come_highest_first(majors: int, minors: int, patches: int) -> None:
    """Where one number after the other is looked at, as among few; within spans nothing is lost."""
    listed = crowd(6000, majors=majors, minors=minors, patches=patches)
    everything = plainly(listed)
    assert [tag for _, tag in highest_first(listed, EVERYTHING, order=order)] == everything
    releases = [tag for tag in everything if "-" not in tag.partition("+")[0]]
    assert [tag for _, tag in highest_first(listed, EVERYTHING, order=order, releases_only=True)] == releases
    alpine = [tag for tag in everything if "alpine" in tag]
    assert [tag for _, tag in highest_first(listed, EVERYTHING, order=order, holding="alpine")] == alpine


@given(constraints, st.lists(tags, max_size=30), st.none() | tags, st.none() | st.just("[0-9]"))
def test_the_quick_choice_is_the_plain_one(
    constraint: str, listed: list[str], present: str | None, allow: str | None
) -> None:
    """Term by term, tag by tag: what is selected is the last of what is accepted."""
    choice = choose(listed, make_rules(constraint=constraint, allow=allow), present=present)
    assert choice.selected == (choice.accepted[-1] if choice.accepted else None)
    assert {*choice.accepted, *(r.tag for r in choice.rejected)} == set(listed)


@given(
    constraints,
    st.none()
    | st.sampled_from(["1.2.3", "v1.2", "2.2.2-alpine", "2.2.2-alpine-r3", "1.1.1-r1", "latest", "edge-alpine"]),
)
def test_the_quick_choice_among_many_is_the_plain_one(constraint: str, present: str | None) -> None:
    """The same among six hundred tags, where the numbers are looked at one after the other."""
    listed = crowd(600, majors=5, minors=5, patches=5)
    choice = choose(listed, make_rules(constraint=constraint), present=present)
    assert choice.selected == (choice.accepted[-1] if choice.accepted else None)


@given(constraints, versions)
def test_a_constraint_admits_nothing_outside_its_spans(constraint: str, text: str) -> None:
    """The spans may hold more than is admitted, never less."""
    version, declared = parse_version(text), parse_constraint(constraint)
    if version is not None and declared.refusal(version) is None:
        assert any(low <= version.numbers <= high for low, high in declared.spans)


def test_generated_constraints_are_constraints() -> None:
    """The properties above are not about errors."""
    with pytest.raises(ConstraintError):
        parse_constraint("1.x.x.x")
    assert parse_constraint("1.x - 2-rc.1 || !=3.x-0").groups
