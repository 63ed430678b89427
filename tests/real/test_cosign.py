"""Our verification of signatures against cosign itself: each accepts what the other signs, in a real registry.

cosign 2.5, which Debian packages, writes the layers of version 2 with `sign`, and with `attest` the bundles that `sign`
writes since version 3: the same envelope, statement and type.
"""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from sigstore.verify import Verifier
from yarl import URL

from bot.model import Digest, Signature, SignatureMaterial, SimpleSigning
from bot.signatures.by_key import verify_by_key
from bot.signatures.keyless import verify_keyless
from bot.signatures.trust import read_trust
from config.public_key import read_keys
from tests.conftest import require
from tests.real.cosign_program import OFFLINE, run_cosign
from tests.real.docker_registry import MANIFEST_TYPE, push, serving
from tests.signing import BUNDLE, SIGN, PrivateKey, bundle, key, payload, pem, sign, statement
from tests.small_sigstore import IDENTITY, ISSUER, SmallSigstore

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
EMPTY = b"{}"
UNLOGGED = ("--insecure-ignore-tlog", "--allow-http-registry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """An image in a registry, and the tools beside it. `folder` is cosign's home and where its keys lie."""

    session: aiohttp.ClientSession
    cosign: str
    folder: Path
    repository: str
    digest: Digest

    @property
    def image(self) -> str:
        return f"{self.repository}@{self.digest}"

    @property
    def url(self) -> str:
        host, _, path = self.repository.partition("/")
        return f"http://{host}/v2/{path}"

    async def run(self, *arguments: str | Path) -> bool:
        """Run cosign without any network but the registry's; whether it said yes."""
        return await run_cosign(self.cosign, self.folder, *arguments)

    async def get(self, path: str, *, accept: str) -> bytes | None:
        async with self.session.get(f"{self.url}/{path}", headers={"Accept": accept}) as response:
            return await response.read() if response.status == 200 else None

    async def manifest(self, reference: str, *, accept: str = MANIFEST_TYPE) -> Any:
        return json.loads(await self.get(f"manifests/{reference}", accept=accept) or b"{}")

    async def material(self) -> SignatureMaterial:
        """Both forms, read as plainly as can be: the `.sig` image, and what refers to the image by the tag scheme."""
        tag = self.digest.replace(":", "-")
        layers = (await self.manifest(f"{tag}.sig")).get("layers", ())
        referring = (await self.manifest(tag, accept=INDEX_TYPE)).get("manifests", ())
        bundles = [
            described
            for referrer in referring
            for described in (await self.manifest(referrer["digest"]))["layers"]
            if described["mediaType"] == BUNDLE
        ]
        return SignatureMaterial(
            simple=tuple(
                [SimpleSigning(payload=await self.blob(one), annotations=one["annotations"]) for one in layers]
            ),
            bundles=tuple([await self.blob(one) for one in bundles]),
        )

    async def blob(self, described: dict[str, Any]) -> bytes:
        return await self.get(f"blobs/{described['digest']}", accept="*/*") or b""

    async def refer(self, raw: bytes) -> None:
        """Let a bundle refer to the image, by the tag scheme of registries without a referrers API."""
        layer, config = await self.upload(raw, BUNDLE), await self.upload(EMPTY, "application/vnd.oci.empty.v1+json")
        subject = {"mediaType": MANIFEST_TYPE, "digest": self.digest, "size": 1}
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST_TYPE,
                "artifactType": BUNDLE,
                "config": config,
                "layers": [layer],
                "subject": subject,
            }
        ).encode()
        named = described(manifest, MANIFEST_TYPE)
        await self.put(f"manifests/{named['digest']}", manifest, kind=MANIFEST_TYPE)
        index = {
            "schemaVersion": 2,
            "mediaType": INDEX_TYPE,
            "manifests": [{**named, "artifactType": BUNDLE}],
        }
        await self.put(f"manifests/{self.digest.replace(':', '-')}", json.dumps(index).encode(), kind=INDEX_TYPE)

    async def upload(self, raw: bytes, kind: str) -> dict[str, Any]:
        named = described(raw, kind)
        async with self.session.post(f"{self.url}/blobs/uploads/") as response:
            location = URL(response.headers["Location"]).update_query(digest=named["digest"])
        async with self.session.put(location, data=raw) as response:
            assert response.status == 201
        return named

    async def put(self, path: str, raw: bytes, *, kind: str) -> None:
        async with self.session.put(f"{self.url}/{path}", data=raw, headers={"Content-Type": kind}) as response:
            assert response.status == 201

    def new(self, sigstore: SmallSigstore) -> tuple[str, ...]:
        """Options to read a bundle that states a signature. Without a trusted root cosign would fetch Sigstore's."""
        (self.folder / "trusted_root.json").write_text(sigstore.trusted_root())
        return ("--new-bundle-format", "--trusted-root=trusted_root.json", f"--type={SIGN}")

    async def verified(self, public: str) -> Signature:
        material = await self.material()
        return verify_by_key(material, digest=self.digest, keys=read_keys(public), key_name="the key")


