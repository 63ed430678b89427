"""What is asked before a signature is looked at: which key, whose trust, and what is said where either is missing."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from bot.model import Digest, Signature, SignatureMaterial, Unknown
from bot.signatures.verifier import Verifier
from config.pipeline import Cosign, Verify
from tests.clock import ManualClock
from tests.signing import key, layer, payload, pem, statement
from tests.small_sigstore import IDENTITY, ISSUER, SmallSigstore

IMAGE = Digest("sha256:" + "a" * 64)
OURS = key()
SIGNED = SignatureMaterial(simple=(layer(OURS, payload(IMAGE)),))
SIGSTORE = SmallSigstore()
KEYLESS = SignatureMaterial(bundles=(json.dumps(SIGSTORE.bundle(statement(IMAGE))).encode(),))
BY_IDENTITY = Cosign(issuer=ISSUER, identity=IDENTITY)


async def asked(verifier: Verifier, cosign: Cosign, *, key_text: str | None = None) -> Signature | Unknown:
    material = SIGNED if cosign.key else KEYLESS
    return await verifier.verify(Verify(cosign=cosign), digest=IMAGE, material=material, key_text=key_text)


@pytest.mark.parametrize(
    ("cosign", "key_text", "answer"),
    [
        pytest.param(
            Cosign(key="keys/cosign.pub"),
            pem(OURS),
            Signature(verified=True, reason="is signed by the key of keys/cosign.pub"),
            id="a key in a file",
        ),
        pytest.param(
            Cosign(key=pem(OURS)),
            None,
            Signature(verified=True, reason="is signed by the key in the configuration"),
            id="a key in the configuration",
        ),
        pytest.param(
            Cosign(key=pem(key())),
            pem(OURS),
            Signature(verified=False, reason="is not signed by the key in the configuration (1 signature was tried)"),
            id="a key in the configuration is not looked for in a file",
        ),
        pytest.param(
            Cosign(key="keys/cosign.pub"),
            None,
            Unknown("there is no file keys/cosign.pub on the default branch; commit the public key there"),
            id="no such file",
        ),
        pytest.param(
            Cosign(key="keys/cosign.pub"),
            "",
            Unknown(
                "the key of keys/cosign.pub cannot be used: it holds no public key; "
                "write its PEM text, which begins with -----BEGIN PUBLIC KEY-----"
            ),
            id="an empty file",
        ),
        pytest.param(
            Cosign(key=pem(OURS)[:80]),
            None,
            Unknown(
                "the key in the configuration cannot be used: a key in it has no end; "
                "write the PEM text whole, up to -----END PUBLIC KEY-----"
            ),
            id="a key cut off",
        ),
        pytest.param(
            Cosign(issuer=ISSUER),
            None,
            Unknown("`verify.cosign` names nobody; write `key`, or `issuer` and `identity`"),
            id="an issuer, but nobody it knows",
        ),
        pytest.param(
            Cosign(key=pem(OURS), issuer=ISSUER, identity=IDENTITY),
            None,
            Unknown("`verify.cosign` names two signers; write `key`, or `issuer` and `identity`"),
            id="a key and an identity",
        ),
        pytest.param(
            Cosign(),
            None,
            Unknown("`verify.cosign` names nobody; write `key`, or `issuer` and `identity`"),
            id="nothing",
        ),
        pytest.param(
            Cosign(issuer="", identity=IDENTITY),
            None,
            Unknown("`verify.cosign` names nobody; write `key`, or `issuer` and `identity`"),
            id="an identity as nobody knows it",
        ),
    ],
)
async def test_by_key(*, cosign: Cosign, key_text: str | None, answer: Signature | Unknown) -> None:
    """A key that cannot be used is no verdict on the image: it is not known, and what to do is said."""
    assert await asked(Verifier(ManualClock()), cosign, key_text=key_text) == answer


async def test_trust_is_read_from_the_operators_file_and_again_every_day(tmp_path: Path) -> None:
    """A file that is missing is asked for again after five minutes, one that was read after a day."""
    clock, path = ManualClock(), tmp_path / "trusted_root.json"
    verifier = Verifier(clock, trusted_root=path)
    missing = Unknown("Sigstore's keys could not be read: No such file or directory")
    held = Signature(verified=True, reason=f"is signed by {IDENTITY} ({ISSUER})")
    assert await asked(verifier, BY_IDENTITY) == missing

    path.write_text(SIGSTORE.trusted_root())
    await clock.advance(timedelta(minutes=4))
    assert await asked(verifier, BY_IDENTITY) == missing
    await clock.advance(timedelta(minutes=1))
    assert await asked(verifier, BY_IDENTITY) == held

    path.write_text(SmallSigstore().trusted_root())
    await clock.advance(timedelta(hours=23))
    assert await asked(verifier, BY_IDENTITY) == held
    await clock.advance(timedelta(hours=1))
    distrusted = await asked(verifier, BY_IDENTITY)
    assert isinstance(distrusted, Signature)
    assert not distrusted.verified


WITHOUT_EXTRA = """
import asyncio, sys
sys.modules["sigstore"] = None
from bot.clock import SystemClock
from bot.model import SignatureMaterial
from bot.signatures.verifier import Verifier
from config.pipeline import Cosign, Verify
verify = Verify(cosign=Cosign(issuer="https://accounts.example.com", identity="alice@example.com"))
verifier = Verifier(SystemClock())
print(asyncio.run(verifier.verify(verify, digest="sha256:" + "a" * 64, material=SignatureMaterial(), key_text=None)))
"""


def test_without_the_extra_it_is_unknown() -> None:
    """An installation that lacks the optional packages says which extra brings them."""
    said = subprocess.run([sys.executable, "-c", WITHOUT_EXTRA], capture_output=True, text=True, check=True).stdout
    assert said.startswith("Unknown(")
    assert "need the extra caisson[keyless]" in said
