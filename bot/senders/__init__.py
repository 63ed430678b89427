"""Reads what registries send when something is pushed: one small module for each sender. No I/O.

A notification is a hint: it says where to look, never what is true. So a module gives the repositories and tags that
its sender names, leaves out what is no push of an image (deletions, scans, pings, signatures), and judges nothing.
A new sender is a member of `config.doors.Sender`, a module here and a row of `SENDERS`.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

import orjson

from bot.senders import (
    acr,
    aliyun,
    artifactory,
    cloudevents,
    distribution,
    dockerhub,
    ecr,
    gar,
    generic,
    ghcr,
    harbor,
    nexus,
    quay,
)
from bot.senders.hint import Hint, NotificationError
from bot.senders.notification import Notification
from config.doors import Option, Sender

__all__ = ["SENDERS", "Hint", "NotificationError", "parse"]

SENDERS: Final[Mapping[Sender, Callable[[Notification], Iterable[Hint | None]]]] = MappingProxyType(
    {
        Sender.ACR: acr.hints,
        Sender.ALIYUN: aliyun.hints,
        Sender.ARTIFACTORY: artifactory.hints,
        Sender.CLOUDEVENTS: cloudevents.hints,
        Sender.DISTRIBUTION: distribution.hints,
        Sender.DOCKERHUB: dockerhub.hints,
        Sender.ECR: ecr.hints,
        Sender.GAR: gar.hints,
        Sender.GENERIC: generic.hints,
        Sender.GHCR: ghcr.hints,
        Sender.HARBOR: harbor.hints,
        Sender.NEXUS: nexus.hints,
        Sender.QUAY: quay.hints,
    }
)
# One body names at most so many; what it leaves out is found by the next listing.
_MOST_HINTS = 1000
_NOTHING: Mapping[str, str] = MappingProxyType({})
_NO_OPTIONS: Mapping[Option, str] = MappingProxyType({})


def parse(
    sender: Sender,
    body: bytes,
    *,
    headers: Mapping[str, str] = _NOTHING,
    query: Mapping[str, str] = _NOTHING,
    options: Mapping[Option, str] = _NO_OPTIONS,
    signatures: bool = False,
) -> tuple[Hint, ...]:
    """What a body of that sender's hints at, each once, in order; NotificationError where it is no notification.

    `options` are those that `config.doors.wrong_with` finds nothing wrong with. `signatures`: also their pushes, which
    are none of an image; whoever waits for one wants to know.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotificationError("the notification is not JSON") from error
    lowered = {name.lower(): value for name, value in headers.items()}
    said = Notification(body=document, headers=lowered, query=query, options=options)
    found = (hint for hint in SENDERS[sender](said) if hint is not None and (signatures or not hint.is_signature))
    return tuple(dict.fromkeys(islice(found, _MOST_HINTS)))
