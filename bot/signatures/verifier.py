"""Answers whether an artifact is signed as declared, off the event loop: signatures are work, and trust is fetched.

Keyless signatures need to know Sigstore's own keys. They come from a file that the operator gives, for a Sigstore of
their own or a machine without the way out, or else from Sigstore's public repository, which TUF keeps honest; at most
once a day, and not again at once after a failure. What could not be learnt is `Unknown`.
"""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bot.clock import Clock
from bot.model import Digest, Signature, SignatureMaterial, Unknown
from bot.signatures.by_key import verify_by_key
from config.pipeline import Cosign, Verify
from config.public_key import PublicKeyError, is_inline_key, read_keys

if TYPE_CHECKING:
    from sigstore.verify import Verifier as SigstoreVerifier

_FRESH = timedelta(days=1)
_AFTER_FAILURE = timedelta(minutes=5)
_PATIENCE = 60.0

_NEEDS_EXTRA = "signatures without a key need the extra caisson[keyless]; install it, or declare `cosign: {key: …}`"


class Verifier:
    """`trusted_root`: a file with Sigstore's trusted root (JSON, as `cosign trusted-root create` writes it)."""

    def __init__(self, clock: Clock, *, trusted_root: Path | None = None) -> None:
        self._clock = clock
        self._trusted_root = trusted_root
        self._sigstore: SigstoreVerifier | Unknown | None = None
        self._until: datetime | None = None
        self._lock = asyncio.Lock()

    async def verify(
        self, verify: Verify, *, digest: Digest, material: SignatureMaterial, key_text: str | None
    ) -> Signature | Unknown:
        """Whether `material` signs `digest` as `verify` declares.

        `key_text`: the text of the declared key, or of the file that it names; None where there is no such file.
        """
        cosign = verify.cosign
        keyless = bool(cosign.issuer and cosign.identity)
        if bool(cosign.key) == keyless:
            who = "two signers" if keyless else "nobody"
            return Unknown(f"`verify.cosign` names {who}; write `key`, or `issuer` and `identity`")
        if cosign.key:
            return await _by_key(cosign.key, digest=digest, material=material, key_text=key_text)
        return await self._keyless(cosign, digest=digest, material=material)

    async def _keyless(self, cosign: Cosign, *, digest: Digest, material: SignatureMaterial) -> Signature | Unknown:
        sigstore = await self._trust()
        if isinstance(sigstore, Unknown):
            return sigstore
        return await asyncio.to_thread(_by_identity, cosign, digest=digest, material=material, sigstore=sigstore)

    async def _trust(self) -> "SigstoreVerifier | Unknown":
        """Sigstore's keys, as last read, if that is not too long ago."""
        async with self._lock:
            now = self._clock.now()
            if self._sigstore is None or self._until is None or now >= self._until:
                try:
                    async with asyncio.timeout(_PATIENCE):
                        self._sigstore = await asyncio.to_thread(_read_trust, self._trusted_root)
                except TimeoutError:
                    self._sigstore = Unknown(f"Sigstore's keys could not be fetched within {_PATIENCE:.0f} s")
                self._until = now + (_AFTER_FAILURE if isinstance(self._sigstore, Unknown) else _FRESH)
            return self._sigstore


def _read_trust(trusted_root: Path | None) -> "SigstoreVerifier | Unknown":
    """In a thread, for the sake of the import as well."""
    try:
        from bot.signatures.trust import read_trust
    except ImportError:
        return Unknown(_NEEDS_EXTRA)
    return read_trust(trusted_root)


def _by_identity(
    cosign: Cosign, *, digest: Digest, material: SignatureMaterial, sigstore: "SigstoreVerifier"
) -> Signature:
    from bot.signatures.keyless import verify_keyless

    issuer, identity = cosign.issuer or "", cosign.identity or ""
    return verify_keyless(material, digest=digest, issuer=issuer, identity=identity, verifier=sigstore)


async def _by_key(
    declared: str, *, digest: Digest, material: SignatureMaterial, key_text: str | None
) -> Signature | Unknown:
    inline = is_inline_key(declared)
    name = "the key in the configuration" if inline else f"the key of {declared}"
    text = declared if inline else key_text
    if text is None:
        return Unknown(f"there is no file {declared} on the default branch; commit the public key there")
    try:
        keys = read_keys(text)
    except PublicKeyError as error:
        return Unknown(f"{name} cannot be used: {error}")
    return await asyncio.to_thread(verify_by_key, material, digest=digest, keys=keys, key_name=name)
