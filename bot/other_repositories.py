"""The other repositories that a repository's environments live in: found, read, and held to accept them.

One read for each of them, of its file and the accepted places in one moment, under a token that opens it and the
repository that promotes into it, and nothing else.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from bot.acceptance import Asking, Refusal, acceptance, accepted
from bot.errors import Permanent, Transient
from bot.github.client import GitHubApp, RepositoryClient
from bot.github.documents import Place as Where
from bot.github.failures import NotFound
from bot.known import Known, Layout
from bot.layouts import Wanting
from bot.model import Elsewhere, Place, Repository
from bot.observe import GitHubFacts, Key, place_of
from config.pipeline import Configuration, Environment, Mode, Pipeline, Received

Reading = Callable[[str, RepositoryClient, str, Wanting], Awaitable[tuple[GitHubFacts, Layout]]]
_Environments = tuple[tuple[Pipeline, Environment], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Another repository as it was read, and the way to it."""

    repository: Repository
    client: RepositoryClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Others:
    """What was read. `written`: by full name. `received`: pipeline → environment → what accepts it.

    `unread`: pipelines that cannot be decided on in this pass, and why. `failure`: to be tried again after the pass.
    """

    written: Mapping[str, Written] = field(default_factory=dict)
    places: Mapping[Key, Place] = field(default_factory=dict)
    received: Mapping[Key, Received] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    failure: Transient | None = None

    def accepted(self, pipeline: Pipeline) -> Pipeline:
        """The pipeline as it is judged: its accepted environments ask for what both files ask."""
        return accepted(pipeline, {name: one for (of, name), one in self.received.items() if of == pipeline.name})

    @property
    def clients(self) -> dict[str, RepositoryClient]:
        return {name: one.client for name, one in self.written.items()}

    def __or__(self, other: "Others") -> "Others":
        return Others(
            written={**self.written, **other.written},
            places={**self.places, **other.places},
            received={**self.received, **other.received},
            unread={**self.unread, **other.unread},
            failure=self.failure or other.failure,
        )


class OtherRepositories:
    """Reads them. `read_one` reads one repository with its layout; `list_all` lists an installation's repositories."""

    def __init__(
        self, app: GitHubApp, known: Known, *, read_one: Reading, list_all: Callable[[int], Awaitable[None]]
    ) -> None:
        self._app = app
        self._known = known
        self._read_one = read_one
        self._list_all = list_all

    async def read(self, key: str, installation: int, home: Repository, declared: Configuration | None) -> Others:
        """All that the declaration of `home` names. What hinders one is said of its environments and stops no other."""
        named = _by_repository(declared)
        if named and installation not in self._known.listed:
            await self._list_all(installation)
        keys = {name: self._known.called(installation, name) for name in named}
        await self._known.index_written(key, frozenset(k for k in keys.values() if k is not None and k != key))
        found = Others()
        for name, environments in named.items():
            there = keys[name]
            if there is None or there == key:
                reason = self._unnamed(installation, environments, home, named=there)
                found |= _refused(environments, reason)
            else:
                found |= await self._one(there, installation, home, environments)
        return found

    def _unnamed(self, installation: int, environments: _Environments, home: Repository, *, named: str | None) -> str:
        """Why there is no other repository of that name."""
        name = environments[0][1].repository
        if named is not None:
            return f"{name} is this repository: leave `repository` out"
        if now := self._known.renamed(installation, str(name)):
            return _called(environments, now)
        return _absent(environments, home)

    async def _one(self, key: str, installation: int, home: Repository, environments: _Environments) -> Others:
        number = int(key.rpartition(":")[2])
        client = self._app.repository(installation, number, beside=home.id)
        name = self._known.names[key]
        try:
            found, layout = await self._read_one(key, client, name, partial(_accepted_places, home, environments))
        except NotFound:
            return _refused(environments, _absent(environments, home))
        except Transient as error:
            return _unread(environments, f"{name} could not be read: {error}", error)
        except Permanent as error:
            return _refused(environments, f"{name} cannot be read: {error}")
        repository = found.repository
        if repository.id != number:
            # The name is another's by now. What ours is called, if it is still ours, is learnt from the list.
            self._known.names.pop(key, None)
            self._known.listed.discard(installation)
            reason = f"{name} is another repository than it was"
            return _unread(environments, reason, Transient(reason))
        self._known.call(installation, number, repository.full_name)
        if repository.full_name.lower() != name.lower():
            return _refused(environments, _called(environments, repository.full_name), repository)
        if repository.archived:
            reason = f"{repository.full_name} is archived, so nothing can be promoted into it"
            return _refused(environments, reason, repository)
        return _judged(home, environments, found, layout) | Others(
            written={repository.full_name: Written(repository=repository, client=client)}
        )


