"""Which version is chosen and why others are refused. Tables."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.constraints import Suffix
from bot.precedence import parse_version
from bot.versions import (
    ConstraintError,
    PatternError,
    Rejection,
    check_glob,
    check_pattern,
    choose,
    compare,
    make_rules,
    newer,
    overtaking,
    parse_constraint,
)
from tests.conftest import require_file

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "constraints.json"


def admits(constraint: str, version: str) -> bool:
    """Whether that one tag is accepted; a declaration that admits its look takes the constraint alone at its word."""
    return choose([version], make_rules(constraint=constraint, allow=".")).selected is not None


def masterminds() -> list[dict[str, Any]]:
    """The rows of the conformance data."""
    require_file(VECTORS)
    rows: list[dict[str, Any]] = json.loads(VECTORS.read_text())["cases"]
    return rows


def refused_at(constraint: str) -> int | None:
    """The column at which the text stops being a constraint; None where it is one."""
    try:
        parse_constraint(constraint)
    except ConstraintError as error:
        return error.column
    return None


@pytest.mark.parametrize(
    ("constraint", "admitted", "refused"),
    [
        pytest.param("*", "0.0.1 v1.2.3 4.5.6 1", "1.2.3-rc.1 latest 1.2.3.4 V1.2.3", id="a star admits every release"),
        pytest.param("1.2", "1.2.0 1.2.9", "1.1.9 1.3.0 1.2.3-rc.1", id="a partial version stands for its patches"),
        pytest.param("2.x", "2.0.0 2.9.1", "1.9.9 3.0.0", id="a wildcard stands for what it replaces"),
        pytest.param("=1.2.3", "1.2.3 v1.2.3 1.2.3+b", "1.2.4", id="build metadata and a v do not matter"),
        pytest.param("!=4.1", "4.0.0 4.2.0", "4.1.0 4.1.7", id="not a partial version refuses all its patches"),
        pytest.param("!=4.1-alpha", "4.1.0-beta 4.1.0", "4.1.0-alpha", id="not a prerelease refuses that one alone"),
        pytest.param(">11", "12.0.0", "11.0.0 11.1.0", id="more than a major starts at the next major"),
        pytest.param(">11.1", "11.2.0", "11.1.1", id="more than a minor starts at the next minor"),
        pytest.param("<1.1", "1.0.9", "1.1.0 1.1.1", id="less than a minor ends before it"),
        pytest.param("<=1.1", "1.1.9 1.0.0", "1.2.0", id="at most a minor includes its patches"),
        pytest.param("=>1.1 =<2", "1.1.0 2.9.9", "1.0.9 3.0.0", id="the operators may be written backwards"),
        pytest.param("~1.2.3", "1.2.3 1.2.9", "1.2.2 1.3.0", id="tilde keeps the minor"),
        pytest.param("~>1", "1.0.0 1.9.0", "2.0.0", id="tilde over a major keeps the major"),
        pytest.param("~0.0.0", "0.0.0 7.1.0", "1.0.0-rc.1", id="tilde over zero is any release"),
        pytest.param("^1.2", "1.2.0 1.9.0", "1.1.9 2.0.0", id="caret keeps the major"),
        pytest.param("^0.2.3", "0.2.3 0.2.9", "0.2.2 0.3.0", id="caret keeps the minor below one"),
        pytest.param("^0.0.3", "0.0.3", "0.0.4", id="caret keeps the patch below a tenth"),
        pytest.param("^0.0", "0.0.0 0.0.9", "0.1.0", id="caret over 0.0 keeps the minor"),
        pytest.param("^0", "0.0.0 0.9.9", "1.0.0", id="caret over 0 keeps the major"),
        pytest.param(">=1.2 <3, !=2.0.0", "1.2.0 2.1.0", "1.1.0 2.0.0 3.0.0", id="space and comma are and"),
        pytest.param("<1 || >=2", "0.9.0 2.0.0", "1.5.0", id="two bars are or"),
        pytest.param("1.1 - 2", "1.1.0 2.9.9", "1.0.0 3.0.0", id="a range includes both ends"),
        pytest.param(">=1.2-0", "1.2.0-rc.1 1.3.0-a 1.2.0", "1.1.0", id="a -0 lets prereleases in"),
        pytest.param(">=1.2-0 <2", "1.3.0-rc.1", "2.0.0", id="one prerelease in the and-group suffices"),
        pytest.param("<1-0 || >2", "0.9.0-rc.1 3.0.0", "3.0.0-rc.1", id="a prerelease opens its own and-group alone"),
        pytest.param("~1.2.3-beta.2", "1.2.3-beta.2 1.2.4-beta.2", "1.2.3-beta.1", id="unlike npm, other patches too"),
        pytest.param("1,2", "", "1.0.0 2.0.0", id="what nothing can satisfy is still a constraint"),
        pytest.param("*", "2024.01.15 20240115", "1.2-01", id="leading zeros count in numbers, not in prereleases"),
        pytest.param("*", "18446744073709551615", "18446744073709551616", id="numbers have 64 bits"),
    ],
)
def test_a_constraint_admits_and_refuses(constraint: str, admitted: str, refused: str) -> None:
    """Constraint → versions it admits, versions it refuses."""
    assert [v for v in admitted.split() if not admits(constraint, v)] == []
    assert [v for v in refused.split() if admits(constraint, v)] == []


@pytest.mark.parametrize(
    ("text", "column"),
    [
        pytest.param("", 1, id="nothing"),
        pytest.param("1 || ", 5, id="nothing after the bars"),
        pytest.param("1.2.3.4", 6, id="four numbers"),
        pytest.param("==1", 2, id="a doubled operator"),
        pytest.param("latest", 1, id="a word"),
        pytest.param(">=1 latest", 5, id="a word after a version"),
        pytest.param(">1<2", 3, id="no separator"),
        pytest.param("1,", 3, id="a comma at the end"),
        pytest.param("1,,2", 3, id="two commas"),
        pytest.param(">=1 - 2", 1, id="an operator in a range"),
        pytest.param(">=18446744073709551616", 3, id="a number beyond 64 bits"),
        pytest.param("1 " * 300, 501, id="too long"),
    ],
)
def test_a_bad_constraint_is_refused_with_its_column(text: str, column: int) -> None:
    """Text → the column (from 1) where it stops making sense."""
    with pytest.raises(ConstraintError, match=rf"\(column {column}\)$") as refused:
        parse_constraint(text)
    assert refused.value.column == column


def test_masterminds_own_table_holds() -> None:
    """Every row of Masterminds' tests, those under its own switch for prereleases too.

    Three rows have an empty constraint, which its inner function takes and its public one refuses, as we do: our
    message says to write `*`, and by that the rows are read.
    """
    rows = [(row["input"], row["expected"]["match"]) for row in masterminds()]
    assert len(rows) == 599
    for written, match in rows:
        version = parse_version(written["version"])
        suffix = Suffix.INCLUDED if written["include_prerelease"] else Suffix.PRERELEASE
        constraint = parse_constraint(written["constraint"] or "*")
        assert (version is not None and constraint.refusal(version, suffix) is None) == match, written


def test_masterminds_own_table_holds_for_the_choice() -> None:
    """The defaults that go by a tag's look leave the answers as they are, where nothing stands in Git yet."""
    rows = [(row["input"], row["expected"]["match"]) for row in masterminds() if not row["input"]["include_prerelease"]]
    assert len(rows) == 351
    for written, match in rows:
        choice = choose([written["version"]], make_rules(constraint=written["constraint"] or "*"))
        assert (choice.selected is not None) == match, written
        assert bool(choice.accepted) == match, written


