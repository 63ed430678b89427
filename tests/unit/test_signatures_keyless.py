"""Signatures by an identity: which count, verified by `sigstore` itself against a Sigstore of the test's own."""

import base64
import json
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sigstore.verify import Verifier

from bot.model import Digest, Signature, SignatureMaterial, Unknown
from bot.signatures.keyless import verify_keyless
from bot.signatures.trust import read_trust
from tests.signing import bundle, envelope, key, layer, payload, statement
from tests.small_sigstore import IDENTITY, ISSUER, SmallSigstore

IMAGE = Digest("sha256:" + "a" * 64)
OTHER = Digest("sha256:" + "b" * 64)
SIGSTORE = SmallSigstore()
# The same keys a month later, and another Sigstore altogether.
LATER = SmallSigstore(
    signed_at=SIGSTORE.signed_at + timedelta(days=30),
    authority_key=SIGSTORE.authority_key,
    receipts_key=SIGSTORE.receipts_key,
    log_key=SIGSTORE.log_key,
)
STRANGER = SmallSigstore()
# A Sigstore that shares our certificate authority, but whose logs nobody trusts.
UNLOGGED = SmallSigstore(authority_key=SIGSTORE.authority_key, receipts_key=SIGSTORE.receipts_key)
UNWATCHED = SmallSigstore(authority_key=SIGSTORE.authority_key, log_key=SIGSTORE.log_key)

VALID = SIGSTORE.bundle(statement(IMAGE))
HELD = f"is signed by {IDENTITY} ({ISSUER})"
NOT_VOUCHED = "has no signature that Sigstore vouches for (1 of 1 tried)"


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Verifier:
    path = tmp_path_factory.mktemp("sigstore") / "trusted_root.json"
    path.write_text(SIGSTORE.trusted_root())
    trust = read_trust(path)
    assert not isinstance(trust, Unknown)
    return trust


def of(*documents: Any) -> SignatureMaterial:
    return SignatureMaterial(bundles=tuple(json.dumps(document).encode() for document in documents))


def changed(document: Any, *keys: str | int, to: Any) -> Any:
    """The document with one part replaced, however deep."""
    copy = document.copy()
    copy[keys[0]] = changed(document[keys[0]], *keys[1:], to=to) if len(keys) > 1 else to
    return copy


def verified(
    material: SignatureMaterial,
    verifier: Verifier,
    *,
    digest: Digest = IMAGE,
    issuer: str = ISSUER,
    identity: str = IDENTITY,
) -> Signature:
    return verify_keyless(material, digest=digest, issuer=issuer, identity=identity, verifier=verifier)


@pytest.mark.parametrize(
    "material",
    [
        pytest.param(of(VALID), id="as cosign 3 signs"),
        pytest.param(of(LATER.bundle(statement(IMAGE))), id="whenever it was signed"),
        pytest.param(
            of({}, STRANGER.bundle(statement(IMAGE)), SIGSTORE.bundle(statement(OTHER)), VALID), id="behind junk"
        ),
        pytest.param(
            of(SIGSTORE.bundle(statement(IMAGE), identity="eve@example.com"), VALID), id="behind somebody else's"
        ),
        pytest.param(
            of(*[SIGSTORE.bundle(statement(OTHER))] * 150, VALID), id="behind many of other images, copied over"
        ),
    ],
)
def test_a_signature_counts(trusting: Verifier, material: SignatureMaterial) -> None:
    """Everything of it holds, for this identity and this digest."""
    assert verified(material, trusting) == Signature(verified=True, reason=HELD)


def test_a_person_may_have_signed(trusting: Verifier) -> None:
    """An identity is an e-mail address as well."""
    material = of(SIGSTORE.bundle(statement(IMAGE), identity="alice@example.com"))
    assert verified(material, trusting, identity="alice@example.com").verified


