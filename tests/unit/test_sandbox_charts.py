"""The sandbox's chart repository: an index as `helm repo index` writes it, and the packages it names."""

import base64
import hashlib
import io
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import yaml

from sandbox.charts import ChartRepository
from tests.clock import ManualClock


@dataclass(slots=True)
class Desk:
    """A chart repository with a clock of its own, and a way to ask it."""

    clock: ManualClock
    charts: ChartRepository
    session: aiohttp.ClientSession

    async def ask(self, file: str, **headers: str) -> tuple[int, bytes]:
        async with self.session.get(f"{self.charts.url}/{file}", headers=headers) as answer:
            return answer.status, await answer.read()

    async def entries(self, name: str) -> list[dict[str, Any]]:
        """What the index says of one chart."""
        found: list[dict[str, Any]] = yaml.safe_load((await self.ask("index.yaml"))[1])["entries"][name]
        return found


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A fresh chart repository on a free port."""
    clock = ManualClock()
    charts = ChartRepository(clock.now)
    await charts.start()
    async with aiohttp.ClientSession() as session:
        yield Desk(clock, charts, session)
    await charts.stop()


async def test_the_index_names_every_version_with_its_package(desk: Desk) -> None:
    """Newest first, each with when it was made, its bare digest and an address beside the index."""
    desk.charts.push("shop", "1.0.0", app_version="3.0")
    await desk.clock.advance(timedelta(hours=1))
    digest = desk.charts.push("shop", "1.1.0+7")
    newest, oldest = await desk.entries("shop")
    assert (newest["version"], oldest["version"], oldest["appVersion"]) == ("1.1.0+7", "1.0.0", "3.0")
    assert newest["created"] == desk.clock.now().isoformat().replace("+00:00", "Z")
    assert newest["digest"] == digest.removeprefix("sha256:")
    (url,) = newest["urls"]
    status, packed = await desk.ask(url)
    assert (status, hashlib.sha256(packed).hexdigest()) == (200, newest["digest"])
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        described = archive.extractfile("shop/Chart.yaml")
        assert described is not None
        assert yaml.safe_load(described)["version"] == "1.1.0+7"


async def test_an_index_may_be_without_digests(desk: Desk) -> None:
    """As some that are made by hand."""
    desk.charts.digests = False
    desk.charts.push("shop", "1.0.0")
    assert "digest" not in (await desk.entries("shop"))[0]


async def test_a_version_may_be_replaced_and_taken_away(desk: Desk) -> None:
    """Another package under the same version has another digest; what is gone is in no index."""
    first = desk.charts.push("shop", "1.0.0")
    assert desk.charts.push("shop", "1.0.0") == first
    assert desk.charts.push("shop", "1.0.0", content=b"changed") != first
    desk.charts.push("shop", "1.1.0")
    desk.charts.remove("shop", "1.1.0")
    assert [one["version"] for one in await desk.entries("shop")] == ["1.0.0"]
    assert (await desk.ask("shop-1.1.0.tgz"))[0] == 404


async def test_a_chart_repository_may_be_locked_away_or_misbehave(desk: Desk) -> None:
    """Basic credentials, 503, a page for people, more than anybody should read; every request is remembered."""
    desk.charts.credentials = ("ann", "s3cret")
    assert (await desk.ask("index.yaml"))[0] == 401
    basic = "Basic " + base64.b64encode(b"ann:s3cret").decode()
    assert (await desk.ask("index.yaml", Authorization=basic))[0] == 200
    desk.charts.huge = True
    assert len((await desk.ask("index.yaml"))[1]) > 32 * 1024 * 1024
    desk.charts.rubbish = True
    assert b"<html>" in (await desk.ask("index.yaml"))[1]
    desk.charts.away = True
    assert (await desk.ask("index.yaml"))[0] == 503
    assert desk.charts.asked == [("GET", "/charts/index.yaml")] * 5
