"""Signatures by a key: which count, and what is said of those that do not."""

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA224, SHA256, SHA384, SHA512, HashAlgorithm
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Digest, Signature, SignatureMaterial, SimpleSigning
from bot.signatures.by_key import MOST_TRIED, verify_by_key
from config.public_key import PublicKey, read_keys
from tests.signing import (
    IN_TOTO,
    SIGN,
    SIGNATURE,
    PrivateKey,
    bundle,
    key,
    layer,
    pae,
    payload,
    pem,
    sign,
    statement,
)

IMAGE = Digest("sha256:" + "a" * 64)
OTHER = Digest("sha256:" + "b" * 64)
OURS, THEIRS, NEXT = key(), key(), key()
EDWARDS = ed25519.Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(65537, 2048)
LARGE, LARGER = key(384), key(521)

SIMPLE = layer(OURS, payload(IMAGE))
BUNDLE = bundle(OURS, statement(IMAGE))


def verified(material: SignatureMaterial, *private: PrivateKey, digest: Digest = IMAGE) -> Signature:
    keys: tuple[PublicKey, ...] = tuple(k for one in private or (OURS,) for k in read_keys(pem(one)))
    return verify_by_key(material, digest=digest, keys=keys, key_name="the key of keys/cosign.pub")


def of(*items: SimpleSigning | bytes) -> SignatureMaterial:
    layers = tuple(item for item in items if isinstance(item, SimpleSigning))
    return SignatureMaterial(simple=layers, bundles=tuple(item for item in items if isinstance(item, bytes)))


def changed(raw: bytes, **parts: Any) -> bytes:
    """The bundle with members of it replaced."""
    return json.dumps({**json.loads(raw), **parts}).encode()


def with_envelope(**parts: Any) -> bytes:
    return changed(BUNDLE, dsseEnvelope={**json.loads(BUNDLE)["dsseEnvelope"], **parts})


JUNK = (
    SimpleSigning(payload=b"", annotations={}),
    SimpleSigning(payload=b"\xff\xfe", annotations={SIGNATURE: "AAAA"}),
    replace(SIMPLE, annotations={SIGNATURE: "not base64"}),
    layer(THEIRS, payload(IMAGE)),
    layer(OURS, payload(OTHER)),
    b"",
    b"[" * 50_000,
    b'{"mediaType": 7}',
    bundle(THEIRS, statement(IMAGE)),
    bundle(OURS, statement(OTHER)),
    with_envelope(signatures=[]),
)


@pytest.mark.parametrize(
    ("private", "algorithm"),
    [
        pytest.param(OURS, SHA256(), id="ECDSA P-256"),
        pytest.param(LARGE, SHA256(), id="ECDSA P-384, as cosign 2 signs"),
        pytest.param(LARGE, SHA384(), id="ECDSA P-384, as cosign 3 signs"),
        pytest.param(LARGER, SHA256(), id="ECDSA P-521, as cosign 2 signs"),
        pytest.param(LARGER, SHA512(), id="ECDSA P-521, as cosign 3 signs"),
        pytest.param(EDWARDS, None, id="Ed25519"),
        pytest.param(RSA, SHA256(), id="RSA"),
    ],
)
def test_every_kind_of_key_signs_in_both_forms(*, private: PrivateKey, algorithm: HashAlgorithm | None) -> None:
    """As a layer of the `.sig` image, and as a bundle."""
    text = payload(IMAGE)
    annotations = {SIGNATURE: base64.b64encode(sign(private, text, algorithm)).decode()}
    said = Signature(verified=True, reason="is signed by the key of keys/cosign.pub")
    assert verified(of(SimpleSigning(payload=text, annotations=annotations)), private) == said
    assert verified(of(bundle(private, statement(IMAGE), algorithm=algorithm)), private) == said