def test_the_order_is_that_of_semver_and_total() -> None:
    """Ascending: no version, then semver.org section 11's own example, then spellings of one version by text."""
    words = ["edge", "latest"]
    example = [f"1.0.0-{pre}" for pre in ("alpha", "alpha.1", "alpha.beta", "beta", "beta.2", "beta.11", "rc.1")]
    ascending = [*words, *example, "1.0.0", "1.9.0", "1.10.0", "1.20", "1.20.0", "v1.20"]
    assert [compare(a, b) for a, b in itertools.pairwise(ascending)] == [-1] * (len(ascending) - 1)
    assert compare("1.20", "1.20") == 0
    assert compare("2", "1") == 1


@given(st.text(max_size=40))
def test_any_text_is_a_constraint_or_an_error_in_words(text: str) -> None:
    """Nothing but ConstraintError comes out of what people write."""
    column = refused_at(text)
    assert column is None or 1 <= column <= len(text) + 1


def test_each_refused_tag_says_why() -> None:
    """One line for each, in the registry's order; what is accepted ascends and the last is selected."""
    signature = f"sha256-{'0' * 64}.sig"
    choice = choose(
        ["1.3.0", "latest", "1.2.0", "nightly-7", "3.0.0", "1.4.0-rc.1", "2.0.0-arm", signature, "1.3.0"],
        make_rules(constraint=">=1.2 <3", allow=r"^[0-9]|^latest", ignore=["*-arm"]),
    )
    assert choice.accepted == ("1.2.0", "1.3.0")
    assert choice.selected == "1.3.0"
    assert choice.rejected == (
        Rejection("latest", "is not a version"),
        Rejection("nightly-7", "does not match allow_tags ^[0-9]|^latest"),
        Rejection("3.0.0", "is not <3"),
        Rejection(
            "1.4.0-rc.1",
            "is a prerelease, and the constraint admits releases only (it would with a -0, as in >=1.2-0)",
        ),
        Rejection("2.0.0-arm", "is ignored by ignore_tags *-arm"),
        Rejection(signature, "is a signature or an attestation, not an image"),
    )


