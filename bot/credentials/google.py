"""Google Artifact Registry and Container Registry: an access token of an hour for our service account.

With a key file: a signed grant (RFC 7523; Google, "Using OAuth 2.0 for server to server applications"). Without: the
metadata server, which on GKE answers for the pod's service account (Workload Identity). The registry takes the token as
the password of the user `oauth2accesstoken`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
import jwt
import orjson

from bot.clock import Clock
from bot.credentials.exchange import ask, seconds, text
from bot.credentials.files import WatchedFile
from bot.credentials.port import Credentials
from bot.credentials.renewal import Lease, Renewed
from bot.errors import Permanent

GRANTS_GO_TO = "https://oauth2.googleapis.com/token"
METADATA = "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"

_HOST = re.compile(r"[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z0-9-]+\.)?gcr\.io")
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_GRANTED_FOR = timedelta(hours=1)
_WHO = "Google's token service"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    email: str
    key_id: str
    private_key: str = field(repr=False)
    token_uri: str


class GoogleCredentials:
    """Logins to Google's registries. `key_file` None: the metadata server's account.

    `token_uris`: where a grant may be sent; a key file that names another is refused, lest it lead our grants astray.
    Raises OSError and ValueError when made with a key file that cannot be read.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        clock: Clock,
        *,
        key_file: Path | None,
        token_uris: frozenset[str] = frozenset({GRANTS_GO_TO}),
        metadata: str = METADATA,
    ) -> None:
        self._session = session
        self._clock = clock
        self._token_uris = token_uris
        self._metadata = metadata
        self._key = WatchedFile(key_file, self._parse_key) if key_file else None
        self._token = Renewed(clock, self._fetch, what="Google's access token")

    async def for_(self, host: str, path: str) -> Credentials | None:
        del path
        return await self._token.current() if _HOST.fullmatch(host) else None

    async def _fetch(self) -> Lease[Credentials]:
        began = self._clock.now()
        answer = await (self._granted(self._key.current()) if self._key else self._met())
        life = timedelta(seconds=seconds(answer, "expires_in", otherwise=300))
        token = text(answer, "access_token", who=_WHO)
        return Lease(value=Credentials(username="oauth2accesstoken", secret=token), until=began + life)

    async def _met(self) -> Mapping[str, object]:
        return await ask(
            self._session, "GET", self._metadata, who="Google's metadata server", headers={"Metadata-Flavor": "Google"}
        )

    async def _granted(self, key: _Key) -> Mapping[str, object]:
        now = self._clock.now()
        claims = {"iss": key.email, "scope": _SCOPE, "aud": key.token_uri, "iat": now, "exp": now + _GRANTED_FOR}
        try:
            grant = jwt.encode(claims, key.private_key, algorithm="RS256", headers={"kid": key.key_id})
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Permanent("GOOGLE_APPLICATION_CREDENTIALS holds a private key that cannot sign") from error
        form = {"grant_type": _GRANT, "assertion": grant}
        return await ask(self._session, "POST", key.token_uri, who=_WHO, data=form)

    def _parse_key(self, data: bytes) -> _Key:
        """A service account's key file. ValueError says what it is instead."""
        document = orjson.loads(data)
        found = document if isinstance(document, dict) else {}
        if found.get("type") != "service_account":
            raise ValueError("holds no service account's key: write a file of that type, or none for the pod's account")
        names = ("client_email", "private_key_id", "private_key", "token_uri")
        email, key_id, private_key, token_uri = (str(found.get(name) or "") for name in names)
        if not (email and private_key):
            raise ValueError("lacks client_email or private_key")
        if token_uri not in self._token_uris:
            raise ValueError(f"names the token service {token_uri!r}, which is not Google's: write {GRANTS_GO_TO}")
        return _Key(email=email, key_id=key_id, private_key=private_key, token_uri=token_uri)
