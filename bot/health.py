"""Whether what stands in Git is live in the cluster, how it fares there, and for how long. No I/O.

Everything here errs on the side of *not yet*: an Application that has not looked since the merge, that is on another
revision, or that says nothing of its health proves nothing about the release.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.model import HISTORY_READ, Application, Base, RecordState, RecordStatus, Rollout, Sha, Source, Unknown
from bot.rollouts import in_words


class HealthState(StrEnum):
    HEALTHY = "Healthy"
    PROGRESSING = "Progressing"
    DEGRADED = "Degraded"
    UNKNOWN = "Unknown"


# The worst Application speaks for the environment.
_BADNESS = {HealthState.HEALTHY: 0, HealthState.PROGRESSING: 1, HealthState.UNKNOWN: 2, HealthState.DEGRADED: 3}

# Argo CD's words (its `health.HealthStatusCode`). Missing resources are yet to be made, Suspended ones to be resumed.
_SPOKEN = {
    "Healthy": HealthState.HEALTHY,
    "Progressing": HealthState.PROGRESSING,
    "Suspended": HealthState.PROGRESSING,
    "Missing": HealthState.PROGRESSING,
    "Degraded": HealthState.DEGRADED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """An environment's health with regard to one release. `live`: the release is what runs.

    `since`: Argo CD's own transition time, where it gave one. `revision`: the one every matched Application is on, if
    they agree. `rollouts`: what those that are not done say of themselves, "" where all are.
    """

    state: HealthState
    since: datetime | None
    live: bool
    reason: str
    revision: Sha | None
    rollouts: str = ""


# --- which Applications are meant -------------------------------------------------------------------------------------


def matching(
    applications: Sequence[Application], *, repository: str, path: str, branch: str, default_branch: str
) -> tuple[Application, ...]:
    """Those with a source in that repository, folder and branch, each reduced to these sources.

    `repository` is normalised (`host/owner/name`). An Application's other sources (a chart's, say) have revisions of
    their own, which say nothing of ours.
    """
    found = []
    for application in applications:
        sources = tuple(
            source
            for source in application.sources
            if source.repository == repository.lower()
            and _folder(source.path) == _folder(path)
            and _follows(source.target_revision, branch, default_branch)
        )
        if sources:
            found.append(replace(application, sources=sources))
    return tuple(found)


def _folder(path: str) -> str:
    """A folder's one spelling: no `.`, no empty parts; the whole tree is ""."""
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def _follows(target: str, branch: str, default_branch: str) -> bool:
    """Whether a targetRevision names that branch. Empty means HEAD (Argo CD docs, "Tracking Strategies")."""
    if target in ("", "HEAD"):
        return branch == default_branch
    return target.removeprefix("refs/heads/") == branch


# --- is it live, and how does it fare ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    """What one Application says of the release."""

    state: HealthState
    live: bool
    reason: str


def assess(
    applications: tuple[Application, ...] | Unknown,
    *,
    base: Base,
    merge_commit: Sha,
    merged_at: datetime,
    now: datetime,
    path: str = "",
) -> Health:
    """The health of the release that `merge_commit` brought, over all matched Applications: the worst counts.

    The caller guarantees that the release's scalars still stand at `base.tip`; `path` only words the answer when
    nothing matches.
    """
    if isinstance(applications, Unknown):
        return _nothing_known(applications.reason)
    if not applications:
        folder = _folder(path) or "the repository's root"
        return _nothing_known(f"no Argo CD Application follows {folder} on {base.branch}")
    findings = [_find(a, base=base, merge_commit=merge_commit, merged_at=merged_at) for a in applications]
    worst = max(findings, key=lambda finding: _BADNESS[finding.state])
    times = [a.health_since for a in applications if a.health_since is not None]
    revisions = {source.revision for a in applications for source in a.sources}
    revision = revisions.pop() if len(revisions) == 1 else None
    reason = worst.reason
    if worst.state is HealthState.HEALTHY and len(findings) > 1:
        reason = f"all {len(findings)} Applications are Synced and Healthy"
    return Health(
        state=worst.state,
        # A cluster whose clock runs ahead must not make a soak negative.
        since=min(max(times), now) if times else None,
        live=all(finding.live for finding in findings),
        reason=reason,
        revision=Sha(revision) if revision else None,
        rollouts="; ".join(_unfinished(one for a in applications for one in a.rollouts)),
    )


