"""One request over the wire: to a checked address, in its host's turn, bounded in time and size. No redirects.

Whoever leads a request somewhere else (`bot/registry_http.py`) asks here again, so that every hop is checked alike.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TypedDict

import aiohttp
from yarl import URL

from bot.clock import Clock
from bot.errors import Transient
from bot.registry_access import HUB_SERVER, authority
from bot.registry_addresses import AddressRules, Target
from bot.registry_answers import Answer, Budget, budget, retry_after
from bot.registry_figures import REQUESTS, BudgetFigure, Outcome, kind
from bot.registry_pace import HeldBack, Pace, Turn

MOST_BYTES = 8 * 1024 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=8)
_SLOWED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_MOST_BUDGETS = 100


class _Options(TypedDict, total=False):
    headers: dict[str, str]
    timeout: aiohttp.ClientTimeout
    allow_redirects: bool
    server_hostname: str | None
    data: Mapping[str, str] | None


class Wire:
    """Sends to registries and their neighbours, one hop at a time."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock, *, addresses: AddressRules, pace: Pace) -> None:
        self._session = session
        self._clock = clock
        self._addresses = addresses
        self._pace = pace
        self._figure = BudgetFigure()
        self.budgets: dict[str, Budget] = {}

    async def exchange(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        *,
        form: Mapping[str, str] | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> Answer:
        """Whatever the other side answers, redirects included.

        Raises Transient and Permanent where we refuse, HeldBack where the host is left alone, and what aiohttp raises.
        """
        name = _pace_name(url)
        count = _counter(name)
        try:
            async with self._pace.turn(name) as turn:
                answer = await self._tried(method, url, headers, form=form, most_bytes=most_bytes, turn=turn)
        except HeldBack:
            count(Outcome.HELD_BACK)
            raise
        except (aiohttp.ClientError, TimeoutError, OSError):
            count(Outcome.UNREACHED)
            raise
        count(_outcome(answer.status))
        return answer

    async def _tried(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        *,
        form: Mapping[str, str] | None,
        most_bytes: int,
        turn: Turn,
    ) -> Answer:
        try:
            answer = await self._at_one_of(method, url, headers, form=form, most_bytes=most_bytes)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            turn.failure = f"it did not answer ({str(error) or type(error).__name__})"
            raise
        turn.answered = True
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            turn.failure = f"it is unwell ({answer.status})"
        if answer.status in _SLOWED:
            turn.quiet = retry_after(answer, self._clock.now())
        self._remember_budget(_pace_name(url), answer)
        return answer

    async def _at_one_of(
        self, method: str, url: URL, headers: Mapping[str, str], *, form: Mapping[str, str] | None, most_bytes: int
    ) -> Answer:
        """Connect to the first address that lets us; nothing was sent to those that did not."""
        *others, last = await self._addresses.targets(url)
        for target in others:
            try:
                return await self._at(target, method, url, headers, form=form, most_bytes=most_bytes)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                continue
        return await self._at(last, method, url, headers, form=form, most_bytes=most_bytes)

    async def _at(
        self,
        target: Target,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        *,
        form: Mapping[str, str] | None,
        most_bytes: int,
    ) -> Answer:
        named = {"Host": target.host_header} if target.host_header else {}
        options = _Options(headers={**headers, **named}, timeout=_TIMEOUT, allow_redirects=False, data=form)
        if target.server_name is not None:
            options["server_hostname"] = target.server_name
        async with self._session.request(method, target.url, **options) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(65536):
                body += chunk
                if len(body) > most_bytes:
                    raise Transient(f"{authority(url)} answers with more than {most_bytes} bytes")
            return Answer(status=response.status, headers=response.headers, body=bytes(body), url=url)

    def _remember_budget(self, name: str, answer: Answer) -> None:
        told = budget(answer, self._clock.now())
        if told is None or (name not in self.budgets and len(self.budgets) >= _MOST_BUDGETS):
            return
        self.budgets[name] = told
        self._figure.set(name, told.remaining)


def _pace_name(url: URL) -> str:
    """The host as image references and the operator's limits write it."""
    where = authority(url)
    return "docker.io" if where == HUB_SERVER else where


def _counter(name: str) -> Callable[[Outcome], None]:
    label = kind(name)
    return lambda outcome: REQUESTS.labels(label, outcome).inc()


def _outcome(status: int) -> Outcome:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Outcome.SLOWED
    if status in _REFUSED:
        return Outcome.REFUSED
    return Outcome.UNWELL if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.ANSWERED
