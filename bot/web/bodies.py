"""Reads what strangers send, within bounds: so many bytes each, so many together, so much time.

Nothing is inflated: senders of webhooks do not compress, and a small archive can hold a very large body.
"""

import asyncio
from datetime import timedelta

from aiohttp import web


class Bodies:
    """`limit`: bytes of one body; `together`: of all being read at one time; `within`: the time one may take."""

    def __init__(self, *, limit: int, together: int, within: timedelta) -> None:
        self._limit = limit
        self._free = together
        self._seconds = within.total_seconds()

    async def read(self, request: web.Request) -> bytes:
        """The raw bytes, as signed. Raises the HTTP answer to give: 408, 413, 415 or 503."""
        if request.headers.get("Content-Encoding", "identity") != "identity":
            raise web.HTTPUnsupportedMediaType(text="send the body without Content-Encoding\n")
        announced = request.content_length or 0
        if announced > self._limit:
            raise web.HTTPRequestEntityTooLarge(self._limit, announced, text="the body is too large\n")
        held = 0
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(self._seconds):
                async for chunk in request.content.iter_any():
                    held += len(chunk)
                    self._free -= len(chunk)
                    self._check(held)
                    chunks.append(chunk)
        except TimeoutError as error:
            raise web.HTTPRequestTimeout(text="the body did not arrive in time\n") from error
        finally:
            self._free += held
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def _check(self, held: int) -> None:
        if held > self._limit:
            raise web.HTTPRequestEntityTooLarge(self._limit, held, text="the body is too large\n")
        if self._free < 0:
            raise web.HTTPServiceUnavailable(text="too much is being received at this moment\n")
