"""Gate `soak`: the release must have been Healthy upstream without a break for the declared time. No I/O."""

from datetime import datetime, timedelta

from bot.actions import Outcome, Verdict
from bot.gates.verdicts import passed, waits
from bot.model import Release
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


def spoken(span: timedelta) -> str:
    """A duration as people write it: 1d 2h, 30m, 45s."""
    seconds = int(span.total_seconds())
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def clock_time(moment: datetime, now: datetime) -> str:
    """An absolute time, so that an idle pass rewrites nothing: `12:30 UTC`, with the date if it is another day."""
    form = "%H:%M UTC" if moment.date() == now.date() else "%Y-%m-%d %H:%M UTC"
    # A minute not yet over must not be named as the moment: round up.
    rounded = (
        moment
        if moment.second == moment.microsecond == 0
        else moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    )
    return rounded.strftime(form)
