"""How a release is written down on GitHub, and read back: commit trailers and the payload of a deployment. No I/O.

Both are ours alone to write; whether the writer was our App is established by whoever reads the commit or the
deployment. Here only the shape is judged, and what is malformed is nothing at all.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.model import Artifact, Digest, How, Release, Sha

PIPELINE = "Caisson-Pipeline"
ENVIRONMENT = "Caisson-Environment"
RELEASE = "Caisson-Release"
BLOBS = "Caisson-Blobs"
# On a head that shows a conflict: the commit of the base branch with which the merge did not succeed.
CONFLICT = "Caisson-Conflict"

_TRAILER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*): (\S.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What a deployment of ours says besides its commit and its environment."""

    release: Release
    how: How
    pull_request: int | None
    note: str


def one_line(value: object) -> str:
    """JSON that fits in a trailer: one line, stable order."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def release_to_json(release: Release) -> dict[str, object]:
    written: dict[str, object] = {"proposed": release.proposed.astimezone(UTC).isoformat().replace("+00:00", "Z")}
    if release.source is not None:
        written["source"] = release.source
    if release.artifacts:
        written["artifacts"] = [
            {"name": a.name, "repository": a.repository, "tag": a.tag, "digest": a.digest} for a in release.artifacts
        ]
    return written


def release_from_json(value: object) -> Release | None:
    """From a JSON object, or the text of one; None where it is not a whole release."""
    value = decoded(value)
    if not isinstance(value, dict):
        return None
    try:
        proposed = datetime.fromisoformat(value["proposed"])
        artifacts = tuple(_artifact(one) for one in value.get("artifacts", []))
    except (KeyError, TypeError, ValueError):
        return None
    source = value.get("source")
    # A release is one or the other, and without a time zone its order among others would be a guess.
    if proposed.tzinfo is None or (source is None) == (not artifacts) or not isinstance(source, str | None):
        return None
    return Release(artifacts=artifacts, source=Sha(source) if source else None, proposed=proposed.astimezone(UTC))


def _artifact(value: Mapping[str, object]) -> Artifact:
    name, repository, tag, digest = (value[key] for key in ("name", "repository", "tag", "digest"))
    # The tag may be empty: only the digest stood in Git.
    if not isinstance(tag, str) or not all(isinstance(text, str) and text for text in (name, repository, digest)):
        raise ValueError("an artifact has a name, a repository, a tag and a digest")
    return Artifact(name=str(name), repository=str(repository), tag=str(tag), digest=Digest(str(digest)))


def payload_to_json(payload: Payload) -> dict[str, object]:
    return {
        "caisson": 1,
        "release": release_to_json(payload.release),
        "how": payload.how.value,
        "pull_request": payload.pull_request,
        "note": payload.note,
    }


def payload_from_json(value: object) -> Payload | None:
    """A payload sent as an object comes back as JSON text, one sent as text is encoded once more."""
    value = decoded(value)
    if not isinstance(value, dict) or value.get("caisson") != 1:
        return None
    release = release_from_json(value.get("release"))
    how = next((how for how in How if how.value == value.get("how")), None)
    number, note = value.get("pull_request"), value.get("note")
    if release is None or how is None or isinstance(number, bool) or not isinstance(number, int | None):
        return None
    return Payload(release=release, how=how, pull_request=number, note=note if isinstance(note, str) else "")


def decoded(value: object) -> object:
    """JSON out of text, out of text again if need be; None where it is not JSON."""
    for _ in range(3):
        if not isinstance(value, str):
            return value
        try:
            value = json.loads(value)
        except (json.JSONDecodeError, RecursionError):
            return None
    return value


def trailers(message: str) -> dict[str, str]:
    """The trailers of a commit message: its last paragraph, if each line is one. A key given twice is not given."""
    # The first paragraph is the subject, never trailers.
    paragraphs = re.split(r"\n[ \t]*\n", message.replace("\r\n", "\n").strip())[1:]
    found: dict[str, str] = {}
    twice: set[str] = set()
    for line in paragraphs[-1].split("\n") if paragraphs else ():
        match = _TRAILER.fullmatch(line.rstrip())
        if match is None:
            return {}
        twice |= {match[1]} & found.keys()
        found[match[1]] = match[2]
    return {key: value for key, value in found.items() if key not in twice}


def format_trailers(mapping: Mapping[str, str]) -> str:
    """A paragraph of trailers, to be put after an empty line. Values of several lines would forge others: refused."""
    for key, value in mapping.items():
        if _TRAILER.fullmatch(f"{key}: {value}") is None or value != value.strip():
            raise ValueError(f"not a trailer: {key}")
    return "\n".join(f"{key}: {value}" for key, value in mapping.items())
