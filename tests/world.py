"""The world of the scenarios: sandbox and bot over real HTTP, on one clock, moved only by the test.

A mode says what becomes of webhooks: *prompt* (delivered in order), *lost* (none arrives; only resync tells the bot)
and *shuffled* (each twice, in another order). Every mode must end the same.
"""

import asyncio
import random
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from bot.actions import EnvironmentView
from bot.cluster import Cluster
from bot.model import Unknown
from bot.service import Parts, Service
from config.doors import Door, Sender, bearer
from config.operator import Operator
from config.registries import RegistrySettings
from sandbox import shop
from sandbox.github.server import Call
from sandbox.github.state import Issue, PullRequest, Repository, Role
from sandbox.laptop import REGISTRY_TOKEN, WEBHOOK_SECRET, Laptop
from sandbox.registry import RegistryServer
from tests.clock import ManualClock

FULL_NAME = "acme/deploy"
IMAGE = "acme/web-app"
ROOT = Path(__file__).resolve().parent.parent
PEOPLE: Mapping[str, Role] = {"alice": "admin", "bob": "write", "carol": "read", "tom": "triage", "wanda": "write"}
_ROUNDS = 60
_UNITS = {"s": 1, "m": 60, "h": 3600}


class Mode(StrEnum):
    PROMPT = "prompt"
    LOST = "lost"
    SHUFFLED = "shuffled"