@pytest.mark.parametrize(
    "material",
    [
        pytest.param(of(layer(OURS, payload(IMAGE, type="atomic container signature"))), id="the older type's name"),
        pytest.param(of(layer(OURS, payload(IMAGE, repository="mirror.example.com/shop"))), id="copied to a mirror"),
        pytest.param(of(layer(OURS, payload(IMAGE), certificate="x", bundle="{}")), id="with a certificate beside it"),
        pytest.param(
            of(bundle(OURS, statement(IMAGE, _type="https://in-toto.io/Statement/v0.1"))), id="an older statement"
        ),
        pytest.param(
            of(
                bundle(
                    OURS,
                    statement(IMAGE, subject=[{"digest": {"sha256": d.partition(":")[2]}} for d in (OTHER, IMAGE)]),
                )
            ),
            id="one of several subjects",
        ),
        pytest.param(
            of(bundle(OURS, payload(IMAGE), kind="application/vnd.dev.cosign.simplesigning.v1+json")),
            id="the old payload in a new envelope",
        ),
        pytest.param(
            of(changed(BUNDLE, mediaType="application/vnd.dev.sigstore.bundle+json;version=0.3")),
            id="the bundle's type as it was first written",
        ),
        pytest.param(of(*JUNK, SIMPLE), id="the right layer after junk"),
        pytest.param(of(*JUNK, BUNDLE), id="the right bundle after junk"),
        pytest.param(
            of(*[layer(THEIRS, payload(OTHER))] * (2 * MOST_TRIED - 1), SIMPLE), id="behind others' signatures"
        ),
        pytest.param(of(*[b"{"] * 199, BUNDLE), id="behind what cannot be read"),
    ],
)
def test_a_signature_counts(material: SignatureMaterial) -> None:
    """One that holds is enough, whatever lies around it."""
    assert verified(material).verified


def test_any_of_several_keys_may_have_signed() -> None:
    """So that a new key comes in before the old one goes."""
    assert verified(of(SIMPLE), NEXT, OURS).verified
    assert verified(of(BUNDLE), NEXT, OURS).verified
    assert not verified(of(SIMPLE, BUNDLE), NEXT, THEIRS).verified


TWICE = (
    b'{"critical":{"image":{"docker-manifest-digest":"%b"},"type":"cosign container image signature"},'
    b'"critical":{"image":{"docker-manifest-digest":"%b"},"type":"cosign container image signature"}}'
)
TWICE_INSIDE = (
    b'{"critical":{"image":{"docker-manifest-digest":"%b","docker-manifest-digest":"%b"},'
    b'"type":"cosign container image signature"}}'
)
SLSA = statement(IMAGE, predicateType="https://slsa.dev/provenance/v1")
UNREADABLE = "has a signature that cannot be read: "


