"""GitHub's refusals, sorted by who must act on them. No I/O.

gidgethub reports 429 and the secondary limit's 403 as plain bad requests, so the sorting is ours.
https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from bot.errors import CaissonError, Conflict, Permanent, Transient

# GitHub asks for at least a minute after a secondary limit that names no time.
_PAUSE = timedelta(minutes=1)
_LIMITS = (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)


class NotFound(Permanent):
    """Not there, or not within our installation: GitHub does not tell the difference."""


class Unauthorized(Permanent):
    """Our token or JWT was not accepted. `server_time`: GitHub's clock, where it refused the times in our JWT."""

    def __init__(self, message: str, *, server_time: datetime | None = None) -> None:
        super().__init__(message)
        self.server_time = server_time


class RateLimited(Transient):
    """The installation must pause for `retry_after`."""


class Ambiguous(Transient):
    """No proper answer came. A write may have been applied: the next read tells, a blind repetition would not."""


class Refused(Conflict):
    """GitHub understood and did not do it (405, 409, 422). `text`: why, in GitHub's words."""

    def __init__(self, text: str, *, status: int) -> None:
        super().__init__(f"GitHub refused ({status}): {text}")
        self.text = text
        self.status = status


def classify(status: int, headers: Mapping[str, str], body: bytes, *, now: datetime) -> CaissonError:
    """What an answer that is no success means for us. Header names are looked up in lower case."""
    text = message_of(body)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return Ambiguous(f"GitHub answered {status}; a write may have been applied")
    if status in _LIMITS and (pause := _pause(status, headers, text, now)) is not None:
        return RateLimited(f"GitHub asks us to slow down: {text}", retry_after=pause)
    match status:
        case 401:
            there = _date(headers) if "('exp')" in text or "('iat')" in text else None
            return Unauthorized(f"GitHub does not accept our credentials: {text}", server_time=there)
        case 403:
            return Permanent(_forbidden(headers, text))
        case 404 | 410:
            return NotFound(f"GitHub answered {status}: {text}")
        case 405 | 409 | 422:
            return Refused(text, status=status)
        case 301 | 302 | 303 | 307 | 308:
            return Transient(f"GitHub redirected ({status}) to where we do not follow")
        case _:
            return Permanent(f"GitHub answered {status}: {text}")


def classify_graphql(errors: Sequence[object], headers: Mapping[str, str], *, now: datetime) -> CaissonError:
    """What `errors[]` of an answer with status 200 means. One limited or unreadable part spoils the whole."""
    found = [error if isinstance(error, dict) else {} for error in errors]
    kinds = {str(error.get("type", "")) for error in found}
    text = "; ".join(_worded(error) for error in found[:3]) or "no reason given"
    if is_limited(errors):
        return RateLimited(f"GitHub asks us to slow down: {text}", retry_after=_until_reset(headers, now) or _PAUSE)
    if "FORBIDDEN" in kinds or "INSUFFICIENT_SCOPES" in kinds:
        return Permanent(_forbidden(headers, text))
    if "NOT_FOUND" in kinds:
        return NotFound(f"GitHub answered: {text}")
    if kinds & {"UNPROCESSABLE", "STALE_DATA"}:
        return Refused(text, status=200)
    return Ambiguous(f"GitHub answered with errors: {text}")


def is_limited(errors: Sequence[object]) -> bool:
    """Whether any of them is a rate limit, primary or secondary."""
    return any(
        isinstance(error, dict)
        and (error.get("type") in ("RATE_LIMITED", "RATE_LIMIT") or _secondary(str(error.get("message", ""))))
        for error in errors
    )


def message_of(body: bytes) -> str:
    """GitHub's words: of `Validation Failed` the interesting part sits in `errors`, as objects or as plain texts."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return "no explanation"
    if not isinstance(answer, dict):
        return "no explanation"
    errors = answer.get("errors")
    details = [_detail(error) for error in errors] if isinstance(errors, list) else [errors]
    parts = [answer.get("message"), *details]
    return ": ".join(part for part in parts if isinstance(part, str) and part)[:1000] or "no explanation"


def _detail(error: object) -> str | None:
    if not isinstance(error, dict):
        return error if isinstance(error, str) else None
    if isinstance(error.get("message"), str):
        return str(error["message"])
    return " ".join(str(error[key]) for key in ("resource", "field", "code") if error.get(key)) or None


def _worded(error: Mapping[str, object]) -> str:
    path = error.get("path")
    where = ".".join(str(step) for step in path) if isinstance(path, list) else ""
    return f"{error.get('message', 'no message')}{f' (at {where})' if where else ''}"


def _secondary(text: str) -> bool:
    return "secondary rate limit" in text.lower() or "abuse detection" in text.lower()


def _pause(status: int, headers: Mapping[str, str], text: str, now: datetime) -> timedelta | None:
    """How long to stay away; None when this is no rate limit. Retry-After goes before the primary limit's reset."""
    after = headers.get("retry-after", "")
    if after.isascii() and after.isdigit():
        return timedelta(seconds=int(after))
    if headers.get("x-ratelimit-remaining") == "0":
        return _until_reset(headers, now) or _PAUSE
    if status == HTTPStatus.TOO_MANY_REQUESTS or _secondary(text) or "api rate limit exceeded" in text.lower():
        return _PAUSE
    return None


def _until_reset(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining", "0") != "0" or not (reset.isascii() and reset.isdigit()):
        return None
    # One second more: the reset is given in whole seconds.
    return max(datetime.fromtimestamp(int(reset), UTC) - now, timedelta(0)) + timedelta(seconds=1)


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else None


def _forbidden(headers: Mapping[str, str], text: str) -> str:
    """Name the permission: whoever installed the App has to grant it."""
    if "not accessible by integration" in text.lower():
        needed = headers.get("x-accepted-github-permissions", "")
        return f"the installation lacks a permission{f' ({needed})' if needed else ''}: {text}"
    return f"GitHub forbids it: {text}"
