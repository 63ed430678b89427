"""Gate `signature`: each artifact of a release must be signed as its source declares (`verify:`). No I/O."""

from bot.actions import Verdict
from bot.gates.verdicts import blocks, passed, waits
from bot.model import Artifact, Signature, Unknown


def judge(artifact: Artifact, signature: Signature | Unknown | None) -> Verdict:
    """Pass only on a signature that was verified; block on one that is missing or wrong.

    None, not looked at yet, and what could not be learnt wait: another look may know.
    """
    gate = f"signature ({artifact.name})"
    match signature:
        case None:
            return waits(gate, f"whether {artifact.tag} is signed has not been looked at yet")
        case Unknown(reason=reason):
            return waits(gate, f"whether {artifact.tag} is signed is not known: {reason}")
        case Signature(verified=True, reason=reason):
            return passed(gate, f"{artifact.tag} {reason}")
        case Signature(reason=reason):
            return blocks(gate, f"{artifact.tag} {reason}")