def described(raw: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{hashlib.sha256(raw).hexdigest()}", "size": len(raw)}


@asynccontextmanager
async def shop(folder: Path) -> AsyncIterator[Shop]:
    """One image in a registry, and a pair of keys that cosign made."""
    program, skopeo, cosign = require("docker-registry"), require("skopeo"), require("cosign")
    async with (
        serving(program, folder) as host,
        aiohttp.ClientSession() as session,
    ):
        repository = f"{host}/org/shop"
        digest = Digest(await push(skopeo, folder / "layout", f"{repository}:1.0.0"))
        made = Shop(session=session, cosign=cosign, folder=folder, repository=repository, digest=digest)
        assert await made.run("generate-key-pair")
        yield made


@pytest.mark.real
async def test_what_cosign_signs_is_verified(tmp_path: Path) -> None:
    """By its key, and by no other."""
    async with shop(tmp_path) as made:
        public = (tmp_path / "cosign.pub").read_text()
        assert await made.verified(public) == Signature(verified=False, reason="has no signature")
        assert await made.run("sign", "--key=cosign.key", *OFFLINE, made.image)
        assert await made.verified(public) == Signature(verified=True, reason="is signed by the key")
        said = "is not signed by the key (1 signature was tried)"
        assert await made.verified(pem(key())) == Signature(verified=False, reason=said)


@pytest.mark.real
async def test_a_bundle_that_cosign_signs_is_verified(tmp_path: Path) -> None:
    """Only one that states a signature: an attestation of provenance by the same key is none."""
    async with shop(tmp_path) as made:
        public = (tmp_path / "cosign.pub").read_text()
        (tmp_path / "predicate.json").write_text("{}")
        attest = ("attest", "--key=cosign.key", "--new-bundle-format", "--predicate=predicate.json", *OFFLINE)
        assert await made.run(*attest, "--type=https://slsa.dev/provenance/v1", made.image)
        said = "has no signature, only attestations (1)"
        assert await made.verified(public) == Signature(verified=False, reason=said)
        assert await made.run(*attest, f"--type={SIGN}", made.image)
        assert await made.verified(public) == Signature(verified=True, reason="is signed by the key")
        assert not (await made.verified(pem(key()))).verified


@pytest.mark.real
@pytest.mark.parametrize(
    "private",
    [
        pytest.param(key(), id="ECDSA P-256"),
        pytest.param(key(384), id="ECDSA P-384"),
        pytest.param(key(521), id="ECDSA P-521"),
        pytest.param(ed25519.Ed25519PrivateKey.generate(), id="Ed25519"),
        pytest.param(rsa.generate_private_key(65537, 2048), id="RSA"),
    ],
)
async def test_cosign_accepts_what_python_signs(tmp_path: Path, private: PrivateKey) -> None:
    """Both forms, for every kind of key, so that what our tests sign is what cosign means by it."""
    async with shop(tmp_path) as made:
        (tmp_path / "ours.pub").write_text(pem(private))
        text = payload(made.digest)
        (tmp_path / "payload").write_bytes(text)
        (tmp_path / "signature").write_text(base64.b64encode(sign(private, text)).decode())
        attach = ("attach", "signature", "--payload=payload", "--signature=signature", "--allow-http-registry")
        assert await made.run(*attach, made.image)
        assert await made.run("verify", "--key=ours.pub", *UNLOGGED, made.image)
        assert not await made.run("verify", "--key=cosign.pub", *UNLOGGED, made.image)

        await made.refer(bundle(private, statement(made.digest)))
        question = ("verify-attestation", *made.new(SmallSigstore()), *UNLOGGED, made.image)
        assert await made.run(*question, "--key=ours.pub")
        assert not await made.run(*question, "--key=cosign.pub")

        assert (await made.verified(pem(private))).verified
        assert len((await made.material()).bundles) == 1


@pytest.mark.real
@pytest.mark.parametrize(
    ("issuer", "identity", "accepted"),
    [
        pytest.param(ISSUER, IDENTITY, True, id="who signed"),
        pytest.param(ISSUER, IDENTITY + "x", False, id="somebody else"),
        pytest.param(ISSUER + "/", IDENTITY, False, id="the same name by another issuer"),
    ],
)
async def test_cosign_agrees_about_identities(tmp_path: Path, *, issuer: str, identity: str, accepted: bool) -> None:
    """Our tests' own Sigstore is one to cosign as well: it accepts and refuses what we do.

    cosign 2.5 verifies an image's bundle by identity with Sigstore's public keys only, so it is given the manifest as a
    file; its digest, which the bundle states, is the image's.
    """
    sigstore = SmallSigstore()
    async with shop(tmp_path) as made:
        signed = json.dumps(sigstore.bundle(statement(made.digest))).encode()
        (tmp_path / "bundle.json").write_bytes(signed)
        (tmp_path / "manifest.json").write_bytes(
            await made.get(f"manifests/{made.digest}", accept=MANIFEST_TYPE) or b""
        )
        wanted = (f"--certificate-oidc-issuer={issuer}", f"--certificate-identity={identity}")
        question = ("verify-blob-attestation", *made.new(sigstore), "--bundle=bundle.json", *wanted)
        assert await made.run(*question, "manifest.json") is accepted

        await made.refer(signed)
        trust = read_trust(tmp_path / "trusted_root.json")
        assert isinstance(trust, Verifier)
        material = await made.material()
        ours = verify_keyless(material, digest=made.digest, issuer=issuer, identity=identity, verifier=trust)
        assert ours.verified is accepted
