"""What a registry answered, and which of our errors that is. No I/O."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import orjson
from multidict import CIMultiDictProxy
from yarl import URL

from bot.errors import Permanent, Transient

_LONGEST_WAIT = timedelta(days=1)
_MEANINGFUL = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
_REMAINING = re.compile(r"([0-9]{1,9})(?:\s*;\s*w=([0-9]{1,9}))?")


class Unusable(Transient):
    """It answered, with something nobody can use: no JSON, too much, two things at once. Another may go without it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: `url` is where it came from, after redirects."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes
    url: URL


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many more requests a registry allows us. `window`: what the limit counts over, where it says so."""

    remaining: int
    window: timedelta | None
    at: datetime


def read_json(answer: Answer, host: str) -> object:
    """The answer's JSON. Raises Transient where it is none."""
    try:
        document: object = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise Transient(f"{host} answered with something that is not JSON") from error
    return document


def raise_for(answer: Answer, *, host: str, path: str, now: datetime, conditional: bool = False) -> None:
    """Pass what tells the caller something: 2xx, 404, 405, and 304 to a conditional request.

    Raises Transient or Permanent for the rest.
    """
    what = f"{host}/{path}" if path else host
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES or status in _MEANINGFUL:
        return
    if conditional and status == HTTPStatus.NOT_MODIFIED:
        return
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        raise Transient(f"{host} asks us to slow down (429)", retry_after=retry_after(answer, now))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise Permanent(f"{what} refuses us ({status}); give Caisson credentials that may pull from it")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY):
        raise Transient(f"{host} is unwell ({status})", retry_after=retry_after(answer, now))
    raise Permanent(f"{what} refuses the request ({status})")


def retry_after(answer: Answer, now: datetime) -> timedelta | None:
    """`Retry-After`, in seconds or as a date (RFC 9110 section 10.2.3), within a day; None where there is none."""
    text = answer.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(at - now, timedelta()), _LONGEST_WAIT)


def budget(answer: Answer, now: datetime) -> Budget | None:
    """What `ratelimit-remaining` says, such as `76;w=21600` (docs.docker.com, "Docker Hub usage and limits")."""
    shaped = _REMAINING.fullmatch(answer.headers.get("ratelimit-remaining", "").strip())
    if shaped is None:
        return None
    window = timedelta(seconds=int(shaped[2])) if shaped[2] else None
    return Budget(remaining=int(shaped[1]), window=window, at=now)
