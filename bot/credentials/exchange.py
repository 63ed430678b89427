"""One request to a cloud's own services: bounded in time and size, never led elsewhere, its failures ours.

The addresses are ours or the operator's, never a stranger's, and some are inside on purpose (metadata services).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TypedDict

import aiohttp
import orjson

from bot.errors import Permanent, Transient

_TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5)
_MOST_BYTES = 256 * 1024
_LONGEST_REASON = 200
_LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT})


class _Options(TypedDict):
    headers: Mapping[str, str]
    data: Mapping[str, str] | bytes | None
    timeout: aiohttp.ClientTimeout
    allow_redirects: bool


async def ask(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    *,
    who: str,
    headers: Mapping[str, str] | None = None,
    data: Mapping[str, str] | bytes | None = None,
) -> Mapping[str, object]:
    """The JSON object answered. `who` names the service in errors.

    Raises Transient where it is away, unwell or talks rubbish, Permanent where it refuses, with the reason it gives.
    """
    options = _Options(headers=headers or {}, data=data, timeout=_TIMEOUT, allow_redirects=False)
    try:
        async with session.request(method, url, **options) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(65536):
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise Transient(f"{who} answers with more than {_MOST_BYTES} bytes")
            status = response.status
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise Transient(f"{who} did not answer: {str(error) or type(error).__name__}") from error
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in _LATER:
        raise Transient(f"{who} is unwell ({status})")
    if status != HTTPStatus.OK:
        raise Permanent(f"{who} refuses us ({status}){_reason(bytes(body))}")
    return _object(bytes(body), who)


def text(answer: Mapping[str, object], name: str, *, who: str) -> str:
    """A field that must be printable text. Raises Transient."""
    found = answer.get(name)
    if not isinstance(found, str) or not found or not found.isascii() or not found.isprintable():
        raise Transient(f"{who} answered without {name}")
    return found


def seconds(answer: Mapping[str, object], name: str, *, otherwise: int) -> int:
    """A length of time, which some services write as text."""
    found = answer.get(name)
    if isinstance(found, str) and found.isascii() and found.isdecimal():
        found = int(found[:9])
    return min(max(found, 0), 24 * 3600) if isinstance(found, int) else otherwise


def _object(body: bytes, who: str) -> Mapping[str, object]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Transient(f"{who} answered with something that is not JSON") from error
    if not isinstance(document, dict):
        raise Transient(f"{who} answered with something that is not an object")
    return document


def _reason(body: bytes) -> str:
    """What the service says about its refusal, on one line; OAuth 2 and AWS name the fields so."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    fields = document if isinstance(document, dict) else {}
    said = next((fields[n] for n in ("error_description", "message", "Message", "error", "__type") if n in fields), "")
    line = " ".join(str(said).split())[:_LONGEST_REASON] if isinstance(said, str) else ""
    return f": {line}" if line and line.isprintable() else ""
