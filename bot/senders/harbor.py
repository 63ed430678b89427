"""Harbor, in its own form and as CloudEvents. No I/O.

https://goharbor.io/docs/latest/working-with-projects/project-configuration/configure-webhooks/. It sends a configured
value as `Authorization`. Both forms hold the same resources, several where a push carries several tags.
"""

from collections.abc import Iterator

from bot.senders.cloudevents import events
from bot.senders.hint import Hint, hint, repository_at, split_address
from bot.senders.notification import Notification, demand, inside, rows, text

# `pushImage` is what Harbor 1 said.
_PUSHES = frozenset({"PUSH_ARTIFACT", "pushImage"})
_PUSHED_EVENT = "harbor.artifact.pushed"


def hints(said: Notification) -> Iterator[Hint | None]:
    """One hint for each pushed resource. Pulls, deletions, scans, replications and quotas say nothing."""
    if inside(said.body, "specversion") is not None or "ce-specversion" in said.headers or isinstance(said.body, list):
        pushes = [event.data for event in events(said) if event.kind == _PUSHED_EVENT]
    else:
        demand(said.body, "type", of="Harbor's")
        pushes = [inside(said.body, "event_data")] if text(said.body, "type") in _PUSHES else []
    for push in pushes:
        for resource in rows(push, "resources"):
            yield _hint(resource, push, said)


def _hint(resource: object, push: object, said: Notification) -> Hint | None:
    """The resource's address names host and path; the repository beside it names the path again."""
    host, path, tag, digest = split_address(text(resource, "resource_url"))
    host = said.host(host)
    named = inside(push, "repository")
    full = text(named, "repo_full_name") or "/".join(filter(None, (text(named, "namespace"), text(named, "name"))))
    repository = repository_at(host, full or path) if host else None
    return hint(repository, tag=text(resource, "tag") or tag, digest=text(resource, "digest") or digest)
