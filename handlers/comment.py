"""Somebody wrote: `issue_comment`, `issues`. Commands and freezes live there. No I/O."""

from collections.abc import Mapping
from typing import Any

from handlers.payload import repository_key


def concerned(payload: Mapping[str, Any]) -> frozenset[str]:
    """The repository: a comment may hold a command, an issue may be a freeze."""
    return repository_key(payload)
