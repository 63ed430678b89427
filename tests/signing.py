"""Signs images as cosign does, with keys of Python's: its layers up to version 2, its bundles since version 3."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.model import SimpleSigning

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
IN_TOTO = "application/vnd.in-toto+json"
SIGN = "https://sigstore.dev/cosign/sign/v1"
SIGNATURE = "dev.cosignproject.cosign/signature"


def key(bits: int = 256) -> ec.EllipticCurvePrivateKey:
    """A new key, on the NIST curve of that size."""
    curves: dict[int, ec.EllipticCurve] = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}
    return ec.generate_private_key(curves[bits])


def pem(private: PrivateKey) -> str:
    """The public key as cosign writes it."""
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def sign(private: PrivateKey, message: bytes, algorithm: HashAlgorithm | None = None) -> bytes:
    """As cosign signs: with SHA-256 unless told otherwise."""
    match private:
        case ed25519.Ed25519PrivateKey():
            return private.sign(message)
        case rsa.RSAPrivateKey():
            return private.sign(message, padding.PKCS1v15(), algorithm or SHA256())
        case _:
            return private.sign(message, ec.ECDSA(algorithm or SHA256()))


def payload(digest: str, *, repository: str = "registry.example.com/org/shop", **critical: Any) -> bytes:
    """A simple signing payload; `critical` changes its parts."""
    said = {
        "identity": {"docker-reference": repository},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
        **critical,
    }
    return json.dumps({"critical": said, "optional": None}, separators=(",", ":")).encode()


def layer(private: PrivateKey, signed: bytes, **changed: str) -> SimpleSigning:
    """A layer of the `.sig` image; `changed` sets annotations by the end of their names."""
    annotations = {SIGNATURE: base64.b64encode(sign(private, signed)).decode()}
    annotations |= {f"dev.sigstore.cosign/{name}": value for name, value in changed.items()}
    return SimpleSigning(payload=signed, annotations=annotations)


def statement(digest: str, **changed: Any) -> bytes:
    """The in-toto statement of `cosign sign`; `changed` replaces its parts."""
    algorithm, _, value = digest.partition(":")
    said = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {algorithm: value}}],
        "predicateType": SIGN,
        "predicate": {},
        **changed,
    }
    return json.dumps(said, separators=(",", ":")).encode()


def pae(content: bytes, kind: str = IN_TOTO) -> bytes:
    """DSSE's pre-authentication encoding, written out once more as its specification has it."""
    return b" ".join(
        [b"DSSEv1", str(len(kind)).encode(), kind.encode(), str(len(content)).encode(), content],
    )


def envelope(
    private: PrivateKey, content: bytes, *, kind: str = IN_TOTO, algorithm: HashAlgorithm | None = None
) -> Any:
    """A DSSE envelope with one signature."""
    signature = sign(private, pae(content, kind), algorithm)
    return {
        "payload": base64.b64encode(content).decode(),
        "payloadType": kind,
        "signatures": [{"sig": base64.b64encode(signature).decode()}],
    }


def bundle(
    private: PrivateKey, content: bytes, *, kind: str = IN_TOTO, algorithm: HashAlgorithm | None = None
) -> bytes:
    """A Sigstore bundle signed by a key."""
    document = {
        "mediaType": BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": "whatever"}},
        "dsseEnvelope": envelope(private, content, kind=kind, algorithm=algorithm),
    }
    return json.dumps(document).encode()
