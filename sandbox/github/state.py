"""What the sandbox's GitHub remembers. No I/O, and no rules: those stand beside it, one module per concept.

`refs` (branches, trees, commits), `pulls` (pull requests), `merging`, `mergeability`, `talk` (issues, comments,
reactions, labels, reviews), `records` (check runs, deployments), `access` (who may), `events` (webhooks). REST, GraphQL
and the pages all call those functions, so that a fact cannot differ between two doors. All are synchronous: one call is
one atomic step.
"""

import base64
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sandbox.github.git import ZEROS, Git
from sandbox.github.things import (
    ROLES,
    App,
    Caller,
    CheckRun,
    Comment,
    Deployment,
    DeploymentStatus,
    Installation,
    Issue,
    Label,
    MergeQueue,
    Protection,
    PullRequest,
    QueueEntry,
    Reaction,
    Repository,
    Review,
    Role,
    Team,
    TimelineEvent,
    Token,
    User,
)

__all__ = [
    "ROLES",
    "ZEROS",
    "App",
    "Caller",
    "CheckRun",
    "Comment",
    "Delivery",
    "Deployment",
    "DeploymentStatus",
    "GitHub",
    "GitHubRefusal",
    "Installation",
    "Issue",
    "Label",
    "MergeQueue",
    "Node",
    "Protection",
    "PullRequest",
    "QueueEntry",
    "Reaction",
    "Repository",
    "Review",
    "Role",
    "Team",
    "TimelineEvent",
    "Token",
    "User",
]


class GitHubRefusal(Exception):
    """GitHub says no: the HTTP status, the message, and GitHub's `errors` (objects or strings) where it gives any."""

    def __init__(self, status: int, message: str, errors: tuple[dict[str, str] | str, ...] = ()) -> None:
        super().__init__(f"{status} {message} {errors or ''}".strip())
        self.status = status
        self.message = message
        self.errors = errors


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One webhook, on its way or gone. The same `guid` again is a redelivery. `answered`: the receiver's status."""

    id: int
    guid: str
    event: str
    app: App
    installation: Installation
    payload: dict[str, object]
    at: datetime
    redelivery: bool = False
    answered: int | None = None

    @property
    def action(self) -> str | None:
        found = self.payload.get("action")
        return found if isinstance(found, str) else None


@dataclass(slots=True, kw_only=True)
class Node:
    """What a GraphQL node id names, and the repository it lives in (None for users and Apps)."""

    thing: object
    repository: Repository | None


class GitHub:
    """The whole of it. `now` is the world's clock (aware UTC); `root` is where the bare repositories lie."""

    def __init__(self, root: Path, now: Callable[[], datetime]) -> None:
        self.root = root
        self.now = now
        self.url = "https://github.invalid"
        self.lazy_mergeable = True
        self.users: dict[str, User] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.repositories: dict[int, Repository] = {}
        # Full names in lower case that repositories had.
        self.former_names: dict[str, int] = {}
        self.tokens: dict[str, Token] = {}
        self.teams: dict[tuple[str, str], Team] = {}
        self.nodes: dict[str, Node] = {}
        self.outbox: deque[Delivery] = deque()
        self.deliveries: list[Delivery] = []
        self._ids: Iterator[int] = itertools.count(1001)
        self.ghost = self.add_user("ghost")
        self.web_flow = self.add_user("web-flow")
        self.merge_queue_bot = self.add_user("github-merge-queue[bot]", "Bot")

    def next_id(self) -> int:
        return next(self._ids)

    def identity(self, prefix: str) -> tuple[int, str]:
        """A new database id and its node id, e.g. (1003, "PR_MTAwMw")."""
        number = self.next_id()
        return number, f"{prefix}_{base64.urlsafe_b64encode(str(number).encode()).decode().rstrip('=')}"

    def register(self, node_id: str, thing: object, repository: Repository | None) -> None:
        self.nodes[node_id] = Node(thing=thing, repository=repository)

    def add_user(self, login: str, kind: Literal["User", "Bot", "Organization"] = "User") -> User:
        """The user of that login, made on first mention."""
        if login not in self.users:
            number, node_id = self.identity({"User": "U", "Bot": "BOT", "Organization": "O"}[kind])
            self.users[login] = User(login=login, id=number, node_id=node_id, type=kind)
            self.register(node_id, self.users[login], None)
        return self.users[login]

    def rename_user(self, login: str, to: str) -> None:
        """A person takes another login; the old one is free, and whoever takes it is somebody else.

        Roles and teams follow the person.
        """
        user = self.users.pop(login)
        user.login = to
        self.users[to] = user
        for repository in self.repositories.values():
            if login in repository.collaborators:
                repository.collaborators[to] = repository.collaborators.pop(login)
        for team in self.teams.values():
            if login in team.members:
                team.members[to] = team.members.pop(login)

    def add_team(self, name: str, *members: str) -> Team:
        """A team, named `org/slug`, with active members."""
        organisation, _, slug = name.partition("/")
        identity, node_id = self.identity("T")
        made = Team(id=identity, node_id=node_id, organisation=self.add_user(organisation, "Organization"), slug=slug)
        for login in members:
            made.members[login] = "active"
        self.teams[organisation.lower(), slug.lower()] = made
        return made

    def user_of_email(self, email: str) -> User | None:
        """Whose commit this is: GitHub matches by e-mail address alone."""
        return next((user for user in self.users.values() if user.email == email), None)

    def add_repository(self, full_name: str, *, private: bool = True, default_branch: str = "main") -> Repository:
        """A new empty repository. The owner becomes an organisation unless it is known as a person."""
        owner, _, name = full_name.partition("/")
        number, node_id = self.identity("R")
        repository = Repository(
            id=number,
            node_id=node_id,
            owner=self.add_user(owner, "Organization"),
            name=name,
            default_branch=default_branch,
            private=private,
            git=Git(self.root / f"{number}.git", default_branch),
            created=self.now(),
        )
        self.repositories[number] = repository
        self.register(node_id, repository, None)
        return repository

    def repository(self, full_name: str) -> Repository | None:
        """The repository of that name, else the one that had it before: GitHub leads on from there."""
        wanted = full_name.lower()
        found = next((r for r in self.repositories.values() if r.full_name.lower() == wanted), None)
        return found or self.repositories.get(self.former_names.get(wanted, 0))
