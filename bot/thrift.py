"""Keeps each installation within its write budget: lets through what there is room for, and says when the rest may go.

What was written is remembered in the store, so that a restart does not begin with an empty hour. If that is lost, a
good part of the hour counts as used: slower for a while, never over the limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from prometheus_client import Counter, Gauge

from bot.actions import Action
from bot.store.port import Store
from bot.write_budget import HOUR, WriteBudget
from bot.write_importance import Errand, Importance, errands

WRITES = Counter("caisson_github_writes", "What was written to GitHub, as its limits count it.", ["importance"])
DELAYED = Counter("caisson_github_writes_delayed", "Writes put off to stay within GitHub's limits.", ["importance"])
USED = Gauge("caisson_github_writes_last_hour", "Writes of the last hour; GitHub allows 500.", ["installation"])
_KIND = "written"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What may be done now, in the plan's order, and when to come again for the rest (None: there is none)."""

    actions: tuple[Action, ...]
    again: datetime | None = None


class Thrift:
    """One budget for each installation, shared by all of its repositories.

    `put_off_until`: when what was last put off may be written; None where nothing ever was.
    """

    def __init__(self, store: Store) -> None:
        self.put_off_until: datetime | None = None
        self._store = store
        self._budgets: dict[int, WriteBudget] = {}

    async def allow(
        self,
        installation: int,
        actions: Sequence[Action],
        *,
        now: datetime,
        checks: Importance = Importance.NEWS,
    ) -> Allowed:
        """Take from the budget what these actions cost, most important first; it is spent even if they fail.

        `checks`: as `errands` takes it.
        """
        if not actions:
            return Allowed(actions=())
        budget = await self._budget(installation, now)
        let_go: set[int] = set()
        moments: list[datetime] = []
        turn: datetime | None = None
        for errand in errands(actions, checks=checks):
            later = turn if errand.in_turn and turn else budget.allow(errand, now)
            if later is None:
                let_go.update(errand.positions)
            else:
                moments.append(later)
                turn = later if errand.in_turn else turn
            _count(errand, delayed=later is not None)
        USED.labels(str(installation)).set(budget.used(HOUR, now))
        if moments:
            self.put_off_until = min(moments)
            log.info("writes put off", installation=installation, errands=len(moments), until=min(moments).isoformat())
        if let_go:
            await self._store.put(_KIND, str(installation), budget.text())
        return Allowed(actions=tuple(actions[i] for i in sorted(let_go)), again=min(moments, default=None))

    async def _budget(self, installation: int, now: datetime) -> WriteBudget:
        if installation not in self._budgets:
            text = await self._store.get(_KIND, str(installation))
            read = WriteBudget.from_text(text, now) if text else WriteBudget.without_memory(now)
            # Another repository's pass may have been first, while this one waited for the store.
            self._budgets.setdefault(installation, read)
        return self._budgets[installation]


def _count(errand: Errand, *, delayed: bool) -> None:
    figure = DELAYED if delayed else WRITES
    figure.labels(errand.importance.name.lower()).inc(errand.cost)
