"""What an image is and how it is signed, read from CNCF Distribution itself, which has no list of referrers."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest

from bot.clock import SystemClock
from bot.model import Digest, ImageDetails, SignatureMaterial, SimpleSigning, Tags
from bot.registry import Registry
from bot.scans import Kind, Scans
from tests.conftest import require
from tests.real.docker_registry import serving

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"


@dataclass(frozen=True, slots=True)
class Pushing:
    """Pushes to one repository of the registry, and reads it as the bot does."""

    host: str
    session: aiohttp.ClientSession

    @property
    def repository(self) -> str:
        return f"{self.host}/org/shop"

    @property
    def registry(self) -> Registry:
        return Registry(self.session, SystemClock(), plain_http=frozenset({self.host}))

    async def blob(self, body: bytes, media_type: str) -> dict[str, object]:
        """Push a blob in one piece; gives its descriptor."""
        digest = f"sha256:{sha256(body).hexdigest()}"
        async with self.session.post(f"http://{self.host}/v2/org/shop/blobs/uploads/") as started:
            location = started.headers["Location"]
        address = f"{location}{'&' if '?' in location else '?'}digest={digest}"
        async with self.session.put(address, data=body, headers={"Content-Type": "application/octet-stream"}) as put:
            assert put.status == 201
        return {"mediaType": media_type, "digest": digest, "size": len(body)}

    async def manifest(self, document: Mapping[str, object], *, tag: str | None = None) -> dict[str, object]:
        """Push a manifest, by its digest where it has no tag; gives its descriptor."""
        body = json.dumps({"schemaVersion": 2, **document}).encode()
        digest = f"sha256:{sha256(body).hexdigest()}"
        address = f"http://{self.host}/v2/org/shop/manifests/{tag or digest}"
        media_type = str(document["mediaType"])
        async with self.session.put(address, data=body, headers={"Content-Type": media_type}) as put:
            assert put.status == 201
        return {"mediaType": media_type, "digest": digest, "size": len(body)}

    async def image(self, architecture: str, created: str, *, tag: str | None = None) -> dict[str, object]:
        labels = {"org.opencontainers.image.revision": architecture}
        config = {"os": "linux", "architecture": architecture, "created": created, "config": {"Labels": labels}}
        described = await self.blob(json.dumps(config).encode(), CONFIG)
        return await self.manifest({"mediaType": MANIFEST, "config": described, "layers": []}, tag=tag)


@asynccontextmanager
async def pushing(folder: Path) -> AsyncIterator[Pushing]:
    """A registry that nobody else uses."""
    program = require("docker-registry")
    async with serving(program, folder, notify="http://127.0.0.1:9/") as host, aiohttp.ClientSession() as session:
        yield Pushing(host, session)


@pytest.mark.real
async def test_an_index_is_read_by_the_digest_of_its_tag(tmp_path: Path) -> None:
    """HEAD of the tag gives the digest of the index, and the index leads to each image."""
    async with pushing(tmp_path) as it:
        children = [
            {**await it.image("amd64", "2025-06-01T10:00:00Z"), "platform": {"os": "linux", "architecture": "amd64"}},
            {**await it.image("arm64", "1970-01-01T00:00:00Z"), "platform": {"os": "linux", "architecture": "arm64"}},
        ]
        index = await it.manifest({"mediaType": INDEX, "manifests": children}, tag="1.0.0")
        digest = await it.registry.digest(it.repository, "1.0.0")
        assert digest is not None
        assert digest == index["digest"]
        assert await it.registry.details(it.repository, digest) == ImageDetails(
            platforms={"linux/amd64": datetime(2025, 6, 1, 10, tzinfo=UTC), "linux/arm64": None},
            labels={"org.opencontainers.image.revision": "amd64"},
        )


@pytest.mark.real
async def test_signatures_are_found_without_a_list_of_referrers(tmp_path: Path) -> None:
    """Bundles under the tag that stands in for the list, simple ones under cosign's tag; before that there are none."""
    async with pushing(tmp_path) as it:
        image = await it.image("amd64", "2025-06-01T10:00:00Z", tag="1.0.0")
        digest = Digest(str(image["digest"]))
        assert await it.registry.signature_material(it.repository, digest) == SignatureMaterial()
        config = await it.blob(b"{}", "application/vnd.oci.empty.v1+json")
        bundle = await it.manifest(
            {"mediaType": MANIFEST, "config": config, "layers": [await it.blob(b'{"bundle": 1}', BUNDLE)]}
        )
        listed = [{**bundle, "artifactType": BUNDLE}]
        await it.manifest({"mediaType": INDEX, "manifests": listed}, tag=digest.replace(":", "-"))
        annotations = {"dev.cosignproject.cosign/signature": "x"}
        layer = {**await it.blob(b'{"critical": {}}', SIMPLE), "annotations": annotations}
        signed = {"mediaType": MANIFEST, "config": config, "layers": [layer]}
        await it.manifest(signed, tag=f"{digest.replace(':', '-')}.sig")
        expected = SimpleSigning(payload=b'{"critical": {}}', annotations=annotations)
        assert await it.registry.signature_material(it.repository, digest) == SignatureMaterial(
            simple=(expected,), bundles=(b'{"bundle": 1}',)
        )


@pytest.mark.real
async def test_a_tag_pushed_again_is_young_again(tmp_path: Path) -> None:
    """Our own clock, against a registry that tells no times; a chart's version is shown with its plus."""
    async with pushing(tmp_path) as it:
        await it.image("amd64", "2025-06-01T10:00:00Z", tag="1.0.0_build.1")
        scans = Scans(it.registry, SystemClock(), fresh_for=timedelta(hours=1))
        before = await scans.tags(it.repository, times=True, kind=Kind.CHART)
        await it.image("arm64", "2025-06-01T10:00:00Z", tag="1.0.0_build.1")
        assert await scans.hint(it.repository, "1.0.0_build.1")
        after = await scans.tags(it.repository, times=True, kind=Kind.CHART)
        assert isinstance(before, Tags)
        assert isinstance(after, Tags)
        assert before.names == after.names == ("1.0.0+build.1",)
        assert before.first_seen["1.0.0+build.1"] < after.first_seen["1.0.0+build.1"]