@pytest.mark.parametrize(
    ("identity", "issuer"),
    [
        pytest.param("https://github.com/acme/web", ISSUER, id="the beginning of an identity"),
        pytest.param(IDENTITY + "/", ISSUER, id="more than an identity"),
        pytest.param(IDENTITY.replace("acme", "ACME"), ISSUER, id="an identity in other letters"),
        pytest.param(".*", ISSUER, id="a pattern for an identity"),
        pytest.param("", ISSUER, id="no identity"),
        pytest.param(IDENTITY, "https://accounts.example.com/", id="more than an issuer"),
        pytest.param(IDENTITY, "accounts.example.com", id="a part of an issuer"),
        pytest.param(IDENTITY, "", id="no issuer"),
    ],
)
def test_issuer_and_identity_are_exact(trusting: Verifier, *, identity: str, issuer: str) -> None:
    """And the reason says who signed instead."""
    said = f"is signed by {IDENTITY} ({ISSUER}), not by {identity} ({issuer})"
    assert verified(of(VALID), trusting, identity=identity, issuer=issuer) == Signature(verified=False, reason=said)


@pytest.mark.parametrize(
    ("material", "said"),
    [
        pytest.param(of(), "has no signature", id="nothing there"),
        pytest.param(
            of(SIGSTORE.bundle(statement(OTHER))),
            f"has a signature by {IDENTITY} ({ISSUER}), but it is of another image ({OTHER})",
            id="another image's, copied over",
        ),
        pytest.param(
            of(SIGSTORE.bundle(statement(IMAGE), identity="eve@example.com")),
            f"is signed by eve@example.com ({ISSUER}), not by {IDENTITY} ({ISSUER})",
            id="somebody else's",
        ),
        pytest.param(
            of(SIGSTORE.bundle(statement(IMAGE), identity="https://x.example/<b>@acme/team")),
            f"is signed by a name that cannot be shown ({ISSUER}), not by {IDENTITY} ({ISSUER})",
            id="somebody's whose name is markup",
        ),
        pytest.param(
            of(SIGSTORE.bundle(statement(IMAGE), identity="https://x.example/@acme/team")),
            f"is signed by a name that cannot be shown ({ISSUER}), not by {IDENTITY} ({ISSUER})",
            id="somebody's whose name would call others",
        ),
        pytest.param(of(STRANGER.bundle(statement(IMAGE))), NOT_VOUCHED, id="another Sigstore's"),
        pytest.param(of(UNLOGGED.bundle(statement(IMAGE))), NOT_VOUCHED, id="in a log that nobody trusts"),
        pytest.param(of(UNWATCHED.bundle(statement(IMAGE))), NOT_VOUCHED, id="a receipt that nobody trusts"),
        pytest.param(
            of(SIGSTORE.bundle(statement(IMAGE), receipt=False)), NOT_VOUCHED, id="a certificate never logged"
        ),
        pytest.param(
            of(
                changed(
                    VALID,
                    "verificationMaterial",
                    "tlogEntries",
                    to=SIGSTORE.bundle(statement(IMAGE))["verificationMaterial"]["tlogEntries"],
                )
            ),
            NOT_VOUCHED,
            id="the log's entry of another signature",
        ),
        pytest.param(
            of(
                changed(
                    VALID,
                    "verificationMaterial",
                    "tlogEntries",
                    to=LATER.bundle(statement(IMAGE))["verificationMaterial"]["tlogEntries"],
                )
            ),
            NOT_VOUCHED,
            id="signed when the certificate had expired",
        ),
        pytest.param(of(changed(VALID, "verificationMaterial", "tlogEntries", to=[])), NOT_VOUCHED, id="no entry"),
        pytest.param(
            of(
                changed(
                    VALID,
                    "verificationMaterial",
                    "tlogEntries",
                    to=VALID["verificationMaterial"]["tlogEntries"] * 2,
                )
            ),
            NOT_VOUCHED,
            id="two entries",
        ),
        pytest.param(
            of(changed(VALID, "verificationMaterial", "tlogEntries", 0, "integratedTime", to="1793500000")),
            NOT_VOUCHED,
            id="another moment than the log promised",
        ),
        pytest.param(
            of(changed(VALID, "dsseEnvelope", "payload", to=base64.b64encode(statement(IMAGE) + b" ").decode())),
            NOT_VOUCHED,
            id="the statement changed",
        ),
        pytest.param(
            of(changed(VALID, "dsseEnvelope", to=envelope(key(), statement(IMAGE)))),
            NOT_VOUCHED,
            id="signed with another key",
        ),
        pytest.param(
            of(SIGSTORE.bundle(statement(IMAGE, predicateType="https://slsa.dev/provenance/v1"))),
            "has no signature, only attestations (1)",
            id="an attestation by the right identity",
        ),
        pytest.param(
            SignatureMaterial(bundles=(bundle(key(), statement(IMAGE)),)), NOT_VOUCHED, id="a bundle signed by a key"
        ),
        pytest.param(
            SignatureMaterial(simple=(layer(key(), payload(IMAGE)),)),
            "is signed by a key, not by an identity",
            id="a layer signed by a key",
        ),
        pytest.param(
            SignatureMaterial(simple=(layer(key(), payload(IMAGE), certificate="-----BEGIN", bundle="{}"),)),
            "is signed without a key in the old format of cosign 2, which lacks proofs; sign it with cosign 3",
            id="a layer with a certificate, as cosign 2 signs",
        ),
        pytest.param(
            SignatureMaterial(bundles=(b"{}",)),
            "has a signature that cannot be read: it is no Sigstore bundle",
            id="junk",
        ),
    ],
)
def test_a_signature_does_not_count(trusting: Verifier, *, material: SignatureMaterial, said: str) -> None:
    """And the reason names facts only."""
    assert verified(material, trusting) == Signature(verified=False, reason=said)


