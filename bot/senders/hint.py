"""What a notification comes to: a place in a registry that is worth a look. No I/O."""

import re
from dataclasses import dataclass

from bot.errors import UserError
from bot.image_reference import ImageReferenceError, is_tag, normalise_repository
from bot.versions import is_signature_tag

# Some senders cut a digest short. It is shown to people and never acted on, so its length is left alone.
_CLAIMED = re.compile(r"sha(?:256|512):[0-9a-f.]{1,128}")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)


class NotificationError(UserError, ValueError):
    """The body is no notification of that sender's; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """Something may have been pushed.

    `repository` is normalised (`host/path`); where the sender does not say which registry it is, the host is empty
    (`/path`) and nobody declares such an image. `tag` is None where a manifest came by digest. `digest` is what the
    sender claims: shown, never believed.
    """

    repository: str
    tag: str | None
    digest: str | None

    @property
    def is_signature(self) -> bool:
        """Whether it is of a signature: no push of an image, but news of one."""
        return self.tag is not None and is_signature_tag(self.tag)


def hint(repository: str | None, *, tag: object = None, digest: object = None) -> Hint | None:
    """A hint; None where there is none: no repository, what can be no tag, neither tag nor digest."""
    claimed = digest if isinstance(digest, str) and _CLAIMED.fullmatch(digest) else None
    if repository is None or (not tag and claimed is None):
        return None
    if not tag:
        return Hint(repository=repository, tag=None, digest=claimed)
    if not isinstance(tag, str) or not is_tag(tag):
        return None
    return Hint(repository=repository, tag=tag, digest=claimed)


def repository_at(host: str, path: str) -> str | None:
    """`host/path`, normalised; None where the two make no repository. A scheme before the host is let pass.

    An empty host is one that nobody said. A bare word is no host: the reference grammar would take it for a user of
    Docker Hub's.
    """
    name = without_scheme(host).rstrip("/").lower()
    if not name:
        return f"/{path}" if repository_at("localhost", path) else None
    if not ("." in name or ":" in name or name == "localhost"):
        return None
    try:
        repository = normalise_repository(f"{name}/{path}")
    except ImageReferenceError:
        return None
    return repository if repository.startswith(f"{name}/") else None


def without_scheme(address: str) -> str:
    """`https://host/path` → `host/path`."""
    return _SCHEME.sub("", address, count=1) if _SCHEME.match(address) else address


def split_address(address: str) -> tuple[str, str, str, str]:
    """`[scheme://]host/path[:tag][@digest]` → host, path, tag, digest, each "" where absent. Nothing is judged."""
    name, _, digest = without_scheme(address).partition("@")
    host, _, path = name.partition("/")
    colon = path.find(":", path.rfind("/") + 1)
    return (host, path, "", digest) if colon < 0 else (host, path[:colon], path[colon + 1 :], digest)