def _nothing_known(reason: str) -> Health:
    return Health(state=HealthState.UNKNOWN, since=None, live=False, reason=reason, revision=None)


def _find(application: Application, *, base: Base, merge_commit: Sha, merged_at: datetime) -> _Finding:
    """One Application's state. Not live is never Healthy; Degraded only if it is the release that is Degraded."""
    spoken = _SPOKEN.get(application.health, HealthState.UNKNOWN)
    elsewhere = _not_on(application.sources, base, merge_commit)
    if elsewhere is not None:
        return _pending(application, elsewhere)
    # Before a sync, Argo CD compares the new revision with what still runs: OutOfSync, with the *old* release's health.
    if application.sync == "OutOfSync":
        return _pending(application, "is OutOfSync: not yet synced")
    if application.sync != "Synced":
        reason = f"{application.name}: Argo CD cannot compare it with Git (sync status {application.sync or 'missing'})"
        return _Finding(state=HealthState.UNKNOWN, live=False, reason=reason)
    unsettled = _unsettled(application, merged_at)
    if spoken is HealthState.HEALTHY and unsettled is not None:
        return _pending(application, unsettled)
    finding = _Finding(state=spoken, live=unsettled is None, reason=_worded(application, spoken))
    return _with_rollouts(finding, application.rollouts)


# A Rollout's own words (Argo Rollouts' `RolloutPhase`).
_PHASES = {
    "Healthy": HealthState.HEALTHY,
    "Progressing": HealthState.PROGRESSING,
    "Paused": HealthState.PROGRESSING,
    "Degraded": HealthState.DEGRADED,
}


def _with_rollouts(finding: _Finding, rollouts: Sequence[Rollout | Unknown]) -> _Finding:
    """The worst of what the Application and its Rollouts say. What is under way is told of, whoever is worse."""
    said = [_rollout(one) for one in rollouts]
    told = _unfinished(rollouts)
    if not told:
        return finding
    state = max((finding.state, *(state for state, _ in said)), key=_BADNESS.__getitem__)
    # That the Application is Healthy is no reason for anything while a Rollout is not.
    before = [] if finding.state is HealthState.HEALTHY else [finding.reason]
    return replace(finding, state=state, reason="; ".join([*before, *told]))


def _unfinished(rollouts: Iterable[Rollout | Unknown]) -> list[str]:
    return [reason for state, reason in map(_rollout, rollouts) if state is not HealthState.HEALTHY]


def _rollout(rollout: Rollout | Unknown) -> tuple[HealthState, str]:
    if isinstance(rollout, Unknown):
        return HealthState.UNKNOWN, rollout.reason
    if rollout.aborted:
        return HealthState.DEGRADED, in_words(rollout)
    state = _PHASES.get(rollout.phase, HealthState.UNKNOWN)
    if state is HealthState.HEALTHY and rollout.paused:
        state = HealthState.PROGRESSING
    return state, in_words(rollout)


def _pending(application: Application, what: str) -> _Finding:
    return _Finding(state=HealthState.PROGRESSING, live=False, reason=f"{application.name} {what}")


def _unsettled(application: Application, merged_at: datetime) -> str | None:
    """Why an Application that is Synced on the right revision still proves nothing."""
    if application.operating:
        return "is being synced"
    if application.reconciled is None or application.reconciled < merged_at:
        return "has not been reconciled since the merge"
    return None


def _worded(application: Application, state: HealthState) -> str:
    """Stable between passes, so that an idle pass has nothing to rewrite."""
    if state is HealthState.HEALTHY:
        return f"{application.name} is Synced and Healthy"
    said = f"is {application.health}" if application.health else "does not report its health"
    return f"{application.name} {said}" + (f": {application.health_message}" if application.health_message else "")


