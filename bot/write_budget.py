"""How much one installation may still write: GitHub bounds what is created in a minute and in an hour. No I/O.

GitHub publishes the figures (80 and 500) and not exactly what counts, so whatever writes does: each request, and each
mutation of a document. Less important writes must leave room for more important ones.
https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from bot.write_importance import Errand, Importance

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
# How far each importance may fill the minute and the hour: what is left is the reserve of those above it.
ROOM = {
    Importance.ADORNMENT: {MINUTE: 50, HOUR: 350},
    Importance.NEWS: {MINUTE: 65, HOUR: 420},
    Importance.ESSENTIAL: {MINUTE: 80, HOUR: 500},
}
# A start without memory (the first, or one whose store was lost) cannot know what was written before it.
ASSUMED = 100


class WriteBudget:
    """What was written lately, as (when, how much), oldest first."""

    def __init__(self, spent: Sequence[tuple[datetime, int]]) -> None:
        self._spent = list(spent)

    @classmethod
    def without_memory(cls, now: datetime) -> "WriteBudget":
        """As if a good part of the hour's allowance had just been used, but nothing of this minute's."""
        return cls([(now - MINUTE, ASSUMED)])

    @classmethod
    def from_text(cls, text: str, now: datetime) -> "WriteBudget":
        """As `text` wrote it; without memory where that cannot be read."""
        try:
            spent = [(datetime.fromtimestamp(int(at), UTC), int(cost)) for at, cost in json.loads(text)]
        except (ValueError, TypeError, OverflowError, OSError):
            return cls.without_memory(now)
        return cls(sorted(spent))

    def text(self) -> str:
        """What is to be remembered: whole seconds, so that many writes of one second are one pair."""
        seconds: dict[int, int] = {}
        for at, cost in self._spent:
            second = int(at.timestamp())
            seconds[second] = seconds.get(second, 0) + cost
        return json.dumps(sorted(seconds.items()), separators=(",", ":"))

    def allow(self, errand: Errand, now: datetime) -> datetime | None:
        """Take what an errand costs, and None; or when there may be room for it.

        An errand larger than the whole room goes when nothing else was written: it would wait for ever.
        """
        self._spent = [(at, cost) for at, cost in self._spent if at > now - HOUR]
        until = [self._until(span, room, errand.cost, now) for span, room in ROOM[errand.importance].items()]
        later = max((moment for moment in until if moment is not None), default=None)
        if later is None:
            self._spent.append((now, errand.cost))
        return later

    def used(self, span: timedelta, now: datetime) -> int:
        """How much was written within that time."""
        return sum(cost for at, cost in self._spent if at > now - span)

    def _until(self, span: timedelta, room: int, cost: int, now: datetime) -> datetime | None:
        """When enough of what was written has left the span; None: there is room now."""
        within = [(at, spent) for at, spent in self._spent if at > now - span]
        used = sum(spent for _, spent in within)
        if used == 0 or used + cost <= room:
            return None
        left = accumulate((spent for _, spent in within), lambda rest, spent: rest - spent, initial=used)
        for (at, _), rest in zip(within, list(left)[1:], strict=True):
            if rest == 0 or rest + cost <= room:
                return at + span
        return now + span
