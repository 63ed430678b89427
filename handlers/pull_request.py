"""A pull request changed, ours or a person's: `pull_request`, `merge_group`. No I/O."""

from collections.abc import Mapping
from typing import Any

from handlers.payload import repository_key


def concerned(payload: Mapping[str, Any]) -> frozenset[str]:
    """The repository: a promotion may have been opened, moved, labelled, closed or merged."""
    return repository_key(payload)
