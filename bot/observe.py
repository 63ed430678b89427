"""Gather the facts of one pass: one GraphQL read, the registry's tags, the cluster's Applications.

JSON never leaves here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol, TypeVar

from bot.actions import Ask
from bot.configuration_change import key_files
from bot.content import branch_name
from bot.github import people, read, read_open
from bot.github.documents import (
    CONFIG_HISTORY,
    CONFIG_PATH,
    CONFIG_REVISIONS,
    RECORDS_AFTER,
    RECORDS_READ,
    Place,
    batches,
    merged_query,
    repository_query,
)
from bot.github.identity import AppIdentity
from bot.github.objects import Objects
from bot.github.read_revisions import read_revisions
from bot.github.rules import branch_rules
from bot.github.shape import Node
from bot.merges import record_name
from bot.model import (
    Application,
    Conversation,
    Digest,
    ImageDetails,
    Issues,
    Merged,
    Observation,
    OpenPulls,
    PullRequest,
    Repository,
    Revision,
    Sha,
    Signature,
    SignatureMaterial,
    Tags,
    Unknown,
)
from bot.model import Place as PlaceFacts
from bot.scans import Kind
from config.folders import Folders
from config.pipeline import Artifacts, ChartSource, Configuration, Environment, ImageSource, Pipeline, Strategy, Verify
from config.public_key import is_inline_key


class GitHubClient(Protocol):
    async def get(self, path: str) -> object: ...
    async def graphql(self, query: str, variables: dict[str, object]) -> dict[str, object]: ...


class TagSource(Protocol):
    async def tags(self, location: str, *, times: bool = False, kind: Kind = Kind.IMAGE) -> Tags | Unknown: ...
    async def digest(self, location: str, tag: str) -> Digest | Unknown | None: ...
    async def details(self, location: str, digest: Digest) -> ImageDetails | Unknown: ...
    async def signature_material(self, location: str, digest: Digest) -> SignatureMaterial | Unknown: ...


class SignatureVerifier(Protocol):
    async def verify(
        self, verify: Verify, *, digest: Digest, material: SignatureMaterial, key_text: str | None
    ) -> Signature | Unknown: ...


class HealthSource(Protocol):
    def applications(self, repository: str) -> tuple[Application, ...] | Unknown: ...


Key = tuple[str, str]
# Further pages of a hundred deployments that are read for one environment, where others crowd ours out.
_MOST_PAGES = 5
_NOWHERE_ELSE: Mapping[str, GitHubClient] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubFacts:
    """What one request read. `places`: by (pipeline, environment). `keys`: path → text, None where there is none.

    `folders`: path → names of the folders in it, None where there is none. `pulls`: open pull requests into the
    branches that were asked about, as far as one request lists them. `conversations` and `issues` are read where
    anything is declared.
    """

    repository: Repository
    places: Mapping[Key, PlaceFacts]
    keys: Mapping[str, str | None]
    folders: Folders = field(default_factory=dict)
    pulls: OpenPulls = field(default_factory=OpenPulls)
    conversations: tuple[Conversation, ...] = ()
    issues: Issues = field(default_factory=Issues)


def places(configuration: Configuration, default_branch: str) -> dict[Key, Place]:
    """Where each environment of the repository itself is read, by (pipeline, environment)."""
    return {
        (pipeline.name, environment.name): place_of(pipeline, environment, default_branch)
        for pipeline in configuration.pipelines
        for environment in pipeline.environments
        if environment.repository is None
    }


def place_of(pipeline: Pipeline, environment: Environment, default_branch: str) -> Place:
    """Where one environment is read, in the repository that it lives in."""
    return Place(
        branch=environment.branch or default_branch,
        folder=environment.path,
        head=branch_name(pipeline, environment),
        record=record_name(pipeline, environment),
        owners=environment.reads_owners,
        hydrated=environment.hydrated or "",
    )


async def read_github(
    client: GitHubClient,
    full_name: str,
    wanted: Mapping[Key, Place],
    *,
    keys: tuple[str, ...] = (),
    folders: tuple[str, ...] = (),
    into: tuple[str, ...] = (),
    identity: AppIdentity,
) -> GitHubFacts:
    """One request: the repository with its configuration, every place of `wanted`, the key files and the folders.

    `into`: the branches whose open pull requests are listed.

    More places than GitHub answers for at once take one request more for each `MOST_PLACES`.
    """
    owner, name = full_name.split("/", 1)
    repository: Repository | None = None
    texts: dict[str, str | None] = {}
    listed: dict[str, tuple[str, ...] | None] = {}
    found: list[PlaceFacts] = []
    pulls: dict[str, tuple[PullRequest, ...]] = {}
    after: dict[str, str] = {}
    talks: dict[str, Node] = {}
    names = [f"{pipeline}/{environment}" for pipeline, environment in wanted]
    first: dict[str, object] = {}
    for some in batches(tuple(wanted.values())):
        # The key files and the folders come with the first, and so does what people say.
        asked, parents = (keys, folders) if repository is None else ((), ())
        branches = _listed_with(into, some, asked_before=pulls.keys(), first=repository is None)
        us = f"{identity.slug}[bot]" if wanted and repository is None else None
        query, named = repository_query(some, asked, folders=parents, into=branches, us=us)
        app: dict[str, object] = {"app": identity.app_id} if branches else {}
        data = await client.graphql(query, {**named, **app, "owner": owner, "name": name})
        repository = repository or read.read_repository(data, identity=identity)
        texts |= read.read_keys(data, asked)
        first = first or data
        listed |= read.read_folders(data, parents)
        for i, place in enumerate(some):
            talks[names[len(found)]] = read.place_talk(data, i)
            facts = read.read_place(data, i, place, identity=identity, repository=repository)
            cursor = read.records_crowded_at(data, i, place, identity=identity)
            found.append(await _with_records(client, full_name, place, facts, cursor=cursor, identity=identity))
        opened = read_open.read_open(data, branches, identity=identity)
        pulls |= opened.into
        after |= opened.after
    assert repository is not None
    known = GitHubFacts(
        repository=repository,
        places=dict(zip(wanted, found, strict=True)),
        keys=texts,
        folders=listed,
        pulls=OpenPulls(into=pulls, after=after),
    )
    if not wanted:
        return known
    by_name = dict(zip(names, wanted.values(), strict=True))
    conversations, issues = read.read_talk(first, by_name, talks, identity=identity)
    return replace(known, conversations=conversations, issues=issues)


async def read_merged(
    client: GitHubClient, repository: Repository, wanted: Mapping[Key, Place], *, identity: AppIdentity
) -> Mapping[Key, tuple[Merged, ...]]:
    """The merged promotions of each place, newest first, further back than a pass looks: a query of its own."""
    owner, name = repository.full_name.split("/", 1)
    found: list[tuple[Merged, ...]] = []
    for some in batches(tuple(wanted.values())):
        query, named = merged_query(some)
        data = await client.graphql(query, {**named, "owner": owner, "name": name})
        found += [
            read.read_merged(data, i, place, identity=identity, repository=repository) for i, place in enumerate(some)
        ]
    return dict(zip(wanted, found, strict=True))


def branches(configuration: Configuration, default_branch: str) -> tuple[str, ...]:
    """Those that hold environments, another repository's among them, and the one that holds the declaration."""
    every = (one for pipeline in configuration.pipelines for one in pipeline.environments)
    own = [one.branch for one in every if one.repository is None]
    theirs = [one.branch for one in configuration.received]
    return tuple(dict.fromkeys((default_branch, *(branch for branch in (*own, *theirs) if branch is not None))))


