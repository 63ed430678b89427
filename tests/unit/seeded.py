"""A sandbox repository as the bot finds it half-way: configured, with a promotion proposed."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.github.documents import CONFIG_PATH, Mutation, Place, mutation_document, repository_query
from sandbox.github import access, pulls, refs
from sandbox.github.graphql import execute
from sandbox.github.state import App, Caller, GitHub, PullRequest, Repository

ZEROS = "0" * 40
PERMISSIONS = {
    "metadata": "read",
    "contents": "write",
    "pull_requests": "write",
    "issues": "write",
    "checks": "write",
    "deployments": "write",
    "merge_queues": "read",
}
EVENTS = ["push", "pull_request", "issue_comment", "check_run", "deployment_status"]


class Clock:
    """Stands still until told otherwise."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A repository with a configuration, a folder, our head with an open pull request, and records."""

    clock: Clock
    github: GitHub
    repository: Repository
    app: App
    ours: Caller
    alice: Caller
    pull: PullRequest

    async def run(self, document: str, variables: Mapping[str, object], *, by: Caller | None = None) -> dict[str, Any]:
        return await execute(self.github, by or self.ours, document, variables)

    async def read(self, *places: Place) -> dict[str, Any]:
        document, variables = repository_query(places or (STAGING,), us="caisson[bot]")
        return await self.run(document, variables | {"owner": "org", "name": "gitops"})

    async def mutate(self, *mutations: Mutation) -> dict[str, Any]:
        return await self.run(*mutation_document(mutations))


STAGING = Place(branch="main", folder="apps/shop/staging", head="caisson/shop/staging", record="shop/staging")
WHOLE = Place(branch="main", folder="", head="caisson/shop/staging", record="shop/staging")


def seed(root: Path, permissions: Mapping[str, str] = PERMISSIONS) -> Seeded:
    """The repository, with the App installed that has these permissions."""
    clock = Clock()
    github = GitHub(root, clock.now)
    repository = github.add_repository("org/gitops")
    repository.collaborators["alice"] = "write"
    alice = Caller(user=github.add_user("alice"))
    manifest = {"default_permissions": permissions, "default_events": EVENTS}
    app = access.register_app(github, "caisson", manifest, webhook_secret="s")
    installation = access.install(github, app, repository)
    token = access.issue_token(github, Caller(user=app.bot, app=app), installation.id)
    ours = Caller(user=app.bot, app=app, token=token)
    files: dict[str, str | bytes | None] = {
        CONFIG_PATH: "version: 1\n",
        "apps/shop/staging/kustomization.yaml": "newTag: 1.0.0\n",
        "logo.png": b"\0\1",
    }
    refs.commit(github, repository, "main", files, "start", by=alice.user)
    clock.advance(minutes=1)
    pull = promote(github, repository, ours)
    return Seeded(clock=clock, github=github, repository=repository, app=app, ours=ours, alice=alice, pull=pull)


def promote(github: GitHub, repository: Repository, ours: Caller) -> PullRequest:
    """Our head, made as the bot makes it, and its pull request."""
    base = repository.branch("main") or ""
    entry = {"path": "apps/shop/staging/kustomization.yaml", "mode": "100644", "content": "newTag: 1.1.0\n"}
    tree = refs.create_tree(repository, [entry], repository.git.commit(base).tree)
    sha = refs.create_commit(github, repository, ours, message="Promote\n\nX: 1", tree=tree, parents=[base])
    refs.create_ref(github, repository, ours, "refs/heads/caisson/shop/staging", sha)
    return pulls.create_pull_request(
        github, repository, ours, title="Promote shop", head="caisson/shop/staging", base="main"
    )


def git(seeded: Seeded, *arguments: str) -> str:
    """What git itself says."""
    done = subprocess.run(
        ["git", *arguments], cwd=seeded.repository.git.path, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def errors_of(answer: Mapping[str, Any]) -> list[tuple[str, list[object]]]:
    """Each error's type and path."""
    return [(error["type"], error["path"]) for error in answer.get("errors", ())]
