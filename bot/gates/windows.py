"""Gate `windows`: a release enters in the times that are allowed, and never in those that are excluded. No I/O."""

from datetime import datetime

from bot.actions import Outcome, Verdict
from bot.spans import clock_time
from bot.time_windows import opening
from config.pipeline import Window

_GATE = "windows"


def judge(windows: tuple[Window, ...], *, now: datetime) -> Verdict:
    """Pass while they are open, naming when they close; wait while they are closed, naming when they open."""
    found = opening(windows, now)
    known = clock_time(found.until, now) if found.until is not None and found.changes else None
    if found.is_open:
        reason = f"open until {known}" if known else "open"
        return Verdict(gate=_GATE, outcome=Outcome.PASS, reason=reason, until=found.until)
    why = "an excluded time" if found.excluded else "outside the allowed times"
    opens = f"opens at {known}" if known else "when it opens is not known"
    return Verdict(gate=_GATE, outcome=Outcome.WAIT, reason=f"{why}; {opens}", until=found.until)
