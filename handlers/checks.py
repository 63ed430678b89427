"""A check or a commit status changed: `check_run`, `check_suite`, `status`; buttons arrive here too. No I/O."""

from collections.abc import Mapping
from typing import Any

from handlers.payload import repository_key


def concerned(payload: Mapping[str, Any]) -> frozenset[str]:
    """The repository. Our own checks nudge as well: the pass they cause finds nothing to do and writes nothing."""
    return repository_key(payload)