def _listed_with(
    into: tuple[str, ...], some: tuple[Place, ...], *, asked_before: Collection[str], first: bool
) -> tuple[str, ...]:
    """Each branch is listed once, with the first of its places; what has none comes with the first request."""
    here = {place.branch for place in some}
    return tuple(b for b in into if b not in asked_before and (b in here or (first and b == into[0])))


async def _with_records(
    client: GitHubClient,
    full_name: str,
    place: Place,
    facts: PlaceFacts,
    *,
    cursor: str | None,
    identity: AppIdentity,
) -> PlaceFacts:
    """The environment with as many of our records as a page holds, past those that others made in its name.

    Whoever made more than we read has hidden the older ones: what stands is then adopted, and soaks anew.
    """
    owner, name = full_name.split("/", 1)
    for _ in range(_MOST_PAGES):
        if cursor is None or len(facts.records) >= RECORDS_READ:
            break
        variables: dict[str, object] = {"owner": owner, "name": name, "record": place.record, "after": cursor}
        data = await client.graphql(RECORDS_AFTER, variables)
        further = read.read_more_records(data, place, identity=identity)
        facts = replace(facts, records=(*facts.records, *further)[:RECORDS_READ])
        cursor = read.records_crowded_at(data, 0, place, identity=identity)
    return facts


