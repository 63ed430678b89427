"""A branch or tag moved, appeared or vanished: `push`, `create`, `delete`. No I/O."""

from collections.abc import Mapping
from typing import Any

from handlers.payload import repository_key


def concerned(payload: Mapping[str, Any]) -> frozenset[str]:
    """The repository: its configuration, a base, or a head of ours may have changed."""
    return repository_key(payload)
