"""The truth table of the gate `tag`: what is pulled must be what was proposed."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.actions import Outcome
from bot.gates import tag as gate
from bot.model import Artifact, Digest, Unknown

PASS, WAIT, _ = Outcome
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
JUDGED, OTHER = Digest("sha256:" + "a" * 64), Digest("sha256:" + "b" * 64)
WEB = Artifact(name="web", repository="registry.example.com/org/web", tag="1.2.0", digest=JUDGED)


@pytest.mark.parametrize(
    ("points_at", "asked", "outcome", "reason"),
    [
        pytest.param(JUDGED, True, PASS, "1.2.0 points at what was proposed", id="where it did"),
        pytest.param(
            OTHER,
            True,
            WAIT,
            "1.2.0 points at sha256:bbbbbbbbbbbb now, and sha256:aaaaaaaaaaaa was proposed; "
            "a newer version goes on, and `pin: both` would hold the digest",
            id="it was moved",
        ),
        pytest.param(None, True, WAIT, "1.2.0 is gone from the registry", id="it is gone"),
        pytest.param(
            Unknown("the registry did not answer"),
            True,
            WAIT,
            "where 1.2.0 points is not known: the registry did not answer",
            id="could not be learnt",
        ),
        pytest.param(None, False, WAIT, "where 1.2.0 points has not been looked at yet", id="not looked at yet"),
    ],
)
def test_tag(*, points_at: Digest | Unknown | None, asked: bool, outcome: Outcome, reason: str) -> None:
    """Where it points now → verdict: the judged digest passes, any other or none blocks, not knowing waits."""
    verdict = gate.judge(WEB, points_at, asked=asked, now=NOON)
    assert (verdict.gate, verdict.outcome, verdict.reason) == ("tag (web)", outcome, reason)
    # A tag can be put back, and not every registry tells of it: it is looked at again.
    assert verdict.until == (None if outcome is PASS else NOON + timedelta(minutes=5))
