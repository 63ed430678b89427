"""How a registry lets us in: it challenges, we answer with a token or with basic credentials. No I/O.

Rules: distribution/distribution docs "Token Authentication"; RFC 9110 section 11.6.1 for challenges. Credentials for a
registry go to that registry and to its known token service, nowhere else: a challenge may name any realm it likes. One
who has no credentials has none to lose, and is sent wherever the challenge says, as far as addresses may be asked at
all (`bot/registry_addresses.py`).
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from yarl import URL

from bot.credentials.port import Credentials
from bot.errors import Transient
from config.registries import TOKEN_HOSTS

HUB_SERVER = "registry-1.docker.io"
# Token services that live on another host than their registry.
_TOKEN_HOSTS = {
    HUB_SERVER: "auth.docker.io",
    "docker.elastic.co": "docker-auth.elastic.co",
    "registry.digitalocean.com": "api.digitalocean.com",
    "registry.gitlab.com": "gitlab.com",
}
_SCHEME = re.compile(r"(?:^|,\s*)(Bearer|Basic)(?:\s+|$)", re.IGNORECASE)
_PARAMETER = re.compile(r'([a-zA-Z_]+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))')
_AZURE = re.compile(r"[a-z0-9-]+\.azurecr\.(?:io|cn|us)")
# Of a token, in seconds: what the distribution's documents take for granted, and half a day.
_SHORTEST_LIFE = 60
_LONGEST_LIFE = 12 * 60 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What a 401 asks for. `realm` is None for basic credentials."""

    realm: str | None
    service: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    header: str
    until: datetime


def parse_challenge(header: str, *, repository_path: str, host: str = "") -> Challenge | None:
    """The first challenge we can answer, Bearer before Basic; None where there is none.

    The scope is ours, not the registry's: we only ever pull from the repository we asked about.
    """
    schemes = list(_SCHEME.finditer(header))
    for index, scheme in enumerate(schemes):
        end = schemes[index + 1].start() if index + 1 < len(schemes) else len(header)
        if scheme[1].lower() != "bearer":
            continue
        found = {
            m[1].lower(): m[2] if m[2] is not None else m[3] for m in _PARAMETER.finditer(header, scheme.end(), end)
        }
        if found.get("realm"):
            scope = f"repository:{repository_path}:{_actions(host)}"
            return Challenge(realm=found["realm"], service=found.get("service", ""), scope=scope)
    basic = any(scheme[1].lower() == "basic" for scheme in schemes)
    return Challenge(realm=None, service="", scope="") if basic else None


def realm_url(
    challenge: Challenge,
    *,
    registry: URL,
    known_as: Credentials | None,
    token_hosts: frozenset[str],
    plain_http: frozenset[str],
) -> URL:
    """Where the token service is. `known_as`: the credentials that will be sent there.

    Raises Transient where the realm is no place to send anything to.
    """
    try:
        realm = URL(challenge.realm or "")
    except ValueError as error:
        raise Transient(f"{registry.host} names a token service that is no address") from error
    host = realm.host or ""
    known = {registry.host, _TOKEN_HOSTS.get(registry.host or "")} | token_hosts
    if not host:
        raise Transient(f"{registry.host} names a token service that is no address")
    if known_as is not None and host not in known and authority(realm) not in known:
        raise Transient(
            f"{registry.host} sends us to the token service {host}, which is not known to belong to it;"
            f" an operator may allow that in {TOKEN_HOSTS}"
        )
    if realm.scheme != "https" and not (realm.scheme == "http" and authority(realm) in plain_http):
        raise Transient(f"{registry.host} names a token service without TLS")
    return realm


def asking(challenge: Challenge, realm: URL) -> URL:
    """The address that asks for the token with a GET (distribution docs, "Token Authentication")."""
    query = {"scope": challenge.scope} | ({"service": challenge.service} if challenge.service else {})
    return realm.update_query(query)


def read_token(document: object, *, now: datetime) -> Token:
    """The token service's answer. Raises Transient where it holds no token."""
    fields: Mapping[str, object] = document if isinstance(document, dict) else {}
    token = fields.get("token") or fields.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise Transient("the registry's token service gave no token")
    told = fields.get("expires_in")
    # Bounded before it becomes a time: there are numbers that no time can hold.
    seconds = min(max(told, _SHORTEST_LIFE), _LONGEST_LIFE) if isinstance(told, int) else _SHORTEST_LIFE
    # Renewed a little early, so that a token never lapses under way.
    return Token(header=f"Bearer {token}", until=now + timedelta(seconds=seconds) * 0.9)


def refresh_form(challenge: Challenge, credentials: Credentials) -> Mapping[str, str]:
    """What a token service takes in place of a password (distribution docs, "OAuth2 Token Authentication")."""
    return {
        "grant_type": "refresh_token",
        "client_id": "caisson",
        "service": challenge.service,
        "scope": challenge.scope,
        "refresh_token": credentials.secret,
    }


def basic_header(credentials: Credentials) -> str:
    return "Basic " + base64.b64encode(f"{credentials.username}:{credentials.secret}".encode()).decode()


def _actions(host: str) -> str:
    """What we want to do. Azure tells reading a manifest from reading about it (learn.microsoft.com, ACR scopes)."""
    return "content_read,metadata_read,pull" if _AZURE.fullmatch(host) else "pull"


def authority(url: URL) -> str:
    """`host[:port]` as people write it: the port only where it is not the scheme's own."""
    host = f"[{url.host}]" if url.host and ":" in url.host else url.host or ""
    return host if url.is_default_port() or url.port is None else f"{host}:{url.port}"
