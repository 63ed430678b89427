"""The web application on a port of its own, as tests of its doors need it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from aiohttp import ClientSession, web

from bot.clock import Clock
from bot.store.sqlite import SQLiteStore
from bot.web.app import WebConfig, make_app, make_runner
from bot.web.board import Board
from tests.clock import ManualClock

OLD, NEW = b"the secret that is going", b"the secret that is coming"

Body = bytes | AsyncIterator[bytes]


def default_config() -> WebConfig:
    """GitHub's door alone, with two secrets."""
    return WebConfig(secrets=(OLD, NEW))


@dataclass
class Doorway:
    """The application with its store; `wakes` counts how often the worker was woken."""

    store: SQLiteStore
    config: WebConfig = field(default_factory=default_config)
    clock: Clock = field(default_factory=ManualClock)
    board: Board = field(default_factory=Board)
    ready: bool = True
    wakes: int = 0

    async def __aenter__(self) -> Self:
        self._runner = make_runner(
            make_app(
                store=self.store,
                config=self.config,
                worker_wake=self._wake,
                clock=self.clock,
                board=self.shown,
                ready=lambda: self.ready,
            )
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port: int = self._runner.addresses[0][1]
        self._client = ClientSession(f"http://127.0.0.1:{self.port}")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()
        await self._runner.cleanup()

    def _wake(self) -> None:
        self.wakes += 1

    async def shown(self) -> Board:
        """What the board shows."""
        return self.board

    async def get(self, path: str) -> tuple[int, str, dict[str, str]]:
        """Status, text and headers."""
        async with self._client.get(path) as answer:
            return answer.status, await answer.text(), dict(answer.headers)

    async def post(self, path: str, body: Body, headers: Mapping[str, str]) -> tuple[int, str]:
        """Status and text."""
        async with self._client.post(path, data=body, headers=headers) as answer:
            return answer.status, await answer.text()

    async def deliver(self, body: Body, headers: Mapping[str, str]) -> int:
        """GitHub's door; the status."""
        return (await self.post("/webhooks/github", body, headers))[0]

    async def raw(self, sent: bytes) -> bytes:
        """Bytes as they are; everything the door says until it hangs up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        await writer.drain()
        said = await reader.read()
        writer.close()
        return said

    async def kept(self) -> list[str]:
        """The keys that are due."""
        keys = []
        while claim := await self.store.claim(owner="test", now=self.clock.now(), lease=timedelta(minutes=1)):
            keys.append(claim.key)
        return keys
