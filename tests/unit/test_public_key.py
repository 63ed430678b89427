"""Which texts are public keys to verify by, and what is said of those that are not."""

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from config.public_key import PublicKeyError, is_inline_key, read_keys
from tests.signing import key, pem

OURS = pem(key())
RSA = rsa.generate_private_key(65537, 2048).public_key()
SECRET = key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
WEAK = """
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCygWMhLHwaorXLfqOHWHTntlmL
Wy8qpomEJVQd43XCVKUVZtOqVJj0VA9R7L3p+kQATzdO7ejvUBTyR0KavBiXs4Cu
69Ce8QRpyoMq3auvlevRlfJOPSdt38jBQ1vaWARIZDl4zfAoWhJ+EMYBShG+slXK
1n+2GHLJ8/bp3kRPBQIDAQAB
-----END PUBLIC KEY-----
"""


def spki(public: ec.EllipticCurvePublicKey | dsa.DSAPublicKey | x25519.X25519PublicKey | rsa.RSAPublicKey) -> str:
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        pytest.param(OURS, 1, id="ECDSA P-256, as cosign makes it"),
        pytest.param(pem(key(384)), 1, id="ECDSA P-384"),
        pytest.param(pem(key(521)), 1, id="ECDSA P-521"),
        pytest.param(pem(ed25519.Ed25519PrivateKey.generate()), 1, id="Ed25519"),
        pytest.param(spki(RSA), 1, id="RSA of 2048 bits"),
        pytest.param(RSA.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(), 1, id="RSA in the old form"),
        pytest.param(OURS + pem(key()), 2, id="several"),
        pytest.param(f"# ours, since May\n{OURS}\n# the next one\n{pem(key())}", 2, id="words between them"),
        pytest.param(OURS.replace("\n", "\r\n"), 1, id="lines that end as on Windows"),
        pytest.param("\ufeff" + OURS, 1, id="a byte order mark"),
        pytest.param(OURS.rstrip(), 1, id="no newline at the end"),
    ],
)
def test_public_keys_are_read(*, text: str, count: int) -> None:
    """Every kind that cosign signs with, one or several in a file."""
    assert len(read_keys(text)) == count


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "holds no public key", id="nothing"),
        pytest.param("keys/cosign.pub", "holds no public key", id="a path"),
        pytest.param("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "holds no public key", id="an SSH key"),
        pytest.param(OURS[:90], "has no end", id="cut off"),
        pytest.param(OURS + OURS[:90], "has no end", id="the second one cut off"),
        pytest.param(SECRET, "a private key, which others can read now", id="a private key"),
        pytest.param(OURS + SECRET, "a private key, which others can read now", id="a private key beside a public one"),
        pytest.param(SECRET[:100], "a private key, which others can read now", id="a private key cut off"),
        pytest.param(
            "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\neyJ\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----",
            "a private key, which others can read now",
            id="cosign's own private key",
        ),
        pytest.param(OURS.replace("PUBLIC KEY", "CERTIFICATE"), "block 1 is a certificate", id="a certificate"),
        pytest.param(OURS.replace("M", "A", 1), "key 1 cannot be read", id="a character changed"),
        pytest.param(OURS + OURS.replace("M", "*", 1), "key 2 cannot be read", id="not base64"),
        pytest.param(WEAK, "RSA of 1024 bits", id="weak RSA"),
        pytest.param(spki(ec.generate_private_key(ec.SECP256K1()).public_key()), "of a kind", id="another curve"),
        pytest.param(spki(ec.generate_private_key(ec.SECP224R1()).public_key()), "of a kind", id="a weaker curve"),
        pytest.param(spki(dsa.generate_private_key(2048).public_key()), "of a kind", id="DSA"),
        pytest.param(spki(x25519.X25519PrivateKey.generate().public_key()), "of a kind", id="a key that cannot sign"),
        pytest.param(OURS * 17, "17 keys", id="more than anybody needs"),
        pytest.param("x" * 70_000 + OURS, "longer than 64 KiB", id="huge"),
        pytest.param("-----BEGIN PUBLIC KEY-----" * 2000, "has no end", id="beginnings without an end"),
    ],
)
def test_what_proves_nothing_is_refused_with_the_reason(*, text: str, said: str) -> None:
    """One bad block spoils the file: half of what was declared must not count as all of it."""
    with pytest.raises(PublicKeyError, match=said):
        read_keys(text)


def test_a_key_in_the_configuration_is_told_from_a_path() -> None:
    """PEM text says what it is in its first line."""
    assert is_inline_key(OURS)
    assert is_inline_key(OURS[:40])
    assert not is_inline_key("keys/cosign.pub")
