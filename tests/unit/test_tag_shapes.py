"""What the look of a tag tells: signatures, bare numbers, hashes, variants. Tables."""

import pytest

from bot.tag_shapes import is_bare_number, is_early, is_hash, is_signature_tag, suffix_of, variant, width_of


def test_signature_tags_are_told_from_others() -> None:
    """The three of cosign and the referrers tag; a tag that merely looks alike is an image's."""
    digest = "a" * 64
    assert all(is_signature_tag(f"sha256-{digest}{suffix}") for suffix in ("", ".sig", ".att", ".sbom"))
    assert not any(is_signature_tag(tag) for tag in ("sha256", "sha256-x.sig", f"v-{digest}.sig", "1.2.3"))


def test_bare_numbers_have_six_digits_or_more() -> None:
    """Dates and builds; a year, a version of two numbers and a `v` are something else."""
    assert all(is_bare_number(tag) for tag in ("123456", "20240115", "0" * 20))
    assert not any(
        is_bare_number(tag) for tag in ("12345", "2024", "2024.01.15", "v20240115", "202401-1", "\u0661" * 6)
    )


def test_hashes_are_hexadecimal_with_a_letter() -> None:
    """Seven to 64 digits, or behind `sha-`."""
    hashes = ("abc1234", "1234567a", "f" * 64, "sha-abc1234", "sha-1234567", "sha256-0a", "sha1-0a", "sha-0a1b-arm64")
    assert [tag for tag in hashes if not is_hash(tag)] == []
    others = ("1234567", "abc123", "f" * 65, "abcdefg", "ABC1234", "main-abc1234", "sha-main", "1.2.3", "v1234567a")
    assert [tag for tag in others if is_hash(tag)] == []


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
        pytest.param("jdk.17", "jdk.17", id="a word with a number behind a dot"),
    ],
)
def test_a_suffix_names_a_variant(suffix: str, named: str) -> None:
    """Suffix → the variant of the image."""
    assert variant(suffix) == named


def test_a_suffix_says_whether_the_release_is_yet_to_come() -> None:
    """A candidate's does, a rebuild's and a variant's do not."""
    assert all(is_early(suffix) for suffix in ("rc.1", "rc.1-alpine", "alpine-beta2", "nightly"))
    assert not any(is_early(suffix) for suffix in ("", "alpine", "r5", "debian-12-r5", "hotfix.1", "4"))


@pytest.mark.parametrize(
    ("tag", "suffix", "width"),
    [("1.2.3", "", 3), ("v1.20-alpine", "alpine", 2), ("7", "", 1), ("1.2.3+a-b.c", "", 3), ("1.2-rc.1+b", "rc.1", 2)],
)
def test_a_version_has_a_suffix_and_a_width(tag: str, suffix: str, width: int) -> None:
    """Build metadata counts as neither."""
    assert (suffix_of(tag), width_of(tag)) == (suffix, width)
