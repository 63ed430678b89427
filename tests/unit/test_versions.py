"""Which tag is chosen and why others are refused. Tables."""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.constraints import parse_version
from bot.versions import (
    ConstraintError,
    PatternError,
    Rejection,
    check_glob,
    check_pattern,
    choose,
    compare,
    is_signature_tag,
    parse_constraint,
)
from tests.conftest import require_file

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "constraints.json"


def admits(constraint: str, version: str) -> bool:
    """Whether that one tag is accepted."""
    return choose([version], constraint=parse_constraint(constraint)).selected is not None


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
    """Every row of Masterminds' tests but those under its own switch for prereleases and the empty constraint."""
    require_file(VECTORS)
    rows = [
        (row["input"]["constraint"], row["input"]["version"], row["expected"]["match"])
        for row in json.loads(VECTORS.read_text())["cases"]
        if row["input"]["constraint"] and not row["input"]["include_prerelease"]
    ]
    assert len(rows) > 300
    assert [row for row in rows if admits(row[0], row[1]) != row[2]] == []


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
        constraint=parse_constraint(">=1.2 <3"),
        allow=r"^[0-9]|^latest",
        ignore=["*-arm"],
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
    choice = choose(["1.5.0"], constraint=parse_constraint("<1 || >=2"))
    assert choice.rejected == (Rejection("1.5.0", "is not within <1 || >=2"),)


def test_nothing_acceptable_selects_nothing() -> None:
    """No tag is made up where none counts."""
    assert choose(["latest"], constraint=parse_constraint("*")).selected is None


def test_ties_do_not_depend_on_the_registrys_order() -> None:
    """1.20 and 1.20.0 are one version; the same spelling wins however they are listed."""
    one, other = (choose(tags, constraint=parse_constraint("*")) for tags in (["1.20", "1.20.0"], ["1.20.0", "1.20"]))
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
    choice = choose(tags, constraint=parse_constraint("*"), ignore=[glob])
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
    choice = choose(["1" * 100 + "-x"], constraint=parse_constraint("*"), allow="(1+)+$")
    assert choice.rejected[0].reason == "does not match allow_tags (1+)+$"
    assert choose(["v1.0.0"], constraint=parse_constraint("*"), allow=r"1\.").selected == "v1.0.0"


def test_signature_tags_are_told_from_others() -> None:
    """The three of cosign and the referrers tag; a tag that merely looks alike is an image's."""
    digest = "a" * 64
    assert all(is_signature_tag(f"sha256-{digest}{suffix}") for suffix in ("", ".sig", ".att", ".sbom"))
    assert not any(is_signature_tag(tag) for tag in ("sha256", "sha256-x.sig", f"v-{digest}.sig", "1.2.3"))


def test_versions_are_read_loosely() -> None:
    """A suffix is a prerelease; what is absent is zero."""
    assert parse_version("1.2-alpine") == parse_version("1.2.0-alpine")
    assert parse_version("1." * 200) is None
