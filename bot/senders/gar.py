"""Google Artifact Registry (and the old Container Registry), through a Pub/Sub push subscription. No I/O.

https://cloud.google.com/artifact-registry/docs/configure-notifications and
https://cloud.google.com/pubsub/docs/push. The subscription signs in with a token of Google's (OIDC).
"""

import base64
import binascii
from collections.abc import Iterator

import orjson

from bot.senders.hint import Hint, NotificationError, hint, repository_at, split_address
from bot.senders.notification import Notification, demand, inside, text


def hints(said: Notification) -> Iterator[Hint | None]:
    """One inserted tag or digest. The message may be wrapped, as it is by default, or bare."""
    message = said.body if inside(said.body, "action") is not None else _unwrapped(said.body)
    demand(message, "action", of="Artifact Registry's")
    if text(message, "action") != "INSERT":
        return
    host, path, tag, _ = split_address(text(message, "tag"))
    digest_host, digest_path, _, digest = split_address(text(message, "digest"))
    if path:
        yield hint(repository_at(host, path), tag=tag, digest=digest if path == digest_path else None)
    elif digest_path:
        yield hint(repository_at(digest_host, digest_path), digest=digest)


def _unwrapped(body: object) -> object:
    demand(body, "message", of="Pub/Sub's")
    try:
        return orjson.loads(base64.b64decode(text(body, "message", "data"), validate=True))
    except (binascii.Error, ValueError) as error:
        raise NotificationError("the message's data are not JSON in base64") from error