@pytest.mark.parametrize(
    ("material", "said"),
    [
        pytest.param(of(), "has no signature", id="nothing there"),
        pytest.param(
            of(layer(THEIRS, payload(IMAGE))),
            "is not signed by the key of keys/cosign.pub (1 signature was tried)",
            id="another key's layer",
        ),
        pytest.param(
            of(*[layer(THEIRS, payload(IMAGE))] * 2, bundle(THEIRS, statement(IMAGE))),
            "is not signed by the key of keys/cosign.pub (3 signatures were tried)",
            id="another key's, several",
        ),
        pytest.param(
            of(*[layer(THEIRS, payload(IMAGE))] * 150),
            "is not signed by the key of keys/cosign.pub (100 signatures were tried of 150)",
            id="more than are tried",
        ),
        pytest.param(
            of(layer(OURS, payload(OTHER))),
            f"has a signature by the key of keys/cosign.pub, but it is of another image ({OTHER})",
            id="another image's layer, copied over",
        ),
        pytest.param(
            of(bundle(OURS, statement(OTHER))),
            f"has a signature by the key of keys/cosign.pub, but it is of another image ({OTHER})",
            id="another image's bundle, copied over",
        ),
        pytest.param(
            of(layer(THEIRS, payload(OTHER))),
            "is not signed by the key of keys/cosign.pub (1 signature was tried)",
            id="another key's, of another image: what it claims is not repeated",
        ),
        pytest.param(
            of(replace(SIMPLE, payload=payload(IMAGE) + b" ")),
            "is not signed by the key of keys/cosign.pub (1 signature was tried)",
            id="the payload changed by a space",
        ),
        pytest.param(
            of(replace(layer(OURS, payload(OTHER)), payload=payload(IMAGE))),
            "is not signed by the key of keys/cosign.pub (1 signature was tried)",
            id="the payload exchanged",
        ),
        pytest.param(
            of(with_envelope(payload=base64.b64encode(statement(IMAGE, predicate={"a": 1})).decode())),
            "is not signed by the key of keys/cosign.pub (1 signature was tried)",
            id="the statement exchanged",
        ),
        pytest.param(of(bundle(OURS, SLSA)), "has no signature, only attestations (1)", id="an attestation"),
        pytest.param(
            of(
                changed(
                    BUNDLE,
                    dsseEnvelope={
                        "payload": base64.b64encode(statement(IMAGE)).decode(),
                        "payloadType": IN_TOTO,
                        "signatures": [{"sig": base64.b64encode(sign(OURS, statement(IMAGE))).decode()}],
                    },
                )
            ),
            "is not signed by the key of keys/cosign.pub (1 signature was tried)",
            id="the payload signed without its type",
        ),
        pytest.param(
            of(layer(OURS, statement(IMAGE))), UNREADABLE + "its payload is no container signature", id="forms mixed up"
        ),
        pytest.param(
            of(bundle(OURS, payload(IMAGE))), UNREADABLE + "its payload is no in-toto statement", id="types mixed up"
        ),
        pytest.param(
            of(bundle(OURS, statement(IMAGE), kind="text/plain")),
            UNREADABLE + "its payload is of a type that cosign does not write",
            id="an unknown type",
        ),
        pytest.param(
            of(layer(OURS, TWICE % (OTHER.encode(), IMAGE.encode()))),
            UNREADABLE + "it names a key twice",
            id="`critical` twice",
        ),
        pytest.param(
            of(layer(OURS, TWICE_INSIDE % (OTHER.encode(), IMAGE.encode()))),
            UNREADABLE + "it names a key twice",
            id="the digest twice",
        ),
        pytest.param(of(layer(OURS, payload(IMAGE) + b"{}")), UNREADABLE + "it is not JSON", id="more after the end"),
        pytest.param(of(layer(OURS, b"")), UNREADABLE + "it is not JSON", id="empty"),
        pytest.param(
            of(layer(OURS, payload(IMAGE).decode().encode("utf-16"))), UNREADABLE + "it is not JSON", id="not UTF-8"
        ),
        pytest.param(
            of(layer(OURS, b"\xef\xbb\xbf" + payload(IMAGE))), UNREADABLE + "it is not JSON", id="a byte order mark"
        ),
        pytest.param(of(layer(OURS, b"[" * 60_000)), UNREADABLE + "it is not JSON", id="nested without end"),
        pytest.param(of(layer(OURS, b"9" * 5000)), UNREADABLE + "it is not JSON", id="a number without end"),
        pytest.param(of(layer(OURS, b'{"a": NaN}')), UNREADABLE + "it holds NaN, which is not JSON", id="not a number"),
        pytest.param(
            of(layer(OURS, payload(IMAGE) + b" " * 70_000)), UNREADABLE + "it is longer than 64 KiB", id="huge"
        ),
        pytest.param(of(b" " * 70_000 + BUNDLE), UNREADABLE + "it is longer than 64 KiB", id="a huge bundle"),
        pytest.param(
            of(layer(OURS, payload(IMAGE, type="cosign blob"))),
            UNREADABLE + "its payload is no container signature",
            id="a type of its own",
        ),
        pytest.param(
            of(layer(OURS, payload(IMAGE, type=["cosign container image signature"]))),
            UNREADABLE + "its payload is no container signature",
            id="a type in a list",
        ),
        pytest.param(of(layer(OURS, payload(""))), UNREADABLE + "its payload names no digest", id="an empty digest"),
        pytest.param(
            of(layer(OURS, payload("1.0.0"))), UNREADABLE + "its payload names no digest", id="a tag for a digest"
        ),
        pytest.param(
            of(layer(OURS, payload(IMAGE, image={"Docker-manifest-digest": IMAGE}))),
            UNREADABLE + "its payload names no digest",
            id="the key in other letters",
        ),
        pytest.param(
            of(layer(OURS, payload(IMAGE, image=[IMAGE]))),
            UNREADABLE + "its payload names no digest",
            id="a list for an object",
        ),
        pytest.param(
            of(replace(SIMPLE, annotations={})),
            UNREADABLE + "it has no signature or no payload in it",
            id="no annotation",
        ),
        pytest.param(
            of(replace(SIMPLE, annotations={SIGNATURE: SIMPLE.annotations[SIGNATURE] + "\n!"})),
            UNREADABLE + "its signature or its payload is not base64",
            id="base64 with more in it",
        ),
        pytest.param(
            of(replace(SIMPLE, annotations={SIGNATURE: "\u0661" * 8})),
            UNREADABLE + "its signature or its payload is not base64",
            id="base64 in another script",
        ),
        pytest.param(
            of(replace(SIMPLE, annotations={SIGNATURE: "A" * 5000})),
            UNREADABLE + "its signature or its payload is too long",
            id="a signature without end",
        ),
        pytest.param(
            of(bundle(OURS, statement(IMAGE, subject=[]))),
            UNREADABLE + "its statement has no subjects, or too many",
            id="no subject",
        ),
        pytest.param(
            of(bundle(OURS, statement(IMAGE, subject=[{}] * 101))),
            UNREADABLE + "its statement has no subjects, or too many",
            id="subjects without end",
        ),
        pytest.param(
            of(bundle(OURS, statement(IMAGE, subject=[{"name": IMAGE, "digest": {"sha256": None}}]))),
            UNREADABLE + "its statement names no digest",
            id="a digest in the wrong place",
        ),
        pytest.param(
            of(changed(BUNDLE, mediaType="text/plain")), UNREADABLE + "it is no Sigstore bundle", id="no type"
        ),
        pytest.param(
            of(changed(BUNDLE, messageSignature={"signature": "AAAA"})),
            UNREADABLE + "it signs a file (`cosign sign-blob`), not an image",
            id="a signature of a file, beside",
        ),
        pytest.param(
            of(changed(BUNDLE, dsseEnvelope=None)), UNREADABLE + "its bundle has no envelope", id="no envelope"
        ),
        pytest.param(
            of(with_envelope(signatures=[*json.loads(BUNDLE)["dsseEnvelope"]["signatures"]] * 2)),
            UNREADABLE + "its envelope has 2 signatures instead of one",
            id="two signatures in one envelope",
        ),
    ],
)
def test_a_signature_does_not_count(*, material: SignatureMaterial, said: str) -> None:
    """And the reason names facts only."""
    assert verified(material) == Signature(verified=False, reason=said)


