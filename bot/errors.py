"""Our errors, by who must act on them.

Libraries' exceptions are wrapped once, where they arise, with their cause chained.

`UserError`: someone's declaration is wrong; shown to them with place and remedy; no retry until they change it.
`Transient`: the world's hiccup; tried again after `retry_after` or a backoff.
`Permanent`: refused for good until an operator changes something (a missing permission, a suspended installation).
Anything else that is raised is our bug: logged once with its key, quarantined, counted.
"""

from datetime import timedelta


class CaissonError(Exception):
    """The root of everything we raise on purpose."""


class UserError(CaissonError):
    """Someone's declaration or request is wrong; the message says where and what to write instead."""


class Transient(CaissonError):
    """The world did not answer as it should; look again after `retry_after` (None: the caller's backoff)."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Conflict(Transient):
    """What we wanted to change is not as we read it (409, "already exists", a lost compare-and-swap): look again."""


class Permanent(CaissonError):
    """The world refuses for good until an operator acts; the message names what to grant or mend."""


class StoreUnavailable(CaissonError):
    """The store cannot take a record durably (closed, disk full): the delivery must not be acknowledged."""
