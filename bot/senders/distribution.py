"""CNCF Distribution, and with it GitLab's registry. No I/O.

distribution/distribution docs, "Work with notifications". An envelope holds many events. It sends a configured
header, and asks again until it gets an answer below 400.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from bot.senders.hint import Hint, NotificationError, hint, repository_at
from bot.senders.notification import Notification, inside, rows, text

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


def hints(said: Notification) -> Iterator[Hint | None]:
    """One hint for each pushed manifest. Layers, pulls, mounts, deletes, and events that make no sense are left out."""
    if not isinstance(inside(said.body, "events"), list):
        raise NotificationError("the notification holds no list of events")
    for event in rows(said.body, "events"):
        if text(event, "target", "mediaType") in _MANIFEST_TYPES:
            yield pushed(event, said)


def pushed(event: object, said: Notification) -> Hint | None:
    """One event, if it is a push of a manifest or does not say what was pushed; Azure sends such events alone."""
    target = inside(event, "target")
    unsaid = inside(target, "mediaType") is None
    if text(event, "action") != "push" or not (unsaid or text(target, "mediaType") in _MANIFEST_TYPES):
        return None
    repository = repository_at(said.host(_host(event)), text(target, "repository"))
    return hint(repository, tag=inside(target, "tag"), digest=inside(target, "digest"))


def _host(event: object) -> str:
    """The name the pusher used, else the one in the manifest's address."""
    try:
        return text(event, "request", "host") or urlsplit(text(event, "target", "url")).netloc
    except ValueError:
        return ""
