"""Since when a release is proposed: what a head says of it is believed only where our App sealed it."""

from dataclasses import replace

import pytest

from bot.actions import CheckText
from bot.first_proposal import believed_release, carried_on, sealed
from bot.messages import GATES
from bot.model import Check, CheckStatus
from tests.unit.facts import NEW, PRODUCTION, at, check, commit, message_of, pull, sha

TEXT = CheckText(
    name=GATES, external_id="v1:x", status=CheckStatus.IN_PROGRESS, conclusion=None, title="t", summary="s"
)
SEALED = check(external_id=sealed(TEXT, NEW.proposed).external_id)
OURS = commit(message=message_of(PRODUCTION, NEW, blobs={}, base={}))


@pytest.mark.parametrize(
    ("there", "minute"),
    [
        pytest.param(SEALED, -120, id="sealed by us"),
        pytest.param(check(external_id=sealed(TEXT, at(-5)).external_id), -5, id="the seal, not the trailer"),
        pytest.param(check(), -20, id="without a seal: when GitHub says the commit was made"),
        pytest.param(check(external_id="v1:x:since:soon"), -20, id="a seal without a moment"),
        pytest.param(replace(SEALED, commit=sha("older")), -20, id="sealed on another head"),
        pytest.param(replace(SEALED, name="caisson/other"), -20, id="in another check"),
    ],
)
def test_a_head_is_as_old_as_its_seal(*, there: Check, minute: float) -> None:
    """The trailer says two hours; the commit is of twenty minutes ago."""
    found = believed_release(OURS, pull(checks=(there,)))
    assert found == replace(NEW, proposed=at(minute))


def test_a_stranger_s_head_says_nothing() -> None:
    """Whatever its trailers."""
    assert believed_release(replace(OURS, by_us=False), pull(checks=(SEALED,))) is None
    assert believed_release(OURS, None) is None


def test_a_seal_is_carried_on_and_never_made_up() -> None:
    """What is said later on the same head keeps it; a head without one gets none."""
    assert carried_on(TEXT, SEALED).external_id == SEALED.external_id
    assert carried_on(TEXT, check()) == TEXT
    assert carried_on(TEXT, None) == TEXT
