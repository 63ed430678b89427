"""The doors for registries: `POST /webhooks/registry/<name>`, one for each sender that the operator declares.

Who sends is established before anything is parsed, in constant time over raw bytes, by the means the door was given:

| Means                                      | Where it stands                                          |
|--------------------------------------------|----------------------------------------------------------|
| HMAC over the body                         | a header: X-Hub-Signature-256, X-JFrog-Event-Auth, …      |
| a token of an identity provider (OIDC)     | `Authorization: Bearer …`                                |
| a bearer token, a password, an API key     | a header                                                 |
| an address nobody can guess                | `/webhooks/registry/<name>/<secret>`                     |

A secret in a query string (`?secret=…`) is not accepted: proxies, load balancers and access logs keep query strings. An
unknown name, a missing credential and a wrong one get the same answer, each once the body has come or is given up, so
that neither tells which names are doors. What the body says is a hint: the tags are kept for the image's look, which
confirms each at the registry; a signature's too, since an image may wait for it. A ping is acknowledged.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from typing import assert_never

import structlog
from aiohttp import web

from bot.clock import Clock
from bot.senders import NotificationError, parse
from bot.store.port import Store
from bot.web.bodies import Bodies
from bot.web.hints import Hints
from bot.web.oidc import TokenVerifier
from config.doors import Door, Header, Hmac, Oidc, PathSecret, Sender

_BEARER = "Bearer "
# What reading a body may come to.
_NOT_READ = (
    web.HTTPRequestEntityTooLarge,
    web.HTTPUnsupportedMediaType,
    web.HTTPRequestTimeout,
    web.HTTPServiceUnavailable,
)
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]*")
_log = structlog.get_logger(__name__)


class RegistryDoors:
    """All of them, by name. `wake` is called after every nudge."""

    def __init__(
        self,
        doors: Mapping[str, Door],
        *,
        store: Store,
        clock: Clock,
        bodies: Bodies,
        hints: Hints,
        wake: Callable[[], None],
    ) -> None:
        self._doors = doors
        self._store = store
        self._clock = clock
        self._bodies = bodies
        self._hints = hints
        self._wake = wake
        # A name that we do not know is a door whose credential nobody knows.
        nobody = Header(name="Authorization", value=secrets.token_bytes(32))
        self._unknown = Door(sender=Sender.GENERIC, authentication=nobody)
        self._verifiers = {
            name: TokenVerifier(door.authentication, clock)
            for name, door in doors.items()
            if isinstance(door.authentication, Oidc)
        }

    async def answer(self, request: web.Request) -> web.Response:
        """The answer to give: 202, 400, 401, or what reading the body came to."""
        name = request.match_info["name"]
        door = self._doors.get(name, self._unknown)
        body = await self._proven(request, name, door)
        if body is None:
            await self._bodies.pass_over(request)
            return _answer(401, "the credential does not fit this registry")
        try:
            query = dict(request.query)
            hints = parse(
                door.sender, body, headers=request.headers, query=query, options=door.options, signatures=True
            )
        except NotificationError as error:
            return _answer(400, str(error))
        keys = await self._hints.remember(hints)
        if not keys:
            return _answer(202, "ignored")
        await self._store.nudge(keys, now=self._clock.now())
        self._wake()
        return _answer(202, "accepted")

    async def _proven(self, request: web.Request, name: str, door: Door) -> bytes | None:
        """The body, once its sender is established; None where that is somebody else."""
        known = door.authentication
        secret = request.match_info.get("secret")
        if (secret is not None) is not isinstance(known, PathSecret):
            return None
        match known:
            case Hmac():
                return await self._signed(request, name, known)
            case Header():
                fits = _equal(_one(request, known.name), known.value)
            case PathSecret():
                fits = _equal(_bytes(secret or ""), known.secret)
            case Oidc():
                fits = await self._bears_token(request, name)
            case _:
                assert_never(known)
        return await self._bodies.read(request) if fits else None

    async def _signed(self, request: web.Request, name: str, known: Hmac) -> bytes | None:
        claimed = _code(_one(request, known.header), known)
        if claimed is None:
            return None
        try:
            body = await self._bodies.read(request)
        except _NOT_READ as refusal:
            # Told apart from a wrong signature, this would give the door's name away.
            _log.warning("notification_not_read", door=name, status=refusal.status)
            return None
        return body if _equal(hmac.digest(known.secret, body, known.algorithm), claimed) else None

    async def _bears_token(self, request: web.Request, name: str) -> bool:
        said = _one(request, "Authorization").decode("ascii", "replace")
        return said.startswith(_BEARER) and await self._verifiers[name].accepts(said.removeprefix(_BEARER))


def _one(request: web.Request, header: str) -> bytes:
    """The header's raw value; nothing where it is missing, or doubled: no reader shall choose between two."""
    values = request.headers.getall(header, [])
    return _bytes(values[0]) if len(values) == 1 else b""


def _bytes(text: str) -> bytes:
    """As it came: what is no UTF-8 was kept in surrogates."""
    return text.encode("utf-8", "surrogateescape")


def _equal(given: bytes, wanted: bytes) -> bool:
    return hmac.compare_digest(given, wanted)


def _code(header: bytes, known: Hmac) -> bytes | None:
    """The code that a signature's header claims; None where it has another shape."""
    text = header.decode("ascii", "replace")
    shown = text.removeprefix(known.prefix)
    if not text.startswith(known.prefix) or len(shown) % 2 or not _HEXADECIMAL.fullmatch(shown) or not shown:
        return None
    return bytes.fromhex(shown)


def _answer(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=f"{text}\n")
