"""Gate `signature`: each artifact of a release must be signed as its source declares (`verify:`). No I/O."""

from dataclasses import replace
from datetime import datetime

from bot.actions import Outcome, Verdict
from bot.gates.verdicts import blocks, passed, waits
from bot.model import Artifact, Signature, Unknown
from bot.spans import SOON


def judge(artifact: Artifact, signature: Signature | Unknown | None, *, now: datetime) -> Verdict:
    """Pass only on a signature that was verified; block on one that is missing or wrong.

    None, not looked at yet, and what could not be learnt wait: another look may know. Registries do not tell of
    signatures as they do of images, so while one is missing it is looked for again.
    """
    verdict = _judged(f"signature ({artifact.name})", artifact, signature)
    return verdict if verdict.outcome is Outcome.PASS else replace(verdict, until=now + SOON)


def _judged(gate: str, artifact: Artifact, signature: Signature | Unknown | None) -> Verdict:
    match signature:
        case None:
            return waits(gate, f"whether {artifact.label} is signed has not been looked at yet")
        case Unknown(reason=reason):
            return waits(gate, f"whether {artifact.label} is signed is not known: {reason}")
        case Signature(verified=True, reason=reason):
            return passed(gate, f"{artifact.label} {reason}")
        case Signature(reason=reason):
            return blocks(gate, f"{artifact.label} {reason}")
