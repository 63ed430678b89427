"""One request over the wire: to a checked address, in its host's turn, bounded in time and size. No redirects.

Whoever leads a request somewhere else (`bot/registry_http.py`) asks here again, so that every hop is checked alike.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TypedDict

import aiohttp
import structlog
from yarl import URL

from bot.clock import Clock
from bot.registry_access import HUB_SERVER, authority
from bot.registry_addresses import AddressRules, Target
from bot.registry_answers import Answer, Budget, Unusable, budget, retry_after
from bot.registry_figures import REQUESTS, BudgetFigure, Outcome, kind
from bot.registry_pace import HeldBack, Pace, Turn

MOST_BYTES = 8 * 1024 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=8)
_SLOWED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_MOST_BUDGETS = 100
_log = structlog.get_logger(__name__)

# What a host that does not answer, or not as HTTP demands, comes to.
NO_ANSWER = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One hop. `form`: fields to send in the body. A body longer than `most_bytes` is not read on."""

    method: str
    url: URL
    headers: Mapping[str, str]
    form: Mapping[str, str] | None = None
    most_bytes: int = MOST_BYTES


class _Options(TypedDict):
    headers: Mapping[str, str]
    data: Mapping[str, str] | None
    timeout: aiohttp.ClientTimeout
    allow_redirects: bool
    server_hostname: str | None


class Wire:
    """Sends to registries and their neighbours, one hop at a time."""

    def __init__(self, session: aiohttp.ClientSession, clock: Clock, *, addresses: AddressRules, pace: Pace) -> None:
        self._session = session
        self._clock = clock
        self._addresses = addresses
        self._pace = pace
        self._figure = BudgetFigure()
        self.budgets: dict[str, Budget] = {}

    async def exchange(self, request: Request) -> Answer:
        """Whatever the other side answers, redirects included.

        Raises Transient and Permanent where we refuse, HeldBack where the host is left alone, and what aiohttp raises.
        """
        name = _pace_name(request.url)
        label = kind(name)
        try:
            async with self._pace.turn(name) as turn:
                answer = await self._watched(request, name, turn)
        except HeldBack:
            REQUESTS.labels(label, Outcome.HELD_BACK).inc()
            raise
        except NO_ANSWER:
            REQUESTS.labels(label, Outcome.UNREACHED).inc()
            raise
        REQUESTS.labels(label, _outcome(answer.status)).inc()
        return answer

    async def _watched(self, request: Request, name: str, turn: Turn) -> Answer:
        """Send, and tell the pace how the host did."""
        try:
            answer = await self._at_one_of_its_addresses(request)
        except NO_ANSWER as error:
            turn.failure = unreached(error)
            _log.info("registry gave no answer", host=name, error=str(error) or type(error).__name__)
            raise
        turn.answered = True
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            turn.failure = f"is unwell ({answer.status})"
        if answer.status in _SLOWED:
            turn.quiet = retry_after(answer, self._clock.now())
        self._remember_budget(name, answer)
        return answer

    async def _at_one_of_its_addresses(self, request: Request) -> Answer:
        """Connect to the first address that lets us; nothing was sent to those that did not."""
        *others, last = await self._addresses.targets(request.url)
        for target in others:
            try:
                return await self._at(target, request)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                continue
        return await self._at(last, request)

    async def _at(self, target: Target, request: Request) -> Answer:
        named = {"Host": target.host_header} if target.host_header else {}
        options = _Options(
            headers={**request.headers, **named},
            data=request.form,
            timeout=_TIMEOUT,
            allow_redirects=False,
            server_hostname=target.server_name,
        )
        async with self._session.request(request.method, target.url, **options) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(65536):
                body += chunk
                if len(body) > request.most_bytes:
                    raise Unusable(f"{authority(request.url)} answers with more than {request.most_bytes} bytes")
            return Answer(status=response.status, headers=response.headers, body=bytes(body), url=request.url)

    def _remember_budget(self, name: str, answer: Answer) -> None:
        told = budget(answer, self._clock.now())
        if told is None or (name not in self.budgets and len(self.budgets) >= _MOST_BUDGETS):
            return
        self.budgets[name] = told
        self._figure.set(name, told.remaining)


def unreached(error: Exception) -> str:
    """What came of a host that gave no answer, to follow its name, in the same words each time.

    Which of its addresses was tried last, and what the system called it, changes from one look to the next: that is
    logged, for what is said here stands in checks.
    """
    match error:
        case TimeoutError():
            return "did not answer in time"
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLCertVerificationError() as refused):
            return f"has no certificate that is trusted here ({refused.verify_message.rstrip('.')})"
        case aiohttp.ClientSSLError():
            return "cannot be spoken to over TLS"
        case aiohttp.ClientConnectionError() if not isinstance(error, aiohttp.ClientConnectorError):
            return "broke the connection off"
        case OSError():
            return "cannot be connected to"
        case _:
            return "does not answer as HTTP demands"


def _pace_name(url: URL) -> str:
    """The host as image references and the operator's limits write it."""
    where = authority(url)
    return "docker.io" if where == HUB_SERVER else where


def _outcome(status: int) -> Outcome:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Outcome.SLOWED
    if status in _REFUSED:
        return Outcome.REFUSED
    return Outcome.UNWELL if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.ANSWERED
