"""Durations and moments as people read them. No I/O."""

from datetime import datetime, timedelta

# How soon what could not be learnt, and nobody tells us of, is asked again.
SOON = timedelta(minutes=5)


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
