"""GitHub's refusals, row by row: who must act, and when to come back."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import CaissonError, Conflict, Permanent
from bot.github.failures import Ambiguous, NotFound, RateLimited, Refused, Unauthorized, classify

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
VALIDATION = b'{"message":"Validation Failed","errors":[{"code":"custom","message":"A pull request already exists"}]}'
RESET = str(int((NOW + timedelta(minutes=5)).timestamp()))


@pytest.mark.parametrize(
    ("status", "headers", "body", "kind", "words"),
    [
        pytest.param(401, {}, b'{"message":"Bad credentials"}', Unauthorized, "Bad credentials", id="a bad token"),
        pytest.param(
            403,
            {"x-accepted-github-permissions": "deployments=write"},
            b'{"message":"Resource not accessible by integration"}',
            Permanent,
            "deployments=write",
            id="a missing permission is named",
        ),
        pytest.param(
            403, {}, b'{"message":"This installation has been suspended"}', Permanent, "suspended", id="suspended"
        ),
        pytest.param(404, {}, b'{"message":"Not Found"}', NotFound, "404", id="not there"),
        pytest.param(
            405, {}, b'{"message":"Base branch was modified."}', Refused, "Base branch", id="a race for the base"
        ),
        pytest.param(
            409, {}, b'{"message":"Head branch was modified."}', Conflict, "Head branch", id="a race for the head"
        ),
        pytest.param(422, {}, VALIDATION, Refused, "A pull request already exists", id="exists already"),
        pytest.param(
            422,
            {},
            b'{"message":"Unprocessable Entity","errors":["Can not approve your own pull request"]}',
            Refused,
            "own pull request",
            id="errors as plain texts",
        ),
        pytest.param(
            422, {}, b'{"message":"Reference update failed"}', Refused, "update failed", id="a protected branch"
        ),
        pytest.param(500, {}, b"<html>", Ambiguous, "500", id="an error page"),
        pytest.param(504, {}, b"", Ambiguous, "504", id="a time-out"),
        pytest.param(451, {}, b"[]", Permanent, "451", id="anything else"),
    ],
)
def test_refusals_are_sorted_by_who_must_act(
    status: int, headers: Mapping[str, str], body: bytes, kind: type[CaissonError], words: str
) -> None:
    """Permanent: an operator; Conflict: look again; Ambiguous: look, never repeat. GitHub's words are kept."""
    failure = classify(status, headers, body, now=NOW)
    assert type(failure) is kind or (kind is Conflict and isinstance(failure, Conflict))
    assert words in str(failure)


@pytest.mark.parametrize(
    ("status", "headers", "text", "seconds"),
    [
        pytest.param(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}, "", 301, id="primary, 403"),
        pytest.param(429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET}, "", 301, id="primary, 429"),
        pytest.param(403, {"retry-after": "17"}, "", 17, id="Retry-After"),
        pytest.param(
            429,
            {"retry-after": "7", "x-ratelimit-remaining": "0", "x-ratelimit-reset": RESET},
            "",
            7,
            id="Retry-After goes first",
        ),
        pytest.param(403, {}, "You have exceeded a secondary rate limit", 60, id="secondary without a time"),
        pytest.param(429, {}, "", 60, id="429 without a time"),
        pytest.param(403, {"retry-after": "soon", "x-ratelimit-remaining": "0"}, "", 60, id="nonsense for a time"),
    ],
)
def test_limits_say_how_long_to_stay_away(status: int, headers: Mapping[str, str], text: str, seconds: int) -> None:
    """Retry-After, else the reset (and one second for rounding), else a minute."""
    failure = classify(status, headers, b'{"message":"%s"}' % text.encode(), now=NOW)
    assert isinstance(failure, RateLimited)
    assert failure.retry_after == timedelta(seconds=seconds)
