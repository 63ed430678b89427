"""Docker Hub. https://docs.docker.com/docker-hub/repos/manage/webhooks/. No I/O.

It signs nothing and sends no header of ours.
"""

from collections.abc import Iterator

from bot.image_reference import HUB
from bot.senders.hint import Hint, hint, repository_at
from bot.senders.notification import Notification, demand, text


def hints(said: Notification) -> Iterator[Hint | None]:
    """One push of one tag."""
    demand(said.body, "repository", "push_data", of="Docker Hub's")
    yield hint(repository_at(HUB, _path(said.body)), tag=text(said.body, "push_data", "tag"))


def _path(body: object) -> str:
    name, namespace = text(body, "repository", "name"), text(body, "repository", "namespace")
    return text(body, "repository", "repo_name") or (f"{namespace}/{name}" if namespace else name)
