"""JFrog Artifactory. https://jfrog.com/help/r/jfrog-platform-administration-documentation/docker-events. No I/O.

Each body is signed. People pull through a virtual repository while events name the local one behind it
(`virtual_repository`), and often by another host (`registry_host`).
"""

import re
from collections.abc import Iterator

from bot.senders.hint import Hint, hint, repository_at, without_scheme
from bot.senders.notification import Notification, demand, text
from config.doors import Option

_MANIFESTS = frozenset({"manifest.json", "list.manifest.json"})
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Behind the image's own path stand the tag's folder and the manifest's file.
_BEHIND_IMAGE = 2


def hints(said: Notification) -> Iterator[Hint | None]:
    """One pushed tag. Other domains, and Docker's `deleted` and `promoted`, are no pushes."""
    demand(said.body, "domain", "event_type", of="Artifactory's")
    if (text(said.body, "domain"), text(said.body, "event_type")) != ("docker", "pushed"):
        return
    parts = text(said.body, "data", "path").strip("/").split("/")
    if len(parts) <= _BEHIND_IMAGE:
        return
    key = said.options.get(Option.VIRTUAL_REPOSITORY) or text(said.body, "data", "repo_key")
    host = without_scheme(text(said.body, "jpd_origin")).partition("/")[0]
    checksum = text(said.body, "data", "sha256")
    known = parts[-1] in _MANIFESTS and _SHA256.fullmatch(checksum)
    yield hint(
        repository_at(said.host(host), "/".join([key, *parts[:-_BEHIND_IMAGE]])),
        tag=text(said.body, "data", "tag"),
        digest=f"sha256:{checksum}" if known else None,
    )
