"""Facts of the cluster: what Argo CD deploys from where, and how it is. No I/O."""

from dataclasses import dataclass
from datetime import datetime

from bot.model.releases import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an Argo CD Application reads from. `repository` is normalised: `host/owner/name`, lower case."""

    repository: str
    path: str
    target_revision: str
    revision: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """What an Argo Rollouts Rollout says of itself. `phase`: its own word (Healthy, Degraded, Progressing, Paused).

    `step`: counted from 0, as many as `steps` when all are done; None where it has none. `weight`: percent of the
    traffic that goes to the new version. `paused_until`: None where it pauses until somebody resumes it.
    """

    name: str
    namespace: str
    phase: str
    message: str
    step: int | None
    steps: int
    weight: int | None
    paused: bool
    paused_until: datetime | None
    aborted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What an Argo CD Application says of itself. `health`, `sync`: Argo CD's own words. Times are aware UTC.

    `rollout_names`: namespace and name of each Rollout among its resources, where they are in the cluster that we read;
    `rollouts`: those, as the cluster has them.
    """

    name: str
    namespace: str
    sources: tuple[Source, ...]
    sync: str
    health: str
    health_message: str
    health_since: datetime | None
    reconciled: datetime | None
    operating: bool
    rollout_names: tuple[tuple[str, str], ...] = ()
    rollouts: tuple[Rollout | Unknown, ...] = ()