@pytest.mark.parametrize(
    ("private", "signature"),
    [
        pytest.param(OURS, sign(OURS, payload(IMAGE), SHA224()), id="P-256 with SHA-224"),
        pytest.param(OURS, sign(OURS, payload(IMAGE), SHA384()), id="P-256 with SHA-384"),
        pytest.param(RSA, sign(RSA, payload(IMAGE), SHA512()), id="RSA with SHA-512"),
        pytest.param(
            RSA, RSA.sign(payload(IMAGE), padding.PSS(padding.MGF1(SHA256()), 32), SHA256()), id="RSA with PSS"
        ),
        pytest.param(EDWARDS, EDWARDS.sign(pae(payload(IMAGE))), id="Ed25519 of other bytes"),
        pytest.param(EDWARDS, b"\x00" * 64, id="Ed25519, all zero"),
        pytest.param(OURS, bytes.fromhex("3006020100020100"), id="ECDSA of zero and zero"),
        pytest.param(OURS, b"\x30", id="ECDSA cut off"),
        pytest.param(RSA, b"\x00" * 256, id="RSA, all zero"),
        pytest.param(RSA, b"\x01", id="RSA cut off"),
    ],
)
def test_signatures_that_cosign_never_makes_do_not_count(*, private: PrivateKey, signature: bytes) -> None:
    """Other digests, other paddings, degenerate numbers."""
    text = payload(IMAGE)
    made = SimpleSigning(payload=text, annotations={SIGNATURE: base64.b64encode(signature).decode()})
    assert not verified(of(made), private).verified


