"""GitHub's registry took a package: `registry_package`, `package`. No I/O."""

from collections.abc import Mapping
from typing import Any

from bot.image_reference import ImageReferenceError, parse_reference
from bot.senders import Hint, ghcr
from handlers.payload import repository_key


def concerned(payload: Mapping[str, Any]) -> frozenset[str]:
    """The repository the package belongs to, and the image. What was pushed is read at the registry."""
    package = _package(payload)
    version = package.get("package_version") if isinstance(package, Mapping) else None
    address = version.get("package_url") if isinstance(version, Mapping) else None
    return repository_key(payload) | _image(address)


def hinted(payload: Mapping[str, Any]) -> tuple[Hint, ...]:
    """The tag that was pushed, or the digest; nothing where the package is no image of a registry for containers."""
    action = payload.get("action")
    pushed = isinstance(action, str) and action in ghcr.PUSHES
    hint = ghcr.pushed(_package(payload)) if pushed else None
    return () if hint is None else (hint,)


def _package(payload: Mapping[str, Any]) -> object:
    return payload.get("registry_package", payload.get("package"))


def _image(address: object) -> frozenset[str]:
    """`host/owner/name:tag` → the key of that image. Other kinds of packages have no such address."""
    if not isinstance(address, str) or "/" not in address:
        return frozenset()
    try:
        # A push without a tag leaves the colon standing, with nothing behind it.
        return frozenset({f"image:{parse_reference(address.lower().rstrip(':')).repository}"})
    except ImageReferenceError:
        return frozenset()
