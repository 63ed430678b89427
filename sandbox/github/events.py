"""Webhooks: what happened becomes deliveries in `GitHub.outbox`. The world decides when, and whether, they go.

Headers and signing: https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
"""

import dataclasses
import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping

import aiohttp

from sandbox.github import resources
from sandbox.github.state import App, Delivery, GitHub, Installation, Repository, User

Payload = Mapping[str, object]


def emit(
    github: GitHub,
    repository: Repository,
    event: str,
    sender: User,
    payload: Payload,
    *,
    action: str | None = None,
    only: App | None = None,
) -> None:
    """Queue an event for every App installed on the repository that listens to it (or `only` for one)."""
    for installation in github.installations.values():
        app = installation.app
        if repository.id not in installation.repository_ids or installation.suspended or event not in app.events:
            continue
        if only is not None and only is not app:
            continue
        full = {
            **({"action": action} if action else {}),
            **payload,
            "repository": resources.repository(github, repository),
            "sender": resources.user(github, sender),
        }
        if repository.owner.type == "Organization":
            full["organization"] = {"login": repository.owner.login, "id": repository.owner.id}
        _queue(github, installation, event, full)


def emit_installation(
    github: GitHub, installation: Installation, event: str, action: str, *, sender: User, payload: Payload
) -> None:
    """`installation` and `installation_repositories` arrive unasked."""
    full: dict[str, object] = {"action": action, **payload, "sender": resources.user(github, sender)}
    _queue(github, installation, event, full, whole=True)


def _queue(
    github: GitHub, installation: Installation, event: str, payload: dict[str, object], *, whole: bool = False
) -> None:
    short: dict[str, object] = {"id": installation.id, "node_id": f"MDIz{installation.id}"}
    payload["installation"] = resources.installation(github, installation) if whole else short
    guid = str(uuid.UUID(int=github.next_id() << 64, version=4))
    # Through JSON at once: a later change of the state must not change what was already said.
    frozen = json.loads(json.dumps(payload))
    _post(
        github,
        Delivery(
            id=github.next_id(),
            guid=guid,
            event=event,
            app=installation.app,
            installation=installation,
            payload=frozen,
            at=github.now(),
        ),
    )


def _post(github: GitHub, delivery: Delivery) -> None:
    github.outbox.append(delivery)
    github.deliveries.append(delivery)


def redeliver(github: GitHub, delivery: Delivery) -> None:
    """The same GUID and body once more, as a delivery of its own."""
    again = dataclasses.replace(delivery, id=github.next_id(), at=github.now(), redelivery=True, answered=None)
    _post(github, again)


def body_of(delivery: Delivery) -> bytes:
    return json.dumps(delivery.payload, separators=(",", ":")).encode()


def sign(secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def headers_of(delivery: Delivery, body: bytes) -> dict[str, str]:
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/5a0d0c1",
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Hook-ID": str(delivery.app.id + 100_000),
        "X-GitHub-Hook-Installation-Target-ID": str(delivery.app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature-256": sign(delivery.app.webhook_secret, body),
    }


async def deliver(delivery: Delivery, url: str, session: aiohttp.ClientSession) -> int:
    """Send one delivery, once, as GitHub does. Returns the receiver's status."""
    body = body_of(delivery)
    async with session.post(url, data=body, headers=headers_of(delivery, body)) as answer:
        delivery.answered = answer.status
        return answer.status
