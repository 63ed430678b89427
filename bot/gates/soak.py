"""Gate `soak`: the release must have been Healthy upstream without a break for the declared time. No I/O."""

from datetime import datetime, timedelta

from bot.actions import Outcome, Verdict
from bot.gates.verdicts import passed, waits
from bot.model import Release
from bot.spans import clock_time, spoken
from bot.standing import Standing


def judge(release: Release, upstream: Standing, *, needed: timedelta, now: datetime) -> Verdict:
    """Wait, naming the moment when it will have soaked if it stays Healthy; the time is of our own records."""
    gate = f"soak ({upstream.name})"
    record = upstream.record_of(release)
    if record is None:
        return waits(gate, f"{release.label} has not been merged in {upstream.name}")
    if not record.complete:
        return waits(gate, f"{upstream.name} has more health changes than can be read at once")
    soaked = upstream.soaked(record, now=now)
    if soaked >= needed:
        return passed(gate, f"soaked {spoken(needed)} in {upstream.name}")
    until = upstream.soaked_at(record, needed=needed, now=now)
    if until is None:
        so_far = f"soaked {spoken(soaked)} of {spoken(needed)} in {upstream.name}"
        return waits(gate, f"{so_far}, and is not Healthy there now")
    reason = f"soaking in {upstream.name} until {clock_time(until, now)}"
    return Verdict(gate=gate, outcome=Outcome.WAIT, reason=reason, until=until)
