"""Azure Container Registry: our identity's token, exchanged at each registry for one of its own.

Two steps (Microsoft identity platform, "Client credentials"; ACR, "AAD-OAuth"): a token for the audience of container
registries, by workload identity, client secret or managed identity; then `POST https://<registry>/oauth2/exchange`,
whose refresh token is the password of a user that is all zeros.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import jwt

from bot.clock import Clock
from bot.credentials.exchange import ask, seconds, text
from bot.credentials.port import Credentials
from bot.credentials.renewal import Lease, Renewed
from bot.errors import Permanent, Transient
from config.registries import AzureIdentity

IMDS = "http://169.254.169.254/metadata/identity/oauth2/token"
EXCHANGE = "https://{registry}/oauth2/exchange"

_HOST = re.compile(r"[a-z0-9-]{5,63}\.azurecr\.(?:io|cn|us)")
_USER = "00000000-0000-0000-0000-000000000000"
_AUDIENCE = "https://containerregistry.azure.net"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SHORTEST, _LONGEST = timedelta(minutes=5), timedelta(hours=3)
_MOST_TOKEN_FILE = 64 * 1024
_MOST_REGISTRIES = 500
_WHO = "Azure's token service"


class AcrCredentials:
    """Logins to registries of ACR."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        identity: AzureIdentity,
        imds: str = IMDS,
        exchange: str = EXCHANGE,
    ) -> None:
        self._session = session
        self._clock = clock
        self._identity = identity
        self._imds = imds
        self._exchange = exchange
        self._token = Renewed(clock, self._identify, what="Azure's access token")
        self._registries: dict[str, Renewed[Credentials]] = {}

    async def for_(self, host: str, path: str) -> Credentials | None:
        del path
        if not _HOST.fullmatch(host):
            return None
        if host not in self._registries:
            if len(self._registries) >= _MOST_REGISTRIES:
                self._registries.pop(next(iter(self._registries)))
            self._registries[host] = Renewed(self._clock, lambda: self._fetch(host), what=f"{host}'s token")
        return await self._registries[host].current()

    async def _fetch(self, registry: str) -> Lease[Credentials]:
        token = await self._token.current()
        form = {"grant_type": "access_token", "service": registry, "access_token": token}
        if self._identity.tenant:
            form["tenant"] = self._identity.tenant
        url = self._exchange.format(registry=registry)
        answer = await ask(self._session, "POST", url, who=registry, data=form)
        refresh = text(answer, "refresh_token", who=registry)
        return Lease(value=Credentials(username=_USER, secret=refresh), until=_end(refresh, self._clock.now()))

    async def _identify(self) -> Lease[str]:
        began = self._clock.now()
        identity = self._identity
        if identity.token_file is not None:
            assertion = _read(identity.token_file)
            answer = await self._grant({"client_assertion_type": _ASSERTION, "client_assertion": assertion})
        elif identity.secret is not None:
            answer = await self._grant({"client_secret": identity.secret})
        else:
            answer = await self._managed()
        life = timedelta(seconds=seconds(answer, "expires_in", otherwise=300))
        return Lease(value=text(answer, "access_token", who=_WHO), until=began + life)

    async def _grant(self, proof: Mapping[str, str]) -> Mapping[str, object]:
        tenant, client = self._identity.tenant, self._identity.client
        if not tenant or not client:
            raise Permanent("AZURE_TENANT_ID and AZURE_CLIENT_ID are not both set: write whom Caisson signs in as")
        if not re.fullmatch(r"[A-Za-z0-9.-]+", tenant):
            raise Permanent("AZURE_TENANT_ID is no tenant: write its id or its domain")
        url = f"{self._identity.authority.rstrip('/')}/{tenant}/oauth2/v2.0/token"
        form = {"grant_type": "client_credentials", "client_id": client, "scope": f"{_AUDIENCE}/.default", **proof}
        return await ask(self._session, "POST", url, who=_WHO, data=form)

    async def _managed(self) -> Mapping[str, object]:
        """The virtual machine's identity; `client_id` chooses among several."""
        query = {"api-version": "2018-02-01", "resource": _AUDIENCE}
        if self._identity.client:
            query["client_id"] = self._identity.client
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        headers = {"Metadata": "true"}
        return await ask(self._session, "GET", f"{self._imds}?{asked}", who="Azure's metadata service", headers=headers)


def _read(path: Path) -> str:
    """The federated token, which Kubernetes writes anew before it ends."""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_TOKEN_FILE)
        return data.decode("ascii").strip()
    except (OSError, ValueError) as error:
        raise Permanent(f"AZURE_FEDERATED_TOKEN_FILE: {path} holds no token that can be read") from error


def _end(refresh: str, now: datetime) -> datetime:
    """When the registry's token ends by its own account (`exp`); the registry, not we, verifies it."""
    try:
        claims = jwt.decode(refresh, options={"verify_signature": False, "verify_exp": False})
        told = datetime.fromtimestamp(claims["exp"], UTC)
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return now + _SHORTEST
    if told <= now:
        raise Transient("a registry of Azure's gave a token that has ended; set this machine's clock")
    return min(told, now + _LONGEST)
