"""A release written down, and read back; and what is not one."""

from datetime import UTC, datetime

import pytest

from bot.model import Artifact, Digest, How, Release, Sha
from bot.release_record import (
    RELEASE,
    Payload,
    format_trailers,
    one_line,
    payload_from_json,
    payload_to_json,
    release_from_json,
    release_to_json,
    trailers,
)

AT = datetime(2026, 1, 5, 9, 30, 15, 250, tzinfo=UTC)
WEB = Artifact(name="web", repository="ghcr.io/org/web", tag="1.5.0", digest=Digest("sha256:" + "0" * 64))
IMAGES = Release(artifacts=(WEB,), proposed=AT)
SOURCE = Release(source=Sha("a" * 40), proposed=AT)


@pytest.mark.parametrize("release", [IMAGES, SOURCE], ids=["images", "a source commit"])
def test_a_release_survives_a_commit_message_and_a_payload(release: Release) -> None:
    """Written as a trailer or as a payload, it comes back the same."""
    message = "Promote shop 1.5.0\n\nWhy.\n\n" + format_trailers({RELEASE: one_line(release_to_json(release))})
    assert release_from_json(trailers(message)[RELEASE]) == release
    payload = Payload(release=release, how=How.ADOPTED, pull_request=None, note="found")
    assert payload_from_json(one_line(payload_to_json(payload))) == payload


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="nothing"),
        pytest.param("", id="no text"),
        pytest.param("[" * 100_000, id="brackets without end"),
        pytest.param([], id="a list"),
        pytest.param({"source": "a"}, id="without a time"),
        pytest.param({"source": "a", "proposed": "2026-01-05T09:00:00"}, id="a time without zone"),
        pytest.param({"source": "a", "proposed": 5}, id="a number for a time"),
        pytest.param({"proposed": "2026-01-05T09:00:00Z"}, id="neither images nor source"),
        pytest.param({"source": 5, "proposed": "2026-01-05T09:00:00Z"}, id="a number for a source"),
        pytest.param({"artifacts": 5, "proposed": "2026-01-05T09:00:00Z"}, id="a number for images"),
        pytest.param({"artifacts": ["x"], "proposed": "2026-01-05T09:00:00Z"}, id="text for an image"),
        pytest.param({"artifacts": [{"name": "x"}], "proposed": "2026-01-05T09:00:00Z"}, id="an image without digest"),
        pytest.param(release_to_json(IMAGES) | release_to_json(SOURCE), id="both images and source"),
    ],
)
def test_what_is_no_whole_release_is_none(value: object) -> None:
    """A record that cannot be read must not be guessed at."""
    assert release_from_json(value) is None


@pytest.mark.parametrize(
    ("message", "found"),
    [
        pytest.param("Subject\n\nA: 1\nB: x y", {"A": "1", "B": "x y"}, id="the last paragraph"),
        pytest.param("Subject\r\n\r\nA: 1\r\n", {"A": "1"}, id="line ends of another system"),
        pytest.param("Subject\n\nA: 1\n\nB: 2", {"B": "2"}, id="of two paragraphs the last"),
        pytest.param("A: 1", {}, id="the subject is none"),
        pytest.param("Subject\n\nA: 1\nand so on", {}, id="a paragraph of prose"),
        pytest.param("Subject\n\nA: 1\n\nProse.", {}, id="prose at the end"),
        pytest.param("Subject\n\nA: 1\nA: 2\nB: 3", {"B": "3"}, id="a key given twice is not given"),
        pytest.param("", {}, id="an empty message"),
    ],
)
def test_trailers_are_the_last_paragraph_if_it_is_nothing_else(message: str, found: dict[str, str]) -> None:
    """Stricter than git's own reading: what we write always passes."""
    assert trailers(message) == found


@pytest.mark.parametrize("value", ["a\nCaisson-Release: {}", "", " padded"])
def test_a_value_that_would_forge_a_trailer_is_refused(value: str) -> None:
    """One line each, or nothing is written."""
    with pytest.raises(ValueError, match="not a trailer"):
        format_trailers({"Caisson-Pipeline": value})
