"""By which means each sender can be known, and why a weaker one is refused. No I/O."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from config.doors import Sender


class Means(StrEnum):
    """How a sender can be known, by the key that says so; the strongest first."""

    HMAC = "hmac_secret"
    OIDC = "audience"
    API_KEY = "api_key"
    AUTHORIZATION = "authorization"
    BASIC = "basic"
    BEARER = "bearer"
    PATH = "path_secret"


_IN_HEADER = (Means.BEARER, Means.AUTHORIZATION, Means.BASIC, Means.API_KEY)
# The means that a sender has, the one to choose first.
ANY_OF: Final[Mapping[Sender, tuple[Means, ...]]] = MappingProxyType(
    {
        Sender.ACR: _IN_HEADER,
        Sender.ALIYUN: (Means.PATH,),
        Sender.ARTIFACTORY: (Means.HMAC,),
        Sender.CLOUDEVENTS: _IN_HEADER,
        Sender.DISTRIBUTION: _IN_HEADER,
        Sender.DOCKERHUB: (Means.PATH,),
        Sender.ECR: (Means.API_KEY, Means.BASIC, Means.BEARER, Means.AUTHORIZATION),
        Sender.GAR: (Means.OIDC,),
        # What such a sender can do is the operator's to know.
        Sender.GENERIC: (Means.HMAC, *_IN_HEADER, Means.PATH),
        Sender.GHCR: (Means.HMAC,),
        Sender.HARBOR: (Means.AUTHORIZATION, Means.BEARER, Means.BASIC),
        Sender.NEXUS: (Means.HMAC,),
        Sender.QUAY: (Means.PATH,),
    }
)
_CAN: Final[Mapping[Means, str]] = MappingProxyType(
    {
        Means.HMAC: "signs each body with a secret",
        Means.OIDC: "sends a token signed by its identity provider",
        Means.PATH: "sends no secret of ours but the address it calls",
    }
)
# Header, hash and what stands before the code.
SIGNED: Final[Mapping[Sender, tuple[str, str, str]]] = MappingProxyType(
    {
        Sender.ARTIFACTORY: ("X-JFrog-Event-Auth", "sha256", ""),
        Sender.GHCR: ("X-Hub-Signature-256", "sha256", "sha256="),
        Sender.NEXUS: ("X-Nexus-Webhook-Signature", "sha1", ""),
    }
)
# The keys that say more of a means.
BESIDE: Final[Mapping[Means, tuple[str, ...]]] = MappingProxyType(
    {
        Means.HMAC: ("hmac_header", "hmac_algorithm", "hmac_prefix"),
        Means.API_KEY: ("api_key_header",),
        Means.OIDC: ("email", "issuer", "keys_file"),
    }
)


def why_not(means: Means, sender: Sender) -> str:
    """Why this sender's door may not be opened so: there is something stronger, or the sender cannot do it."""
    best = ANY_OF[sender][0]
    can = _CAN.get(best, "sends a secret in a header")
    if _strength(means) < _strength(best):
        return f"`{means}` is weaker than what {sender} can do: it {can}"
    return f"{sender} cannot do `{means}`: it {can}"


def _strength(means: Means) -> int:
    return {Means.HMAC: 2, Means.OIDC: 2, Means.PATH: 0}.get(means, 1)
