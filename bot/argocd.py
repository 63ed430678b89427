"""What an Argo CD Application's JSON says, as `bot.model.Application`. No I/O.

Pure and total: objects come from clusters we do not control, so whatever is missing or of the wrong kind is read as
*unknown*, never as an error that would stop the watching of every other Application. Field names are those of
`argoproj.io/v1alpha1` (Argo CD's `pkg/apis/application/v1alpha1/types.go`).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot.model import Application, Source
from bot.repository_url import normalise_repository_url

_EMPTY: Mapping[str, object] = {}


def parse_application(found: object) -> Application:
    """The Application in an object of the API server. A malformed one has health "Unknown"; a nameless one, name ""."""
    whole = _mapping(found)
    metadata, spec, status = _part(whole, "metadata"), _part(whole, "spec"), _part(whole, "status")
    sync, health = _part(status, "sync"), _part(status, "health")
    return Application(
        name=_text(metadata, "name"),
        namespace=_text(metadata, "namespace"),
        sources=_sources(spec, sync),
        sync=_text(sync, "status"),
        health=_text(health, "status") or "Unknown",
        health_message=_text(health, "message"),
        health_since=_time(health, "lastTransitionTime"),
        reconciled=_time(status, "reconciledAt"),
        operating=_operating(whole, status),
        rollout_names=_rollout_names(spec, status),
    )


def _sources(spec: Mapping[str, object], sync: Mapping[str, object]) -> tuple[Source, ...]:
    """`spec.sources` outranks `spec.source`; each of several has its own entry of `status.sync.revisions`."""
    several = _sequence(spec.get("sources"))
    if several:
        revisions = _sequence(sync.get("revisions"))
        found = [
            _source(_mapping(one), revisions[index] if index < len(revisions) else None)
            for index, one in enumerate(several)
        ]
        return tuple(source for source in found if source is not None)
    hydrated = "sourceHydrator" in spec
    one = _hydrated(_part(spec, "sourceHydrator")) if hydrated else _part(spec, "source")
    source = _source(one, sync.get("revision"))
    return (source,) if source is not None else ()


def _hydrated(hydrator: Mapping[str, object]) -> Mapping[str, object]:
    """What is synced with the source hydrator: the branch it writes in the dry source's repository."""
    written = _part(hydrator, "syncSource")
    return {
        "repoURL": _part(hydrator, "drySource").get("repoURL"),
        "targetRevision": written.get("targetBranch"),
        "path": written.get("path"),
    }


def _source(source: Mapping[str, object], revision: object) -> Source | None:
    """One source in Git. A chart of a Helm repository is none: its revision is a chart's version."""
    url = _text(source, "repoURL")
    if not url or _text(source, "chart"):
        return None
    return Source(
        repository=normalise_repository_url(url),
        path=_text(source, "path"),
        target_revision=_text(source, "targetRevision"),
        revision=revision if isinstance(revision, str) and revision else None,
    )


def _rollout_names(spec: Mapping[str, object], status: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """The Rollouts it manages in Argo CD's own cluster, which is the one we read; of others Argo CD's word counts."""
    where = _part(spec, "destination")
    if _text(where, "name") != "in-cluster" and _text(where, "server") != "https://kubernetes.default.svc":
        return ()
    resources = (_mapping(one) for one in _sequence(status.get("resources")))
    found = (one for one in resources if (one.get("group"), one.get("kind")) == ("argoproj.io", "Rollout"))
    return tuple(sorted({(_text(one, "namespace"), _text(one, "name")) for one in found}))


def _operating(whole: Mapping[str, object], status: Mapping[str, object]) -> bool:
    """Whether an operation is asked for (`operation`) or still runs (`status.operationState`)."""
    phase = _text(_part(status, "operationState"), "phase")
    return bool(whole.get("operation")) or phase in ("Running", "Terminating")


# --- JSON of any shape ------------------------------------------------------------------------------------------------


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else _EMPTY


def _part(value: Mapping[str, object], key: str) -> Mapping[str, object]:
    return _mapping(value.get(key))


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _text(value: Mapping[str, object], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _time(value: Mapping[str, object], key: str) -> datetime | None:
    """Kubernetes writes RFC 3339 (`metav1.Time`); what is not such a time is no time."""
    try:
        found = datetime.fromisoformat(_text(value, key))
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
