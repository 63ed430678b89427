"""The sandbox's registry read by a client of others, skopeo, so that it is not only our own that it pleases."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.registry import RegistryServer
from tests.clock import ManualClock
from tests.conftest import require

PATIENCE = 20


@pytest.fixture
async def registry() -> AsyncIterator[RegistryServer]:
    """A registry that wants tokens and lists one tag at a time."""
    server = RegistryServer(ManualClock().now, credentials=("ann", "s3cret"), token_life=timedelta(minutes=5), page=1)
    await server.start()
    yield server
    await server.stop()


async def skopeo(*arguments: str) -> str:
    """What it prints; it must succeed."""
    command = (require("skopeo"), "--insecure-policy", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0
    return printed.decode()


@pytest.mark.real
async def test_skopeo_reads_an_index_its_parts_and_every_tag(registry: RegistryServer) -> None:
    """It fetches a token, picks its platform, follows the pages, and checks every digest."""
    digest = registry.push("acme/app", "1.0.0", platforms=("linux/amd64", "linux/arm64"), labels={"by": "us"})
    registry.push("acme/app", "1.1.0")
    image = f"docker://{registry.host}/acme/app:1.0.0"
    choice = ("--override-arch=arm64", "inspect", "--tls-verify=false", "--creds=ann:s3cret")
    seen = json.loads(await skopeo(*choice, image))
    assert (seen["Architecture"], seen["Labels"]["by"], seen["RepoTags"]) == ("arm64", "us", ["1.0.0", "1.1.0"])
    assert seen["Digest"] == digest


@pytest.mark.real
async def test_skopeo_copies_charts_and_signatures(registry: RegistryServer, tmp_path: Path) -> None:
    """Whatever the kind of artifact: manifest, configuration and layers fit together."""
    registry.push_chart("charts/shop", "1.0.0+1")
    digest = registry.push("acme/app", "1.0.0")
    registry.sign("acme/app", digest, key=ec.generate_private_key(ec.SECP256R1()))
    for name in ("charts/shop:1.0.0_1", f"acme/app:{digest.replace(':', '-')}.sig"):
        source = f"docker://{registry.host}/{name}"
        folder = tmp_path / name.partition("/")[0]
        await skopeo("copy", "--quiet", "--src-tls-verify=false", "--src-creds=ann:s3cret", source, f"dir:{folder}")
        (layer,) = json.loads((folder / "manifest.json").read_text())["layers"]
        assert (folder / layer["digest"].removeprefix("sha256:")).stat().st_size == layer["size"]
