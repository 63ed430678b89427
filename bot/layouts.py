"""How a repository is laid out: its file read and parsed, and then what the file says is to be read of it.

Both come out of one request, since what is declared was known at the last pass; it is repeated only when that changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bot.acceptance import receiving
from bot.configuration_change import unapproved
from bot.errors import Transient
from bot.github.client import GitHubApp, RepositoryClient
from bot.github.documents import Place
from bot.known import Known, Layout
from bot.observe import (
    GitHubFacts,
    Key,
    branches,
    earlier_configurations,
    key_paths,
    place_of,
    places,
    read_github,
    revisions,
)
from config.parse import Checks, ConfigError, Declaration, read
from config.pipeline import Configuration

# A declaration that names folders is read with what it declares at the third read; the rest is for pushes meanwhile.
MOST_READS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be read of a repository: places, key files, and the branches whose open pull requests are listed."""

    places: Mapping[Key, Place] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    into: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.places or self.keys or self.into)


# What is to be read of a repository whose file is laid out so.
Wanting = Callable[[Layout], Wanted]


def own_places(layout: Layout) -> Wanted:
    """What is read of a repository for its own pipelines, and to look after the pull requests of its people.

    That is also of the environments which others promote into: who owns what there, and which pull requests are theirs.
    """
    declared = layout.configuration or layout.displayed
    if declared is None:
        return Wanted()
    branch = layout.default_branch
    received = ((one, receiving(one)) for one in declared.received)
    theirs = {(one.pipeline, one.name): place_of(p, p.environment(one.name), branch) for one, p in received}
    wanted = {**places(declared, branch), **theirs}
    return Wanted(places=wanted, keys=key_paths(declared), into=branches(declared, branch))


class Layouts:
    """Reads repositories as they are laid out, and remembers how. `checks`: what judges the words of their files."""

    def __init__(self, app: GitHubApp, known: Known, *, checks: Checks) -> None:
        self._app = app
        self._known = known
        self._checks = checks

    async def read(
        self, key: str, client: RepositoryClient, full_name: str, wanting: Wanting = own_places
    ) -> tuple[GitHubFacts, Layout]:
        """GitHub's facts, read with the layout of the last pass; again where the declaration or its folders changed."""
        layout = self._known.layouts.get(key)
        for _ in range(MOST_READS):
            found = await self._read_as(layout, client, full_name, wanting)
            if layout is not None and layout.is_of(found.repository, found.folders):
                return found, layout
            layout = await self._layout(client, found)
            self._known.layouts[key] = layout
            if not layout.parents and not wanting(layout):
                return found, layout
        raise Transient(f"{full_name}: what is declared changes faster than it can be read")

    async def _read_as(
        self, layout: Layout | None, client: RepositoryClient, full_name: str, wanting: Wanting
    ) -> GitHubFacts:
        """What is wanted of a repository that is laid out so, and the folders that say which pipelines it has."""
        identity = await self._app.identity()
        wanted = wanting(layout) if layout else Wanted()
        folders = layout.parents if layout else ()
        return await read_github(
            client,
            full_name,
            wanted.places,
            keys=wanted.keys,
            folders=folders,
            into=wanted.into,
            identity=identity,
        )

    async def _layout(self, client: RepositoryClient, found: GitHubFacts) -> Layout:
        repository, config = found.repository, found.repository.config
        empty = Layout(
            config_oid=config.oid,
            full_name=repository.full_name,
            default_branch=repository.default_branch,
            configuration=None,
        )
        if config.oid is None:
            return empty
        if config.text is None:
            return replace(empty, problems=("the file cannot be read as text",))
        try:
            declared = self._parsed(config.text, found)
        except ConfigError as error:
            earlier = await self._last_good(client, found)
            broken = replace(empty, problems=tuple(str(p) for p in error.problems))
            return replace(_with(broken, earlier, found), displayed=earlier.configuration) if earlier else broken
        layout = replace(_with(empty, declared, found), configuration=declared.configuration)
        # Until its folders are listed it is not known which pipelines it is about.
        whole = all(parent in found.folders for parent in declared.parents)
        return replace(layout, unapproved=await self._unapproved(client, found)) if whole else layout

    async def _unapproved(self, client: RepositoryClient, found: GitHubFacts) -> tuple[str, ...]:
        """Whose approvals the file's last change did not have: told in the audit log, and on the commit that did it."""

        def parsed(text: str) -> Configuration | None:
            try:
                return self.comparable(text, found)
            except ConfigError:
                return None

        history = await revisions(client, found.repository.full_name, identity=await self._app.identity())
        return tuple("/".join(named) for named in unapproved(history, parsed))

    def comparable(self, text: str, found: GitHubFacts) -> Configuration:
        """Another text of the file, to be compared with the present one. Raises ConfigError.

        Its pipelines for folders are those of the folders that there are now. Where it names others, which were not
        listed, it has none of these pipelines at all: so each of those that there are now would be another.
        """
        declared = self._parsed(text, found)
        if all(parent in found.folders for parent in declared.parents):
            return declared.configuration
        return self._parsed(text, replace(found, folders={})).configuration

    async def _last_good(self, client: RepositoryClient, found: GitHubFacts) -> Declaration | None:
        for _, text in await earlier_configurations(client, found.repository.full_name):
            try:
                if text is not None:
                    return self._parsed(text, found)
            except ConfigError:
                continue
        return None

    def _parsed(self, text: str, found: GitHubFacts) -> Declaration:
        return read(
            text,
            checks=self._checks,
            default_branch=found.repository.default_branch,
            repository=found.repository.full_name,
            folders=found.folders,
        )


def _with(layout: Layout, declared: Declaration, found: GitHubFacts) -> Layout:
    """The layout with the folders that its pipelines were made of, as far as they have been listed."""
    listed = {parent: found.folders[parent] for parent in declared.parents if parent in found.folders}
    told = tuple(str(problem) for problem in declared.left_out)
    return replace(layout, parents=declared.parents, folders=listed, left_out=told)