def _not_on(sources: tuple[Source, ...], base: Base, merge_commit: Sha) -> str | None:
    """Why the Application is not on a revision that holds the release; None when every source is."""
    for source in sources:
        if source.revision is None:
            return "is not yet synced to any revision"
        if not _includes(source.revision, base, merge_commit):
            return f"is on {source.revision[:7]}: not yet synced to {merge_commit[:7]}"
    return None


def _includes(revision: str, base: Base, merge_commit: Sha) -> bool:
    """Whether that revision is the merge, or a descendant in which the promoted scalars stand unchanged."""
    if revision == merge_commit:
        return True
    if merge_commit not in base.history:
        # Where the history was read to its end, the merge is gone from the branch. Else it may lie further back: the
        # caller guarantees that its scalars stand at the tip.
        further_back = len(base.history) >= HISTORY_READ
        return further_back and (revision == base.tip or (base.touched == merge_commit and revision in base.history))
    if revision == base.tip:
        return True
    # Between the merge and the tip nothing is known of the folder, unless the merge was the last to touch it.
    newer = base.history[: base.history.index(merge_commit)]
    return base.touched == merge_commit and revision in newer


# --- for how long -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Runs:
    """Healthy time so far: the longest run that ended, the present run's closed intervals, when its open one began."""

    longest: timedelta
    present: timedelta
    open_since: datetime | None


def soak(
    statuses: tuple[RecordStatus, ...],
    *,
    created: datetime,
    now: datetime,
    until: datetime | None,
    currently_healthy: bool,
    health_since: datetime | None,
) -> timedelta:
    """The longest unbroken Healthy time of a record. `until`: when the environment moved on to another release.

    Degraded ends a run; watching, unknown and alarmed time does not count but ends nothing. Time after the last status
    counts only if health is known to be Healthy now, and then not before `health_since`, Argo CD's transition time.
    """
    end = now if until is None else min(until, now)
    running = until is None and currently_healthy
    runs = _runs(statuses, created=created, end=end, health_since=health_since if running else None)
    present = runs.present
    if runs.open_since is not None and (running or until is not None):
        present += max(end - runs.open_since, timedelta())
    return max(runs.longest, present)


def healthy_at(
    statuses: tuple[RecordStatus, ...],
    *,
    created: datetime,
    now: datetime,
    needed: timedelta,
    currently_healthy: bool,
    health_since: datetime | None,
) -> datetime | None:
    """When the soak reaches `needed` if it stays Healthy (`now` if an earlier run did); None while nothing is soaking.

    The moment depends on what is recorded, not on `now`: it stands still from pass to pass.
    """
    runs = _runs(statuses, created=created, end=now, health_since=health_since if currently_healthy else None)
    if runs.longest >= needed or runs.present >= needed:
        return now
    if runs.open_since is None or not currently_healthy:
        return None
    return runs.open_since + (needed - runs.present)


def _runs(
    statuses: tuple[RecordStatus, ...], *, created: datetime, end: datetime, health_since: datetime | None
) -> _Runs:
    """Fold the statuses, oldest first, leaving out what came after `end`."""
    longest = present = timedelta()
    since: datetime | None = None
    for status in statuses:
        if status.at > end:
            break
        at = max(status.at, created)
        if status.state is RecordState.HEALTHY:
            since = at if since is None else since
            continue
        if since is not None:
            present, since = present + max(at - since, timedelta()), None
        if status.state is RecordState.DEGRADED:
            longest, present = max(longest, present), timedelta()
    if since is not None and health_since is not None and health_since > _last_healthy(statuses, end):
        # Health changed and came back unseen (we were down, perhaps): it may have been Degraded. The run begins anew.
        longest, present, since = max(longest, present), timedelta(), health_since
    return _Runs(longest=longest, present=present, open_since=since)


def _last_healthy(statuses: tuple[RecordStatus, ...], end: datetime) -> datetime:
    return max(status.at for status in statuses if status.state is RecordState.HEALTHY and status.at <= end)
