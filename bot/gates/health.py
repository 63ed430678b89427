"""Gate `health`: the release must be verified in an upstream, and healthy there now if it still stands there.

No I/O.
"""

from bot.actions import Verdict
from bot.gates.verdicts import passed, waits
from bot.health import HealthState
from bot.model import Release
from bot.standing import Standing


def judge(release: Release, upstream: Standing) -> Verdict:
    """Pass when `release` is verified upstream; a missing record, an alarm or an unknown health waits."""
    gate = f"health ({upstream.name})"
    if upstream.problem:
        return waits(gate, f"{upstream.name}: {upstream.problem}")
    record = upstream.record_of(release)
    if record is None:
        return waits(gate, f"{release.label} has not been merged in {upstream.name}")
    rejection = upstream.rejection(release)
    if rejection is not None:
        return waits(gate, rejection)
    if upstream.alarm(record) is not None:
        return waits(gate, f"an alarm was raised in {upstream.name}: {upstream.alarm(record)}")
    if upstream.unwatched:
        return passed(gate, f"merged in {upstream.name}, whose health is not watched (health: from: none)")
    if (
        upstream.active is not None
        and upstream.active.id == release.id
        and upstream.health.state is not HealthState.HEALTHY
    ):
        return waits(gate, f"{upstream.name}: {upstream.health.reason}")
    if not upstream.verified(record):
        return waits(gate, f"not yet seen live and Healthy in {upstream.name}: {upstream.health.reason}")
    return passed(gate, f"verified live and Healthy in {upstream.name}")