STRANGE: tuple[Any, ...] = (None, True, -1, "", "A", "AAAA", "99999999999999999999", "\ud800", [], [[]], {}, {"a": 1})


def parts(document: Any, *above: str | int) -> Iterator[tuple[str | int, ...]]:
    """The place of every part of a document."""
    if isinstance(document, dict | list):
        for place, part in document.items() if isinstance(document, dict) else enumerate(document):
            yield (*above, place)
            yield from parts(part, *above, place)


# Timestamps are one way of two to know the moment; the log's promise is the other.
NOT_NEEDED = {"timestampVerificationData", "rfc3161Timestamps"}


def test_no_part_of_a_bundle_may_be_strange(trusting: Verifier) -> None:
    """Whatever stands in its place, the answer is no with a reason, never an error."""
    for place in parts(VALID):
        for strange in STRANGE:
            document = changed(VALID, *place, to=strange)
            answer = verified(of(document), trusting)
            assert answer.reason
            assert not answer.verified or document == VALID or place[-1] in NOT_NEEDED, (place, strange)


def test_no_byte_of_a_certificate_may_be_strange(trusting: Verifier) -> None:
    """A certificate with one byte changed is not the one that was issued, and breaks nothing here."""
    place = ("verificationMaterial", "certificate", "rawBytes")
    raw = base64.b64decode(VALID["verificationMaterial"]["certificate"]["rawBytes"])
    chance = random.Random(7)
    for at in chance.sample(range(len(raw)), 200):
        other = bytes([*raw[:at], raw[at] ^ (1 << chance.randrange(8)), *raw[at + 1 :]])
        assert not verified(of(changed(VALID, *place, to=base64.b64encode(other).decode())), trusting).verified


def test_a_trusted_root_that_is_none_is_unknown(tmp_path: Path) -> None:
    """The operator reads which file, and what is wrong with it."""
    path = tmp_path / "trusted_root.json"
    assert read_trust(path) == Unknown("Sigstore's keys could not be read: No such file or directory")
    for text in ("", "{}", "[]", "\x00", SIGSTORE.trusted_root().replace("version=0.1", "version=9")):
        path.write_text(text)
        trust = read_trust(path)
        assert isinstance(trust, Unknown)
        assert str(path) in trust.reason
