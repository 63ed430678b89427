"""A repository or its people changed: `repository` (renamed, archived, transferred …), `member`, `team`, `membership`.

No I/O.
"""

from collections.abc import Mapping
from typing import Any

from handlers.payload import repository_key


def concerned(payload: Mapping[str, Any]) -> frozenset[str]:
    """The repository, where the payload has one. A change of a team may name none: the next resync reads it."""
    return repository_key(payload)
