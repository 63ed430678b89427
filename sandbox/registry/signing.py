"""Signatures as cosign writes them with a key: the simple-signing layer of version 2, the bundle of version 3. No I/O.

Payload and layer: https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md. Bundle: Sigstore's protobuf
specification, version 0.3, holding a DSSE envelope (https://github.com/secure-systems-lab/dsse/blob/master/protocol.md)
around an in-toto statement.
"""

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sandbox.registry.artifacts import CONFIG_TYPE, Content, Document, as_json, manifest

SIMPLE_TYPE = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
STATEMENT_TYPE = "application/vnd.in-toto+json"
SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
_EMPTY = Content(media_type="application/vnd.oci.empty.v1+json", body=b"{}")


def signature_tag(digest: str) -> str:
    """Where version 2 looks: `sha256-<hex>.sig`."""
    return f"{referrers_tag(digest)}.sig"


def referrers_tag(digest: str) -> str:
    """The index of referrers where a registry has no API for them: `sha256-<hex>` (OCI distribution spec 1.1)."""
    return digest.replace(":", "-")


def simple_layer(repository: str, digest: str, key: ec.EllipticCurvePrivateKey) -> tuple[Content, Document]:
    """The payload that says which digest is meant, and its descriptor, which carries the signature."""
    critical = {
        "identity": {"docker-reference": repository},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }
    payload = Content(media_type=SIMPLE_TYPE, body=as_json({"critical": critical, "optional": None}))
    annotations = {SIGNATURE_ANNOTATION: _base64(_sign(key, payload.body))}
    return payload, payload.described(annotations=annotations)


def simple_image(layers: list[Document]) -> tuple[Content, Content]:
    """The image whose layers are signatures, and its configuration."""
    ids = [layer["digest"] for layer in layers]
    document: Document = {
        "architecture": "",
        "created": "0001-01-01T00:00:00Z",
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": ids},
        "config": {},
    }
    config = Content(media_type=CONFIG_TYPE, body=as_json(document))
    return manifest(config, layers), config


def bundle(digest: str, key: ec.EllipticCurvePrivateKey) -> Content:
    """A bundle whose statement is about that digest, signed with the key, in no transparency log."""
    algorithm, _, hexadecimal = digest.partition(":")
    statement: Document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {algorithm: hexadecimal}, "annotations": {}}],
        "predicateType": SIGN_PREDICATE,
        "predicate": {},
    }
    payload = as_json(statement)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signatures = [{"sig": _base64(_sign(key, pre_authentication(payload)))}]
    document: Document = {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": {"publicKey": {"hint": _base64(hashlib.sha256(public).digest())}, "tlogEntries": []},
        "dsseEnvelope": {"payload": _base64(payload), "payloadType": STATEMENT_TYPE, "signatures": signatures},
    }
    return Content(media_type=BUNDLE_TYPE, body=as_json(document))


def bundle_manifest(signed: Document, layer: Content) -> tuple[Content, Content]:
    """The referrer that carries a bundle, and its empty configuration. `signed`: the descriptor of what is signed."""
    annotations = {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": SIGN_PREDICATE,
    }
    carried = manifest(
        _EMPTY, [layer.described()], annotations=annotations, artifactType=BUNDLE_TYPE, subject=dict(signed)
    )
    return carried, _EMPTY


def pre_authentication(payload: bytes) -> bytes:
    """What a DSSE signature is made of: both lengths and both texts, so that neither can run into the other."""
    kind = STATEMENT_TYPE.encode()
    return b" ".join((b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload))


def _sign(key: ec.EllipticCurvePrivateKey, message: bytes) -> bytes:
    return key.sign(message, ec.ECDSA(SHA256()))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
