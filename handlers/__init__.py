"""From an event to the keys that need a look: "look here", never "do this". No I/O.

One small module for each family of events; this one lists them. A new event is a line here, and in `app.yml`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bot.senders import Hint
from handlers import checks, comment, deployment, installation, pull_request, push, registry, repository, review
from handlers import payload as _payload

EVENTS: Final[Mapping[str, Callable[[Mapping[str, Any]], frozenset[str]]]] = {
    "push": push.concerned,
    "create": push.concerned,
    "delete": push.concerned,
    "pull_request": pull_request.concerned,
    "merge_group": pull_request.concerned,
    "pull_request_review": review.concerned,
    "check_run": checks.concerned,
    "check_suite": checks.concerned,
    "status": checks.concerned,
    "issue_comment": comment.concerned,
    "issues": comment.concerned,
    "deployment": deployment.concerned,
    "deployment_status": deployment.concerned,
    "registry_package": registry.concerned,
    "package": registry.concerned,
    "repository": repository.concerned,
    "member": repository.concerned,
    "membership": repository.concerned,
    "team": repository.concerned,
    "installation": installation.concerned,
    "installation_repositories": installation.concerned,
    "installation_target": installation.concerned,
}


def keys_of(event: str, payload: Mapping[str, Any]) -> frozenset[str] | None:
    """The keys an event concerns; None for an event nobody here listens to. A malformed payload concerns nobody."""
    concerned = EVENTS.get(event)
    return None if concerned is None else concerned(payload)


def hints_of(event: str, payload: Mapping[str, Any]) -> tuple[Hint, ...]:
    """What the event hints at in a registry: a tag that was pushed. Only packages do."""
    return registry.hinted(payload) if EVENTS.get(event) is registry.concerned else ()


def names_of(payload: Mapping[str, Any]) -> tuple[tuple[int, int, str], ...]:
    """(repository id, installation id, full name) of every repository the payload names."""
    installation_id = _payload.installation(payload)
    named: list[tuple[int, int, str]] = []
    for described in (payload.get("repository"), *installation.listed(payload)):
        repository_id = _payload.number(described)
        full_name = described.get("full_name") if isinstance(described, Mapping) else None
        if installation_id is not None and repository_id is not None and isinstance(full_name, str) and full_name:
            named.append((repository_id, installation_id, full_name))
    return tuple(dict.fromkeys(named))