class World:
    """Speak to it in sentences: push, settle, after, approve, and look at `board` and pull requests."""

    def __init__(self, folder: Path, *, mode: Mode = Mode.PROMPT) -> None:
        self.mode = mode
        self.clock = ManualClock()
        self._folder = folder
        self._dice = random.Random(7)
        self.laptop = Laptop(folder / "github", self.clock.now, manifest=ROOT / "app.yml")
        # Another registry than the laptop's own may be in play, with its token service, logins and doors.
        self.registry_host: str | None = None
        self.token_host: str | None = None
        self.credentials: Path | None = None
        self.doors: Mapping[str, Door] = {}
        # Without one, nothing but polls and resyncs wakes the bot where webhooks are lost.
        self.has_cluster = True
        self.operator = Operator()
        self._ready = False
        self.service: Service
        self.repository: Repository

    async def start(
        self, *, config: str | None = None, files: Mapping[str, str] | None = None, branches: tuple[str, ...] = ()
    ) -> "World":
        """A repository with three environments at 1.0.0, and the bot. `config` may say {image} for the image's name."""
        await self.laptop_ready()
        if not self.registry.holds(IMAGE):
            self.registry.push(IMAGE, "1.0.0")
        self.registry.outbox.clear()
        text = config.replace("{image}", self.image) if config else shop.configuration(self.image)
        content = files if files is not None else shop.files(self.image, "1.0.0", config=text)
        content = {".github/caisson.yaml": text, **content}
        self.repository = self.laptop.repository(FULL_NAME, content, people=PEOPLE, branches=branches)
        if not branches:
            shop.deploy(self.laptop, FULL_NAME)
        await self.start_bot()
        return self

    async def laptop_ready(self) -> None:
        """GitHub, registry and cluster listen, so that images can be pushed and named before the bot is there."""
        if not self._ready:
            self._ready = True
            (self._folder / "github").mkdir(exist_ok=True)
            await self.laptop.start()

    async def start_bot(self, *, store: str = "caisson.db") -> None:
        parts = Parts(
            app_id=self.laptop.app.id,
            private_key=self.laptop.app.private_key.encode(),
            webhook_secrets=(WEBHOOK_SECRET.encode(),),
            github_url=self.laptop.github_server.url,
            store=str(self._folder / store),
            kube=self.laptop.cluster.url if self.has_cluster else None,
            registry_doors={
                "laptop": Door(sender=Sender.DISTRIBUTION, authentication=bearer(REGISTRY_TOKEN)),
                "distribution": Door(sender=Sender.DISTRIBUTION, authentication=bearer("from-the-registry")),
                **self.doors,
            },
            registries=RegistrySettings(plain_http=frozenset(self._plain_hosts())),
            registry_credentials=self.credentials,
            operator=self.operator,
        )
        self.service = await Service(parts, self.clock).start()
        await self.service.resync()

    def _plain_hosts(self) -> list[str]:
        """Whatever stands on the loopback address speaks plain HTTP."""
        hosts = (self.registry_host or self.registry.host, self.laptop.charts.host, self.token_host)
        return [host for host in hosts if host is not None]

    async def lose_the_store(self) -> None:
        """The bot's machine dies with its disk; another starts with an empty store."""
        await self.service.stop()
        await self.start_bot(store="another.db")

    async def stop(self) -> None:
        await self.service.stop()
        await self.laptop.stop()

    @property
    def registry(self) -> RegistryServer:
        return self.laptop.registry

    @property
    def image(self) -> str:
        return f"{self.registry_host or self.registry.host}/{IMAGE}"

    # --- time and events ----------------------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Let everything happen that happens by itself, until nothing more does."""
        for _ in range(_ROUNDS):
            moved = await self._deliver()
            moved = await self.laptop.roll_out() or moved
            await self.caught_up()
            before = len(self.writes)
            looked = await self.service.worker.drain()
            wrote = len(self.writes) > before
            if not moved and not wrote and (not looked or self.mode is Mode.LOST):
                if not await self._let_up():
                    return
                continue
            # Retries after a race wait a moment of the world's time.
            await self.clock.advance(timedelta(seconds=1))
        raise AssertionError(f"the world does not settle after {_ROUNDS} rounds: {self.service.reconciler.known.views}")

    async def _let_up(self) -> bool:
        """Whole scenarios take place in one minute: what is put off for GitHub's limits is waited for.

        Not where a scenario is about those limits, and has GitHub enforce them.
        """
        until = self.service.reconciler.put_off_until
        if until is None or until <= self.clock.now() or self.laptop.github_server.write_limits:
            return False
        await self.clock.advance(until - self.clock.now())
        return True

    async def caught_up(self) -> None:
        """Until the bot has seen what the cluster last said, where it can."""
        if isinstance(self.service.cluster, Cluster) and not self.laptop.cluster.away:
            await self.service.cluster.caught_up(self.laptop.cluster.resource_version)

    async def _deliver(self) -> bool:
        outbox = self.laptop.github.outbox
        moved = bool(outbox or self.registry.outbox)
        match self.mode:
            case Mode.PROMPT:
                while outbox:
                    assert await self.laptop.deliver(outbox.popleft(), self.service.url) == 202
                await self.laptop.notify(self.service.url)
            case Mode.LOST:
                outbox.clear()
                self.registry.outbox.clear()
                await self.service.resync()
            case Mode.SHUFFLED:
                deliveries = [*outbox, *outbox]
                outbox.clear()
                self._dice.shuffle(deliveries)
                for delivery in deliveries:
                    assert await self.laptop.deliver(delivery, self.service.url) == 202
                self.registry.outbox.extend(tuple(self.registry.outbox))
                await self.laptop.notify(self.service.url)
        return moved

    async def after(self, span: str) -> None:
        """Time passes, then everything settles."""
        await self.clock.advance(timedelta(seconds=int(span[:-1]) * _UNITS[span[-1]]))
        await self.settle()

    async def cluster_lost(self) -> None:
        """Until the bot has noticed that the API server is away."""
        await self._until_cluster(lost=True)

    async def cluster_back(self) -> None:
        """Until the bot, trying again as time passes, has the API server back."""
        await self._until_cluster(lost=False)

    async def _until_cluster(self, *, lost: bool) -> None:
        for _ in range(10_000):
            seen = self.service.cluster.applications(f"github.com/{FULL_NAME}")
            if isinstance(seen, Unknown) is lost:
                return
            await self.clock.advance(timedelta(milliseconds=10))
            await asyncio.sleep(0)
        raise AssertionError(f"the bot's view of the cluster did not become {'lost' if lost else 'known'}")

    async def soaked(self) -> PullRequest:
        """A started world in which 1.1.0 has soaked in staging: its pull request into production lacks an approval."""
        await self.start()
        await self.settle()
        self.push("1.1.0")
        await self.settle()
        await self.after("30m")
        assert "needs 1 approval" in self.board("production").waiting
        return self.pull_request(into="production")

    # --- what people do and see ---------------------------------------------------------------------------------------

    def push(self, tag: str) -> None:
        self.registry.push(IMAGE, tag)

    def pull_request(self, *, into: str, pipeline: str = "web-app") -> PullRequest:
        """The one open pull request into an environment."""
        found = self.open_pull_requests(into=into, pipeline=pipeline)
        assert len(found) == 1, f"{len(found)} open pull requests into {into}; board: {self.board(into)}"
        return found[0]

    def open_pull_requests(self, *, into: str, pipeline: str = "web-app") -> list[PullRequest]:
        head = f"caisson/{pipeline}/{into}"
        return [p for p in self.repository.pulls if p.head_ref == head and p.state == "open"]

    def merged_pull_request(self, *, into: str, pipeline: str = "web-app") -> PullRequest:
        """The newest merged pull request into an environment."""
        head = f"caisson/{pipeline}/{into}"
        merged = [p for p in self.repository.pulls if p.head_ref == head and p.merged_at]
        assert merged, f"nothing was merged into {into}; board: {self.board(into)}"
        return merged[-1]

    def board(self, environment: str, *, pipeline: str = "web-app") -> EnvironmentView:
        view = self.service.view(pipeline, environment)
        assert view is not None, f"the board does not show {environment}: {self.service.reconciler.known.views}"
        return view

    def file(self, path: str, *, branch: str = "main") -> str:
        """A file's text at the tip of a branch."""
        tip = self.repository.branch(branch)
        assert tip is not None
        return self.laptop.read(self.repository, tip, path)

    def approve(self, pull: PullRequest, *, by: str) -> None:
        self.laptop.approve(self.repository, pull, by=by)

    def comment(self, issue: Issue, body: str, *, by: str) -> None:
        """On an issue, or on a pull request."""
        self.laptop.comment(self.repository, issue, body, by=by)

    def our_issues(self, label: str) -> list[Issue]:
        """Those that our App opened and that carry a label, oldest first."""
        bot = self.laptop.app.bot
        issues = (i for i in self.repository.issues.values() if not isinstance(i, PullRequest) and i.author is bot)
        return [issue for issue in issues if any(one.name == label for one in issue.labels)]

    @property
    def board_issue(self) -> Issue:
        (found,) = self.our_issues("caisson/board")
        return found

    @property
    def freezes(self) -> list[Issue]:
        """The issues of freezes that were not put away."""
        return self.our_issues("caisson/freeze")

    @property
    def calls(self) -> list[Call]:
        return [c for c in self.laptop.github_server.calls if c.kind != "token"]

    @property
    def writes(self) -> list[Call]:
        return [c for c in self.calls if c.writes]
