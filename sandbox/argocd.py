"""What Argo CD writes into an Application's status when it compares with Git, syncs, and watches what it synced.

Only the fields that promotion tools read, in Argo CD's own words (`pkg/apis/application/v1alpha1/types.go`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.applications import Json

HEALTHY = ("Healthy", "")

# Argo CD compares with Git at least this often (its `timeout.reconciliation`).
_REFRESH = timedelta(minutes=3)


@dataclass(slots=True)
class Plan:
    """What is to become of an Application: its health once synced, and whether it follows its branch by itself.

    `only`: the one revision that fares so; every other is Healthy.
    """

    auto_sync: bool
    fate: tuple[str, str] = HEALTHY
    synced: str | None = None
    only: str | None = None


def stale(body: Json, revision: str | None, *, branch_moved: datetime, now: datetime) -> bool:
    """Whether Argo CD would compare now: the branch is elsewhere or moved since, or the last look is too old."""
    status = body["status"]
    if "reconciledAt" not in status or status["sync"].get("revision") != revision:
        return True
    compared = datetime.fromisoformat(status["reconciledAt"])
    return compared < branch_moved.replace(microsecond=0) or now - compared >= _REFRESH


def compare(body: Json, plan: Plan, revision: str | None, *, now: datetime) -> None:
    """Hold what runs against the branch's commit, and sync it if that goes by itself."""
    status = body["status"]
    status["reconciledAt"] = written(now)
    if revision is None:
        # A ComparisonError: Argo CD cannot say whether what runs is what is wanted.
        status["sync"] = {"status": "Unknown"}
    elif plan.auto_sync or plan.synced == revision:
        apply(body, plan, revision, now=now)
    else:
        # Before a sync the status names the revision compared with, not the one that runs.
        status["sync"] = {"status": "OutOfSync", "revision": revision}
    fare(body, plan, now=now)


def apply(body: Json, plan: Plan, revision: str, *, now: datetime) -> None:
    """Sync: from now on that revision runs."""
    status = body["status"]
    status["sync"] = {"status": "Synced", "revision": revision}
    if plan.synced != revision:
        plan.synced = revision
        done = {"phase": "Succeeded", "startedAt": written(now), "finishedAt": written(now)}
        status["operationState"] = {**done, "syncResult": {"revision": revision}}
    fare(body, plan, now=now)


def fare(body: Json, plan: Plan, *, now: datetime) -> None:
    """Set the health; its time moves only when its word does (`lastTransitionTime`)."""
    fate = plan.fate if plan.only in (None, plan.synced) else HEALTHY
    word, message = fate if plan.synced else ("Missing", "")
    before = body["status"].get("health", {})
    since = before["lastTransitionTime"] if before.get("status") == word else written(now)
    said = {"message": message} if message else {}
    body["status"]["health"] = {"status": word, "lastTransitionTime": since, **said}


def written(moment: datetime) -> str:
    """A time as Go writes `metav1.Time`: UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
