"""A container registry on one laptop: the pull side of the OCI distribution API, and CNCF Distribution's notifications.

Pushing happens in-process (`push`), since what is under test is how a bot reads. Manifests and configs are real and
small; digests are theirs. Notifications wait in `outbox` until the world sends, loses, doubles or shuffles them.
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

import aiohttp
from aiohttp import web

from bot.model import Digest

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
EVENTS_TYPE = "application/vnd.docker.distribution.events.v2+json"
_VERSION = {"Docker-Distribution-Api-Version": "registry/2.0"}


@dataclass(slots=True)
class _Repository:
    """Blobs and manifests by digest, tags by name."""

    manifests: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class RegistryServer:
    """`credentials`: user and password it demands, if any. `away`: it answers 503. `page`: most tags it lists at once.

    `asked` is every request it received, as (method, path with query), oldest first.
    """

    now: Callable[[], datetime]
    credentials: tuple[str, str] | None = None
    page: int = 100
    away: bool = False
    outbox: list[bytes] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    _repositories: dict[str, _Repository] = field(default_factory=dict)
    _runner: web.AppRunner | None = None
    _port: int = 0

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

    def push(self, repository: str, tag: str, *, content: bytes | None = None) -> Digest:
        """Push an image under a tag and queue its notification. `repository` is the path without host.

        Images of equal `content` have equal digests; by default the content is the repository and the tag.
        """
        created = self.now().isoformat()
        inside = content if content is not None else f"{repository}:{tag}".encode()
        config = _json(_config(inside))
        manifest = _json(_manifest(config))
        shelf = self._repositories.setdefault(repository, _Repository())
        shelf.blobs[_digest(config)] = config
        digest = _digest(manifest)
        shelf.manifests[digest] = manifest
        shelf.tags[tag] = digest
        self.outbox.append(self._event(repository, tag, digest, size=len(manifest), at=created))
        return Digest(digest)

    def untag(self, repository: str, tag: str) -> None:
        """Take a tag away; its manifest stays."""
        del self._repositories[repository].tags[tag]

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

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path_qs))
        if self.away:
            return _error(HTTPStatus.SERVICE_UNAVAILABLE, "UNAVAILABLE")
        if not self._may_enter(request):
            challenge = {"WWW-Authenticate": 'Basic realm="sandbox"'}
            return _error(HTTPStatus.UNAUTHORIZED, "UNAUTHORIZED", challenge)
        if request.method not in ("GET", "HEAD"):
            return _error(HTTPStatus.METHOD_NOT_ALLOWED, "UNSUPPORTED")
        return self._read(request)

    def _may_enter(self, request: web.Request) -> bool:
        if self.credentials is None:
            return True
        wanted = base64.b64encode(":".join(self.credentials).encode()).decode()
        return request.headers.get("Authorization") == f"Basic {wanted}"

    def _read(self, request: web.Request) -> web.Response:
        path = request.match_info["path"]
        if path.rstrip("/") == "v2":
            return web.json_response({}, headers=_VERSION)
        name, verb, last = _split(path)
        shelf = self._repositories.get(name)
        if verb == "tags":
            return _error(HTTPStatus.NOT_FOUND, "NAME_UNKNOWN") if shelf is None else self._list(request, name, shelf)
        if verb == "manifests":
            digest = shelf.tags.get(last, last) if shelf else last
            return _content(shelf.manifests if shelf else {}, digest, MANIFEST_TYPE, "MANIFEST_UNKNOWN")
        if verb == "blobs":
            return _content(shelf.blobs if shelf else {}, last, "application/octet-stream", "BLOB_UNKNOWN")
        return _error(HTTPStatus.NOT_FOUND, "UNSUPPORTED")

    def _list(self, request: web.Request, name: str, shelf: _Repository) -> web.Response:
        """OCI distribution spec, "Listing Tags": in lexical order, after `last`, at most `n`, a Link to the rest."""
        asked = request.query.get("n", "")
        most = min(int(asked), self.page) if asked.isdigit() else self.page
        rest = [tag for tag in sorted(shelf.tags) if tag > request.query.get("last", "")]
        shown = rest[:most]
        headers = dict(_VERSION)
        if len(rest) > len(shown) and shown:
            following = request.url.with_query(n=most, last=shown[-1])
            headers["Link"] = f'<{following.raw_path_qs}>; rel="next"'
        return web.json_response({"name": name, "tags": shown}, headers=headers)

    def _event(self, repository: str, tag: str, digest: str, *, size: int, at: str) -> bytes:
        target = {
            "mediaType": MANIFEST_TYPE,
            "size": size,
            "digest": digest,
            "length": size,
            "repository": repository,
            "url": f"{self.url}/v2/{repository}/manifests/{digest}",
            "tag": tag,
        }
        request = {"id": str(uuid.uuid4()), "addr": "127.0.0.1", "host": self.host, "method": "PUT"}
        event = {
            "id": str(uuid.uuid4()),
            "timestamp": at,
            "action": "push",
            "target": target,
            "request": request,
            "actor": {},
            "source": {"addr": self.host, "instanceID": "sandbox"},
        }
        return _json({"events": [event]})


def _split(path: str) -> tuple[str, str, str]:
    """`v2/<name>/<verb>/<last>`; the name itself may hold slashes."""
    parts = path.split("/")
    whole = parts[0] == "v2" and len(parts) > len(("v2", "name", "verb"))
    return ("/".join(parts[1:-2]), parts[-2], parts[-1]) if whole else ("", "", "")


def _config(content: bytes) -> dict[str, object]:
    labels = {"content": hashlib.sha256(content).hexdigest()}
    return {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Labels": labels},
        "rootfs": {"type": "layers", "diff_ids": []},
    }


def _manifest(config: bytes) -> dict[str, object]:
    described = {"mediaType": CONFIG_TYPE, "digest": _digest(config), "size": len(config)}
    return {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": described, "layers": []}


def _content(held: Mapping[str, bytes], digest: str, media_type: str, missing: str) -> web.Response:
    if digest not in held:
        return _error(HTTPStatus.NOT_FOUND, missing)
    headers = {"Docker-Content-Digest": digest, "Content-Type": media_type, **_VERSION}
    return web.Response(body=held[digest], headers=headers)


def _error(status: HTTPStatus, code: str, headers: Mapping[str, str] | None = None) -> web.Response:
    body = {"errors": [{"code": code, "message": status.phrase.lower(), "detail": None}]}
    return web.json_response(body, status=status, headers={**_VERSION, **(headers or {})})


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
