"""Somebody reviewed: `pull_request_review`. No I/O."""

from collections.abc import Mapping
from typing import Any

from handlers.payload import repository_key


def concerned(payload: Mapping[str, Any]) -> frozenset[str]:
    """The repository: an approval may have come or gone, or the review's text may hold a command."""
    return repository_key(payload)
