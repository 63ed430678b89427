"""What happens when a release proves bad, and who must agree to take it back: `on_degraded`, `rollback`. No I/O."""

from config.approval_keys import read_approvals
from config.pipeline import HealthRule, HealthSource, OnDegraded, RollbackRule
from config.reading import Fields, Reader


def read_on_degraded(reader: Reader, fields: Fields, health: HealthRule, *, is_source: bool) -> OnDegraded:
    """What is declared, or nothing; it needs something that is promoted here, and whose health is watched."""
    if "on_degraded" not in fields:
        return OnDegraded.NONE
    node = fields["on_degraded"].value
    declared = reader.choice(node, "on_degraded", OnDegraded)
    if declared is None or declared is OnDegraded.NONE:
        return OnDegraded.NONE
    if is_source:
        message = f"`on_degraded: {declared}` has nothing to act on: the tip of this branch is the release"
        reader.refuse(node, message, "no `on_degraded`")
        return OnDegraded.NONE
    if health.source is HealthSource.NONE:
        message = f"`on_degraded: {declared}` can never see anything Degraded: the health here is not watched"
        reader.refuse(node, message, "no `on_degraded`, or `health: {from: argocd}`")
        return OnDegraded.NONE
    return declared


def read_rollback(reader: Reader, fields: Fields, *, is_source: bool) -> RollbackRule:
    """Who must approve of a rollback, where that differs from the environment's approvals."""
    if "rollback" not in fields:
        return RollbackRule()
    entry = fields["rollback"]
    if is_source:
        reader.refuse(entry.key, "nothing is rolled back on a branch whose tip is the release", "no `rollback`")
    declared = reader.fields(entry.value, "`rollback`", known=("approvals",))
    if "approvals" not in declared:
        return RollbackRule()
    return RollbackRule(approvals=read_approvals(reader, declared["approvals"].value))
