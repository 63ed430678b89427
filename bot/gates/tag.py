"""Gate `tag`: where Git will hold a tag alone, the tag must still name what the release is. No I/O.

A release is its digests, and a tag can be pushed again: what was verified, signed and approved would then not be what
is deployed. Where the digest is written it decides by itself, and nothing is asked.
"""

from bot.actions import Verdict
from bot.gates.verdicts import blocks, waits
from bot.model import Artifact, Digest, Unknown, short_digest


def judge(artifact: Artifact, pointing: Digest | Unknown | None) -> Verdict | None:
    """None where the tag names the artifact. `pointing`: where it points now; None: the registry has it no more."""
    gate = f"tag ({artifact.name})"
    if isinstance(pointing, Unknown):
        return waits(gate, f"where the tag {artifact.tag} points is not known: {pointing.reason}")
    if pointing is None:
        return waits(gate, f"the tag {artifact.tag} is gone from {artifact.repository}")
    if pointing == artifact.digest:
        return None
    told = f"the tag {artifact.tag} was moved from {short_digest(artifact.digest)} to {short_digest(pointing)}"
    return blocks(gate, f"{told}; push a new version, or pin digests (pin: digest)")
