"""Sonatype Nexus Repository: "Webhook: Repository", assets and components. No I/O.

https://help.sonatype.com/en/example-headers-and-payloads.html. Each body is signed (HMAC-SHA1). It does not say under
which host and port the registry is reached (`registry_host`): without that nothing declared can be meant.
"""

from collections.abc import Iterator

from bot.senders.hint import Hint, hint, repository_at
from bot.senders.notification import Notification, demand, inside, text

_PUSHES = frozenset({"CREATED", "UPDATED"})
_FORMAT = "docker"
# An asset is named after the address it is served at: /v2/<name>/manifests/<tag or digest>.
_API, _MANIFESTS = "v2/", "/manifests/"


def hints(said: Notification) -> Iterator[Hint | None]:
    """One image. Other formats, deletions, and layers of images say nothing."""
    demand(said.body, of="Nexus's")
    if text(said.body, "action") not in _PUSHES:
        return
    component, asset = inside(said.body, "component"), inside(said.body, "asset")
    path, version = "", ""
    if text(component, "format") == _FORMAT:
        path, version = text(component, "name"), text(component, "version")
    elif text(asset, "format") == _FORMAT:
        path, _, version = text(asset, "name").removeprefix("/").removeprefix(_API).partition(_MANIFESTS)
    repository = repository_at(said.host(""), path)
    by_digest = version.startswith("sha256:")
    yield hint(repository, tag=None if by_digest else version, digest=version if by_digest else None)
