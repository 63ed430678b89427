"""What is promoted, and what is not known: artifacts, releases, `Unknown`. No I/O."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import NewType

Sha = NewType("Sha", str)
Digest = NewType("Digest", str)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be learnt, and why, in words fit to be shown."""

    reason: str


def short_digest(digest: str) -> str:
    """A digest as people recognise it: the algorithm and its first twelve digits."""
    algorithm, _, value = digest.partition(":")
    return f"{algorithm}:{value[:12]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One image or chart of a release. Its identity is repository and digest; the tag is a label.

    `tag` is "" where only the digest stands in Git and was never recorded with a tag.
    """

    name: str
    repository: str
    tag: str
    digest: Digest

    @property
    def label(self) -> str:
        """The tag, else the digest as people recognise it: its first twelve digits."""
        return self.tag or short_digest(self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """An immutable set of artifacts, or a source commit.

    `proposed`: when it was first proposed to a root environment. `hydrated`: where environments are hydrated branches,
    the commit that was made of `source` for this one; it is no part of what the release is.
    """

    artifacts: tuple[Artifact, ...] = ()
    source: Sha | None = None
    hydrated: Sha | None = None
    proposed: datetime

    @property
    def id(self) -> str:
        """SHA-256 (hex) over the artifacts' names, repositories and digests, or over the source commit."""
        return _identity(self.source, tuple((a.name, a.repository, a.digest) for a in self.artifacts))

    @property
    def label(self) -> str:
        """What people call it: the tag of its one image, several named tags, or the short source commit."""
        if self.source:
            return self.source[:7]
        if len(self.artifacts) == 1:
            return self.artifacts[0].label
        return ", ".join(f"{a.name} {a.label}" for a in self.artifacts)

    @property
    def order(self) -> tuple[datetime, str]:
        """Newer releases sort later; ties by hash."""
        return (self.proposed, self.id)


# Each record of every environment is asked again and again in one pass.
@lru_cache(maxsize=4096)
def _identity(source: Sha | None, artifacts: tuple[tuple[str, str, str], ...]) -> str:
    parts: object = source or sorted([name, repository, digest] for name, repository, digest in artifacts)
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


class ReleaseStatus(StrEnum):
    """A release's status in an environment.

    `Pending`: not there, nor on its way. `Promoting`: in a pull request; `Held`: in one that is held. `Verifying`:
    merged, not yet live and Healthy. `Succeeded`: verified there, and not otherwise now. `Degraded`: last seen so, or
    an alarm was raised. `TimedOut`: never verified within the time that the environment's health declares.
    """

    PENDING = "Pending"
    PROMOTING = "Promoting"
    VERIFYING = "Verifying"
    SUCCEEDED = "Succeeded"
    DEGRADED = "Degraded"
    TIMED_OUT = "TimedOut"
    HELD = "Held"
