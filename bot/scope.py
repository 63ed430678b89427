"""How much of what is decided may be written: while the configuration is broken only rollbacks go on. No I/O."""

from enum import StrEnum


class Scope(StrEnum):
    """`ROLLBACKS`: pull requests that roll back, with their checks, merges and records; all else is only shown."""

    ALL = "all"
    ROLLBACKS = "rollbacks"
