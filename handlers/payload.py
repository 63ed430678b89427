"""What every family of events shares: which repository a payload is about. No I/O.

Payloads are signed, yet their fields are written by strangers: whatever is not shaped as GitHub documents it is read as
absent. https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from collections.abc import Mapping
from typing import Any


def number(holder: object) -> int | None:
    """The `id` of an object of GitHub's; None where there is none."""
    found = holder.get("id") if isinstance(holder, Mapping) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None


def installation(payload: Mapping[str, Any]) -> int | None:
    """Every delivery to an App carries it."""
    return number(payload.get("installation"))


def key_of(installation_id: int | None, repository: object) -> frozenset[str]:
    """The key of one repository within its installation; empty where either is unknown."""
    repository_id = number(repository)
    if installation_id is None or repository_id is None:
        return frozenset()
    return frozenset({f"repository:{installation_id}:{repository_id}"})


def repository_key(payload: Mapping[str, Any]) -> frozenset[str]:
    """The key of the repository the event happened in. The number survives renames and transfers, the name does not."""
    return key_of(installation(payload), payload.get("repository"))


def rows(value: object) -> list[object]:
    """A list as it came; anything else is an empty one."""
    return value if isinstance(value, list) else []
