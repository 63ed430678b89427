"""`GET /audit`: the audit log as JSON lines, for whoever holds the token.

It shows every repository, so it is off unless the operator names a token. The log is read page by page while it is
sent, so a long one takes no more memory than a short one.
"""

import hmac
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from aiohttp import web

from bot.audit_entry import Kept, Wanted, line_of, moment_from
from bot.errors import StoreUnavailable, UserError
from bot.store.port import Store

MOST = 1_000_000
_PAGE = 500
_HEADERS = {"Content-Type": "application/jsonl", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_PARAMETERS = frozenset({"since", "after", "limit", "repository", "pipeline", "environment"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    wanted: Wanted
    after: int
    limit: int


class AuditDoor:
    """`tokens`: any of them opens it; without one it stays closed."""

    def __init__(self, store: Store, *, tokens: tuple[bytes, ...]) -> None:
        self._store = store
        self._tokens = tokens

    async def export(self, request: web.Request) -> web.StreamResponse:
        """The entries asked for, oldest first, one a line (docs/audit.md)."""
        if not self._tokens:
            text = (
                "the audit log is not served: set CAISSON_AUDIT_TOKEN_FILE, or run `caisson audit` beside the store\n"
            )
            return web.Response(status=404, text=text)
        if not self._let_in(request.headers.get("Authorization", "")):
            text = "send the token of CAISSON_AUDIT_TOKEN_FILE as `Authorization: Bearer …`\n"
            return web.Response(status=401, text=text, headers={"WWW-Authenticate": "Bearer"})
        try:
            asked = _asked(request.query)
            pages = self._pages(asked)
            first = await anext(pages, ())
        except UserError as error:
            return web.Response(status=400, text=f"{error}\n")
        except StoreUnavailable as error:
            return web.Response(status=503, text=f"the audit log cannot be read: {error}\n")
        answer = web.StreamResponse(headers=_HEADERS)
        await answer.prepare(request)
        await answer.write(_lines(first))
        async for page in pages:
            await answer.write(_lines(page))
        await answer.write_eof()
        return answer

    def _let_in(self, header: str) -> bool:
        scheme, _, given = header.partition(" ")
        sent = given.strip().encode("utf-8", "surrogateescape")
        # Each is compared, and each in constant time: how long it takes says nothing of any.
        equal = [hmac.compare_digest(sent, token) for token in self._tokens]
        return scheme.lower() == "bearer" and any(equal)

    async def _pages(self, asked: _Asked) -> AsyncIterator[tuple[Kept, ...]]:
        after, left = asked.after, asked.limit
        while left > 0:
            page = await self._store.audited(asked.wanted, after=after, most=min(left, _PAGE))
            if not page:
                return
            after, left = page[-1].number, left - len(page)
            yield page


def _lines(page: tuple[Kept, ...]) -> bytes:
    return "".join(map(line_of, page)).encode()


def _asked(query: Mapping[str, str]) -> _Asked:
    """UserError, with a sentence, at the first parameter that is wrong."""
    if unknown := sorted(set(query) - _PARAMETERS):
        known = ", ".join(sorted(_PARAMETERS))
        raise UserError(f"{unknown[0][:40]!r} is no parameter; there are {known}")
    try:
        since = moment_from(query["since"]) if "since" in query else None
    except ValueError as error:
        # A plus sign in an address means a space.
        raise UserError(f"since: {error}; write `%2B` for a plus sign") from error
    names = {name: query[name] for name in ("repository", "pipeline", "environment") if name in query}
    return _Asked(
        wanted=Wanted(since=since, **names),
        after=_number(query, "after", least=0, most=2**63 - 1, default=0),
        limit=_number(query, "limit", least=1, most=MOST, default=MOST),
    )


def _number(query: Mapping[str, str], name: str, *, least: int, most: int, default: int) -> int:
    text = query.get(name)
    if text is None:
        return default
    digits = text.isascii() and text.isdecimal() and len(text) <= len(str(most))
    if not digits or not least <= int(text) <= most:
        raise UserError(f"{name}: {text[:40]!r} is no number from {least} to {most}")
    return int(text)
