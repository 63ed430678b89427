"""A registry of a few lines, which can also be made to lie: what it answers is what the test put there."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp import web

from bot.errors import StoreUnavailable
from bot.model import Digest
from bot.registry import Registry

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


@dataclass(slots=True)
class HandClock:
    """A clock that moves only by hand."""

    time: datetime = START

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class SmallServer:
    """Answers each path, or path with query, with the page put there, else 404.

    `etags`: pages carry one, and a request that names it is answered with 304. `asked`: method and path with query,
    oldest first; `sent`: the headers of each. `busiest`: how many requests were answered at the same time at most.
    """

    pages: dict[str, Page] = field(default_factory=dict)
    etags: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: list[Mapping[str, str]] = field(default_factory=list)
    host: str = ""
    busy: int = 0
    busiest: int = 0

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def put(self, path: str, body: object, *, status: int = 200, **headers: str) -> None:
        """Bytes as they are, text in UTF-8, anything else as JSON. Underscores in headers' names are hyphens."""
        raw = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
        self.pages[path] = Page(body=raw, status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def times_asked(self, path: str) -> int:
        return sum(1 for _, asked in self.asked if path in asked)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path_qs))
        self.sent.append(dict(request.headers))
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        # Whoever else is on the way arrives meanwhile.
        for _ in range(20):
            await asyncio.sleep(0)
        self.busy -= 1
        page = self.pages.get(request.raw_path) or self.pages.get(request.path)
        if page is None:
            return web.Response(status=404)
        etag = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'
        if self.etags and request.headers.get("If-None-Match") == etag:
            return web.Response(status=304)
        headers = {**page.headers, **({"ETag": etag} if self.etags else {})}
        return web.Response(status=page.status, body=page.body, headers=headers)


@dataclass(slots=True)
class SmallRegistry(SmallServer):
    """The same with a repository `x/y` in it."""

    tags: list[str] = field(default_factory=list)

    @property
    def repository(self) -> str:
        return f"{self.host}/x/y"

    def blob(self, body: bytes) -> dict[str, object]:
        """Keep a blob; give its descriptor, without a media type."""
        digest = digest_of(body)
        self.put(f"/v2/x/y/blobs/{digest}", body)
        return {"digest": digest, "size": len(body)}

    def manifest(self, document: Mapping[str, object], *, tag: str | None = None) -> Digest:
        """Keep a manifest by its digest, and under a tag."""
        body = json.dumps(document).encode()
        digest = digest_of(body)
        media_type = str(document.get("mediaType", MANIFEST))
        for reference in (digest, *([tag] if tag else [])):
            self.put(f"/v2/x/y/manifests/{reference}", body, Content_Type=media_type, Docker_Content_Digest=digest)
        if tag and tag not in self.tags:
            self.tags.append(tag)
        self.list_tags()
        return digest

    def image(
        self,
        tag: str | None = None,
        *,
        created: str | None = "2025-06-01T10:00:00Z",
        platform: str = "linux/amd64",
        labels: Mapping[str, object] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> Digest:
        """An image of one platform."""
        os, architecture, *variant = platform.split("/")
        config: dict[str, object] = {"os": os, "architecture": architecture, "config": {"Labels": labels}}
        config |= {"created": created} if created is not None else {}
        config |= {"variant": variant[0]} if variant else {}
        described = {"mediaType": CONFIG, **self.blob(json.dumps(config).encode())}
        document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}
        return self.manifest({**document, **({"annotations": annotations} if annotations else {})}, tag=tag)

    def list_tags(self) -> None:
        self.put("/v2/x/y/tags/list", {"name": "x/y", "tags": self.tags})


@dataclass(slots=True)
class SmallStore:
    """Facts in memory; `full`: it can take nothing. `puts`: what was written, oldest first."""

    facts: dict[tuple[str, str], str] = field(default_factory=dict)
    puts: list[tuple[str, str]] = field(default_factory=list)
    full: bool = False

    async def put(self, kind: str, name: str, value: str) -> None:
        if self.full:
            raise StoreUnavailable("the disk is full")
        self.puts.append((kind, name))
        self.facts[kind, name] = value

    async def get(self, kind: str, name: str) -> str | None:
        return self.facts.get((kind, name))


def digest_of(body: bytes) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(body).hexdigest()}")


@asynccontextmanager
async def serving(server: SmallServer) -> AsyncIterator[None]:
    """The server on loopback for the time of the block."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.host = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client_of(*servers: SmallServer, clock: HandClock | None = None) -> AsyncIterator[Registry]:
    """A client that may reach these servers, and no other, without TLS."""
    async with aiohttp.ClientSession() as session:
        yield Registry(session, clock or HandClock(), plain_http=frozenset(server.host for server in servers))


@asynccontextmanager
async def small_registry(*, etags: bool = False) -> AsyncIterator[tuple[SmallRegistry, Registry]]:
    """A registry and a client of it."""
    it = SmallRegistry(etags=etags)
    async with serving(it), client_of(it) as registry:
        it.list_tags()
        yield it, registry
