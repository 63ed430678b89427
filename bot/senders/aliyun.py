"""Alibaba Cloud Container Registry: Docker Hub's form with a region. No I/O.

https://www.alibabacloud.com/help/en/acr/user-guide/manage-webhooks. It signs nothing. The address it calls may say
which registry it is (`?registry_url=`), as instances of the Enterprise Edition have hosts of their own.
"""

from collections.abc import Iterator

from bot.senders.hint import Hint, hint, repository_at
from bot.senders.notification import Notification, demand, text


def hints(said: Notification) -> Iterator[Hint | None]:
    """One push of one tag."""
    demand(said.body, "repository", "push_data", of="Alibaba Cloud's")
    push = (text(said.body, "push_data", "tag"), text(said.body, "push_data", "digest"))
    # Only tagged pushes are told of; a digest alone says that fields are missing.
    if push[0]:
        yield hint(_repository(said), tag=push[0], digest=push[1])


def _repository(said: Notification) -> str | None:
    """As the sender spells it: its console shows names in upper case that references cannot hold."""
    region = text(said.body, "repository", "region")
    host = said.host(said.query.get("registry_url", "") or (f"registry.{region}.aliyuncs.com" if region else ""))
    path = text(said.body, "repository", "repo_full_name")
    if not path:
        path = f"{text(said.body, 'repository', 'namespace')}/{text(said.body, 'repository', 'name')}"
    found = repository_at(host, path.lower())
    return f"{found[: -len(path)]}{path}" if found and path.isascii() else None
