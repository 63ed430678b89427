"""How a story is told: each step is waited for as a person would see it, on the pull requests and on the board."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console

from bot.demo.stage import PATIENCE
from bot.service import Service
from sandbox import shop
from sandbox.github.state import PullRequest, Repository
from sandbox.laptop import Laptop


class DemoFailed(Exception):
    """A step did not happen in time; the message says which, and what the board said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Who and what takes part. With `auto` the person's part is done too. `pipeline`: what is promoted."""

    laptop: Laptop
    repository: Repository
    service: Service
    console: Console
    auto: bool
    pipeline: str = "web-app"

    def say(self, kind: str, text: str, colour: str) -> None:
        """One line; the kinds stand under each other."""
        self.console.print(f"[{colour}]{kind}[/{colour}]{' ' * max(1, 9 - len(kind))}{text}", soft_wrap=True)

    async def begin(self, version: str, names: tuple[str, ...] = shop.NAMES) -> int:
        """These environments run what they should; how many calls GitHub had by then."""
        self.say("board", f"{self.service.url}/", "bold")
        self.say("sandbox", f"{self.laptop.github_server.url}/{self.repository.full_name}", "bold")
        for name in names:
            await self.runs(name, version)
        verb = "run" if len(names) > 1 else "runs"
        self.console.print(f"  {', '.join(names)} {verb} {self.pipeline} {version}, found in Git and healthy there")
        return self._calls()

    def end(self, what: str, calls: int) -> None:
        merged = sum(pull.merged_at is not None for pull in self.repository.pulls)
        count = self._calls() - calls
        # The last line is plain: scripts read it.
        print(f"demo: {what}; {merged} pull requests merged; {count} GitHub calls", flush=True)

    async def through(self, name: str, version: str) -> None:
        """One environment: opened, approved where that is asked for, merged, live and healthy."""
        await self.taken(name, await self.opened(name, version), version)

    async def taken(self, name: str, pull: PullRequest, version: str) -> None:
        self.say("open", f"#{pull.number} {pull.title}", "cyan")
        last = name == shop.NAMES[-1]
        if last:
            await self._approval(pull)
        await self.until(f"#{pull.number} merges", lambda: pull.merged_at is not None, forever=last and not self.auto)
        self.say("merged", f"#{pull.number} into {name}", "green")
        await self.runs(name, version)
        self.say("healthy", f"{name} runs {self.pipeline} {version}", "green")

    async def runs(self, name: str, version: str) -> None:
        await self.until(f"{name} is seen running {version}", lambda: self._live(name) == version)

    async def _approval(self, pull: PullRequest) -> None:
        await self.until(
            "production waits for nothing but an approval",
            lambda: self.waiting("production").startswith("needs 1 approval"),
        )
        self.say("waits", f"production: {self.waiting('production')}", "yellow")
        if self.auto:
            # Approved counts only what could be seen, and GitHub's times are whole seconds.
            await asyncio.sleep(1.1)
            self.say("approve", "bob comments /approve", "cyan")
            self.laptop.comment(self.repository, pull, "/approve", by="bob")
            return
        where = f"{self.laptop.github_server.url}/{self.repository.full_name}/pull/{pull.number}"
        self.console.print(
            f"[bold yellow]your turn[/bold yellow]  open {where} and approve it as bob, or comment /approve"
        )

    async def opened(self, name: str, titled: str) -> PullRequest:
        """The pull request into an environment whose title says so."""

        def found() -> PullRequest | None:
            wanted = f"caisson/{self.pipeline}/{name}"
            return next((p for p in self.repository.pulls if p.head_ref == wanted and titled in p.title), None)

        await self.until(f"a pull request into {name} is opened", lambda: found() is not None)
        pull = found()
        assert pull is not None
        return pull

    async def until(self, what: str, true: Callable[[], bool], *, forever: bool = False) -> None:
        """Wait; raises DemoFailed with what the board says when it takes too long."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while not true():
            if loop.time() > deadline and not forever:
                board = "; ".join(f"{name}: {self.waiting(name)}" for name in shop.NAMES)
                raise DemoFailed(f"this did not happen within {PATIENCE:.0f} s: {what}. The board says: {board}")
            await asyncio.sleep(0.05)

    def waiting(self, name: str) -> str:
        view = self.service.view(self.pipeline, name)
        return view.waiting if view else "not looked at yet"

    def _live(self, name: str) -> str | None:
        view = self.service.view(self.pipeline, name)
        return view.live if view and view.health == "Healthy" else None

    def _calls(self) -> int:
        return sum(call.kind != "token" for call in self.laptop.github_server.calls)
