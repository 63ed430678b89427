"""Amazon ECR: a password of twelve hours for our AWS identity (ECR API reference, `GetAuthorizationToken`).

botocore finds the identity (environment, web identity, container, instance) and signs; the request itself goes over our
own session, within our caps. The host names account and region; a stranger's file chooses them, so both are read
strictly, and an operator may say which accounts there are.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import aiohttp
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError

from bot.clock import Clock
from bot.credentials.exchange import ask, text
from bot.credentials.port import Credentials
from bot.credentials.renewal import Lease, Renewed
from bot.errors import Permanent, Transient

_HOST = re.compile(r"([0-9]{12})\.dkr\.ecr\.([a-z]{2}(?:-[a-z]{2,12}){1,3}-[0-9]{1,2})\.amazonaws\.com(\.cn)?")
_TARGET = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
_ENDPOINT = "https://api.ecr.{region}.amazonaws.com{suffix}/"
_WITHIN = timedelta(seconds=20)
_MOST_REGISTRIES = 200
_WHO = "Amazon ECR"


class AwsKeys(Protocol):
    """What botocore calls frozen credentials."""

    @property
    def access_key(self) -> str: ...

    @property
    def secret_key(self) -> str: ...

    @property
    def token(self) -> str | None: ...


def keys_of_this_process() -> AwsKeys | None:
    """The chain of botocore, which may ask AWS: it blocks. None where it finds nobody. Raises what botocore raises."""
    found = botocore.session.Session().get_credentials()
    keys: AwsKeys | None = found.get_frozen_credentials() if found else None
    return keys


class EcrCredentials:
    """Logins to private registries of ECR. `accounts` empty: of every account."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        accounts: frozenset[str],
        keys: Callable[[], AwsKeys | None] = keys_of_this_process,
        endpoint: str = _ENDPOINT,
    ) -> None:
        self._session = session
        self._clock = clock
        self._accounts = accounts
        self._keys = keys
        self._endpoint = endpoint
        self._registries: dict[tuple[str, str], Renewed[Credentials]] = {}

    async def for_(self, host: str, path: str) -> Credentials | None:
        del path
        shaped = _HOST.fullmatch(host)
        if shaped is None or (self._accounts and shaped[1] not in self._accounts):
            return None
        region, suffix = shaped[2], shaped[3] or ""
        if (region, suffix) not in self._registries:
            if len(self._registries) >= _MOST_REGISTRIES:
                self._registries.pop(next(iter(self._registries)))
            self._registries[region, suffix] = Renewed(
                self._clock, lambda: self._fetch(region, suffix), what=f"{_WHO}'s token for {region}"
            )
        return await self._registries[region, suffix].current()

    async def _fetch(self, region: str, suffix: str) -> Lease[Credentials]:
        """One token lets us into every registry of the region that our identity may pull from."""
        url = self._endpoint.format(region=region, suffix=suffix)
        signed = _signed(url, await self._find_keys(), region=region, now=self._clock.now())
        answer = await ask(self._session, "POST", url, who=_WHO, headers=signed, data=b"{}")
        return _lease(answer)

    async def _find_keys(self) -> AwsKeys:
        try:
            async with asyncio.timeout(_WITHIN.total_seconds()):
                keys = await asyncio.to_thread(self._keys)
        except TimeoutError as error:
            raise Transient("AWS did not say in time who we are") from error
        except (BotoCoreError, ClientError, OSError) as error:
            raise Transient(f"AWS does not say who we are: {error}") from error
        if keys is None:
            raise Permanent(
                "no AWS identity was found: give the pod a role (IRSA or Pod Identity), or take aws out of"
                " CAISSON_REGISTRY_CLOUDS"
            )
        return keys


def _signed(url: str, keys: AwsKeys, *, region: str, now: datetime) -> dict[str, str]:
    """The headers, signed as of our own clock (AWS, "Signature Version 4 for API requests")."""
    request = AWSRequest(
        method="POST",
        url=url,
        data=b"{}",
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": _TARGET,
            "X-Amz-Date": now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"),
            **({"X-Amz-Security-Token": keys.token} if keys.token else {}),
        },
    )
    request.context["timestamp"] = request.headers["X-Amz-Date"]
    auth = SigV4Auth(keys, "ecr", region)
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    names = auth.signed_headers(auth.headers_to_sign(request))
    credential, signature = auth.scope(request), auth.signature(to_sign, request)
    authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    return {**dict(request.headers.items()), "Authorization": authorization}


def _lease(answer: object) -> Lease[Credentials]:
    data = answer.get("authorizationData") if isinstance(answer, dict) else None
    first = data[0] if isinstance(data, list) and data and isinstance(data[0], dict) else {}
    packed, ends = text(first, "authorizationToken", who=_WHO), first.get("expiresAt")
    try:
        user, colon, password = base64.b64decode(packed, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Transient(f"{_WHO} answered with a token that is none") from error
    if not (user and colon and password) or not isinstance(ends, int | float):
        raise Transient(f"{_WHO} answered with a token that is none")
    try:
        until = datetime.fromtimestamp(ends, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise Transient(f"{_WHO} answered with an end that is no time") from error
    return Lease(value=Credentials(username=user, secret=password), until=until)