def test_a_version_outside_every_alternative_is_told_the_whole() -> None:
    """With several and-groups no single term is to blame."""
    choice = choose(["1.5.0"], make_rules(constraint="<1 || >=2"))
    assert choice.rejected == (Rejection("1.5.0", "is not within <1 || >=2"),)


def test_nothing_acceptable_selects_nothing() -> None:
    """No tag is made up where none counts."""
    assert choose(["latest"], make_rules(constraint="*")).selected is None


def test_ties_do_not_depend_on_the_registrys_order() -> None:
    """1.20 and 1.20.0 are one version; the same spelling wins however they are listed."""
    one, other = (choose(tags, make_rules(constraint="*")) for tags in (["1.20", "1.20.0"], ["1.20.0", "1.20"]))
    assert one.selected == other.selected == "1.20.0"


@pytest.mark.parametrize(
    ("glob", "matching", "others"),
    [
        pytest.param("*", "a 1.2.3", "", id="a star is anything"),
        pytest.param("rc-?", "rc-1", "rc-12 rc-", id="a question mark is one character"),
        pytest.param("v[0-9]*", "v1 v1.2", "vx 1", id="a range"),
        pytest.param("[^0-9]*", "main v1", "1.2", id="a negated range"),
        pytest.param(r"a\*", "a*", "ab", id="an escaped star"),
        pytest.param("1.2", "1.2", "1x2", id="a dot is a dot"),
        pytest.param("[!a]", "! a", "b", id="an exclamation mark negates nothing, as in Go"),
        pytest.param("main", "main", "main-1 domain", id="the whole tag must match"),
    ],
)
def test_globs_read_as_go_reads_them(glob: str, matching: str, others: str) -> None:
    """Glob → tags it ignores, tags it does not."""
    tags = [*matching.split(), *others.split()]
    choice = choose(tags, make_rules(constraint="*", ignore=[glob]))
    ignored = [r.tag for r in choice.rejected if r.reason == f"is ignored by ignore_tags {glob}"]
    assert ignored == matching.split()


@pytest.mark.parametrize("glob", ["[", "[]", "[]a]", "[-a]", "[a-", "[a-]", "[z-a]", "a\\", "x" * 1001])
def test_a_bad_glob_is_refused(glob: str) -> None:
    """Go says ErrBadPattern; so do we, in words."""
    with pytest.raises(PatternError):
        check_glob(glob)


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "x" * 1001, "(?:a{1000}){1000}"])
def test_a_bad_pattern_is_refused(pattern: str) -> None:
    """RE2 has no look-around and no back-references, and patterns have a size."""
    with pytest.raises(PatternError):
        check_pattern(pattern)


def test_a_hostile_pattern_takes_no_time() -> None:
    """What makes a backtracking engine hang is linear in RE2, and it matches anywhere in the tag."""
    choice = choose(["1" * 100 + "-x"], make_rules(constraint="*", allow="(1+)+$"))
    assert choice.rejected[0].reason == "does not match allow_tags (1+)+$"
    assert choose(["v1.0.0"], make_rules(constraint="*", allow=r"1\.")).selected == "v1.0.0"


def test_versions_are_read_loosely() -> None:
    """A suffix is a prerelease; what is absent is zero."""
    assert parse_version("1.2-alpine") == parse_version("1.2.0-alpine")
    assert parse_version("1." * 200) is None


