"""Facts of the cluster: what Argo CD deploys from where, and how it is. No I/O."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where an Argo CD Application reads from. `repository` is normalised: `host/owner/name`, lower case."""

    repository: str
    path: str
    target_revision: str
    revision: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What an Argo CD Application says of itself. `health`, `sync`: Argo CD's own words. Times are aware UTC."""

    name: str
    namespace: str
    sources: tuple[Source, ...]
    sync: str
    health: str
    health_message: str
    health_since: datetime | None
    reconciled: datetime | None
    operating: bool
