"""Whether an image is signed by an identity, without a key of its own: Sigstore's certificates and logs say who signed.

No I/O: the verifier comes with the keys of the certificate authority and the logs. This module needs the optional extra
`caisson[keyless]`.
"""

import re
import struct

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import (
    Certificate,
    DuplicateExtension,
    ExtensionNotFound,
    InvalidVersion,
    RFC822Name,
    SubjectAlternativeName,
    UniformResourceIdentifier,
    UnrecognizedExtension,
    UnsupportedGeneralNameType,
)
from sigstore.errors import Error
from sigstore.models import Bundle
from sigstore.verify import Verifier
from sigstore.verify.policy import AllOf, Identity, OIDCIssuer, VerificationPolicy

from bot.model import Digest, Signature, SignatureMaterial
from bot.signatures.by_key import MOST_TRIED, nothing_signed
from bot.signatures.claims import claimed_digests
from bot.signatures.material import CERTIFICATE_ANNOTATION, Found, read_material

# Addresses and e-mail addresses, and nothing that means something in HTML, in Markdown or to GitHub.
_NAME = re.compile(r"(?!.*/@)[A-Za-z0-9][A-Za-z0-9@:/._+%=?-]{0,199}")

# What the library was seen to raise, or may, on a bundle that is made up; `Error` is its own.
_REFUSED = (
    Error,
    ArithmeticError,
    AttributeError,
    DuplicateExtension,
    ExtensionNotFound,
    InvalidSignature,
    InvalidVersion,
    LookupError,
    RecursionError,
    TypeError,
    UnsupportedAlgorithm,
    UnsupportedGeneralNameType,
    ValueError,
    struct.error,
)


def verify_keyless(
    material: SignatureMaterial, *, digest: Digest, issuer: str, identity: str, verifier: Verifier
) -> Signature:
    """Verified if a Sigstore bundle holds, was signed by exactly this identity of exactly this issuer, for this digest.

    The reason is the end of a sentence that begins with the image's name.
    """
    found = read_material(material)
    # False sorts first.
    bundles = sorted((s for s in found.signed if s.bundle is not None), key=lambda s: digest not in s.digests)
    tried = tuple(signed.bundle for signed in bundles[:MOST_TRIED] if signed.bundle is not None)
    policy = AllOf([OIDCIssuer(issuer), Identity(identity=identity, issuer=issuer)])
    for raw in tried:
        if digest in _held(raw, policy=policy, verifier=verifier):
            return Signature(verified=True, reason=f"is signed by {identity} ({issuer})")
    for raw in tried:
        if digests := _held(raw, policy=_Anybody(), verifier=verifier):
            reason = _wrong(raw, digests, digest=digest, wanted=f"{identity} ({issuer})")
            return Signature(verified=False, reason=reason)
    if tried:
        counted = f"{len(tried)} of {len(bundles)} tried"
        return Signature(verified=False, reason=f"has no signature that Sigstore vouches for ({counted})")
    return Signature(verified=False, reason=_without_bundles(material, found))


def _held(raw: bytes, *, policy: VerificationPolicy, verifier: Verifier) -> frozenset[str]:
    """The digests that the bundle's signer signed, if everything about it holds, the policy included; else none.

    They are read from what was verified, not from what we took apart ourselves.
    """
    try:
        payload_type, payload = verifier.verify_dsse(Bundle.from_json(raw), policy)
        return claimed_digests(payload, payload_type=payload_type)
    except _REFUSED:
        return frozenset()


class _Anybody:
    """Lets every signer pass: used only to name, in a refusal, who signed instead of whom we want."""

    def verify(self, cert: Certificate) -> None:
        """Nothing is asked of the certificate's holder."""


def _wrong(raw: bytes, digests: frozenset[str], *, digest: Digest, wanted: str) -> str:
    """What is wrong with a bundle that holds, but does not count."""
    signer = _signer(raw)
    if digest not in digests:
        return f"has a signature by {signer}, but it is of another image ({', '.join(sorted(digests)[:3])})"
    return f"is signed by {signer}, not by {wanted}"


def _signer(raw: bytes) -> str:
    """Who signed a bundle that holds: the name and the issuer in its certificate, as far as they can be shown."""
    try:
        extensions = Bundle.from_json(raw).signing_certificate.extensions
        names = extensions.get_extension_for_class(SubjectAlternativeName).value
        who = [*names.get_values_for_type(RFC822Name), *names.get_values_for_type(UniformResourceIdentifier)]
        issuer = extensions.get_extension_for_oid(OIDCIssuer.oid).value
    except _REFUSED:
        return "somebody else"
    by = issuer.value.decode("ascii", "replace") if isinstance(issuer, UnrecognizedExtension) else ""
    return f"{_shown(who[0] if who else '')} ({_shown(by)})"


def _shown(name: str) -> str:
    """A name out of a certificate, if it has nothing in it that could pass for more than a name."""
    return name if _NAME.fullmatch(name) else "a name that cannot be shown"


def _without_bundles(material: SignatureMaterial, found: Found) -> str:
    """What to say where there is no bundle.

    cosign 2 keeps certificates beside its own signatures, with the log's promise but without its proof: `sigstore`
    cannot verify that without asking the log, and we do not take the promise for the proof.
    """
    if any(CERTIFICATE_ANNOTATION in layer.annotations for layer in material.simple):
        return "is signed without a key in the old format of cosign 2, which lacks proofs; sign it with cosign 3"
    if found.signed:
        return "is signed by a key, not by an identity"
    return nothing_signed(found)
