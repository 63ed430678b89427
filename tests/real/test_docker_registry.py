"""Our client and our parser against CNCF Distribution itself, as Debian packages it."""

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiohttp import web

from bot.clock import SystemClock
from bot.model import Digest, Tags
from bot.registry import Registry, Scans
from bot.senders import Hint, parse
from config.doors import Sender
from tests.conftest import require

PATIENCE = 20
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


@dataclass(slots=True)
class Sink:
    """Where the registry sends its notifications: every tagged manifest it tells of, with the headers it came with."""

    hints: asyncio.Queue[tuple[Hint, Mapping[str, str]]]
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        for hint in parse(Sender.DISTRIBUTION, await request.read()):
            self.hints.put_nowait((hint, request.headers))
        return web.Response(status=202)

    async def next(self) -> tuple[Hint, Mapping[str, str]]:
        return await asyncio.wait_for(self.hints.get(), PATIENCE)


@asynccontextmanager
async def listening() -> AsyncIterator[Sink]:
    """A sink on loopback."""
    sink = Sink(asyncio.Queue())
    application = web.Application()
    application.router.add_post("/registry", sink.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sink.url = f"http://127.0.0.1:{runner.addresses[0][1]}/registry"
    try:
        yield sink
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serving(program: str, folder: Path, *, notify: str) -> AsyncIterator[str]:
    """A registry on a free port of the loopback address; gives its host as image references write it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    endpoint = {
        "name": "caisson",
        "url": notify,
        "headers": {"Authorization": ["Bearer from-the-registry"]},
        "timeout": "5s",
        "threshold": 3,
        "backoff": "100ms",
    }
    config = {
        "version": 0.1,
        "log": {"level": "info", "formatter": "text"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": host},
        "notifications": {"endpoints": [endpoint]},
    }
    # JSON is YAML.
    path = folder / "config.yml"
    path.write_text(json.dumps(config))
    process = await asyncio.create_subprocess_exec(program, "serve", str(path), stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            while b"listening on" not in (line := await process.stderr.readline()):
                assert line, "the registry ended before it listened"
        draining = asyncio.create_task(process.stderr.read())
        yield host
        process.terminate()
        await draining
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def layout(folder: Path, content: str) -> str:
    """Write an OCI image layout with one empty image of that content; gives the manifest's digest."""

    def blob(document: object) -> dict[str, object]:
        data = orjson.dumps(document)
        name = hashlib.sha256(data).hexdigest()
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True, exist_ok=True)
        (blobs / name).write_bytes(data)
        return {"digest": f"sha256:{name}", "size": len(data)}

    labels = {"Labels": {"content": content}}
    config = {"architecture": "amd64", "os": "linux", "config": labels, "rootfs": {"type": "layers", "diff_ids": []}}
    described = {"mediaType": CONFIG_TYPE, **blob(config)}
    manifest = blob({"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": described, "layers": []})
    named = {"mediaType": MANIFEST_TYPE, **manifest, "annotations": {"org.opencontainers.image.ref.name": "it"}}
    (folder / "index.json").write_bytes(orjson.dumps({"schemaVersion": 2, "manifests": [named]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return str(manifest["digest"])


async def push(skopeo: str, folder: Path, image: str) -> str:
    """Push an image whose content is its own name, with its digest kept; gives the digest."""
    digest = layout(folder, image)
    process = await asyncio.create_subprocess_exec(
        skopeo,
        "--insecure-policy",
        "copy",
        "--quiet",
        "--preserve-digests",
        "--dest-tls-verify=false",
        f"oci:{folder}:it",
        f"docker://{image}",
    )
    assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    return digest


@pytest.mark.real
async def test_a_push_is_told_confirmed_and_listed(tmp_path: Path) -> None:
    """A push by skopeo is notified, one HEAD confirms it, and a listing agrees."""
    program, skopeo = require("docker-registry"), require("skopeo")
    async with (
        listening() as sink,
        serving(program, tmp_path, notify=sink.url) as host,
        aiohttp.ClientSession() as session,
    ):
        registry = Registry(session, SystemClock(), plain_http=frozenset({host}))
        scans = Scans(registry, SystemClock(), fresh_for=timedelta(hours=1))
        repository = f"{host}/org/shop"
        first = await push(skopeo, tmp_path / "first", f"{repository}:1.0.0")
        hint, headers = await sink.next()
        assert hint == Hint(repository=repository, tag="1.0.0", digest=Digest(first))
        assert headers["Authorization"] == "Bearer from-the-registry"

        assert (await registry.tags(repository)).names == ("1.0.0",)
        assert await registry.digest(repository, "1.0.0") == first
        assert await registry.digest(repository, "9.9.9") is None

        await scans.tags(repository)
        second = await push(skopeo, tmp_path / "second", f"{repository}:1.1.0")
        assert await scans.hint(repository, "1.1.0")
        assert await scans.digest(repository, "1.1.0") == second
        tags = await scans.tags(repository)
        assert isinstance(tags, Tags)
        # Distribution 2.8 lists in no order, whatever the specification says.
        assert set(tags.names) == set((await registry.tags(repository)).names) == {"1.0.0", "1.1.0"}