def test_the_digest_must_be_equal_to_the_last_letter() -> None:
    """No prefix, no other letters, no other algorithm."""
    for near in (IMAGE[:-1], IMAGE.upper(), IMAGE.replace("sha256", "sha512"), IMAGE + "0", f" {IMAGE}"):
        assert not verified(of(layer(OURS, payload(near)), bundle(OURS, statement(near)))).verified
    assert not verified(of(SIMPLE, BUNDLE), digest=Digest("")).verified


def test_a_digest_of_another_algorithm_is_bound_as_well() -> None:
    """An image may be known by SHA-512."""
    longer = Digest("sha512:" + "c" * 128)
    assert verified(of(layer(OURS, payload(longer))), digest=longer).verified
    assert verified(of(bundle(OURS, statement(longer))), digest=longer).verified


STRANGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e300,
    "",
    "A",
    "AAAA",
    "\u2028",
    "\ud800",
    [],
    [[]],
    {},
    {"a": {}},
    "x" * 5000,
)


def mutations(document: Any) -> Iterator[Any]:
    """The document with each of its parts, in turn, replaced by something strange, or left out."""
    if isinstance(document, dict | list):
        for place, part in document.items() if isinstance(document, dict) else enumerate(document):
            for other in (*mutations(part), *STRANGE):
                copy: Any = document.copy()
                copy[place] = other
                yield copy
            left: Any = document.copy()
            del left[place]
            yield left


@pytest.mark.parametrize(
    ("valid", "material"),
    [
        pytest.param(payload(IMAGE), lambda raw: of(layer(OURS, raw)), id="a payload"),
        pytest.param(statement(IMAGE), lambda raw: of(bundle(OURS, raw)), id="a statement"),
        pytest.param(BUNDLE, of, id="a bundle"),
    ],
)
def test_no_part_of_a_document_may_be_strange(valid: bytes, material: Callable[[bytes], SignatureMaterial]) -> None:
    """Whatever stands in its place, the answer is no or yes with a reason, never an error, and yes only by our key."""
    for strange in mutations(json.loads(valid)):
        answer = verified(material(json.dumps(strange).encode()))
        assert answer.reason
        again = verified(material(json.dumps(strange).encode()), THEIRS)
        assert not again.verified


@given(raw=st.binary(max_size=200))
def test_any_bytes_have_an_answer(raw: bytes) -> None:
    """In every place that somebody else fills: as a payload, as a statement, as a bundle, as a signature."""
    annotations = {SIGNATURE: base64.b64encode(raw).decode()}
    for one in (layer(OURS, raw), bundle(OURS, raw), raw, replace(SIMPLE, annotations=annotations)):
        assert not verified(of(one)).verified


@given(name=st.text(max_size=50), value=st.text(max_size=200))
def test_any_annotations_have_an_answer(name: str, value: str) -> None:
    """They are other people's text."""
    for annotations in ({name: value}, {SIGNATURE: value}):
        assert not verified(of(replace(SIMPLE, annotations=annotations))).verified


def test_the_predicate_is_not_looked_at() -> None:
    """An empty one, or none at all: cosign 3 writes either."""
    bare = json.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"digest": {"sha256": "a" * 64}}],
            "predicateType": SIGN,
        }
    )
    assert verified(of(bundle(OURS, bare.encode()))).verified
