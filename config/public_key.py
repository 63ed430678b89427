"""The public keys of those who may sign, as people write them: PEM text. No I/O.

The kinds are those that cosign signs with. A key that would prove nothing is refused here, where it is declared, and
not when a signature is looked at.
"""

import re

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey

_BEGIN = "-----BEGIN "
_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----[^-]*-----END \1-----")
_PUBLIC = frozenset({"PUBLIC KEY", "RSA PUBLIC KEY"})
_CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_KINDS = "ECDSA (P-256, P-384, P-521), Ed25519 or RSA"

_MOST_CHARACTERS = 64 * 1024
_MOST_KEYS = 16
# NIST SP 800-57 part 1, table 2: less gives under 112 bits of security.
_FEWEST_RSA_BITS = 2048


class PublicKeyError(ValueError):
    """The text holds no public key to verify by; the message says why and what to write instead."""


def is_inline_key(text: str) -> bool:
    """Whether a declared `key` is PEM text itself, and not the path of a file."""
    return _BEGIN in text


def read_keys(text: str) -> tuple[PublicKey, ...]:
    """Every public key of the text, one at least; PublicKeyError where any of its PEM blocks is something else.

    Between the blocks anything may stand (RFC 7468 section 2).
    """
    if len(text) > _MOST_CHARACTERS:
        raise PublicKeyError(f"it is longer than {_MOST_CHARACTERS // 1024} KiB; write public keys only")
    blocks = list(_BLOCK.finditer(text))
    if "PRIVATE KEY-----" in text:
        raise PublicKeyError("it holds a private key, which others can read now; make a new pair, write the public key")
    if not text.count(_BEGIN):
        raise PublicKeyError("it holds no public key; write its PEM text, which begins with -----BEGIN PUBLIC KEY-----")
    if len(blocks) != text.count(_BEGIN):
        raise PublicKeyError("a key in it has no end; write the PEM text whole, up to -----END PUBLIC KEY-----")
    if len(blocks) > _MOST_KEYS:
        raise PublicKeyError(f"it holds {len(blocks)} keys; write {_MOST_KEYS} or fewer")
    return tuple(_read(block, number) for number, block in enumerate(blocks, start=1))


def _read(block: re.Match[str], number: int) -> PublicKey:
    if block[1] not in _PUBLIC:
        raise PublicKeyError(f"its PEM block {number} is a {block[1].lower()}; write a public key")
    try:
        key = load_pem_public_key(block[0].encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise PublicKeyError(f"its key {number} cannot be read; write the PEM text of {_KINDS}") from error
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < _FEWEST_RSA_BITS:
            weak = f"its key {number} is RSA of {key.key_size} bits, which is too weak"
            raise PublicKeyError(f"{weak}; write one of {_FEWEST_RSA_BITS} bits or more")
        return key
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return key
    raise PublicKeyError(f"its key {number} is of a kind that cosign does not sign with; write {_KINDS}")