async def earlier_configurations(client: GitHubClient, full_name: str) -> tuple[tuple[Sha, str | None], ...]:
    """Earlier texts of the file, newest first: one of them may still parse."""
    owner, name = full_name.split("/", 1)
    variables: dict[str, object] = {"owner": owner, "name": name, "config": CONFIG_PATH}
    return read.read_config_history(await client.graphql(CONFIG_HISTORY, variables))


async def revisions(client: GitHubClient, full_name: str, *, identity: AppIdentity) -> tuple[Revision, ...]:
    """How the file came to be as it is, newest first."""
    owner, name = full_name.split("/", 1)
    variables: dict[str, object] = {"owner": owner, "name": name, "config": CONFIG_PATH, "app": identity.app_id}
    return read_revisions(await client.graphql(CONFIG_REVISIONS, variables))


def key_paths(configuration: Configuration) -> tuple[str, ...]:
    """The key files that the declaration names, which are read on the default branch."""
    return tuple(sorted({path for pipeline in configuration.pipelines for path in key_files(pipeline)}))


async def observe(
    pipeline: Pipeline,
    seen: Observation,
    *,
    tags: TagSource,
    cluster: HealthSource,
) -> Observation:
    """Add what the registry and the cluster say to what GitHub said. Registries are read side by side."""
    listed = await _listings(pipeline, pipeline.artifacts, tags)
    followed = {e.name: f"github.com/{seen.repository_of(e.name).full_name}".lower() for e in pipeline.environments}
    said = {repository: cluster.applications(repository) for repository in set(followed.values())}
    return replace(seen, tags=listed, applications={name: said[repository] for name, repository in followed.items()})


async def _listings(
    pipeline: Pipeline, artifacts: Mapping[str, Artifacts], tags: TagSource
) -> dict[str, Tags | Unknown]:
    read = await asyncio.gather(*(_listed(pipeline, source, tags) for source in artifacts.values()))
    return dict(zip(artifacts, read, strict=True))


async def _listed(pipeline: Pipeline, source: Artifacts, tags: TagSource) -> Tags | Unknown:
    kind = Kind.CHART if isinstance(source, ChartSource) else Kind.IMAGE
    return await tags.tags(source.location, times=_needs_times(pipeline, source), kind=kind)


def _needs_times(pipeline: Pipeline, source: Artifacts) -> bool:
    """Whether anything depends on when a tag appeared."""
    newest_build = isinstance(source, ImageSource) and source.strategy is Strategy.NEWEST_BUILD
    return newest_build or source.minimum_age is not None or pipeline.release is not None


