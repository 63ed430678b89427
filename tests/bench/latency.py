"""How long a push takes to become a pull request: a live bot on the machine's clock, GitHub a realistic distance away.

Sandbox and bot share one process and its core; what the sandbox's git takes is part of the figure.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.clock import SystemClock
from bot.service import Parts, Service
from config.doors import Door, Sender, bearer
from config.registries import RegistrySettings
from sandbox import shop
from sandbox.github.state import PullRequest, Repository
from sandbox.laptop import REGISTRY_TOKEN, WEBHOOK_SECRET, Laptop
from tests.bench import road
from tests.bench.figure import Figure, percentile
from tests.world import FULL_NAME, IMAGE, PEOPLE, ROOT

LATENCY = 0.05
PUSHES = 15
_GLANCE = 0.002
_AT_REST = 0.4
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live:
    laptop: Laptop
    repository: Repository
    service: Service


def figures(seconds: Sequence[float]) -> tuple[Figure]:
    note = f"{len(seconds)} pushes, {LATENCY * 1000:g} ms per GitHub request; slowest {max(seconds) * 1000:.0f} ms"
    value = round(percentile(seconds, 0.5) * 1000)
    return (Figure(name="event_to_pull_request_p50_ms", value=value, unit="ms", target=1000, note=note),)


async def measure(folder: Path, *, pushes: int = PUSHES) -> tuple[float, ...]:
    """Seconds from the registry's notification to the open pull request. A person merges each before the next."""
    async with _live(folder) as live:
        await _at_rest(live)
        live.laptop.github_server.latency = LATENCY
        return tuple([await _one(live, f"1.{number}.0") for number in range(1, pushes + 1)])


async def _one(live: _Live, tag: str) -> float:
    before = len(live.repository.pulls)
    live.laptop.registry.push(IMAGE, tag)
    begin = time.perf_counter()
    await live.laptop.notify(live.service.url)
    await _until(lambda: len(live.repository.pulls) > before, f"a pull request for {tag}")
    took = time.perf_counter() - begin
    await _merged(live, live.repository.pulls[-1])
    return took


async def _merged(live: _Live, pull: PullRequest) -> None:
    await _at_rest(live)
    merge = live.laptop.merge(live.repository, pull, by="alice")
    await _until(lambda: any(d.sha == merge for d in live.repository.deployments), f"#{pull.number} is recorded")
    await _at_rest(live)


async def _at_rest(live: _Live) -> None:
    """Until GitHub was asked nothing and told nothing for a while: the next push is to find the bot idle."""
    calls, since = -1, time.perf_counter()
    while time.perf_counter() - since < _AT_REST:
        if len(live.laptop.github_server.calls) != calls or live.laptop.github.outbox:
            calls, since = len(live.laptop.github_server.calls), time.perf_counter()
        await asyncio.sleep(_GLANCE)


async def _until(true: Callable[[], bool], what: str) -> None:
    deadline = time.perf_counter() + _PATIENCE
    while not true():
        assert time.perf_counter() < deadline, f"this did not happen within {_PATIENCE:g} s: {what}"
        await asyncio.sleep(_GLANCE)


@contextlib.asynccontextmanager
async def _live(folder: Path) -> AsyncIterator[_Live]:
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        laptop = await Laptop(folder, clock.now, manifest=ROOT / "app.yml").start()
        stack.push_async_callback(laptop.stop)
        image = f"{laptop.registry.host}/{IMAGE}"
        laptop.registry.push(IMAGE, "1.0.0")
        laptop.registry.outbox.clear()
        config = road.configuration().replace("{image}", image)
        repository = laptop.repository(FULL_NAME, shop.files(image, "1.0.0", config=config), people=PEOPLE)
        shop.deploy(laptop, FULL_NAME)
        service = await Service(_parts(laptop, folder), clock).start()
        stack.push_async_callback(service.stop)
        for forever in (service.run(), _machinery(laptop, service)):
            stack.push_async_callback(_ended, asyncio.create_task(forever))
        yield _Live(laptop=laptop, repository=repository, service=service)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _parts(laptop: Laptop, folder: Path) -> Parts:
    return Parts(
        app_id=laptop.app.id,
        private_key=laptop.app.private_key.encode(),
        webhook_secrets=(WEBHOOK_SECRET.encode(),),
        github_url=laptop.github_server.url,
        store=str(folder / "caisson.db"),
        kube=laptop.cluster.url,
        registry_doors={"laptop": Door(sender=Sender.DISTRIBUTION, authentication=bearer(REGISTRY_TOKEN))},
        registries=RegistrySettings(plain_http=frozenset({laptop.registry.host})),
    )


async def _machinery(laptop: Laptop, service: Service) -> None:
    """GitHub delivers and Argo CD follows by themselves; the registry's notifications are the measurement's to send."""
    while True:
        while laptop.github.outbox:
            await laptop.deliver(laptop.github.outbox.popleft(), service.url)
        await laptop.roll_out()
        await asyncio.sleep(0.02)
