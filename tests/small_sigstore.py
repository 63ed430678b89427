"""A whole Sigstore in memory: a certificate authority, its certificate log, and a transparency log of two entries.

It signs as `cosign sign` does without a key, so that the real `sigstore` verifies every step: the certificate's chain
and its log's receipt (RFC 6962), the entry's inclusion proof with signed checkpoint, the log's promise, the envelope.
Only the keys are its own; they stand in `trusted_root()`.
"""

import base64
import hashlib
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from tests.signing import BUNDLE, IN_TOTO, envelope, key, sign

ORIGIN = "rekor.example.com"
ISSUER = "https://accounts.example.com"
IDENTITY = "https://github.com/acme/web/.github/workflows/release.yaml@refs/heads/main"

# https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md
_ISSUER_OID = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
# RFC 6962 section 3.3
_RECEIPTS_OID = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")

_MADE = datetime(2026, 11, 1, tzinfo=UTC)
_SIGNED = _MADE + timedelta(days=1)
_CA_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "small sigstore")])


def spki(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def log_id(private: ec.EllipticCurvePrivateKey) -> bytes:
    """RFC 6962 section 3.2: the SHA-256 of the log's public key."""
    return hashlib.sha256(spki(private)).digest()


@dataclass(slots=True, kw_only=True)
class SmallSigstore:
    """`signed_at`: the moment of every signature; certificates are valid for ten minutes around it."""

    signed_at: datetime = _SIGNED
    authority_key: ec.EllipticCurvePrivateKey = field(default_factory=key)
    receipts_key: ec.EllipticCurvePrivateKey = field(default_factory=key)
    log_key: ec.EllipticCurvePrivateKey = field(default_factory=key)

    def trusted_root(self) -> str:
        """What an operator gives: the keys of all three, in the form of Sigstore's `trusted_root.json`."""
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [_instance(self.log_key)],
                "certificateAuthorities": [
                    {
                        "subject": {"organization": "example.com", "commonName": "small sigstore"},
                        "uri": "https://fulcio.example.com",
                        "certChain": {"certificates": [{"rawBytes": encoded(self._authority())}]},
                        "validFor": {"start": "2020-01-01T00:00:00Z"},
                    }
                ],
                "ctlogs": [_instance(self.receipts_key)],
            }
        )

    def bundle(
        self,
        content: bytes,
        *,
        identity: str = IDENTITY,
        issuer: str = ISSUER,
        kind: str = IN_TOTO,
        receipt: bool = True,
    ) -> dict[str, Any]:
        """A bundle in which that identity signs the content. Without `receipt` the certificate was never logged."""
        private = key()
        certificate = self._certificate(private, identity=identity, issuer=issuer, receipt=receipt)
        sealed = envelope(private, content, kind=kind)
        return {
            "mediaType": BUNDLE,
            "verificationMaterial": {
                "certificate": {"rawBytes": encoded(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [self.entry(sealed, content=content, certificate=certificate)],
                "timestampVerificationData": {"rfc3161Timestamps": []},
            },
            "dsseEnvelope": sealed,
        }

    def entry(self, sealed: dict[str, Any], *, content: bytes, certificate: x509.Certificate) -> dict[str, Any]:
        """The log's entry of an envelope (Rekor `dsse` 0.0.1): the second of two, proven by RFC 6962 section 2.1.1."""
        verifier = encoded(certificate.public_bytes(Encoding.PEM))
        spec = {
            "envelopeHash": _hash(json.dumps(sealed).encode()),
            "payloadHash": _hash(content),
            "signatures": [{"signature": sealed["signatures"][0]["sig"], "verifier": verifier}],
        }
        body = json.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec}, separators=(",", ":")).encode()
        before = hashlib.sha256(b"\x00an entry of somebody else").digest()
        root = hashlib.sha256(b"\x01" + before + hashlib.sha256(b"\x00" + body).digest()).digest()
        moment = int(self.signed_at.timestamp())
        return {
            "logIndex": "1",
            "logId": {"keyId": encoded(log_id(self.log_key))},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(moment),
            "inclusionPromise": {"signedEntryTimestamp": encoded(self._promise(body, moment))},
            "inclusionProof": {
                "logIndex": "1",
                "rootHash": encoded(root),
                "treeSize": "2",
                "hashes": [encoded(before)],
                "checkpoint": {"envelope": self._checkpoint(root)},
            },
            "canonicalizedBody": encoded(body),
        }

    def _promise(self, body: bytes, moment: int) -> bytes:
        """The signed entry timestamp: over the entry's canonical JSON (RFC 8785), which sorted keys are here."""
        said = {
            "body": encoded(body),
            "integratedTime": moment,
            "logID": log_id(self.log_key).hex(),
            "logIndex": 1,
        }
        return sign(self.log_key, json.dumps(said, separators=(",", ":"), sort_keys=True).encode())

    def _checkpoint(self, root: bytes) -> str:
        """A signed note (C2SP signed-note, tlog-checkpoint): origin, size, root; then who signs."""
        note = f"{ORIGIN}\n2\n{encoded(root)}\n"
        signature = log_id(self.log_key)[:4] + sign(self.log_key, note.encode())
        return f"{note}\n\u2014 {ORIGIN} {encoded(signature)}\n"

    def _authority(self) -> bytes:
        return (
            x509.CertificateBuilder()
            .subject_name(_CA_NAME)
            .issuer_name(_CA_NAME)
            .public_key(self.authority_key.public_key())
            .serial_number(1)
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.authority_key.public_key()), critical=False)
            .sign(self.authority_key, SHA256())
            .public_bytes(Encoding.DER)
        )

    def _certificate(
        self, private: ec.EllipticCurvePrivateKey, *, identity: str, issuer: str, receipt: bool
    ) -> x509.Certificate:
        """As Fulcio issues it: its log's receipt is over the certificate without the receipt (RFC 6962 section 3.2)."""
        kind = x509.UniformResourceIdentifier if "://" in identity else x509.RFC822Name
        authority = self.authority_key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(_CA_NAME)
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.signed_at - timedelta(minutes=5))
            .not_valid_after(self.signed_at + timedelta(minutes=5))
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), critical=False)
            .add_extension(x509.SubjectAlternativeName([kind(identity)]), critical=True)
            .add_extension(x509.UnrecognizedExtension(_ISSUER_OID, issuer.encode()), critical=False)
        )
        if not receipt:
            return builder.sign(self.authority_key, SHA256())
        draft = _with_receipt(builder, b"\x00" * 8).sign(self.authority_key, SHA256())
        return _with_receipt(builder, self._receipt(draft)).sign(self.authority_key, SHA256())

    def _receipt(self, draft: x509.Certificate) -> bytes:
        """A signed certificate timestamp, in the list that a certificate carries."""
        moment = int(self.signed_at.timestamp() * 1000)
        to_be_signed = draft.tbs_precertificate_bytes
        entry = hashlib.sha256(spki(self.authority_key)).digest() + len(to_be_signed).to_bytes(3) + to_be_signed
        signature = sign(self.receipts_key, struct.pack("!BBQH", 0, 0, moment, 1) + entry + b"\x00\x00")
        one = b"\x00" + log_id(self.receipts_key) + struct.pack("!QH", moment, 0)
        # SHA-256 and ECDSA, by the numbers of TLS 1.2.
        one += bytes([4, 3]) + len(signature).to_bytes(2) + signature
        return (len(one) + 2).to_bytes(2) + len(one).to_bytes(2) + one


def _with_receipt(builder: x509.CertificateBuilder, receipts: bytes) -> x509.CertificateBuilder:
    octets = b"\x04" + bytes([len(receipts)] if len(receipts) < 128 else [0x81, len(receipts)]) + receipts
    return builder.add_extension(x509.UnrecognizedExtension(_RECEIPTS_OID, octets), critical=False)


def _instance(private: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return {
        "baseUrl": f"https://{ORIGIN}",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": encoded(spki(private)),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": {"start": "2020-01-01T00:00:00Z"},
        },
        "logId": {"keyId": encoded(log_id(private))},
    }


def _hash(content: bytes) -> dict[str, str]:
    return {"algorithm": "sha256", "value": hashlib.sha256(content).hexdigest()}


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
