"""Gate `tag`: where Git holds a tag without its digest, the tag must still point at what was judged. No I/O.

Every other gate speaks of a digest; what the cluster pulls is the tag. Where the digest is written too, Git says which
image is meant, and the tag may point where it likes.
"""

from dataclasses import replace
from datetime import datetime

from bot.actions import Outcome, Verdict
from bot.gates.verdicts import passed, waits
from bot.model import Artifact, Digest, Unknown, short_digest
from bot.spans import SOON


def judge(artifact: Artifact, points_at: Digest | Unknown | None, *, asked: bool, now: datetime) -> Verdict:
    """Pass where the tag points at the artifact's digest. `asked`: whether it is known where it points (None: nowhere).

    A tag that is gone or was moved keeps its release out: a newer one goes on, or the digest is pinned.
    """
    verdict = _judged(f"tag ({artifact.name})", artifact, points_at, asked=asked)
    return verdict if verdict.outcome is Outcome.PASS else replace(verdict, until=now + SOON)


def _judged(gate: str, artifact: Artifact, points_at: Digest | Unknown | None, *, asked: bool) -> Verdict:
    if not asked:
        return waits(gate, f"where {artifact.label} points has not been looked at yet")
    if isinstance(points_at, Unknown):
        return waits(gate, f"where {artifact.label} points is not known: {points_at.reason}")
    if points_at is None:
        return waits(gate, f"{artifact.label} is gone from the registry")
    if points_at != artifact.digest:
        now_and_then = f"{short_digest(points_at)} now, and {short_digest(artifact.digest)} was proposed"
        told = f"{artifact.label} points at {now_and_then}"
        return waits(gate, f"{told}; a newer version goes on, and `pin: both` would hold the digest")
    return passed(gate, f"{artifact.label} points at what was proposed")
