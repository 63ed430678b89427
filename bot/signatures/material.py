"""What a registry keeps as signatures of an image, taken apart; none of it is believed yet. No I/O.

Two forms: the layers of cosign's `sha256-….sig` image, and Sigstore bundles that refer to the image. Anybody who may
push can put anything there, as much of it as they like, so everything is bounded and nothing that cannot be read stops
the reading of the rest.
"""

import binascii
from base64 import b64decode
from dataclasses import dataclass

from bot.model import SignatureMaterial, SimpleSigning
from bot.signatures.claims import SIMPLE_SIGNING, Attestation, Unreadable, at, claimed_digests, read_json

SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature"
CERTIFICATE_ANNOTATION = "dev.sigstore.cosign/certificate"

_BUNDLE_TYPES = (
    "application/vnd.dev.sigstore.bundle.v0.3+json",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
)

# A signature's bundle has a few KiB; what is larger is somebody's bill of materials.
_MOST_BUNDLE = 64 * 1024
# RSA of 16,384 bits in base64 takes 2,732.
_MOST_SIGNATURE = 4096
_MOST_READ = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """One signature: the bytes that were signed, the signature, and the digests it says it is of.

    `bundle`: the whole document, where it came in one.
    """

    message: bytes
    signature: bytes
    digests: frozenset[str]
    bundle: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is. `unreadable`: why, of each that is no signature at all. `attestations`: how many were left out."""

    signed: tuple[Signed, ...]
    attestations: int
    unreadable: tuple[str, ...]


def read_material(material: SignatureMaterial) -> Found:
    """Every signature that can be read, of the first 200 of each form; whether one holds is not asked here."""
    signed: list[Signed] = []
    unreadable: list[str] = []
    attestations = 0
    items: tuple[SimpleSigning | bytes, ...] = material.simple[:_MOST_READ] + material.bundles[:_MOST_READ]
    for item in items:
        try:
            signed.append(_from_bundle(item) if isinstance(item, bytes) else _from_layer(item))
        except Attestation:
            attestations += 1
        except Unreadable as error:
            unreadable.append(str(error))
    return Found(signed=tuple(signed), attestations=attestations, unreadable=tuple(unreadable))


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes that a DSSE signature signs (DSSE protocol v1.0.0, "Signature Definition"): type and payload."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _from_layer(layer: SimpleSigning) -> Signed:
    return Signed(
        message=layer.payload,
        signature=_decoded(layer.annotations.get(SIGNATURE_ANNOTATION), most=_MOST_SIGNATURE),
        digests=claimed_digests(layer.payload, payload_type=SIMPLE_SIGNING),
    )


def _from_bundle(raw: bytes) -> Signed:
    """A bundle's DSSE envelope.

    A bundle may carry a bare `messageSignature` instead. It says of no image that it is one's signature: it is what
    `cosign sign-blob` makes of any file, and is refused. The `hint` which key signed is not looked at: it is unsigned.
    """
    document = read_json(raw, most=_MOST_BUNDLE)
    if at(document, "mediaType") not in _BUNDLE_TYPES:
        raise Unreadable("it is no Sigstore bundle")
    if at(document, "messageSignature") is not None:
        raise Unreadable("it signs a file (`cosign sign-blob`), not an image")
    payload_type = at(document, "dsseEnvelope", "payloadType")
    signatures = at(document, "dsseEnvelope", "signatures")
    if not isinstance(payload_type, str) or not isinstance(signatures, list):
        raise Unreadable("its bundle has no envelope")
    if len(signatures) != 1:
        raise Unreadable(f"its envelope has {len(signatures)} signatures instead of one")
    payload = _decoded(at(document, "dsseEnvelope", "payload"), most=_MOST_BUNDLE)
    digests = claimed_digests(payload, payload_type=payload_type)
    return Signed(
        message=pre_authentication_encoding(payload_type, payload),
        signature=_decoded(at(signatures[0], "sig"), most=_MOST_SIGNATURE),
        digests=digests,
        bundle=raw,
    )


def _decoded(text: object, *, most: int) -> bytes:
    if not isinstance(text, str) or not text:
        raise Unreadable("it has no signature or no payload in it")
    if len(text) > most:
        raise Unreadable("its signature or its payload is too long")
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable("its signature or its payload is not base64") from error
