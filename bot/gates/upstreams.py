"""The gates `health` and `soak` over all upstreams: every one of `after`, and one of `after_any` in both. No I/O.

Of `after_any` the same environment must satisfy both: a release that is healthy here and once soaked there has been
proved nowhere.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.actions import Outcome, Verdict
from bot.gates import health, soak
from bot.model import Release
from bot.standing import Standing
from config.pipeline import Environment


def judge(
    environment: Environment, release: Release, standings: Mapping[str, Standing], *, now: datetime
) -> tuple[Verdict, ...]:
    """The verdicts of each of `after`, then those of `after_any` together."""
    needed = environment.gates.soak
    verdicts: list[Verdict] = []
    for name in environment.after:
        verdicts.append(health.judge(release, standings[name]))
        if needed is not None:
            verdicts.append(soak.judge(release, standings[name], needed=needed, now=now))
    if environment.after_any:
        verdicts += judge_any(release, [standings[name] for name in environment.after_any], needed=needed, now=now)
    return tuple(verdicts)


def judge_any(
    release: Release, upstreams: Sequence[Standing], *, needed: timedelta | None, now: datetime
) -> tuple[Verdict, ...]:
    """Health of one; and soak of one whose health passes, or of none while none's does."""
    names = " or ".join(upstream.name for upstream in upstreams)
    healths = [health.judge(release, upstream) for upstream in upstreams]
    healthy = [u for u, verdict in zip(upstreams, healths, strict=True) if verdict.outcome is Outcome.PASS]
    verdicts = (_best(f"health ({names})", healths),)
    if needed is None:
        return verdicts
    soaks = [soak.judge(release, upstream, needed=needed, now=now) for upstream in healthy or upstreams]
    return (*verdicts, _best(f"soak ({names})", soaks))


def _best(gate: str, verdicts: Sequence[Verdict]) -> Verdict:
    """Pass if one passes, and say which; else wait for whichever comes first, with everything that each waits for."""
    passing = [verdict for verdict in verdicts if verdict.outcome is Outcome.PASS]
    shown = passing or verdicts
    moments = [verdict.until for verdict in shown if verdict.until is not None]
    outcome = Outcome.PASS if passing else Outcome.WAIT
    reason = ("; " if passing else "; or ").join(verdict.reason for verdict in shown)
    return Verdict(gate=gate, outcome=outcome, reason=reason, until=None if passing else min(moments, default=None))
