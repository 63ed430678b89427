"""The cluster: every Argo CD Application, kept fresh by list and watch (Kubernetes docs, "API Concepts").

What is lost is *unknown*: from the moment when a list or a watch fails, nothing is answered from memory until a list
succeeds again. A watch lasts a minute, so that a connection that died in silence is noticed; after a few of them the
whole is listed anew.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog
import yaml
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import ConfigException

from bot.argocd import parse_application
from bot.clock import Clock
from bot.cluster_api import Expired, ObjectsApi
from bot.errors import CaissonError, Permanent, Transient
from bot.model import Application, Unknown
from bot.rollout_watch import Name, RolloutWatch

IN_CLUSTER = "in-cluster"

_WATCHES_PER_LIST = 5
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)

_Key = tuple[str, str]


async def connect(kubeconfig: str | None, context: str | None = None) -> ApiClient:
    """A client of the API server that a kubeconfig's path, a bare URL, or (None, "in-cluster") our own pod names.

    Raises `Permanent` when that configuration cannot be read. The caller closes the client.
    """
    # The loaders carry no annotations of their own.
    loaders: Any = config
    configuration = Configuration()
    try:
        if kubeconfig is None or kubeconfig == IN_CLUSTER:
            loaders.load_incluster_config(client_configuration=configuration)
        elif kubeconfig.startswith(("http://", "https://")):
            configuration = Configuration(host=kubeconfig.rstrip("/"))
        else:
            await loaders.load_kube_config(config_file=kubeconfig, context=context, client_configuration=configuration)
        return ApiClient(configuration=configuration)
    except (ConfigException, OSError, ValueError, yaml.YAMLError) as error:
        raise Permanent(f"the cluster's configuration cannot be read: {error}") from error


class NoCluster:
    """A bot without a cluster: health stays unknown, so nothing that needs it moves."""

    def applications(self, repository: str) -> Unknown:
        return Unknown(f"no cluster is configured, so nothing is known of the Applications of {repository}")


class Cluster:
    """A cache of Applications. `changed` is awaited with the normalised repositories that a change concerns."""

    def __init__(
        self,
        api_client: ApiClient,
        clock: Clock,
        *,
        changed: Callable[[frozenset[str]], Awaitable[None]],
        namespace: str | None = None,
    ) -> None:
        self._client = api_client
        self._api = ObjectsApi(api_client, namespace=namespace, plural="applications")
        # Rollouts lie where Applications deploy to, in any namespace.
        rollouts = ObjectsApi(api_client, namespace=None, plural="rollouts")
        self._rollouts = RolloutWatch(rollouts, clock, changed=self._rollouts_changed)
        self._clock = clock
        self._changed = changed
        self._applications: dict[_Key, Application] = {}
        self._trouble: str | None = "the cluster has not been read yet"
        self._version = ""
        self._progress = asyncio.Condition()
        self._hurry = asyncio.Event()
        # Repositories whose change nobody has taken yet: a failed `changed` is made good at the next one.
        self._owed: set[str] = set()
        self._log = structlog.get_logger()

    def applications(self, repository: str) -> tuple[Application, ...] | Unknown:
        """Every Application with a source in that repository (`host/owner/name`), by name."""
        if self._trouble is not None:
            return Unknown(self._trouble)
        wanted = repository.lower()
        found = (a for a in self._applications.values() if any(s.repository == wanted for s in a.sources))
        ordered = sorted(found, key=lambda application: (application.namespace, application.name))
        return tuple(replace(a, rollouts=tuple(map(self._rollouts.of, a.rollout_names))) for a in ordered)

    async def run(self) -> None:
        """List, then watch, for ever; ends only by being cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._follow())
            both.create_task(self._rollouts.run())

    async def _follow(self) -> None:
        failures = 0
        while True:
            try:
                await self._list(authoritative=True)
                await self._watch()
                failures = 0
            except Transient as error:
                failures += 1
                # That history ends is ordinary: list again at once. Only a server that says so time and again is lost.
                if failures > 1 or not isinstance(error, Expired):
                    await self._lose(str(error))
                    await self._pause(failures)

    async def relist(self) -> None:
        """One fresh list right now. Raises `Transient` when it fails (then all is unknown until a list succeeds)."""
        try:
            await self._list(authoritative=False)
            # What is known again must also be watched again.
            self._hurry.set()
        except Transient as error:
            await self._lose(str(error))
            raise

    async def caught_up(self, resource_version: str | int) -> None:
        """Return when the cache holds that resource version and `changed` has been told. Cuts a pause short."""
        wanted = str(resource_version)
        self._hurry.set()
        async with self._progress:
            await self._progress.wait_for(
                lambda: self._trouble is None and not self._owed and not _older(self._version, wanted)
            )

    async def lost(self) -> None:
        """Return when the cluster is known to be out of reach and `changed` has been told."""
        async with self._progress:
            await self._progress.wait_for(lambda: self._trouble is not None and not self._owed)

    async def close(self) -> None:
        """Close the connections; `run` must have ended."""
        # The client's `close` carries no annotations.
        client: Any = self._client
        await client.close()

    # --- list and watch -----------------------------------------------------------------------------------------------

    async def _list(self, *, authoritative: bool) -> None:
        """Replace the cache. Unless `authoritative`, a list that the watch has already overtaken changes nothing."""
        version, objects = await self._api.list()
        if not authoritative and self._trouble is None and _older(version, self._version):
            return
        before, recovered = self._applications, self._trouble is not None
        self._applications = dict(pair for found in objects if (pair := self._parse(found)) is not None)
        self._trouble = None
        concerned = {
            repository
            for key in before.keys() | self._applications.keys()
            if recovered or before.get(key) != self._applications.get(key)
            for repository in _repositories(before.get(key), self._applications.get(key))
        }
        await self._tell(concerned, version)

    async def _watch(self) -> None:
        """Follow changes until it is time to list again."""
        for _ in range(_WATCHES_PER_LIST):
            async with contextlib.aclosing(self._api.watch(self._version)) as events:
                async for kind, found, version in events:
                    await self._apply(kind, found, version)

    async def _apply(self, kind: str, found: Mapping[str, object], version: str) -> None:
        if not _older(self._version, version):
            # A list has overtaken this watch.
            return
        concerned: frozenset[str] = frozenset()
        pair = self._parse(found) if kind != "BOOKMARK" else None
        if pair is not None:
            key, application = pair
            before = self._applications.pop(key, None)
            if kind != "DELETED":
                self._applications[key] = application
            if before != self._applications.get(key):
                concerned = _repositories(before, self._applications.get(key))
        await self._tell(concerned, version)

    async def _rollouts_changed(self, names: frozenset[Name] | None) -> None:
        """Those whose Applications have these Rollouts (None: any) are to look again."""
        concerned = [
            a for a in self._applications.values() if a.rollout_names and (names is None or names & {*a.rollout_names})
        ]
        await self._tell(_repositories(*concerned), None)

    def _parse(self, found: object) -> tuple[_Key, Application] | None:
        application = parse_application(found)
        if not application.name:
            self._log.warning("application skipped", reason="it has no name")
            return None
        if application.rollout_names:
            self._rollouts.need()
        return (application.namespace, application.name), application

    # --- telling ------------------------------------------------------------------------------------------------------

    async def _tell(self, concerned: Iterable[str], version: str | None) -> None:
        """Let those who read these repositories know, then those who wait for the version."""
        self._owed |= set(concerned)
        if version is not None:
            self._version = version
        if told := frozenset(self._owed):
            try:
                await self._changed(told)
                self._owed -= told
            except CaissonError as error:
                self._log.warning("a change in the cluster could not be passed on yet", reason=str(error))
        async with self._progress:
            self._progress.notify_all()

    async def _lose(self, reason: str) -> None:
        """From now on nothing is known; everybody concerned is to look again and find that out."""
        was_known = self._trouble is None
        self._trouble = f"the cluster's API server cannot be reached: {reason}"
        self._log.warning("cluster lost", reason=reason)
        everybody = _repositories(*self._applications.values()) if was_known else frozenset()
        await self._tell(everybody, None)

    async def _pause(self, failures: int) -> None:
        """Back off, doubling; whoever waits to be caught up cuts it short."""
        pause = min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE)
        waits = [
            asyncio.ensure_future(self._clock.sleep(pause.total_seconds())),
            asyncio.ensure_future(self._hurry.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
            self._hurry.clear()


def _repositories(*applications: Application | None) -> frozenset[str]:
    return frozenset(s.repository for a in applications if a is not None for s in a.sources)


def _older(version: str, other: str) -> bool:
    """Whether a resource version comes before another: numbers that only grow (KEP-5504); else, whether they differ."""
    if version.isdecimal() and other.isdecimal():
        return int(version) < int(other)
    return version != other
