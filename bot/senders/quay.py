"""Quay, quay.io or one's own. https://docs.quay.io/guides/notifications.html ("Repository push"). No I/O.

It signs nothing. Its other notifications (builds, vulnerabilities) name no updated tags.
"""

from collections.abc import Iterator

from bot.senders.hint import Hint, hint, repository_at, without_scheme
from bot.senders.notification import Notification, demand, rows, text

_HOST = "quay.io"


def hints(said: Notification) -> Iterator[Hint | None]:
    """One hint for each updated tag."""
    demand(said.body, "repository", of="Quay's")
    host, _, path = without_scheme(text(said.body, "docker_url")).partition("/")
    repository = repository_at(said.host(host or _HOST), path or text(said.body, "repository"))
    for tag in rows(said.body, "updated_tags"):
        yield hint(repository, tag=tag)
