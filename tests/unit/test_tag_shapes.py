"""What the look of a tag tells: signatures, bare numbers, hashes, the make that no version names. Tables."""

import pytest

from bot.tag_shapes import is_bare_number, is_hash, is_signature_tag, make_named


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
    ("tag", "named"),
    [
        pytest.param("latest", "", id="a channel names none"),
        pytest.param("mainline-alpine", "alpine", id="what stands behind a channel"),
        pytest.param("lts-bookworm-slim", "bookworm-slim", id="all of it"),
        pytest.param("latest-gpu", "gpu", id="whatever it is"),
        pytest.param("stable-alpine3.20", "alpine3.20", id="with its release"),
        pytest.param("main-3f2b91c", "", id="but no commit's hash"),
        pytest.param("main-41", "", id="and no number"),
        pytest.param("alpine", "alpine", id="a make alone"),
        pytest.param("jod-alpine", "alpine", id="a make behind a name"),
        pytest.param("iron-bookworm-slim", "bookworm-slim", id="two words of a make behind a name"),
        pytest.param("feature-login", "", id="another word at the end is no make"),
        pytest.param("production", "", id="nor is the name of an environment"),
        pytest.param("production-eu", "", id="or of a part of one"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_tag_that_is_no_version_may_name_a_make(tag: str, named: str) -> None:
    """Tag → the make of the image it names."""
    assert make_named(tag) == named
