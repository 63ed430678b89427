"""A notification as it came in, and safe ways into its JSON. No I/O.

Strangers wrote it, so any part of it may have any shape.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.senders.hint import NotificationError
from config.doors import Option


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """`body` is the JSON; `headers` have their names in lower case; `options` are the operator's."""

    body: object
    headers: Mapping[str, str]
    query: Mapping[str, str]
    options: Mapping[Option, str]

    def host(self, said: str) -> str:
        """The registry's host: what the operator says, else what the sender says."""
        return self.options.get(Option.REGISTRY_HOST) or said


def inside(value: object, *keys: str) -> object:
    """What stands below these keys; None where that is nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text(value: object, *keys: str) -> str:
    """The text below these keys; "" where there is none."""
    found = inside(value, *keys)
    return found if isinstance(found, str) else ""


def rows(value: object, *keys: str) -> list[object]:
    """The list below these keys; an empty one where there is none."""
    found = inside(value, *keys)
    return found if isinstance(found, list) else []


def demand(value: object, *keys: str, of: str) -> None:
    """NotificationError unless each of the keys stands in the body: else it is nothing that this sender sends."""
    if not isinstance(value, dict):
        raise NotificationError(f"this is no notification of {of}: the body is not a JSON object")
    missing = next((key for key in keys if value.get(key) is None), None)
    if missing is not None:
        raise NotificationError(f"this is no notification of {of}: it has no `{missing}`")
