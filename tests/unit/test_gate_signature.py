"""The truth table of the gate `signature`: only a verified signature passes."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.actions import Outcome
from bot.gates import signature as gate
from bot.model import Artifact, Digest, Signature, Unknown

PASS, WAIT, BLOCK = Outcome
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WEB = Artifact(name="web", repository="registry.example.com/org/web", tag="1.2.0", digest=Digest("sha256:" + "a" * 64))


@pytest.mark.parametrize(
    ("signature", "outcome", "reason"),
    [
        pytest.param(
            Signature(verified=True, reason="is signed by the key of keys/cosign.pub"),
            PASS,
            "1.2.0 is signed by the key of keys/cosign.pub",
            id="verified",
        ),
        pytest.param(Signature(verified=False, reason="has no signature"), BLOCK, "1.2.0 has no signature", id="none"),
        pytest.param(
            Signature(verified=False, reason="is not signed by the key of keys/cosign.pub (1 signature was tried)"),
            BLOCK,
            "1.2.0 is not signed by the key of keys/cosign.pub (1 signature was tried)",
            id="by somebody else",
        ),
        pytest.param(
            Unknown("the registry did not answer"),
            WAIT,
            "whether 1.2.0 is signed is not known: the registry did not answer",
            id="could not be learnt",
        ),
        pytest.param(None, WAIT, "whether 1.2.0 is signed has not been looked at yet", id="not looked at yet"),
    ],
)
def test_signature(*, signature: Signature | Unknown | None, outcome: Outcome, reason: str) -> None:
    """Signed as declared passes, unsigned or wrong blocks, not knowing waits.

    | what was learnt | → verdict
    | verified        | pass |
    | not verified    | block |
    | unknown, or not asked yet | wait |
    """
    verdict = gate.judge(WEB, signature, now=NOON)
    assert (verdict.gate, verdict.outcome, verdict.reason) == ("signature (web)", outcome, reason)
    # Nobody tells us of a signature that is added: it is looked for again.
    assert verdict.until == (None if outcome is PASS else NOON + timedelta(minutes=5))
