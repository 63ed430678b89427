"""Tokens that a sender's identity provider signs: Google's, for Pub/Sub.

OpenID Connect Core 1.0 §2 (the claims) and Discovery 1.0 §4 (where the keys are);
https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions. Keys are given by the operator, or fetched from
where the issuer says, within bounds, and not more often than once a minute, whatever strangers send.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import aiohttp
import jwt
import structlog

from bot.clock import Clock
from bot.errors import Transient, UserError
from config.doors import Oidc

ALGORITHMS = ("RS256", "ES256")
_LEEWAY = timedelta(seconds=60)
_REFETCH_AFTER = timedelta(minutes=1)
_FRESH_FOR = timedelta(hours=1)
# A key that its issuer withdrew may not live on because nobody reaches the issuer.
_USABLE_FOR = timedelta(hours=24)
_LONGEST_TOKEN = 8192
_LONGEST_ANSWER = 256 * 1024
_PATIENCE = aiohttp.ClientTimeout(total=5)
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_log = structlog.get_logger(__name__)

Keys = Mapping[str, jwt.PyJWK]


class TokenVerifier:
    """Says whether a bearer token is the one that a door waits for."""

    def __init__(self, wanted: Oidc, clock: Clock) -> None:
        """UserError where the keys given are none that we can use."""
        self._wanted = wanted
        self._clock = clock
        self._given: Keys | None = None
        self._fetched = _Fetched(wanted.issuer, clock)
        if wanted.keys is not None:
            self._given = read_keys(wanted.keys)
            if not self._given:
                raise UserError(f"the key set for {wanted.email} holds no RS256 or ES256 key with a `kid`")

    async def accepts(self, token: str) -> bool:
        """Signed by the issuer's key, for our audience, by the person we know, and in force now."""
        if len(token) > _LONGEST_TOKEN:
            return False
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            return False
        kid = header.get("kid")
        if header.get("alg") not in ALGORITHMS or not isinstance(kid, str):
            return False
        key = self._given.get(kid) if self._given is not None else await self._fetched.find(kid)
        return key is not None and self._means(token, key)

    def _means(self, token: str, key: jwt.PyJWK) -> bool:
        """Times are held against our own clock."""
        try:
            claims = jwt.decode(
                token,
                key=key,
                algorithms=ALGORITHMS,
                audience=self._wanted.audience,
                issuer=self._wanted.issuer,
                options={
                    "require": ["exp", "aud", "iss"],
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "enforce_minimum_key_length": True,
                },
            )
        except jwt.PyJWTError:
            return False
        person = claims.get("email") == self._wanted.email and claims.get("email_verified") is True
        return person and _in_force(claims, self._clock.now())


def _in_force(claims: Mapping[str, object], now: datetime) -> bool:
    ends, begins, issued = (claims.get(name) for name in ("exp", "nbf", "iat"))
    moment, leeway = now.timestamp(), _LEEWAY.total_seconds()
    return (
        isinstance(ends, int | float)
        and ends > moment - leeway
        and all(at is None or (isinstance(at, int | float) and at <= moment + leeway) for at in (begins, issued))
    )


def read_keys(text: str | bytes) -> Keys:
    """The keys of a JSON Web Key Set that sign with an algorithm of ours, by `kid`; anything else in it is left out."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    rows = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, jwt.PyJWK] = {}
    for row in rows if isinstance(rows, list) else []:
        kid = row.get("kid") if isinstance(row, dict) else None
        # Symmetric keys are nobody's signature, and a private key (`d`) is given by mistake.
        if not isinstance(kid, str) or row.get("kty") not in {"RSA", "EC"} or "d" in row:
            continue
        try:
            key = jwt.PyJWK(row)
        except (jwt.PyJWTError, TypeError, ValueError):
            continue
        if key.algorithm_name in ALGORITHMS and row.get("use", "sig") == "sig":
            found.setdefault(kid, key)
    return found


class _Fetched:
    """An issuer's keys, cached. One request at a time; those who wait for it share its answer."""

    def __init__(self, issuer: str, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock
        self._lock = asyncio.Lock()
        self._keys: Keys = {}
        self._as_of: datetime | None = None
        self._tried: datetime | None = None

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of that name. Unknown, or known from too long ago: ask the issuer again, once a minute at most."""
        if not self._younger(self._as_of, _FRESH_FOR) or kid not in self._keys:
            async with self._lock:
                if not self._younger(self._tried, _REFETCH_AFTER):
                    await self._refresh()
        return self._keys.get(kid)

    async def _refresh(self) -> None:
        self._tried = self._clock.now()
        try:
            keys = await _fetch(self._issuer)
        except Transient as error:
            _log.warning("issuer_keys_not_fetched", issuer=self._issuer, error=str(error))
            if not self._younger(self._as_of, _USABLE_FOR):
                self._keys = {}
            return
        self._keys, self._as_of = keys, self._tried

    def _younger(self, moment: datetime | None, span: timedelta) -> bool:
        return moment is not None and self._clock.now() - moment < span


async def _fetch(issuer: str) -> Keys:
    """Raises Transient where the issuer does not answer as it should."""
    # An environment's proxy or .netrc would add to what we send, or change whom we ask.
    async with aiohttp.ClientSession(timeout=_PATIENCE, trust_env=False) as session:
        described = await _get(session, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        try:
            document = json.loads(described)
        except (ValueError, RecursionError) as error:
            raise Transient(f"{issuer} describes itself in something that is not JSON") from error
        if not isinstance(document, dict) or document.get("issuer") != issuer:
            raise Transient(f"{issuer} describes another issuer")
        address = document.get("jwks_uri")
        if not isinstance(address, str) or not _safe(address):
            raise Transient(f"{issuer} names no address of its keys that starts with https://")
        keys = read_keys(await _get(session, address))
    if not keys:
        raise Transient(f"{address} holds no keys that we can use")
    return keys


def _safe(address: str) -> bool:
    """Keys that came unprotected could be anybody's. Loopback is this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


async def _get(session: aiohttp.ClientSession, address: str) -> bytes:
    try:
        async with session.get(address, allow_redirects=False) as answer:
            if answer.status != HTTPStatus.OK:
                raise Transient(f"{address} answered {answer.status}")
            body = bytearray()
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > _LONGEST_ANSWER:
                    raise Transient(f"{address} answered with more than {_LONGEST_ANSWER} bytes")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Transient(f"{address} did not answer: {str(error) or type(error).__name__}") from error
    return bytes(body)