SHAPES = [
    pytest.param("3.7-alpine", "3.8-alpine", "3.8.0 3.8 3.8-slim 3.8.1-alpine 3.8-alpine3.20", id="a variant stays"),
    pytest.param("3.7", "3.8 v3.9", "3.8.0 4 3.8-alpine 3.8-slim", id="what is no variant stays none"),
    pytest.param("1.20.0", "1.21.0", "1.22 1 2", id="the number of numbers stays"),
    pytest.param("v1.2.3", "1.3.0 v1.4.0", "1.5", id="a v does not matter"),
    pytest.param("1.2.0-rc.1", "1.2.0", "1.3.0-alpine", id="a prerelease becomes its release"),
    pytest.param("1.2.3-debian-12-r4", "1.2.4-debian-12-r0", "1.2.4-debian-13-r0 1.2.4", id="a rebuild of a variant"),
    pytest.param("latest", "3.8.0 3.9", "", id="what is no version says nothing of versions"),
    pytest.param(None, "3.8.0 3.9", "", id="where nothing stands nothing is expected"),
    pytest.param(None, "1.0", "20240115 123456 abcdef1 0123456a sha-abc1234", id="dates and hashes are no versions"),
]


@pytest.mark.parametrize(("present", "accepted", "refused"), SHAPES)
def test_what_stands_says_what_a_newer_version_looks_like(present: str | None, accepted: str, refused: str) -> None:
    """What stands → what may follow under the constraint `*`, what may not."""
    choice = choose([*refused.split(), *accepted.split()], make_rules(), present=present)
    assert list(choice.accepted) == accepted.split()
    assert choice.selected == choice.accepted[-1]


def test_a_constraint_may_name_the_variant() -> None:
    """Where nothing stands yet; a usual word of prereleases names none, nor does the end of a range."""
    tags = ["3.7-alpine", "3.8-alpine", "3.9-slim", "3.9", "4.0-rc.1"]
    assert choose(tags, make_rules(constraint=">=3.7-alpine")).accepted == ("3.7-alpine", "3.8-alpine")
    assert choose(tags, make_rules(constraint=">=3.7-alpine"), present="latest").selected == "3.8-alpine"
    assert choose(tags, make_rules(constraint=">=3.7-alpine || ~3.9-slim")).selected == "3.9-slim"
    assert choose(tags, make_rules(constraint=">=3.7-rc.1")).selected == "4.0-rc.1"
    assert choose(tags, make_rules(constraint="<4-zeta")).selected == "4.0-rc.1"


def test_a_variant_that_stands_is_no_prerelease() -> None:
    """What names no prerelease looks at its numbers; a candidate of the variant is a prerelease still."""
    tags = ["3.8-alpine", "3.9-rc.1-alpine", "4.0-alpine"]
    assert choose(tags, make_rules(constraint="3.x"), present="3.7-alpine").accepted == ("3.8-alpine",)
    assert choose(tags, make_rules(constraint=">=3-0 <4"), present="3.7-alpine").selected == "3.9-rc.1-alpine"
    assert choose(tags, make_rules(constraint=">=3.7-alpine <4")).selected == "3.9-rc.1-alpine"
    assert choose(tags, make_rules(constraint=">=3.8-rc.1 <4-beta"), present="3.7-alpine").accepted[0] == "3.8-alpine"
    assert choose(["3.9-alpine"], make_rules(constraint=">=3-0 !=3.9-alpine"), present="3.7-alpine").selected is None


def test_allow_tags_replaces_what_goes_by_looks() -> None:
    """Whoever names the tags means them; tags of signatures never count all the same."""
    signature = f"sha256-{'0' * 64}.sig"
    choice = choose(
        ["20240115", "3.8-slim", signature], make_rules(constraint=">=1-0", allow="."), present="3.7-alpine"
    )
    assert choice.accepted == ("3.8-slim", "20240115")
    assert [r.tag for r in choice.rejected] == [signature]


@pytest.mark.parametrize(
    ("present", "tag", "reason"),
    [
        ("3.7-alpine", "3.8", "is no -alpine variant, as 3.7-alpine is"),
        ("3.7", "3.8-slim", "is a -slim variant, which 3.7 is not"),
        ("1.20", "1.21.0", "is written with 3 numbers, not with 2 as 1.20 is"),
        ("1.20", "2", "is written with 1 number, not with 2 as 1.20 is"),
        (None, "20240115", "is a bare number of six digits or more, such as a date (allow_tags can admit it)"),
        (None, "0123abc", "looks like the hash of a commit (allow_tags can admit it)"),
    ],
)
def test_a_tag_of_another_look_is_told_which(present: str | None, tag: str, reason: str) -> None:
    """The reason follows the tag in a sentence."""
    assert choose([tag], make_rules(), present=present).rejected == (Rejection(tag, reason),)