def _by_repository(declared: Configuration | None) -> dict[str, _Environments]:
    """The environments that live elsewhere, by the repository's name in lower case."""
    named: dict[str, _Environments] = {}
    for pipeline in declared.pipelines if declared else ():
        for environment in pipeline.environments:
            if environment.repository is not None:
                name = environment.repository.lower()
                named[name] = (*named.get(name, ()), (pipeline, environment))
    return named


def _called(environments: _Environments, now: str) -> str:
    """The file is to name it anew: an old name leads on only until another repository takes it."""
    return f"{environments[0][1].repository} is called {now} now: write `repository: {now}`"


def _absent(environments: _Environments, home: Repository) -> str:
    name = environments[0][1].repository
    where = f"the installation of {home.full_name.partition('/')[0]}"
    return f"{name} is not among the repositories of {where}: give the App access to it, or correct `repository`"


def _answers(
    home: Repository, environments: _Environments, layout: Layout
) -> dict[Key, tuple[Pipeline, Environment, Received | Refusal]]:
    return {
        (pipeline.name, environment.name): (
            pipeline,
            environment,
            acceptance(
                Asking(
                    home=home,
                    pipeline=pipeline.name,
                    environment=environment,
                    there=layout.full_name,
                    default_branch=layout.default_branch,
                ),
                layout.configuration,
                layout.problems,
            ),
        )
        for pipeline, environment in environments
    }


def _accepted_places(
    home: Repository, environments: _Environments, layout: Layout
) -> tuple[Mapping[Key, Where], tuple[str, ...]]:
    """Where the accepted environments are read; of the others nothing is."""
    wanted: dict[Key, Where] = {}
    for key, (pipeline, environment, answer) in _answers(home, environments, layout).items():
        if isinstance(answer, Received):
            judged = accepted(pipeline, {environment.name: answer})
            wanted[key] = place_of(judged, judged.environment(environment.name), layout.default_branch)
    return wanted, ()


def _judged(home: Repository, environments: _Environments, found: GitHubFacts, layout: Layout) -> Others:
    """What was read of each environment, or why its repository does not accept it."""
    read: dict[Key, Place] = {}
    received: dict[Key, Received] = {}
    declared = layout.configuration or Configuration(mode=Mode.OBSERVE)
    elsewhere = Elsewhere(
        repository=found.repository, mode=declared.mode, style=declared.commands, emergency=declared.emergency
    )
    for key, (_, _, answer) in _answers(home, environments, layout).items():
        if isinstance(answer, Received):
            received[key] = answer
            read[key] = replace(found.places[key], elsewhere=elsewhere)
        else:
            read[key] = _closed(answer.reason, found.repository)
    return Others(places=read, received=received)


def _refused(environments: _Environments, reason: str, repository: Repository | None = None) -> Others:
    return Others(places={(p.name, e.name): _closed(reason, repository) for p, e in environments})


def _closed(reason: str, repository: Repository | None) -> Place:
    """A place of which nothing is known but why."""
    elsewhere = Elsewhere(repository=repository, refusal=reason, mode=Mode.OBSERVE)
    return Place(base=None, head=None, pull=None, merged=(), records=(), elsewhere=elsewhere)


def _unread(environments: _Environments, reason: str, failure: Transient) -> Others:
    """The whole pipelines wait: what is not known of one environment may order the releases of another."""
    return Others(unread={pipeline.name: reason for pipeline, _ in environments}, failure=failure)