async def answer(
    ask: Ask,
    pipeline: Pipeline,
    seen: Observation,
    *,
    client: GitHubClient,
    tags: TagSource,
    verifier: SignatureVerifier,
    objects: Objects,
    elsewhere: Mapping[str, GitHubClient] = _NOWHERE_ELSE,
) -> Observation:
    """The observation with the facts asked for; what cannot be learnt is Unknown.

    `objects`: what was read of Git. `elsewhere`: the clients of the other repositories that environments live in, by
    full name.
    """
    digests = await _gathered(ask.digests, lambda key: tags.digest(*key))
    details = await _gathered(ask.details, lambda key: tags.details(key[0], Digest(key[1])))
    signatures = await _gathered(ask.signatures, lambda key: _signature(key, pipeline, seen, tags, verifier))
    seen = await _with_objects(ask, seen, client, objects)
    # A digest that was learnt just now may show that a tag was moved, and then its age begins again.
    moved = {location for location, _ in digests}
    asked = {name: source for name, source in pipeline.artifacts.items() if source.location in moved}
    listed = await _listings(pipeline, asked, tags)
    known = await ask_of_people(ask, seen, client=client, elsewhere=elsewhere)
    return replace(
        known,
        tags={**seen.tags, **listed},
        digests={**seen.digests, **digests},
        details={**seen.details, **details},
        signatures={**seen.signatures, **signatures},
    )


async def ask_of_people(
    ask: Ask, seen: Observation, *, client: GitHubClient, elsewhere: Mapping[str, GitHubClient] = _NOWHERE_ELSE
) -> Observation:
    """The observation with the roles and memberships asked for."""
    permissions, identities = dict(seen.permissions), dict(seen.identities)
    for login in sorted(ask.permissions):
        permissions[login], identities[login] = await people.permission(client, seen.repository.full_name, login)
    roles_elsewhere = dict(seen.roles_elsewhere)
    for full_name, login in sorted(ask.roles_elsewhere):
        roles_elsewhere[full_name, login] = await people.permission(elsewhere[full_name], full_name, login)
    memberships = dict(seen.memberships)
    for team, login in sorted(ask.memberships):
        memberships[team, login] = await people.membership(client, team, login)
    rules = dict(seen.rules)
    for branch in sorted(ask.rules):
        rules[branch] = await branch_rules(client, seen.repository.full_name, branch)
    rules_elsewhere = dict(seen.rules_elsewhere)
    for full_name, branch in sorted(ask.rules_elsewhere):
        rules_elsewhere[full_name, branch] = await branch_rules(elsewhere[full_name], full_name, branch)
    return replace(
        seen,
        rules=rules,
        permissions=permissions,
        identities=identities,
        memberships=memberships,
        roles_elsewhere=roles_elsewhere,
        rules_elsewhere=rules_elsewhere,
    )


async def _with_objects(ask: Ask, seen: Observation, client: GitHubClient, objects: Objects) -> Observation:
    """With what was asked of Git's trees and comparisons."""
    full_name = seen.repository.full_name
    return replace(
        seen,
        folders={**seen.folders, **await objects.folders(client, full_name, ask.folders)},
        listings={**seen.listings, **await objects.listings(client, full_name, ask.listings)},
        comparisons={**seen.comparisons, **await objects.comparisons(client, full_name, ask.comparisons)},
        notes={**seen.notes, **await objects.notes(client, full_name, ask.notes)},
    )


_Fact = TypeVar("_Fact")
_Pair = tuple[str, str]


async def _gathered(keys: frozenset[_Pair], read: Callable[[_Pair], Awaitable[_Fact]]) -> dict[_Pair, _Fact]:
    """Each fact by its key, read side by side; the registry's client bounds how many at once."""
    ordered = sorted(keys)
    return dict(zip(ordered, await asyncio.gather(*(read(key) for key in ordered)), strict=True))


async def _signature(
    key: _Pair, pipeline: Pipeline, seen: Observation, tags: TagSource, verifier: SignatureVerifier
) -> Signature | Unknown:
    """Whether the artifact is signed as the pipeline declares."""
    name, digest = key[0], Digest(key[1])
    source = pipeline.artifacts[name]
    assert source.verify is not None
    material = await tags.signature_material(source.location, digest)
    if isinstance(material, Unknown):
        return material
    declared = source.verify.cosign.key
    text = seen.keys.get(declared) if declared is not None and not is_inline_key(declared) else declared
    return await verifier.verify(source.verify, digest=digest, material=material, key_text=text)
