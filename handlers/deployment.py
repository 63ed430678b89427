"""A deployment or one of its statuses was written: `deployment`, `deployment_status`. No I/O."""

from collections.abc import Mapping
from typing import Any

from handlers.payload import repository_key


def concerned(payload: Mapping[str, Any]) -> frozenset[str]:
    """The repository: our record of a promotion may have grown, or somebody may have meddled with it."""
    return repository_key(payload)
