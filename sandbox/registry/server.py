"""A container registry on one laptop: the pull side of the OCI distribution API, and CNCF Distribution's notifications.

Pushing happens in-process (`push`, `push_chart`, `sign`), since what is under test is how a bot reads. Manifests and
configurations are real and small; digests are theirs. Notifications wait in `outbox` until the world sends, loses,
doubles or shuffles them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Literal

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec

from bot.model import Digest
from sandbox.chart_package import metadata, package
from sandbox.registry import answers, artifacts, signing
from sandbox.registry.artifacts import Content, Document
from sandbox.registry.door import Door
from sandbox.registry.notifications import EVENTS_TYPE, pushed
from sandbox.registry.shelf import Shelf


@dataclass(slots=True)
class RegistryServer:
    """The registry's state, and its server.

    `credentials`: user and password it demands, if any; `token_life`: it wants tokens of its own service instead, which
    live that long and are given for the credentials. `page`: most tags it lists at once. `etags`: it sends them.
    `referrers`: it has the API for them.

    `away`: it answers 503; `rubbish`: with a page for people; `huge`: with more than anybody should read; `loop`: its
    lists of tags go on with themselves. `asked` is every request it received, as (method, path with query), oldest
    first; `unchanged` counts those it answered with "not modified".
    """

    now: Callable[[], datetime]
    credentials: tuple[str, str] | None = None
    page: int = 100
    away: bool = False
    outbox: list[bytes] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    unchanged: int = 0
    token_life: timedelta | None = None
    etags: bool = False
    referrers: bool = True
    rubbish: bool = False
    huge: bool = False
    loop: bool = False
    _shelves: dict[str, Shelf] = field(default_factory=dict)
    _built: dict[bytes, datetime] = field(default_factory=dict)
    _door: Door = field(init=False)
    _runner: web.AppRunner | None = None
    _port: int = 0

    def __post_init__(self) -> None:
        self._door = Door(self.now)

    async def start(self) -> None:
        """Listen on a free port of the loopback address."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def host(self) -> str:
        """As image references write it: `127.0.0.1:port`."""
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    # --- pushing ------------------------------------------------------------------------------------------------------

    def push(
        self,
        repository: str,
        tag: str,
        *,
        content: bytes | None = None,
        platforms: tuple[str, ...] = ("linux/amd64",),
        labels: Mapping[str, str] | None = None,
        created: datetime | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> Digest:
        """Push an image under a tag and queue its notification. `repository` is the path without host.

        Images of equal `content` have equal digests; by default the content is the repository and the tag. `created`
        is by default when that content was first pushed anywhere here. Of several platforms (`os/arch[/variant]`) an
        index is made; their manifests arrive first, without tags. `annotations` are the tagged manifest's.
        """
        inside = content if content is not None else f"{repository}:{tag}".encode()
        at = created or self._built.setdefault(inside, self.now())
        if len(platforms) == 1:
            config = artifacts.image_config(inside, platform=platforms[0], created=at, labels=labels)
            return self._put(repository, artifacts.manifest(config, annotations=annotations), config, tag=tag)
        listed: list[Document] = []
        for platform in platforms:
            config = artifacts.image_config(inside, platform=platform, created=at, labels=labels)
            built = artifacts.manifest(config)
            self._put(repository, built, config)
            listed.append(artifacts.of_platform(built, platform))
        return self._put(repository, artifacts.index(listed, annotations=annotations), tag=tag)

    def push_chart(
        self,
        repository: str,
        version: str,
        *,
        app_version: str | None = None,
        created: datetime | None = None,
        content: bytes = b"",
    ) -> Digest:
        """Push a Helm chart as `helm push` does: named as `repository` ends, and with `_` for `+` in the tag."""
        described = metadata(repository.rpartition("/")[2], version, app_version=app_version)
        packed = package(described, content=content)
        at = created or self._built.setdefault(packed, self.now())
        config, layer, manifest = artifacts.chart(packed, metadata=described, created=at)
        return self._put(repository, manifest, config, layer, tag=version.replace("+", "_"))

    def sign(
        self,
        repository: str,
        digest: Digest,
        *,
        key: ec.EllipticCurvePrivateKey,
        form: Literal["simple", "bundle"] = "simple",
        claims: Digest | None = None,
    ) -> None:
        """Sign as cosign does with an EC P-256 key: `simple` as its version 2, `bundle` as its version 3.

        `claims`: the digest that the signature speaks of, where somebody put another image's signature there.
        """
        shelf = self._shelves[repository]
        said = claims or digest
        if form == "simple":
            payload, layer = signing.simple_layer(f"{self.host}/{repository}", said, key)
            tag = signing.signature_tag(digest)
            image, config = signing.simple_image([*_layers(shelf, tag), layer])
            self._put(repository, image, config, payload, tag=tag)
            return
        bundle = signing.bundle(said, key)
        carried, empty = signing.bundle_manifest(shelf.manifests[digest].described(), bundle)
        self._put(repository, carried, bundle, empty)
        if not self.referrers:
            # cosign leaves the annotations out of the index that stands in for the API.
            bare = [{name: one[name] for name in one if name != "annotations"} for one in shelf.referrers(digest)]
            self._put(repository, artifacts.index(bare), tag=signing.referrers_tag(digest))

    def holds(self, repository: str) -> bool:
        """Whether anything was pushed there."""
        return repository in self._shelves

    def retag(self, repository: str, tag: str, digest: Digest) -> None:
        """Let a tag point at what is there already; to clients of the notifications that is a push."""
        self._put(repository, self._shelves[repository].manifests[digest], tag=tag)

    def untag(self, repository: str, tag: str) -> None:
        """Take a tag away; its manifest stays."""
        del self._shelves[repository].tags[tag]

    def _put(self, repository: str, manifest: Content, *blobs: Content, tag: str | None = None) -> Digest:
        digest = self._shelves.setdefault(repository, Shelf()).put(manifest, *blobs, tag=tag)
        self.outbox.append(pushed(manifest, repository=repository, tag=tag, host=self.host, at=self.now()))
        return Digest(digest)

    async def notify(self, url: str, headers: Mapping[str, str], session: aiohttp.ClientSession) -> int:
        """Send what is in the outbox, oldest first; give how many were taken.

        As the real one it stops at a refusal and keeps that notification; any 2xx or 3xx acknowledges.
        """
        sent = 0
        while self.outbox:
            body = self.outbox[0]
            whole = {**headers, "Content-Type": EVENTS_TYPE}
            async with session.post(url, data=body, headers=whole, allow_redirects=False) as response:
                if response.status >= HTTPStatus.BAD_REQUEST:
                    return sent
            if body in self.outbox:
                self.outbox.remove(body)
            sent += 1
        return sent

    # --- answering ----------------------------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path_qs))
        path = request.match_info["path"]
        if self.away:
            return answers.refusal(HTTPStatus.SERVICE_UNAVAILABLE, "UNAVAILABLE")
        if path == "token" and self.token_life is not None:
            return self._door.token(request, credentials=self.credentials, token_life=self.token_life)
        if self.rubbish:
            return answers.rubbish()
        if self.huge:
            return answers.huge()
        name, verb, last = answers.split(path)
        refused = self._door.refuse(request, name, credentials=self.credentials, token_life=self.token_life)
        if refused is not None:
            return refused
        if request.method not in ("GET", "HEAD"):
            return answers.refusal(HTTPStatus.METHOD_NOT_ALLOWED, "UNSUPPORTED")
        if path.rstrip("/") == "v2":
            return web.json_response({}, headers=answers.VERSION)
        answer = self._read(request, name, verb, last)
        self.unchanged += answer.status == HTTPStatus.NOT_MODIFIED
        return answer

    def _read(self, request: web.Request, name: str, verb: str, last: str) -> web.Response:
        shelf = self._shelves.get(name)
        match verb:
            case "tags" if shelf is not None:
                return answers.tags(request, name, shelf, page=self.page, loop=self.loop, etags=self.etags)
            case "tags":
                return answers.refusal(HTTPStatus.NOT_FOUND, "NAME_UNKNOWN")
            case "manifests":
                return answers.manifest(request, shelf or Shelf(), last, etags=self.etags)
            case "blobs":
                return answers.blob(request, shelf or Shelf(), last, etags=self.etags)
            case "referrers" if self.referrers:
                return answers.referrers(request, shelf or Shelf(), last)
            case _:
                return answers.refusal(HTTPStatus.NOT_FOUND, "UNSUPPORTED")


def _layers(shelf: Shelf, tag: str) -> list[Document]:
    """The signatures that stand under a tag already: another one joins them."""
    if tag not in shelf.tags:
        return []
    layers = shelf.document(shelf.tags[tag])["layers"]
    return layers if isinstance(layers, list) else []
