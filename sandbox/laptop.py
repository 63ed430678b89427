"""A GitHub, registries and a cluster on one laptop, wired together: what the demo and the tests run on.

Nothing here moves on its own: whoever drives it delivers the webhooks, sends the registry's notifications and lets the
cluster roll out, so that a test owns every order of events.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Self

import aiohttp

from sandbox.charts import ChartRepository
from sandbox.cluster import ClusterServer
from sandbox.github import merging, pulls, queueing, refs, talk
from sandbox.github.access import change_repositories, install, register_app
from sandbox.github.events import deliver
from sandbox.github.server import GitHubServer
from sandbox.github.state import App, Caller, Delivery, GitHub, Installation, Issue, PullRequest, Repository, Role, User
from sandbox.registry import RegistryServer

WEBHOOK_SECRET = "the laptop's own webhook secret"
REGISTRY_TOKEN = "the laptop's own registry token"


class Laptop:
    """`github`, `registry`, `charts` and `cluster` are the states.

    `github_server.calls` is the log of what the bot asked.
    """

    def __init__(self, root: Path, now: Callable[[], datetime], *, manifest: Path) -> None:
        self.github = GitHub(root, now)
        self.github_server = GitHubServer(self.github)
        self.registry = RegistryServer(now)
        self.charts = ChartRepository(now)
        self.cluster = ClusterServer(now)
        self.app: App = register_app(self.github, "caisson", manifest, webhook_secret=WEBHOOK_SECRET)
        self._session: aiohttp.ClientSession | None = None

    async def start(self, *, github_port: int = 0) -> Self:
        await self.github_server.start(port=github_port)
        await self.registry.start()
        await self.charts.start()
        await self.cluster.start()
        self._session = aiohttp.ClientSession()
        return self

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()
        await self.cluster.stop()
        await self.charts.stop()
        await self.registry.stop()
        await self.github_server.stop()

    # --- people -------------------------------------------------------------------------------------------------------

    def repository(
        self,
        full_name: str,
        files: Mapping[str, str],
        *,
        people: Mapping[str, Role],
        branches: tuple[str, ...] = (),
        beside: Repository | None = None,
    ) -> Repository:
        """A repository with a first commit, its collaborators (login → role), and the App installed on it.

        `beside`: a repository whose installation takes this one in; else it has one of its own.
        """
        made = self.github.add_repository(full_name)
        for login, role in people.items():
            self.github.add_user(login)
            made.collaborators[login] = role
        first = self.github.users[next(iter(people))]
        refs.commit(self.github, made, made.default_branch, files, "Start", by=first)
        for branch in branches:
            refs.commit(self.github, made, branch, {}, f"Start {branch}", by=first)
        if beside is None:
            install(self.github, self.app, made)
        else:
            change_repositories(self.github, self.installation(beside), add=[made])
        return made

    def installation(self, repository: Repository) -> Installation:
        """The installation that a repository is of."""
        return next(one for one in self.github.installations.values() if repository.id in one.repository_ids)

    def person(self, login: str) -> Caller:
        return Caller(user=self.user(login))

    def user(self, login: str) -> User:
        return self.github.users[login]

    def commit(
        self,
        repository: Repository,
        files: Mapping[str, str | bytes | None],
        message: str,
        *,
        by: str,
        branch: str = "",
        modes: Mapping[str, str] | None = None,
    ) -> str:
        """A person pushes a commit. `modes`: of paths that are no plain files."""
        where = branch or repository.default_branch
        return refs.commit(self.github, repository, where, files, message, by=self.user(by), modes=modes)

    def read(self, repository: Repository, commit: str, path: str) -> str:
        """A file's text as a commit has it; KeyError where it has none."""
        entry = repository.git.entry(repository.git.commit(commit).tree, path)
        if entry is None:
            raise KeyError(path)
        return repository.git.blob(entry.sha).decode()

    def approve(self, repository: Repository, pull: PullRequest, *, by: str) -> None:
        talk.submit_review(self.github, repository, self.person(by), pull, event="APPROVE")

    def comment(self, repository: Repository, issue: Issue, body: str, *, by: str) -> None:
        """On an issue, or on a pull request."""
        talk.add_comment(self.github, repository, self.person(by), issue.number, body)

    def merge(self, repository: Repository, pull: PullRequest, *, by: str, method: str = "squash") -> str:
        """A person merges on GitHub."""
        return merging.merge_pull_request(self.github, repository, self.person(by), pull, method=method)

    def enqueue(self, repository: Repository, pull: PullRequest, *, by: str) -> None:
        """A person presses "Merge when ready" where the branch has a merge queue."""
        queueing.enqueue(self.github, repository, self.person(by), pull, expected_head=pull.head_sha)

    def close(self, repository: Repository, pull: PullRequest, *, by: str) -> None:
        pulls.close_pull_request(self.github, repository, self.user(by), pull)

    # --- machinery ----------------------------------------------------------------------------------------------------

    async def deliver(self, delivery: Delivery, url: str) -> int:
        """Send one webhook to the bot at `url`; its HTTP status."""
        assert self._session is not None
        return await deliver(delivery, f"{url}/webhooks/github", self._session)

    async def notify(self, url: str) -> int:
        """Send the registry's notifications to the bot at `url`; how many were taken."""
        assert self._session is not None
        headers = {"Authorization": f"Bearer {REGISTRY_TOKEN}"}
        return await self.registry.notify(f"{url}/webhooks/registry/laptop", headers, self._session)

    async def roll_out(self) -> bool:
        """The cluster does what Argo CD would do now; whether anything changed."""

        async def revision(repository_url: str, target: str) -> str | None:
            full_name = repository_url.removesuffix(".git").split("github.com/", 1)[-1]
            found = self.github.repository(full_name)
            return found.branch(found.default_branch if target in ("HEAD", "") else target) if found else None

        return await self.cluster.roll_out(revision)
