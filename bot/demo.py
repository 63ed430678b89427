"""The demo: a sandbox and the bot on loopback, and a pushed image on its way to production, told step by step.

Or on its way back: with `rollback` staging degrades under it.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from importlib import resources
from pathlib import Path

from rich.console import Console

from bot.clock import SystemClock
from bot.service import Parts, Service
from config.doors import Door, Sender, bearer
from config.registries import RegistrySettings
from sandbox import shop
from sandbox.github.state import PullRequest, Repository, Role
from sandbox.laptop import REGISTRY_TOKEN, WEBHOOK_SECRET, Laptop

FULL_NAME = "acme/deploy"
OLD, NEW, NEWER = "1.0.0", "1.1.0", "1.2.0"
PATIENCE = 60.0
SOAK = "3s"
GRACE = "3s"


class DemoFailed(Exception):
    """A step did not happen in time; the message says which, and what the board said."""


async def run(*, auto: bool, console: Console, rollback: bool = False) -> None:
    """Run the whole road. With `auto` the person's part is done too; with `rollback` there is none."""
    with tempfile.TemporaryDirectory(prefix="caisson-demo-") as folder:
        async with _laptop(Path(folder)) as laptop:
            laptop.registry.push("acme/web-app", OLD)
            laptop.registry.outbox.clear()
            image = f"{laptop.registry.host}/acme/web-app"
            staging = f"on_degraded: rollback\nhealth: {{grace: {GRACE}}}" if rollback else ""
            files = shop.files(image, OLD, config=shop.configuration(image, soak=SOAK, staging=staging))
            people: dict[str, Role] = {"alice": "admin", "bob": "write", "carol": "read"}
            repository = laptop.repository(FULL_NAME, files, people=people)
            shop.deploy(laptop, FULL_NAME)
            async with _bot(laptop, Path(folder)) as service:
                story = _Story(laptop, repository, service, console, auto=auto)
                await (story.tell_rollback() if rollback else story.tell())


@contextlib.asynccontextmanager
async def _laptop(folder: Path) -> AsyncIterator[Laptop]:
    manifest = Path(str(resources.files("sandbox"))).parent / "app.yml"
    laptop = await Laptop(folder, SystemClock().now, manifest=manifest).start()
    try:
        yield laptop
    finally:
        await laptop.stop()


@contextlib.asynccontextmanager
async def _bot(laptop: Laptop, folder: Path) -> AsyncIterator[Service]:
    parts = Parts(
        app_id=laptop.app.id,
        private_key=laptop.app.private_key.encode(),
        webhook_secrets=(WEBHOOK_SECRET.encode(),),
        github_url=laptop.github_server.url,
        web_url=laptop.github_server.url,
        store=str(folder / "caisson.db"),
        kube=laptop.cluster.url,
        registry_doors={"laptop": Door(sender=Sender.DISTRIBUTION, authentication=bearer(REGISTRY_TOKEN))},
        registries=RegistrySettings(plain_http=frozenset({laptop.registry.host})),
    )
    service = await Service(parts, SystemClock()).start()
    tasks = [asyncio.create_task(service.run()), asyncio.create_task(_machinery(laptop, service))]
    try:
        yield service
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await service.stop()


async def _machinery(laptop: Laptop, service: Service) -> None:
    """What GitHub, the registry and Argo CD do by themselves, ten times a second."""
    while True:
        while laptop.github.outbox:
            await laptop.deliver(laptop.github.outbox.popleft(), service.url)
        await laptop.notify(service.url)
        await laptop.roll_out()
        await asyncio.sleep(0.1)


