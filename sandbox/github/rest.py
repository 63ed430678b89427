"""The REST door: which operations there are, and what happens around each: access, validation, faults, ETags, the log.

Operations register themselves beside their code (`rest_*`). One that is not there answers 501 and is remembered in
`GitHubServer.unmodelled`, so that nothing is answered by accident.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from sandbox.github.access import READ, Need, require
from sandbox.github.state import Caller, GitHub, GitHubRefusal, Repository

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request to an operation, with access granted."""

    github: GitHub
    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    found: Repository | None = None

    @property
    def repository(self) -> Repository:
        if self.found is None:
            raise GitHubRefusal(404, "Not Found")
        return self.found

    def text(self, name: str) -> str:
        """A required string of the body."""
        value = self.body.get(name)
        if not isinstance(value, str):
            raise GitHubRefusal(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return value

    def maybe(self, name: str) -> str | None:
        """An optional string of the body; null and absent are the same."""
        value = self.body.get(name)
        return value if isinstance(value, str) else None

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.body.get(name)
        return value if isinstance(value, bool) else default

    def number(self, name: str) -> int:
        """A number of the path."""
        if not self.path[name].isdigit():
            raise GitHubRefusal(404, "Not Found")
        return int(self.path[name])


Operate = Callable[[Ask], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """`template` as GitHub's description writes it. `need` None: the operation judges access itself."""

    method: str
    template: str
    need: Need | None
    operate: Operate
    pattern: re.Pattern[str] = field(repr=False)


OPERATIONS: list[Operation] = []


def operation(method: str, template: str, need: Need | None = READ) -> Callable[[Operate], Operate]:
    """Register what answers `method template`."""

    def register(operate: Operate) -> Operate:
        # A ref holds slashes; nothing else does.
        pieces = re.sub(r"\{(\w+)\}", lambda m: f"(?P<{m[1]}>{'.+' if m[1] == 'ref' else '[^/]+'})", template)
        pattern = re.compile(pieces)
        OPERATIONS.append(Operation(method=method, template=template, need=need, operate=operate, pattern=pattern))
        return operate

    return register


def find(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The operation that answers a raw (still quoted) path, and the path's parameters."""
    for one in OPERATIONS:
        matched = one.pattern.fullmatch(path) if one.method == method else None
        if matched:
            return one, {name: unquote(value) for name, value in matched.groupdict().items()}
    return None


@dataclass(frozen=True, slots=True)
class Sent:
    """What came with a request: the path's parameters, the query's, and the body."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes


def operate(github: GitHub, caller: Caller, one: Operation, sent: Sent) -> Answer:
    """Run an operation; a refusal becomes its answer."""
    try:
        return one.operate(_ask(github, caller, one, sent))
    except GitHubRefusal as refusal:
        return refused(refusal)


def _ask(github: GitHub, caller: Caller, one: Operation, sent: Sent) -> Ask:
    path = sent.path
    found = github.repository(f"{path['owner']}/{path['repo']}") if "owner" in path else None
    if one.need is not None:
        if found is None:
            raise GitHubRefusal(404, "Not Found")
        require(caller, found, one.need)
    return Ask(github=github, caller=caller, path=path, query=sent.query, body=parse(sent.raw), found=found)


def parse(raw: bytes) -> Json:
    """The body; GitHub takes no body for an empty object."""
    if not raw.strip():
        return {}
    try:
        body = json.loads(raw)
    except ValueError as wrong:
        raise GitHubRefusal(400, "Problems parsing JSON") from wrong
    if not isinstance(body, dict):
        raise GitHubRefusal(400, "Body should be a JSON object")
    return body


def refused(refusal: GitHubRefusal) -> Answer:
    body: Json = {
        "message": refusal.message,
        "documentation_url": "https://docs.github.com/rest",
        "status": str(refusal.status),
    }
    if refusal.errors:
        body["errors"] = list(refusal.errors)
    return Answer(refusal.status, body)


def etag(body: bytes) -> str:
    return f'W/"{hashlib.sha256(body).hexdigest()}"'
