"""How fast deliveries are acknowledged durably: the real doors over a real file, on one core, the load on another.

Closed loop: each connection sends its next delivery when the last one was answered, so the figures are those of a full
house. Every 202 counted has to be found in the file afterwards. No worker runs: looks are not what is measured here.
"""

import asyncio
import multiprocessing
import os
import re
import sqlite3
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from aiohttp import web

from bot.clock import SystemClock
from bot.store.sqlite import SQLiteStore
from bot.web.app import WebConfig, favour_the_loop, make_app, make_runner
from bot.web.board import Board
from tests.bench import delivery
from tests.bench.figure import Figure, percentile

SERVER_CORE, LOAD_CORE = 0, 1
ROUNDS = 3
# However the parent ends, nothing here outlives this, in seconds beyond the load's own time.
_MOST_BEYOND = 60.0
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class NotAcknowledgedError(Exception):
    """A delivery was refused, or was acknowledged and is not in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Seconds are the machine's. What is answered during the warm-up is not counted."""

    connections: int = 64
    warm_up: float = 1.0
    seconds: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Acks:
    """`acknowledged` counts the warm-up's too; `latencies` are those of the measured seconds."""

    acknowledged: int
    latencies: tuple[float, ...] = field(repr=False)
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.latencies) / self.seconds


def figures(acks: Acks, load: Load) -> tuple[Figure, Figure]:
    busy = f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    what = f"{delivery.SIZE:,} byte push, {load.connections} connections, {load.seconds:g} s"
    note = f"durable, one core, {what}, median of {ROUNDS}; {busy}"
    p99 = percentile(acks.latencies, 0.99) * 1000
    return (
        Figure(name="acks_per_second", value=round(acks.per_second), unit="1/s", target=5000, note=note, at_least=True),
        Figure(name="ack_p99_ms", value=round(p99, 1), unit="ms", target=25, note="of the same load"),
    )


def measure_rounds(folder: Path, load: Load) -> Acks:
    """The middle one of several rounds, by throughput: a neighbour's burst is not the doors' doing."""
    rounds = []
    for number in range(ROUNDS):
        place = folder / str(number)
        place.mkdir()
        rounds.append(measure(place, load))
    return sorted(rounds, key=lambda acks: acks.per_second)[ROUNDS // 2]


def measure(folder: Path, load: Load) -> Acks:
    """Serve in one process, load from another, and hold the file to what was acknowledged."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    file = folder / "acks.db"
    patience = load.warm_up + load.seconds + _MOST_BEYOND
    server = spawn.Process(target=_serve, args=(theirs, file, patience), daemon=True)
    server.start()
    theirs.close()
    try:
        port = ours.recv()
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            acks = pool.submit(_send, port, load).result(timeout=patience)
    finally:
        ours.close()
        server.join(timeout=_MOST_BEYOND)
    kept = _kept(file)
    if kept < acks.acknowledged:
        raise NotAcknowledgedError(f"{acks.acknowledged} deliveries were acknowledged, but only {kept} are in the file")
    return acks


def _kept(file: Path) -> int:
    database = sqlite3.connect(file)
    try:
        return int(database.execute("SELECT count(*) FROM seen").fetchone()[0])
    finally:
        database.close()


def _pin(core: int) -> None:
    """Keep this process to one core, where the system can and has it."""
    if hasattr(os, "sched_setaffinity") and core in os.sched_getaffinity(0):
        os.sched_setaffinity(0, {core})


# --- the serving process ----------------------------------------------------------------------------------------------


def _serve(parent: Connection, file: Path, patience: float) -> None:
    _pin(SERVER_CORE)
    asyncio.run(_serve_until_parent_lets_go(parent, file, patience))


async def _serve_until_parent_lets_go(parent: Connection, file: Path, patience: float) -> None:
    """The pipe becomes readable when the parent closes its end, or dies."""
    done = asyncio.Event()
    store = await SQLiteStore.open(file)
    favour_the_loop()
    runner = make_runner(_app(store))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
        parent.send(runner.addresses[0][1])
        asyncio.get_running_loop().add_reader(parent.fileno(), done.set)
        async with asyncio.timeout(patience):
            await done.wait()
    finally:
        asyncio.get_running_loop().remove_reader(parent.fileno())
        await runner.cleanup()
        await store.close()


def _app(store: SQLiteStore) -> web.Application:
    async def board() -> Board:
        return Board(repositories=())

    return make_app(
        store=store,
        config=WebConfig(secrets=(delivery.SECRET,)),
        worker_wake=asyncio.Event().set,
        clock=SystemClock(),
        board=board,
        ready=lambda: True,
    )


# --- the loading process ----------------------------------------------------------------------------------------------


def _send(port: int, load: Load) -> Acks:
    _pin(LOAD_CORE)
    return asyncio.run(_load(port, load))


async def _load(port: int, load: Load) -> Acks:
    tally = _Tally(begin=time.perf_counter() + load.warm_up, seconds=load.seconds)
    body = delivery.push()
    before, after = delivery.head(body, f"127.0.0.1:{port}")
    senders = [_Sender(before, after + body, tally) for _ in range(load.connections)]
    async with asyncio.timeout(load.warm_up + load.seconds + _MOST_BEYOND / 2):
        await asyncio.gather(*(sender.run(port) for sender in senders))
    return Acks(acknowledged=tally.acknowledged, latencies=tuple(tally.latencies), seconds=load.seconds)


class _Tally:
    """What all connections together saw."""

    def __init__(self, *, begin: float, seconds: float) -> None:
        self.acknowledged = 0
        self.latencies: list[float] = []
        self._begin = begin
        self._end = begin + seconds

    def count(self, sent: float) -> bool:
        """Note an answer to what was sent then; whether to send on."""
        now = time.perf_counter()
        self.acknowledged += 1
        if self._begin <= now < self._end:
            self.latencies.append(now - sent)
        return now < self._end


class _Sender(asyncio.Protocol):
    """One keep-alive connection. As little Python as can be, so that the load's core is not what limits."""

    def __init__(self, before: bytes, after: bytes, tally: _Tally) -> None:
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._before = before
        self._after = after
        self._tally = tally
        self._answer = b""
        self._sent = 0.0

    async def run(self, port: int) -> None:
        """Until the tally says that it is enough. NotAcknowledgedError where a delivery is not taken."""
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", port)
        await self._ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, complete, body = self._answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not complete or length is None or len(body) < int(length[1]):
            return
        if not head.startswith(b"HTTP/1.1 202 "):
            self._end(NotAcknowledgedError(self._answer.decode(errors="replace")))
        elif self._tally.count(self._sent):
            self._send()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(NotAcknowledgedError(f"the connection was closed: {exc}"))

    def _send(self) -> None:
        self._answer = b""
        identity = str(uuid.uuid4()).encode()
        self._sent = time.perf_counter()
        self._transport.write(self._before + identity + self._after)

    def _end(self, error: NotAcknowledgedError | None) -> None:
        self._transport.close()
        if self._ended.done():
            return
        if error is None:
            self._ended.set_result(None)
        else:
            self._ended.set_exception(error)
