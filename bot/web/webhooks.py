"""The doors through which the world says "look here": GitHub's webhooks, and (`bot.web.registry_door`) registries'.

Who sends is established over the raw bytes before anything is parsed; then the keys concerned and the delivery's id are
committed durably, and only then comes 202. What cannot be kept is not acknowledged: GitHub shows it as failed, and the
sweep asks for it again. https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hmac
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import structlog
from aiohttp import web
from prometheus_client import Counter

import handlers
from bot.clock import Clock
from bot.errors import StoreUnavailable
from bot.store.port import Store
from bot.web.bodies import Bodies
from bot.web.hints import Hints
from bot.web.registry_door import RegistryDoors
from config.doors import Door

DELIVERIES = Counter(
    "caisson_deliveries", "Webhook requests, by door and by how they were answered.", ["door", "answer"]
)
MEBIBYTE = 1024 * 1024

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})")
_DELIVERY = re.compile(r"[0-9A-Za-z-]{1,64}")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebConfig:
    """`secrets`: any of them signs (rotation); there is no default. `registry_doors`: by the name in their address.

    GitHub sends no body above 25 MB and gives up after 10 seconds. A registry's notification is short:
    `max_notification` bounds how long one that is not keeps the loop busy.
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    max_body: int = 25 * MEBIBYTE
    max_notification: int = MEBIBYTE
    max_bodies_together: int = 256 * MEBIBYTE
    body_within: timedelta = timedelta(seconds=3)
    registry_doors: Mapping[str, Door] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if not self.secrets or not all(self.secrets):
            raise ValueError("a webhook without a secret is open to everybody: name at least one, and none empty")


class Doors:
    """GitHub's door and the registries', over one store. `wake` is called after every nudge.

    `concerned`: the keys that news of some keys concerns besides, with these. UserError where a registry's door was
    given keys that cannot be used.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        config: WebConfig,
        wake: Callable[[], None],
        concerned: Callable[[Iterable[str]], frozenset[str]] = frozenset,
    ) -> None:
        self._store = store
        self._clock = clock
        self._config = config
        self._wake = wake
        self._concerned = concerned
        self._bodies = Bodies(limit=config.max_body, together=config.max_bodies_together, within=config.body_within)
        self._names: dict[str, str] = {}
        self._hints = Hints(store)
        self._registries = RegistryDoors(
            config.registry_doors,
            store=store,
            clock=clock,
            bodies=Bodies(
                limit=config.max_notification, together=config.max_bodies_together, within=config.body_within
            ),
            hints=self._hints,
            wake=wake,
        )

    async def github(self, request: web.Request) -> web.Response:
        """`POST /webhooks/github`."""
        return await self._answered("github", self._github(request))

    async def registry(self, request: web.Request) -> web.Response:
        """`POST /webhooks/registry/{name}`, and `…/{secret}` for senders that have no other means."""
        return await self._answered("registry", self._registries.answer(request))

    async def _answered(self, door: str, answering: Awaitable[web.Response]) -> web.Response:
        """Count the answer, whatever it is."""
        try:
            answer = await answering
        except StoreUnavailable as error:
            _log.error("delivery_not_kept", door=door, error=str(error))
            answer = _answer(503, "the delivery could not be kept: send it again")
        except web.HTTPException as error:
            DELIVERIES.labels(door, error.status).inc()
            raise
        DELIVERIES.labels(door, answer.status).inc()
        return answer

    # --- GitHub -------------------------------------------------------------------------------------------------------

    async def _github(self, request: web.Request) -> web.Response:
        claimed = _claimed_signature(request)
        if claimed is None:
            return _answer(401, "X-Hub-Signature-256 is missing or malformed")
        body = await self._bodies.read(request)
        if not self._signed(body, claimed):
            return _answer(401, "the signature does not fit the body")
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError:
            return _answer(400, "the body is not JSON: set the webhook's content type to application/json")
        event, delivery = request.headers.get("X-GitHub-Event"), request.headers.get("X-GitHub-Delivery", "")
        if not isinstance(payload, dict) or event is None or not _DELIVERY.fullmatch(delivery):
            return _answer(400, "this is no delivery of GitHub's")
        return await self._take(event, payload, delivery)

    def _signed(self, body: bytes, claimed: bytes) -> bool:
        """Whether one of our secrets signed these bytes; each is tried, in constant time."""
        fits = [hmac.compare_digest(hmac.digest(secret, body, "sha256"), claimed) for secret in self._config.secrets]
        return any(fits)

    async def _take(self, event: str, payload: Mapping[str, Any], delivery: str) -> web.Response:
        keys = handlers.keys_of(event, payload)
        if keys is None:
            return _answer(202, "ignored")
        await self._remember_names(payload)
        declared = [key for key in keys if not key.startswith("image:") or await self._hints.is_declared(key)]
        hinted = await self._hints.remember(handlers.hints_of(event, payload))
        concerned = self._concerned([*declared, *hinted])
        await self._store.nudge([*concerned], now=self._clock.now(), delivery=delivery)
        self._wake()
        return _answer(202, "accepted")

    async def _remember_names(self, payload: Mapping[str, Any]) -> None:
        """People know repositories by name; keys know them by number. Written only when a name is new."""
        for repository, _, full_name in handlers.names_of(payload):
            if self._names.get(name := str(repository)) != full_name:
                await self._store.put("repository", name, full_name)
                self._names[name] = full_name


def _claimed_signature(request: web.Request) -> bytes | None:
    """What the one `X-Hub-Signature-256` says; `X-Hub-Signature` (SHA-1) is never read."""
    headers = request.headers.getall("X-Hub-Signature-256", [])
    shaped = _SIGNATURE.fullmatch(headers[0]) if len(headers) == 1 else None
    return bytes.fromhex(shaped[1]) if shaped else None


def _answer(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")
