"""Gate `check`: a check run of a named App must have concluded success on exactly this head. No I/O.

A name proves nothing, since every App may give its check any name; the App that made it does. Commit statuses are no
checks: whoever may write may set them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.actions import Verdict
from bot.gates.verdicts import blocks, passed, waits
from bot.model import CheckStatus, ForeignCheck, Sha
from config.pipeline import RequiredCheck

# GraphQL's CheckConclusionState, as people say it. What is in none of the lists is not understood, and waits.
_FAILED = {
    "FAILURE": "failed",
    "TIMED_OUT": "timed out",
    "CANCELLED": "was cancelled",
    "STARTUP_FAILURE": "could not be started",
    "ACTION_REQUIRED": "asks for somebody to act",
}
_BEGINNING, _NOT_YET = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_UNDECIDED = {"NEUTRAL": "is neutral", "SKIPPED": "was skipped", "STALE": "went stale"}


def judge(rule: RequiredCheck, checks: Sequence[ForeignCheck], *, head: Sha | None) -> Verdict:
    """Pass when every suite of that App in which the check ran on the head has it succeed; the worst run counts.

    `head` None: the commit is yet to be made. In each suite the latest run counts, since a check may be run again.
    """
    gate = f"check ({rule.name})"
    latest = _latest([c for c in checks if c.commit == head and c.name == rule.name and _by(rule.app, c)])
    if not latest:
        return waits(gate, f"no check of that name by {rule.app} on this head yet")
    accepted = {"SUCCESS", *(conclusion.value.upper() for conclusion in rule.accept)}
    open_ones = [check for check in latest if not _succeeded(check, accepted)]
    if failed := next((_FAILED[c.conclusion] for c in open_ones if _concluded(c) and c.conclusion in _FAILED), None):
        return blocks(gate, f"{rule.name} by {rule.app} {failed}")
    if open_ones:
        return waits(gate, f"{rule.name} by {rule.app} {_pending(open_ones)}")
    return passed(gate, f"{rule.name} by {rule.app} succeeded")


def _by(app: str, check: ForeignCheck) -> bool:
    """A number is the App's, which no other can have; a name is whose it is now."""
    if check.app is None:
        return False
    return str(check.app) == app if app.isdigit() else check.slug == app


def _latest(checks: Sequence[ForeignCheck]) -> list[ForeignCheck]:
    """The latest of each suite; several that began together all count, as does one that has not begun."""
    begun: dict[str, datetime] = {}
    for check in checks:
        begun[check.suite] = max(begun.get(check.suite, _BEGINNING), check.started or _NOT_YET)
    return [check for check in checks if (check.started or _NOT_YET) == begun[check.suite]]


def _concluded(check: ForeignCheck) -> bool:
    return check.status is CheckStatus.COMPLETED


def _succeeded(check: ForeignCheck, accepted: set[str]) -> bool:
    return _concluded(check) and check.conclusion in accepted


def _pending(checks: Sequence[ForeignCheck]) -> str:
    concluded = [check.conclusion for check in checks if _concluded(check)]
    if len(concluded) < len(checks):
        return "has not concluded yet"
    return _UNDECIDED.get(concluded[0] or "", "concluded in a way that is not understood")
