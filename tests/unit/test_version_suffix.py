"""What stands behind a version's numbers: make, stage, build. Tables."""

import pytest

from bot.version_suffix import Suffix, make_of, read_suffix, runs, suffix_of, width_of


@pytest.mark.parametrize(
    ("suffix", "named"),
    [
        pytest.param("", "", id="no suffix names nothing"),
        pytest.param("alpine", "alpine", id="a word is a variant"),
        pytest.param("alpine3.20", "alpine3.20", id="a distribution's release belongs to the variant"),
        pytest.param("slim-bookworm", "slim-bookworm", id="two words are one variant"),
        pytest.param("windowsservercore-1809", "windowsservercore-1809", id="a number behind a word belongs to it"),
        pytest.param("rc.1", "", id="a release candidate is no variant"),
        pytest.param("RC1", "", id="nor in capitals"),
        pytest.param("beta-2", "", id="nor with a hyphen before its number"),
        pytest.param("alpha.beta", "", id="nor with two words of its kind"),
        pytest.param("0", "", id="a number is a prerelease"),
        pytest.param("20240115.3", "", id="so are two"),
        pytest.param("4-gabc1234", "", id="what git describe appends is no variant"),
        pytest.param("abc1234", "", id="nor is a commit's hash"),
        pytest.param("rc.1-alpine", "alpine", id="the variant of a release candidate"),
        pytest.param("alpine-rc.1", "alpine", id="the other way round"),
        pytest.param("alpine-rc-1", "alpine", id="the number of a candidate goes with it"),
        pytest.param("debian-12-r5", "debian-12", id="a rebuild of a variant"),
        pytest.param("jdk.17", "jdk.17", id="a word that has releases, with a number behind a dot"),
        pytest.param("eksbuild.3", "eksbuild", id="a word that counts"),
        pytest.param("minimal-eksbuild.3", "minimal-eksbuild", id="two words, of which the last counts"),
        pytest.param("k3s2", "k3s", id="a word that counts without a dot"),
        pytest.param("gke.5-alpine", "gke.5-alpine", id="what does not count at the end is a name"),
        pytest.param("i386", "i386", id="an architecture, which looks like a stage"),
        pytest.param("x64", "x64", id="another one"),
        pytest.param("arm-v7", "arm-v7", id="an architecture of two parts"),
        pytest.param("x64-rc.1", "x64", id="an architecture's candidate"),
        pytest.param("b4", "", id="a letter and one or two digits are a stage"),
        pytest.param("M03-bookworm", "bookworm", id="in capitals, too"),
        pytest.param("b404", "b404", id="with three they are a name"),
        pytest.param("v2", "v2", id="and so is a v with a number"),
    ],
)
def test_a_suffix_names_a_variant(suffix: str, named: str) -> None:
    """Suffix → the variant of the image."""
    assert read_suffix(suffix).make == make_of(f"1.2-{suffix}") == named


def test_a_suffix_says_whether_the_release_is_yet_to_come() -> None:
    """A candidate's does, a rebuild's and a variant's do not."""
    assert all(read_suffix(suffix).stage for suffix in ("rc.1", "rc.1-alpine", "alpine-beta2", "nightly"))
    late = ("", "alpine", "r5", "debian-12-r5", "hotfix.1", "4", "x86", "i386-r1")
    assert not any(read_suffix(suffix).stage for suffix in late)


def test_a_suffix_says_how_often_something_was_made() -> None:
    """Behind the make; a revision of the packaging is told from other builds."""
    assert read_suffix("debian-12-r14") == Suffix("debian-12", "", "r14")
    assert read_suffix("rc.1-alpine-build.3") == Suffix("alpine", "rc.1", "build.3")
    assert read_suffix("eksbuild.3") == Suffix("eksbuild", "", "3")
    revised = ("r5", "rev.2", "r-3", "debian-12-r14", "build.3", "eksbuild.3", "alpine")
    assert [suffix for suffix in revised if read_suffix(suffix).revised] == list(revised[:4])


def test_numbers_within_a_text_count_as_numbers() -> None:
    """What separates them does not matter."""
    ascending = ["alpine", "alpine3.9", "alpine3.20", "debian-9-r14", "debian-12-r2", "debian-12-r10"]
    assert sorted(ascending, key=runs) == ascending
    assert runs("rc.1") == runs("rc-1") == runs("rc1") == ((1, 0, "rc"), (0, 1, ""))


@pytest.mark.parametrize(
    ("tag", "suffix", "width"),
    [("1.2.3", "", 3), ("v1.20-alpine", "alpine", 2), ("7", "", 1), ("1.2.3+a-b.c", "", 3), ("1.2-rc.1+b", "rc.1", 2)],
)
def test_a_version_has_a_suffix_and_a_width(tag: str, suffix: str, width: int) -> None:
    """Build metadata counts as neither."""
    assert (suffix_of(tag), width_of(tag)) == (suffix, width)
