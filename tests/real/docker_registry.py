"""CNCF Distribution as Debian packages it, on loopback, and skopeo to push to it."""

import asyncio
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import orjson

PATIENCE = 20
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


@asynccontextmanager
async def serving(
    program: str, folder: Path, *, notify: str | None = None, auth: Mapping[str, object] | None = None
) -> AsyncIterator[str]:
    """A registry on a free port of the loopback address; gives its host as image references write it.

    `notify`: where it sends its notifications. `auth`: its configuration's section of that name.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{probe.getsockname()[1]}"
    config: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "info", "formatter": "text"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": host},
    }
    if notify is not None:
        config["notifications"] = {"endpoints": [_endpoint(notify)]}
    if auth is not None:
        config["auth"] = auth
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


def _endpoint(url: str) -> dict[str, object]:
    return {
        "name": "caisson",
        "url": url,
        "headers": {"Authorization": ["Bearer from-the-registry"]},
        "timeout": "5s",
        "threshold": 3,
        "backoff": "100ms",
    }


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


async def push(skopeo: str, folder: Path, image: str, *, login: str | None = None) -> str:
    """Push an image whose content is its own name, with its digest kept; gives the digest. `login`: `user:password`."""
    digest = layout(folder, image)
    process = await asyncio.create_subprocess_exec(
        skopeo,
        "--insecure-policy",
        "copy",
        "--quiet",
        "--preserve-digests",
        "--dest-tls-verify=false",
        *(["--dest-creds", login] if login else []),
        f"oci:{folder}:it",
        f"docker://{image}",
    )
    assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    return digest
