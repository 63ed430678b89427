"""GitHub's registry, through a webhook of a repository or an organisation. No I/O.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#registry_package. Each delivery is signed. What kind of
package it is does not stand in `package_type` (GitHub's own examples say npm for images): what carries metadata of a
container, or comes from the registry for containers, is one. A multi-platform push tells of many versions without tags;
their `name` is a digest and must not pass for a tag.
"""

from collections.abc import Iterator

from bot.senders.hint import Hint, hint, repository_at, split_address
from bot.senders.notification import Notification, demand, inside, text

_HOST = "ghcr.io"
PUSHES = frozenset({"published", "create", "created", "updated"})
_EVENTS = frozenset({"", "package", "registry_package"})


def hints(said: Notification) -> Iterator[Hint | None]:
    """One version of one package. Events that are not about packages, such as `ping`, say nothing."""
    if said.headers.get("x-github-event", "") not in _EVENTS or inside(said.body, "zen") is not None:
        return
    kind = "registry_package" if inside(said.body, "registry_package") is not None else "package"
    demand(said.body, "action", kind, of="GitHub's")
    if text(said.body, "action") in PUSHES:
        yield pushed(inside(said.body, kind), said.host(""))


def pushed(package: object, host: str = "") -> Hint | None:
    """A package, if it is an image or a chart in the registry for containers. `host` wins over the one it names."""
    version = inside(package, "package_version")
    metadata = inside(version, "container_metadata")
    if not isinstance(metadata, dict) and text(package, "registry", "type").lower() != "container":
        return None
    named = (text(version, "version"), text(version, "name"), text(metadata, "tag", "digest"))
    digest = next((name for name in named if name.startswith("sha256:")), None)
    return hint(_repository(package, host), tag=inside(metadata, "tag", "name"), digest=digest)


def _repository(package: object, host: str) -> str | None:
    """Names are shown as people wrote them; references are in lower case."""
    said, path, _, _ = split_address(text(package, "package_version", "package_url"))
    if not path:
        owner = text(package, "owner", "login") or text(package, "namespace").partition("/")[0]
        said, path = _HOST, f"{owner}/{text(package, 'name')}"
    return repository_at(host or said, path.lower())
