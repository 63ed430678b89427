"""The App was installed, removed, suspended, or given other repositories or permissions: `installation*`. No I/O."""

from collections.abc import Mapping
from typing import Any

from handlers.payload import installation, key_of, repository_key, rows

_LISTS = ("repositories", "repositories_added", "repositories_removed")


def concerned(payload: Mapping[str, Any]) -> frozenset[str]:
    """The installation and each repository listed: those that left are looked at once more, and then forgotten."""
    installation_id = installation(payload)
    if installation_id is None:
        return frozenset()
    keys = {f"installation:{installation_id}"} | repository_key(payload)
    return frozenset(keys).union(*(key_of(installation_id, repository) for repository in listed(payload)))


def listed(payload: Mapping[str, Any]) -> list[object]:
    """The repositories the event lists, as GitHub describes them."""
    return [repository for name in _LISTS for repository in rows(payload.get(name))]
