"""Reads what registries send when something is pushed. No I/O.

A notification is a hint: it says where to look, never what is true.
CNCF Distribution (also GitLab's registry and Azure's): distribution/distribution docs, "Work with notifications".
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

import orjson

from bot.errors import UserError
from bot.image_reference import ImageReferenceError, is_digest, is_tag, normalise_repository
from bot.model import Digest
from bot.versions import is_signature_tag

_MANIFEST_TYPES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)


class NotificationError(UserError, ValueError):
    """The body is no notification; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Something may have been pushed. `repository` is normalised; `tag` is None where a manifest came by digest."""

    repository: str
    tag: str | None
    digest: Digest | None


def parse_notification(body: bytes) -> tuple[Hint, ...]:
    """The pushed manifests of a CNCF Distribution envelope, each once, in order. Raises NotificationError.

    Layers, pulls, mounts, deletes, signatures, and single events that make no sense are left out.
    """
    try:
        envelope = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotificationError("the notification is not JSON") from error
    events = envelope.get("events") if isinstance(envelope, dict) else None
    if not isinstance(events, list):
        raise NotificationError("the notification holds no list of events")
    hints = [hint for event in events if isinstance(event, dict) and (hint := _hint(event)) is not None]
    return tuple(dict.fromkeys(hints))


def _hint(event: dict[str, object]) -> Hint | None:
    target = event.get("target")
    if event.get("action") != "push" or not isinstance(target, dict) or target.get("mediaType") not in _MANIFEST_TYPES:
        return None
    path, tag, digest = target.get("repository"), target.get("tag") or None, target.get("digest")
    if not isinstance(path, str) or not (tag is None or (isinstance(tag, str) and is_tag(tag))):
        return None
    if tag is not None and is_signature_tag(tag):
        return None
    repository = _repository(_host(event, target), path)
    known = Digest(digest) if isinstance(digest, str) and is_digest(digest) else None
    return Hint(repository=repository, tag=tag, digest=known) if repository else None


def _host(event: dict[str, object], target: dict[str, object]) -> str:
    """The name the pusher used, else the one in the manifest's address."""
    request, url = event.get("request"), target.get("url")
    host = request.get("host") if isinstance(request, dict) else None
    if isinstance(host, str) and host:
        return host
    try:
        return urlsplit(url).netloc if isinstance(url, str) else ""
    except ValueError:
        return ""


def _repository(host: str, path: str) -> str | None:
    """`host/path`, normalised; None where the two make no repository (a bare word as host would mean Docker Hub)."""
    try:
        repository = normalise_repository(f"{host}/{path}")
    except ImageReferenceError:
        return None
    return repository if repository.startswith(f"{host}/") else None
