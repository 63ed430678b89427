"""Reads what strangers send, within bounds: so many bytes each, so many together, so much time.

Nothing is inflated: senders of webhooks do not compress, and a small archive can hold a very large body.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web


@dataclass(slots=True)
class _Progress:
    """Until when a request's body is waited for, in the loop's time, and how much of it has come."""

    until: float
    seen: int = 0


_PROGRESS = web.RequestKey("progress", _Progress)


class Bodies:
    """`limit`: bytes of one body; `together`: of all being read at one time; `within`: the time one may take."""

    def __init__(self, *, limit: int, together: int, within: timedelta) -> None:
        self._limit = limit
        self._free = together
        self._seconds = within.total_seconds()

    async def read(self, request: web.Request) -> bytes:
        """The raw bytes, as signed. Raises the HTTP answer to give: 408, 413, 415 or 503."""
        self._check_announced(request)
        progress = self._progress(request)
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout_at(progress.until):
                async for chunk in request.content.iter_any():
                    progress.seen += len(chunk)
                    self._free -= len(chunk)
                    self._check(progress.seen)
                    chunks.append(chunk)
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(text="the body did not arrive in time\n") from error
        finally:
            self._free += progress.seen
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def pass_over(self, request: web.Request) -> None:
        """Wait for the rest of a body as long as reading it would have taken, and keep nothing of it.

        For an answer that must not tell by its haste that the body was of no interest.
        """
        progress = self._progress(request)
        try:
            self._check_announced(request)
            async with asyncio.timeout_at(progress.until):
                while progress.seen <= self._limit and not request.content.at_eof():
                    progress.seen += len(await request.content.readany())
        except (TimeoutError, web.HTTPRequestEntityTooLarge, web.HTTPUnsupportedMediaType):
            return

    def _progress(self, request: web.Request) -> _Progress:
        """The same, however often the request is read from."""
        if _PROGRESS not in request:
            request[_PROGRESS] = _Progress(asyncio.get_running_loop().time() + self._seconds)
        return request[_PROGRESS]

    def _check_announced(self, request: web.Request) -> None:
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise web.HTTPUnsupportedMediaType(text="send the body without Content-Encoding\n")
        announced = request.content_length or 0
        if announced > self._limit:
            raise web.HTTPRequestEntityTooLarge(self._limit, announced, text="the body is too large\n")

    def _check(self, held: int) -> None:
        if held > self._limit:
            raise web.HTTPRequestEntityTooLarge(self._limit, held, text="the body is too large\n")
        if self._free < 0:
            raise web.HTTPServiceUnavailable(text="too much is being received at this moment\n")
