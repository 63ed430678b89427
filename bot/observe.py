"""Gather the facts of one pass: one GraphQL read, the registry's tags, the cluster's Applications.

JSON never leaves here.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from bot.actions import Ask
from bot.content import branch_name
from bot.errors import Permanent
from bot.github import read
from bot.github.documents import CONFIG_HISTORY, CONFIG_PATH, Place, repository_query
from bot.github.identity import AppIdentity
from bot.merges import record_name
from bot.model import (
    Application,
    Digest,
    Observation,
    Permission,
    Repository,
    Sha,
    Tags,
    Unknown,
)
from bot.model import Place as PlaceFacts
from config.pipeline import Configuration, Pipeline


class GitHubClient(Protocol):
    async def get(self, path: str) -> object: ...
    async def graphql(self, query: str, variables: dict[str, object]) -> dict[str, object]: ...


class TagSource(Protocol):
    async def tags(self, repository: str) -> Tags | Unknown: ...
    async def digest(self, repository: str, tag: str) -> Digest | Unknown | None: ...


class HealthSource(Protocol):
    def applications(self, repository: str) -> tuple[Application, ...] | Unknown: ...


Key = tuple[str, str]


def places(configuration: Configuration, default_branch: str) -> dict[Key, Place]:
    """Where each environment is read, by (pipeline, environment)."""
    return {
        (pipeline.name, environment.name): Place(
            branch=environment.branch or default_branch,
            folder=environment.path,
            head=branch_name(pipeline, environment),
            record=record_name(pipeline, environment),
        )
        for pipeline in configuration.pipelines
        for environment in pipeline.environments
    }


async def read_github(
    client: GitHubClient, full_name: str, wanted: Mapping[Key, Place], *, identity: AppIdentity
) -> tuple[Repository, dict[Key, PlaceFacts]]:
    """One request: the repository with its configuration, and every place of `wanted`."""
    owner, name = full_name.split("/", 1)
    query, variables = repository_query(tuple(wanted.values()))
    data = await client.graphql(query, {**variables, "owner": owner, "name": name})
    repository = read.read_repository(data, identity=identity)
    found = {
        key: read.read_place(data, i, place, identity=identity, repository=repository)
        for i, (key, place) in enumerate(wanted.items())
    }
    return repository, found


async def earlier_configurations(client: GitHubClient, full_name: str) -> tuple[tuple[Sha, str | None], ...]:
    """Earlier texts of the file, newest first: one of them may still parse."""
    owner, name = full_name.split("/", 1)
    variables: dict[str, object] = {"owner": owner, "name": name, "config": CONFIG_PATH}
    return read.read_config_history(await client.graphql(CONFIG_HISTORY, variables))


async def observe(
    pipeline: Pipeline,
    seen: Observation,
    *,
    tags: TagSource,
    cluster: HealthSource,
) -> Observation:
    """Add what the registry and the cluster say to what GitHub said."""
    listed = {name: await tags.tags(image.repository) for name, image in pipeline.images.items()}
    applications = cluster.applications(f"github.com/{seen.repository.full_name}".lower())
    return replace(seen, tags=listed, applications={e.name: applications for e in pipeline.environments})


async def answer(ask: Ask, seen: Observation, *, client: GitHubClient, tags: TagSource) -> Observation:
    """The observation with the facts asked for; what cannot be learnt is Unknown."""
    digests = dict(seen.digests)
    for repository, tag in sorted(ask.digests):
        digests[repository, tag] = await tags.digest(repository, tag)
    permissions = dict(seen.permissions)
    for login in sorted(ask.permissions):
        permissions[login] = await _permission(client, seen.repository.full_name, login)
    return replace(seen, digests=digests, permissions=permissions)


async def _permission(client: GitHubClient, full_name: str, login: str) -> Permission | Unknown:
    """`role_name`, since `permission` folds triage into read and maintain into write."""
    try:
        body = await client.get(f"/repos/{full_name}/collaborators/{login}/permission")
    except Permanent as error:
        return Unknown(f"{login}'s access could not be read: {error}")
    role = body.get("role_name") if isinstance(body, dict) else None
    try:
        return Permission(str(role))
    except ValueError:
        return Unknown(f"{login} has the custom role {role!r}, which is not understood")
