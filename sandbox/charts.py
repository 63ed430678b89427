"""A chart repository on one laptop: packages beside an `index.yaml`, as `helm repo index` makes it, over HTTP.

https://helm.sh/docs/topics/chart_repository. Charts are pushed in-process (`push`); nobody is notified, as in reality.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus

import yaml
from aiohttp import web

from sandbox.chart_package import metadata, package
from sandbox.registry.answers import huge, rubbish
from sandbox.registry.artifacts import Document, digest_of, stamp
from sandbox.registry.door import knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One version, with its package."""

    described: Mapping[str, object]
    created: datetime
    packed: bytes

    @property
    def file(self) -> str:
        return f"{self.described['name']}-{self.described['version']}.tgz"


@dataclass(slots=True)
class ChartRepository:
    """`digests`: whether the index tells them. `credentials`: user and password it demands, if any.

    `away`: it answers 503; `rubbish`: with a page for people; `huge`: with more than anybody should read. `asked` is
    every request it received, as (method, path with query), oldest first.
    """

    now: Callable[[], datetime]
    digests: bool = True
    credentials: tuple[str, str] | None = None
    away: bool = False
    rubbish: bool = False
    huge: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    _charts: dict[tuple[str, str], Chart] = field(default_factory=dict)
    _runner: web.AppRunner | None = None
    _port: int = 0

    async def start(self) -> None:
        """Listen on a free port of the loopback address."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def host(self) -> str:
        """`127.0.0.1:port`."""
        return f"127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """Where `index.yaml` lies."""
        return f"http://{self.host}/charts"

    def push(
        self,
        name: str,
        version: str,
        *,
        app_version: str | None = None,
        created: datetime | None = None,
        content: bytes = b"",
    ) -> str:
        """Add a version, or put another package in its place; gives its digest as `sha256:…`."""
        described = metadata(name, version, app_version=app_version)
        packed = package(described, content=content)
        self._charts[name, version] = Chart(described=described, created=created or self.now(), packed=packed)
        return digest_of(packed)

    def remove(self, name: str, version: str) -> None:
        """Take a version away, package and all."""
        del self._charts[name, version]

    def index(self) -> bytes:
        """The whole index, newest pushes first."""
        entries: dict[str, list[Document]] = {}
        for chart in reversed(self._charts.values()):
            entries.setdefault(str(chart.described["name"]), []).append(self._entry(chart))
        document = {"apiVersion": "v1", "entries": entries, "generated": stamp(self.now())}
        return yaml.safe_dump(document).encode()

    def _entry(self, chart: Chart) -> Document:
        told = {"digest": digest_of(chart.packed).removeprefix("sha256:")} if self.digests else {}
        return {**chart.described, "created": stamp(chart.created), **told, "urls": [chart.file]}

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path_qs))
        if self.away:
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        if self.rubbish:
            return rubbish()
        if self.huge:
            return huge()
        if self.credentials is not None and not knows(request, self.credentials):
            return web.Response(status=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": 'Basic realm="charts"'})
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=HTTPStatus.METHOD_NOT_ALLOWED)
        if request.path == "/charts/index.yaml":
            return web.Response(body=self.index(), content_type="text/yaml")
        for chart in self._charts.values():
            if request.path == f"/charts/{chart.file}":
                return web.Response(body=chart.packed, content_type="application/gzip")
        return web.Response(status=HTTPStatus.NOT_FOUND)
