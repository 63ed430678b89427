"""The parts of the bot, put together and taken apart again: what `serve`, the demo and the tests' world all run."""

import asyncio
import contextlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

import aiohttp
import structlog
from aiohttp import web
from kubernetes.aio.client import ApiClient

from bot.actions import EnvironmentView
from bot.audit_log import KEPT_FOR, AuditLog
from bot.clock import Clock
from bot.cluster import Cluster, NoCluster, connect
from bot.credentials.pull_secrets import KubernetesSecrets, SecretReader
from bot.credentials.sources import registry_credentials
from bot.errors import CaissonError
from bot.github.client import GitHubApp
from bot.reconcile import Reconciler
from bot.registry import Registry
from bot.scans import Scans
from bot.signatures.verifier import Verifier
from bot.store.sqlite import SQLiteStore
from bot.vendor_tags import VendorTags
from bot.web.app import WebConfig, make_app, make_runner
from bot.web.board import Board, BoardEnvironment, BoardPipeline
from bot.worker import Worker
from config.doors import Door
from config.operator import Operator
from config.registries import RegistrySettings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """How to build a service. `kube`: a kubeconfig's path, or the bare URL of an API server; None: no cluster."""

    app_id: int
    private_key: bytes = field(repr=False)
    webhook_secrets: tuple[bytes, ...] = field(repr=False)
    github_url: str
    store: str
    host: str = "127.0.0.1"
    port: int = 0
    web_url: str = "https://github.com"
    kube: str | None = None
    kube_context: str | None = None
    registry_doors: Mapping[str, Door] = field(default_factory=dict)
    registries: RegistrySettings = field(default_factory=RegistrySettings)
    registry_credentials: Path | None = None
    trusted_root: Path | None = None
    resync_interval: timedelta = timedelta(minutes=30)
    poll_interval: timedelta = timedelta(minutes=5)
    audit_tokens: tuple[bytes, ...] = field(default=(), repr=False)
    audit_kept_for: timedelta = KEPT_FOR
    operator: Operator = field(default_factory=Operator)


class Service:
    """A running bot.

    `start` opens its doors; `run` also keeps working on its own, which the tests' world does not want.
    """

    def __init__(self, parts: Parts, clock: Clock) -> None:
        self._parts = parts
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._stack = contextlib.AsyncExitStack()
        self._synced = False
        self.url = ""

    async def start(self) -> Self:
        parts = self._parts
        self.store = await SQLiteStore.open(parts.store)
        self._stack.push_async_callback(self.store.close)
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        self.github = GitHubApp(
            session, self._clock, app_id=parts.app_id, private_key_pem=parts.private_key, url=parts.github_url
        )
        cluster = await self._api_client()
        self.cluster = Cluster(cluster, self._clock, changed=self._cluster_changed) if cluster else NoCluster()
        self.reconciler = Reconciler(
            app=self.github,
            store=self.store,
            clock=self._clock,
            scans=self._scans(session, KubernetesSecrets(cluster) if cluster else None),
            cluster=self.cluster,
            verifier=Verifier(self._clock, trusted_root=parts.trusted_root),
            poll_interval=parts.poll_interval,
            plain_http=parts.registries.plain_http,
            audit_log=AuditLog(self.store, kept_for=parts.audit_kept_for),
            operator=parts.operator,
        )
        await self.reconciler.known.load()
        self.worker = Worker(self.store, self._clock, self.reconciler.look, owner=f"{random.getrandbits(64):016x}")
        await self._open_doors()
        if isinstance(self.cluster, Cluster):
            self._tasks.append(asyncio.create_task(self.cluster.run(), name="cluster"))
        return self

    async def _api_client(self) -> ApiClient | None:
        if self._parts.kube is None:
            return None
        client = await connect(self._parts.kube, self._parts.kube_context)
        self._stack.push_async_callback(client.close)
        return client

    def _scans(self, session: aiohttp.ClientSession, secrets: SecretReader | None) -> Scans:
        """The registries, with the operator's logins, limits and allowances."""
        parts, settings = self._parts, self._parts.registries
        file = parts.registry_credentials
        credentials = registry_credentials(settings, session, self._clock, file=file, secrets=secrets)
        registry = Registry(
            session,
            self._clock,
            credentials=credentials,
            plain_http=settings.plain_http,
            private_hosts_allowed=settings.private_hosts,
            token_hosts=settings.token_hosts,
            limits=settings.limits,
        )
        quay = settings.quay | {"quay.io"}
        vendors = VendorTags(registry.http, self._clock, credentials=credentials, quay=quay, harbor=settings.harbor)
        return Scans(registry, self._clock, fresh_for=parts.poll_interval, vendors=vendors, store=self.store)

    async def _cluster_changed(self, repositories: frozenset[str]) -> None:
        keys = self.reconciler.known.keys_reading(repositories)
        if keys:
            await self.store.nudge(keys, now=self._clock.now())
            self.worker.wake()

    async def _open_doors(self) -> None:
        parts = self._parts
        config = WebConfig(
            secrets=parts.webhook_secrets, registry_doors=parts.registry_doors, audit_tokens=parts.audit_tokens
        )
        app = make_app(
            store=self.store,
            config=config,
            worker_wake=self.worker.wake,
            clock=self._clock,
            board=self.board,
            concerned=self.reconciler.known.concerned,
            ready=lambda: self._synced,
        )
        runner = make_runner(app)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, parts.host, parts.port).start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"

    async def board(self) -> Board:
        """What the board shows: every pipeline as its last pass left it."""
        views = [view for key in sorted(self.reconciler.known.views) for view in self.reconciler.known.views[key]]
        return Board(
            repositories=tuple(
                BoardPipeline(
                    repository=view.repository,
                    name=view.pipeline,
                    problem=view.problem,
                    environments=tuple(
                        BoardEnvironment(
                            name=f"{e.name} ({e.repository})" if e.repository else e.name,
                            active=e.active,
                            proposed=e.proposed,
                            proposed_url=self._address(e.repository or view.repository, e.pull_request),
                            live=e.live,
                            health=e.health,
                            waiting=e.waiting,
                        )
                        for e in view.environments
                    ),
                )
                for view in views
            )
        )

    def _address(self, repository: str, pull_request: int | None) -> str | None:
        """Where people read a pull request."""
        return f"{self._parts.web_url}/{repository}/pull/{pull_request}" if pull_request else None

    def view(self, pipeline: str, environment: str) -> EnvironmentView | None:
        """What the last pass made of one environment."""
        for views in self.reconciler.known.views.values():
            for shown in views:
                if shown.pipeline == pipeline:
                    return next((e for e in shown.environments if e.name == environment), None)
        return None

    async def resync(self) -> None:
        """Nudge everything there is; readiness begins with the first one that succeeds."""
        await self.reconciler.resync()
        self._synced = True
        self.worker.wake()

    async def run(self) -> None:
        """Work until cancelled: the worker, and a jittered resync now and then."""
        working = asyncio.create_task(self.worker.run(), name="worker")
        self._tasks.append(working)
        self._tasks.append(asyncio.create_task(self._resync_for_ever(), name="resync"))
        await working

    async def _resync_for_ever(self) -> None:
        dice = random.SystemRandom()
        while True:
            pause = self._parts.resync_interval.total_seconds() * dice.uniform(0.9, 1.1)
            try:
                await self.resync()
            except CaissonError as error:
                log.warning("resync failed", error=str(error))
                pause = min(pause, 30)
            await self._clock.sleep(pause)

    async def stop(self) -> None:
        """Stop taking work, finish what runs, close the doors and the store."""
        await self.worker.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stack.aclose()
