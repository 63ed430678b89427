"""Argo Rollouts' Rollouts, kept fresh by list and watch, from the moment when an Application names one.

So a cluster without them is asked nothing, and needs to grant nothing. As with Applications, what is lost is *unknown*.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta

from bot.clock import Clock
from bot.cluster_api import ObjectsApi
from bot.errors import Transient
from bot.model import Rollout, Unknown
from bot.rollouts import parse_rollout

_WATCHES_PER_LIST = 5
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)

Name = tuple[str, str]


class RolloutWatch:
    """`changed` is awaited with the (namespace, name) of what changed, or None where everything may have."""

    def __init__(
        self, api: ObjectsApi, clock: Clock, *, changed: Callable[[frozenset[Name] | None], Awaitable[None]]
    ) -> None:
        self._api = api
        self._clock = clock
        self._changed = changed
        self._rollouts: dict[Name, Rollout] = {}
        self._trouble: str | None = "the Rollouts have not been read yet"
        self._needed = asyncio.Event()

    def need(self) -> None:
        """Some Application has a Rollout: from now on they are followed."""
        self._needed.set()

    def of(self, name: Name) -> Rollout | Unknown:
        """One Rollout, by namespace and name."""
        if self._trouble is not None:
            return Unknown(f"{name[1]}: {self._trouble}")
        return self._rollouts.get(name) or Unknown(f"{name[1]}: the cluster has no such Rollout")

    async def run(self) -> None:
        """List, then watch, for ever; ends only by being cancelled."""
        await self._needed.wait()
        failures = 0
        while True:
            try:
                version = await self._list()
                for _ in range(_WATCHES_PER_LIST):
                    version = await self._watch(version)
                failures = 0
            except Transient as error:
                failures += 1
                self._trouble = f"its Rollout cannot be read: {error}"
                await self._changed(None)
                pause = min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE)
                await self._clock.sleep(pause.total_seconds())

    async def _list(self) -> str:
        version, objects = await self._api.list()
        parsed = (parse_rollout(found) for found in objects)
        self._rollouts = {(one.namespace, one.name): one for one in parsed if one.name}
        self._trouble = None
        await self._changed(None)
        return version

    async def _watch(self, version: str) -> str:
        """Follow changes until the server ends the watch; the version to go on from."""
        async with contextlib.aclosing(self._api.watch(version)) as events:
            async for kind, found, latest in events:
                await self._apply(kind, found)
                version = latest
        return version

    async def _apply(self, kind: str, found: Mapping[str, object]) -> None:
        rollout = parse_rollout(found)
        name = (rollout.namespace, rollout.name)
        if kind == "BOOKMARK" or not rollout.name:
            return
        before = self._rollouts.pop(name, None)
        if kind != "DELETED":
            self._rollouts[name] = rollout
        if before != self._rollouts.get(name):
            await self._changed(frozenset({name}))
