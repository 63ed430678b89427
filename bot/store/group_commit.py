"""One SQLite file, one writer thread, one fsync for everybody who waits: that is what makes a durable answer cheap.

Callers on the event loop hand in small pieces of work. While one batch is being committed the next one gathers, so
under load the price of an fsync and of a hop to the thread is shared by all the pieces of a batch. A caller hears its
result only after COMMIT. If anything in a batch fails, all of it is rolled back: each caller hears `StoreUnavailable`.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from bot.errors import StoreUnavailable

MEMORY = ":memory:"
_BUSY_SECONDS = 5.0
T = TypeVar("T")


class _Piece(Generic[T]):
    """One caller's work, and the future it waits on."""

    __slots__ = ("_result", "_waiting", "_work")

    def __init__(self, work: Callable[[sqlite3.Connection], T], waiting: asyncio.Future[T]) -> None:
        self._work = work
        self._waiting = waiting

    def run(self, database: sqlite3.Connection) -> None:
        self._result = self._work(database)

    def committed(self) -> None:
        if not self._waiting.done():
            self._waiting.set_result(self._result)

    def failed(self, error: BaseException) -> None:
        if not self._waiting.done():
            self._waiting.set_exception(error)


class GroupCommit:
    """Owns the file, its lock, its connection and the thread that alone touches them.

    `batch` is the number of the batch that gathers now: work that shares a batch may be merged into one piece.
    """

    def __init__(self, path: str) -> None:
        self.batch = 0
        self._path = path
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="caisson-store")
        self._lock: int | None = None
        self._database: sqlite3.Connection | None = None
        self._gathered: list[_Piece[Any]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self, schema: str) -> None:
        """Take the file. StoreUnavailable where another process holds it or it cannot be opened."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._writer, self._connect, schema)
        except StoreUnavailable:
            self._writer.shutdown(wait=False)
            raise

    def submit(self, work: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Put `work` into the batch that gathers now; the answer comes after COMMIT. StoreUnavailable once closed."""
        if self._closed:
            raise StoreUnavailable(f"the store {self._path} is closed")
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[T] = loop.create_future()
        self._gathered.append(_Piece(work, waiting))
        if self._flushing is None:
            self._flushing = loop.create_task(self._flush())
        return waiting

    async def close(self) -> None:
        """Commit what was gathered, then let go of the file. Closing twice does nothing."""
        if self._closed:
            return
        self._closed = True
        if self._flushing is not None:
            await self._flushing
        await asyncio.get_running_loop().run_in_executor(self._writer, self._disconnect)
        self._writer.shutdown(wait=False)

    async def _flush(self) -> None:
        """Commit batch after batch until none gathers; one hop to the thread for each."""
        loop = asyncio.get_running_loop()
        while self._gathered:
            pieces, self._gathered = self._gathered, []
            self.batch += 1
            committing = loop.run_in_executor(self._writer, self._commit, pieces)
            await asyncio.wait({committing})
            # Whatever went wrong, a bug included, is told to those who wait: nobody waits for ever.
            error = committing.exception()
            for piece in pieces:
                if error is None:
                    piece.committed()
                else:
                    piece.failed(error)
        self._flushing = None

    # --- in the thread ------------------------------------------------------------------------------------------------

    def _connect(self, schema: str) -> None:
        if self._path != MEMORY:
            self._lock = self._take_lock()
        try:
            # Autocommit: transactions begin and end where we say so. `close` may come from another thread of the pool.
            database = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._database = database
            database.execute("PRAGMA journal_mode = WAL")
            # FULL: the WAL is fsynced at every commit, so what was acknowledged survives a power cut (sqlite.org/wal).
            database.execute("PRAGMA synchronous = FULL")
            database.executescript(schema)
        except sqlite3.Error as error:
            self._disconnect()
            raise StoreUnavailable(f"the store {self._path} cannot be opened: {error}") from error

    def _take_lock(self) -> int:
        """A lock file beside the database: SQLite's own locks come and go with transactions, ours stays."""
        try:
            lock = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"the store {self._path} cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise StoreUnavailable(
                f"the store {self._path} is in use by another Caisson process: stop that one, or name another file"
            ) from error
        return lock

    def _commit(self, pieces: list[_Piece[Any]]) -> None:
        database = self._database
        if database is None:
            raise StoreUnavailable(f"the store {self._path} is closed")
        try:
            # Deferred: a batch that only reads takes no write lock and costs no fsync.
            database.execute("BEGIN")
            for piece in pieces:
                piece.run(database)
            database.execute("COMMIT")
        except (sqlite3.Error, ValueError, OverflowError) as error:
            # ValueError: text that is no Unicode (a lone surrogate); OverflowError: a number past 64 bits.
            raise StoreUnavailable(f"the store {self._path} cannot keep a record: {error}") from error
        finally:
            # SQLite itself rolls back on some errors, a full disk among them (sqlite.org/lang_transaction.html).
            if database.in_transaction:
                self._roll_back(database)

    def _roll_back(self, database: sqlite3.Connection) -> None:
        try:
            database.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the store {self._path} is broken: {error}") from error

    def _disconnect(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
