"""GitHub over HTTP on loopback: REST, GraphQL and pages on one port, with a log of calls, and faults to order."""

import asyncio
import importlib
import importlib.util
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Literal

from aiohttp import web

from sandbox.github import graphql, rest, rest_app, rest_git, rest_pulls, rest_records, rest_rules
from sandbox.github.access import authenticate
from sandbox.github.rest import Answer, Sent
from sandbox.github.state import Caller, GitHub, GitHubRefusal

# Importing these modules registers their operations.
DOORS = (rest_app, rest_git, rest_pulls, rest_records, rest_rules)
_HOURLY = 5000
_MUTATION = re.compile(r"^\s*mutation\b", re.MULTILINE)
Kind = Literal["rest", "graphql", "token"]


class NotAsDescribedError(Exception):
    """A request or an answer of ours that GitHub's published description does not allow; also kept in `unmodelled`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request as it was answered. `operation` is GitHub's template of the path, or the path where none is known."""

    method: str
    path: str
    operation: str
    kind: Kind
    writes: bool
    status: int


@dataclass(slots=True, kw_only=True)
class Fault:
    """The next request that matches is answered with `status` (0 cuts the connection), before or after it took effect.

    `path` and `body` (e.g. the name of a mutation) are searched for as regular expressions; `times` counts down.
    """

    method: str
    path: str
    status: int
    when: Literal["before", "after"] = "before"
    message: str = "Server Error"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    times: int = 1


class GitHubServer:
    """Serves one GitHub. `latency` is in seconds of the machine's clock, before each answer."""

    def __init__(self, github: GitHub) -> None:
        self.github = github
        self.url = ""
        self.latency = 0.0
        self.remaining = _HOURLY
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.unmodelled: list[str] = graphql.unmodelled(github)
        self._runner: web.AppRunner | None = None
        self._validate = _optional("sandbox.github.validate")

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; `url` tells where, and links in answers point there."""
        app = web.Application(client_max_size=32 * 2**20)
        pages = _optional("sandbox.github.pages")
        if pages is not None:
            pages.mount(app, self.github)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        bound = self._runner.addresses[0]
        self.url = f"http://{bound[0]}:{bound[1]}"
        self.github.url = self.url

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        path = request.rel_url.raw_path
        if self.latency:
            await asyncio.sleep(self.latency)
        fault = self._fault(request.method, path, raw)
        if fault and fault.when == "before":
            self._log(request.method, path, raw, fault.status)
            return _faulty(request, fault)
        answer = await self._operate(request, path, raw)
        if fault:
            self._log(request.method, path, raw, fault.status)
            return _faulty(request, fault)
        return self._respond(request, path, raw, answer)

    def _fault(self, method: str, path: str, raw: bytes) -> Fault | None:
        for fault in self.faults:
            hits = fault.method == method and re.search(fault.path, path)
            if hits and re.search(fault.body, raw.decode(errors="replace")):
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
                return fault
        return None

    async def _operate(self, request: web.Request, path: str, raw: bytes) -> Answer:
        if self.remaining <= 0:
            return rest.refused(GitHubRefusal(403, "API rate limit exceeded."))
        try:
            caller = authenticate(self.github, request.headers.get("Authorization"))
            if path == "/graphql":
                return await self._graphql(caller, raw)
        except GitHubRefusal as refusal:
            return rest.refused(refusal)
        try:
            return self._rest(caller, request.method, path, Sent({}, request.query, raw))
        except NotAsDescribedError as wrong:
            return Answer(500, {"message": str(wrong)})

    def _rest(self, caller: Caller, method: str, path: str, sent: Sent) -> Answer:
        found = rest.find(method, path)
        if found is None:
            self.unmodelled.append(f"{method} {path}")
            return Answer(501, {"message": f"the sandbox does not model {method} {path}"})
        one, parameters = found
        self._check("check_request", method, one.template, sent.raw)
        answer = rest.operate(self.github, caller, one, replace(sent, path=parameters))
        self._check("check_response", method, one.template, answer.status, answer.body)
        return answer

    def _check(self, name: str, method: str, template: str, *rest_of: object) -> None:
        """Hold request and response to GitHub's published description, which does not know `/repositories/{id}`."""
        if self._validate is None or template.startswith("/repositories/"):
            return
        if name == "check_request":
            raw = rest_of[0]
            rest_of = (json.loads(raw) if isinstance(raw, bytes) and raw.strip() else None,)
        try:
            getattr(self._validate, name)(method, template, *rest_of)
        except (ValueError, LookupError) as wrong:
            self.unmodelled.append(str(wrong))
            raise NotAsDescribedError(str(wrong)) from wrong

    async def _graphql(self, caller: Caller, raw: bytes) -> Answer:
        return Answer(200, await graphql.handle(self.github, rest.parse(raw), caller))

    def _respond(self, request: web.Request, path: str, raw: bytes, answer: Answer) -> web.Response:
        body = b"" if answer.body is None else json.dumps(answer.body, ensure_ascii=False).encode()
        headers = {"X-GitHub-Media-Type": "github.v3; format=json", **answer.headers}
        status = answer.status
        if request.method == "GET" and status == web.HTTPOk.status_code:
            headers["ETag"] = rest.etag(body)
            if request.headers.get("If-None-Match") == headers["ETag"]:
                status, body = 304, b""
        if status != web.HTTPNotModified.status_code:
            self.remaining -= 1
        reset = int(self.github.now().timestamp()) // 3600 * 3600 + 3600
        headers |= {
            "x-ratelimit-limit": str(_HOURLY),
            "x-ratelimit-remaining": str(max(self.remaining, 0)),
            "x-ratelimit-used": str(_HOURLY - self.remaining),
            "x-ratelimit-reset": str(reset),
            "x-ratelimit-resource": "graphql" if path == "/graphql" else "core",
        }
        self._log(request.method, path, raw, status)
        if body:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return web.Response(status=status, body=body, headers=headers)

    def _log(self, method: str, path: str, raw: bytes, status: int) -> None:
        found = rest.find(method, path)
        kind: Kind = "graphql" if path == "/graphql" else "token" if path.endswith("/access_tokens") else "rest"
        writes = kind == "rest" and method != "GET"
        if kind == "graphql":
            writes = _mutates(raw)
        operation = found[0].template if found else path
        self.calls.append(Call(method=method, path=path, operation=operation, kind=kind, writes=writes, status=status))


def _mutates(raw: bytes) -> bool:
    try:
        return bool(_MUTATION.search(str(rest.parse(raw).get("query", ""))))
    except GitHubRefusal:
        return False


def _faulty(request: web.Request, fault: Fault) -> web.StreamResponse:
    if fault.status == 0:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=502)
    return web.json_response({"message": fault.message}, status=fault.status, headers=dict(fault.headers))


def _optional(name: str) -> ModuleType | None:
    """A part of the sandbox that may not be there yet."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else None
