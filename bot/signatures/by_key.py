"""Whether an image is signed by the holder of a key, as `cosign verify --key` asks it. No I/O.

The transparency log is not asked: whoever trusts a key trusts its holder to keep it, and signatures made with
`--tlog-upload=false` count as well.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from bot.model import Digest, Signature, SignatureMaterial
from bot.signatures.material import Found, Signed, read_material
from config.public_key import PublicKey

# Whoever may push can add signatures without end. Those that say they are of this image are tried first.
MOST_TRIED = 100


def verify_by_key(
    material: SignatureMaterial, *, digest: Digest, keys: tuple[PublicKey, ...], key_name: str
) -> Signature:
    """Verified if any of the keys made any of the signatures, and what it signed names exactly this digest.

    `key_name` is what to call whoever holds the keys: `the key of keys/cosign.pub`. The reason is the end of a sentence
    that begins with the image's name.
    """
    found = read_material(material)
    # False sorts first.
    tried = sorted(found.signed, key=lambda signed: digest not in signed.digests)[:MOST_TRIED]
    ours = next((signed for signed in tried if any(_made(key, signed) for key in keys)), None)
    if ours is None:
        return Signature(verified=False, reason=_unsigned(found, tried=len(tried), key_name=key_name))
    if digest not in ours.digests:
        others = ", ".join(sorted(ours.digests)[:3])
        reason = f"has a signature by {key_name}, but it is of another image ({others})"
        return Signature(verified=False, reason=reason)
    return Signature(verified=True, reason=f"is signed by {key_name}")


def nothing_signed(found: Found) -> str:
    """What to say where there is no signature at all that could be tried."""
    if found.unreadable:
        return f"has a signature that cannot be read: {found.unreadable[0]}"
    if found.attestations:
        return f"has no signature, only attestations ({found.attestations})"
    return "has no signature"


def _unsigned(found: Found, *, tried: int, key_name: str) -> str:
    if not tried:
        return nothing_signed(found)
    counted = "1 signature was" if tried == 1 else f"{tried} signatures were"
    of_all = f" of {len(found.signed)}" if tried < len(found.signed) else ""
    return f"is not signed by {key_name} ({counted} tried{of_all})"


def _made(key: PublicKey, signed: Signed) -> bool:
    return any(_holds(key, signed, algorithm) for algorithm in _algorithms(key))


def _algorithms(key: PublicKey) -> tuple[HashAlgorithm, ...]:
    """The digests that cosign signs with: SHA-256 up to version 2 whatever the key, later the one of the curve's size.

    Ed25519 brings its own; its prehashed variant (RFC 8032 Ed25519ph) is not looked for, as `cryptography` lacks it.
    """
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP384R1):
        return SHA256(), SHA384()
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP521R1):
        return SHA256(), SHA512()
    return (SHA256(),)


def _holds(key: PublicKey, signed: Signed, algorithm: HashAlgorithm) -> bool:
    try:
        match key:
            case ec.EllipticCurvePublicKey():
                key.verify(signed.signature, signed.message, ec.ECDSA(algorithm))
            case ed25519.Ed25519PublicKey():
                key.verify(signed.signature, signed.message)
            case rsa.RSAPublicKey():
                # As cosign's: it signs with PSS nowhere.
                key.verify(signed.signature, signed.message, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True
