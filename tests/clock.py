"""The world's clock: it moves only when a test moves it."""

import asyncio
from datetime import UTC, datetime, timedelta


class ManualClock:
    """Starts at noon. Sleepers wake when `advance` reaches their time; nothing ever waits for the wall."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
        self._moved = asyncio.Condition()

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        until = self._now + timedelta(seconds=seconds)
        async with self._moved:
            await self._moved.wait_for(lambda: self._now >= until)

    async def advance(self, span: timedelta) -> None:
        async with self._moved:
            self._now += span
            self._moved.notify_all()