def test_a_variant_that_only_the_constraint_names_is_said_to_be_its_wish() -> None:
    """Nothing stands that could be pointed at."""
    rejected = choose(["3.8"], make_rules(constraint="~3.7-alpine")).rejected
    assert rejected == (Rejection("3.8", "is no -alpine variant, which the constraint names"),)


def test_one_tag_is_judged_without_the_others() -> None:
    """It has to be listed, too."""
    choice = choose(["1.2.0", "2.0.0"], make_rules(constraint="^1"))
    assert [choice.admits(tag) for tag in ("1.2.0", "2.0.0", "1.3.0", "latest")] == [True, False, False, False]


def test_an_older_version_is_not_newer() -> None:
    """By precedence, whatever the spelling; what is no version comes before every version."""
    rules = make_rules()
    assert newer("1.3.0", "1.2.0", rules)
    assert newer("1.0.0", "latest", rules)
    assert not newer("1.2.0", "1.2.0", rules)
    assert not newer("1.20.0", "1.20", rules)
    assert not newer("v1.2.0", "1.2.0", rules)
    assert not newer("1.2.0+b2", "1.2.0+b1", rules)
    assert not newer("1.2.0-rc.1", "1.2.0", rules)
    assert not newer("latest", "1.0.0", rules)
    assert not newer("latest", "edge", rules)


def test_newer_tags_that_were_refused_are_named() -> None:
    """Newest first, with the reason; older ones and what has no place in the order are left out."""
    choice = choose(
        ["1.0.0", "1.2.0", "1.1.0-rc.1", "1.3.0-rc.1", "2.0.0", "latest", "20240115"], make_rules(constraint="<2")
    )
    assert [r.tag for r in overtaking(choice)] == ["20240115", "2.0.0", "1.3.0-rc.1"]
    assert overtaking(choice)[1].reason == "is not <2"
    assert overtaking(choose(["2.0.0", "1.0.0-a"], make_rules(constraint="<1"))) == (
        Rejection("2.0.0", "is not <1"),
        Rejection(
            "1.0.0-a", "is a prerelease, and the constraint admits releases only (it would with a -0, as in >=1.2-0)"
        ),
    )


def test_newer_tags_are_named_within_bounds() -> None:
    """Three for the same reason, and no more than asked for."""
    tags = ["1.0.0", *(f"2.{minor}.0" for minor in range(50)), *(f"1.{minor}.0-rc.1" for minor in range(1, 50))]
    choice = choose(tags, make_rules(constraint="<2"))
    named = [r.tag for r in overtaking(choice)]
    assert named == ["2.49.0", "2.48.0", "2.47.0", "1.49.0-rc.1", "1.48.0-rc.1", "1.47.0-rc.1"]
    assert [r.tag for r in overtaking(choice, limit=2)] == named[:2]


@given(
    st.lists(
        st.sampled_from([f"{v}1.{n}.0{s}" for v in ("", "v") for n in range(12) for s in ("", "-rc.1", "-alpine")])
    )
)
def test_those_at_the_top_are_found_without_sorting_all(tags: list[str]) -> None:
    """Descending is ascending backwards, and every listed tag is either in it or has a reason."""
    choice = choose(tags, make_rules(constraint=">=1.2-0 <1.9"))
    assert tuple(choice.descending()) == tuple(reversed(choice.accepted))
    assert next(choice.descending(), None) == choice.selected
    for tag in tags:
        assert (choice.refusal(tag) is None) is (tag in choice.accepted)
        assert choice.admits(tag) is (tag in choice.accepted)


def test_only_a_tag_that_is_young_and_nothing_else_is_waited_for() -> None:
    """The next moment at which time alone admits a tag; one that is refused for good too is nobody's to wait for."""
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    appeared = {"1.1.0": noon - timedelta(minutes=10), "1.2.0": noon - timedelta(minutes=50)}
    appeared |= {"1.0.0": noon - timedelta(hours=9), "latest": noon - timedelta(minutes=55)}
    tags = (*appeared, "1.3.0")
    choice = choose(tags, make_rules(minimum_age=timedelta(hours=1)), appeared=appeared, now=noon)
    assert (choice.selected, choice.until) == ("1.0.0", noon + timedelta(minutes=10))
    assert choose(tags, make_rules(), appeared=appeared, now=noon).until is None
