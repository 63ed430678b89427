"""A GitHub that answers what a test hands it, for what the sandbox's GitHub would never do. And a clock that stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp import web

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass
class Manual:
    """A clock that stands until it is moved."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer of the small GitHub."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    hang_up: bool = False


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    credential: str
    body: object
    headers: Mapping[str, str]


@dataclass(kw_only=True)
class SmallGitHub:
    """Answers each path with the replies put there, the last for ever; hands out tokens `ghs_1`, `ghs_2`, on and on."""

    clock: Manual
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    refused_tokens: set[str] = field(default_factory=set)
    issued: int = 0

    def says(self, method: str, path: str, *replies: Reply) -> None:
        self.replies[f"{method} {path}"] = list(replies)

    def requests(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        credential = request.headers.get("authorization", "").partition(" ")[2]
        one = Asked(
            method=request.method,
            path=request.path_qs,
            credential=credential,
            body=await request.json() if text else None,
            headers=dict(request.headers),
        )
        self.asked.append(one)
        if credential in self.refused_tokens:
            return web.json_response({"message": "Bad credentials"}, status=401)
        found = self.replies.get(f"{one.method} {one.path}")
        if found is None and one.path.endswith("/access_tokens"):
            self.issued += 1
            expires = (self.clock.at + timedelta(hours=1)).isoformat()
            return web.json_response({"token": f"ghs_{self.issued}", "expires_at": expires}, status=201)
        if found is None:
            return web.json_response({"message": "Not Found"}, status=404)
        reply = found.pop(0) if len(found) > 1 else found[0]
        if reply.hang_up and request.transport is not None:
            request.transport.close()
        if reply.status in (204, 304):
            return web.Response(status=reply.status, headers=reply.headers)
        return web.json_response(reply.body, status=reply.status, headers=reply.headers)
