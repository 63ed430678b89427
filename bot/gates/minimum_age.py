"""Gate `minimum_age`: enough time has passed since the release was first proposed to a root. No I/O."""

from datetime import datetime, timedelta

from bot.actions import Outcome, Verdict
from bot.gates.verdicts import passed
from bot.model import Release
from bot.spans import clock_time, spoken

_GATE = "minimum_age"


def judge(release: Release, *, needed: timedelta, now: datetime) -> Verdict:
    """Wait, naming the moment when it will be old enough, the same in every pass."""
    until = release.proposed + needed
    if until <= now:
        return passed(_GATE, f"{release.label} was first proposed more than {spoken(needed)} ago")
    reason = f"{release.label} will have been there for {spoken(needed)} at {clock_time(until, now)}"
    return Verdict(gate=_GATE, outcome=Outcome.WAIT, reason=reason, until=until)
