"""Gate `expression`: a condition in CEL is true of the release, the environments and the pull request. No I/O."""

from datetime import datetime, timedelta

from bot.actions import Outcome, Verdict
from bot.gate_expression import Condition, Facts

_MINUTE = timedelta(minutes=1)


def judge(name: str, condition: Condition, facts: Facts, *, now: datetime, until: datetime | None = None) -> Verdict:
    """Pass only on boolean true; false, an error and what is not known wait, with the reason.

    `until`: when time alone may change the facts. What reads `now` is judged again each minute, on the minute.
    """
    refusal = condition.refusal(facts)
    if condition.reads_now:
        minute = now.replace(second=0, microsecond=0) + _MINUTE
        until = min(minute, until) if until is not None else minute
    outcome = Outcome.PASS if refusal is None else Outcome.WAIT
    return Verdict(gate=f"expression ({name})", outcome=outcome, reason=refusal or "holds", until=until)