class _Story:
    """The steps, each waited for as a person would see it: on the pull requests and on the board."""

    def __init__(
        self, laptop: Laptop, repository: Repository, service: Service, console: Console, *, auto: bool
    ) -> None:
        self._laptop = laptop
        self._repository = repository
        self._service = service
        self._console = console
        self._auto = auto

    async def tell(self) -> None:
        await self._begin()
        calls = self._calls()
        self._push(NEW)
        for name in shop.NAMES:
            await self._through(name, NEW)
        self._end(f"production runs web-app {NEW}", calls)

    async def tell_rollback(self) -> None:
        """Staging degrades, is rolled back, the bad release stays out, and the next one goes on."""
        say = self._console.print
        await self._begin()
        calls = self._calls()
        self._push(NEW)
        for name in shop.NAMES[:2]:
            await self._through(name, NEW)
        say(f"[red]degrade[/red]  staging: web-app {NEW} is in a crash loop")
        self._laptop.cluster.break_revision("web-app-staging", "crash loop")
        await self._until("the board says so", lambda: "is Degraded in staging" in self._waiting("staging"))
        say(f"[yellow]waits[/yellow]    staging: {self._waiting('staging')}")
        await self._taken("staging", await self._opened("staging", f"Roll back web-app to {OLD}"), OLD)
        told = "rolled back from"
        await self._until("the board tells of the rollback", lambda: told in self._waiting("staging"))
        say(f"[yellow]stays out[/yellow] staging: {self._waiting('staging')}")
        self._push(NEWER)
        for name in shop.NAMES[:2]:
            await self._through(name, NEWER)
        self._end(f"staging was rolled back from web-app {NEW} to {OLD} and runs {NEWER}", calls)

    async def _begin(self) -> None:
        say = self._console.print
        say(f"[bold]board[/bold]    {self._service.url}/")
        say(f"[bold]sandbox[/bold]  {self._laptop.github_server.url}/{FULL_NAME}")
        for name in shop.NAMES:
            await self._runs(name, OLD)
        say(f"  {', '.join(shop.NAMES)} run web-app {OLD}, found in Git and healthy in the cluster")

    def _push(self, version: str) -> None:
        self._console.print(f"[cyan]push[/cyan]     web-app:{version} to the registry")
        self._laptop.registry.push("acme/web-app", version)

    def _end(self, what: str, calls: int) -> None:
        merged = sum(pull.merged_at is not None for pull in self._repository.pulls)
        count = self._calls() - calls
        # The last line is plain: scripts read it.
        print(f"demo: {what}; {merged} pull requests merged; {count} GitHub calls", flush=True)

    async def _through(self, name: str, version: str) -> None:
        """One environment: opened, approved where that is asked for, merged, live and healthy."""
        await self._taken(name, await self._opened(name, version), version)

    async def _taken(self, name: str, pull: PullRequest, version: str) -> None:
        say = self._console.print
        say(f"[cyan]open[/cyan]     #{pull.number} {pull.title}")
        last = name == shop.NAMES[-1]
        if last:
            await self._approval(pull)
        await self._until(f"#{pull.number} merges", lambda: pull.merged_at is not None, forever=last and not self._auto)
        say(f"[green]merged[/green]   #{pull.number} into {name}")
        await self._runs(name, version)
        say(f"[green]healthy[/green]  {name} runs web-app {version}")

    async def _runs(self, name: str, version: str) -> None:
        await self._until(f"{name} is seen running {version}", lambda: self._live(name) == version)

    async def _approval(self, pull: PullRequest) -> None:
        await self._until(
            f"production has soaked {SOAK} and waits for an approval",
            lambda: "approval" in self._waiting("production") and "soaking" not in self._waiting("production"),
        )
        self._console.print(f"[yellow]waits[/yellow]    production: {self._waiting('production')}")
        if self._auto:
            self._console.print("[cyan]approve[/cyan]  bob comments /approve")
            self._laptop.comment(self._repository, pull, "/approve", by="bob")
            return
        where = f"{self._laptop.github_server.url}/{FULL_NAME}/pull/{pull.number}"
        self._console.print(
            f"[bold yellow]your turn[/bold yellow]  open {where} and approve it as bob, or comment /approve"
        )

    async def _opened(self, name: str, titled: str) -> PullRequest:
        def found() -> PullRequest | None:
            wanted = f"caisson/web-app/{name}"
            return next((p for p in self._repository.pulls if p.head_ref == wanted and titled in p.title), None)

        await self._until(f"a pull request into {name} is opened", lambda: found() is not None)
        pull = found()
        assert pull is not None
        return pull

    async def _until(self, what: str, true: Callable[[], bool], *, forever: bool = False) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while not true():
            if loop.time() > deadline and not forever:
                board = "; ".join(f"{name}: {self._waiting(name)}" for name in shop.NAMES)
                raise DemoFailed(f"this did not happen within {PATIENCE:.0f} s: {what}. The board says: {board}")
            await asyncio.sleep(0.05)

    def _live(self, name: str) -> str | None:
        view = self._service.view("web-app", name)
        return view.live if view and view.health == "Healthy" else None

    def _waiting(self, name: str) -> str:
        view = self._service.view("web-app", name)
        return view.waiting if view else "not looked at yet"

    def _calls(self) -> int:
        return sum(call.kind != "token" for call in self._laptop.github_server.calls)
