"""How a repository is laid out: its file read and parsed, and then what the file says is to be read of it.

Both come out of one request, since what is declared was known at the last pass; it is repeated only when that changed.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.errors import Transient
from bot.github.client import GitHubApp, RepositoryClient
from bot.github.documents import Place
from bot.known import Known, Layout
from bot.observe import GitHubFacts, Key, earlier_configurations, key_paths, places, read_github
from config.parse import Checks, ConfigError, Declaration, read

# A declaration that names folders is read with what it declares at the third read; the rest is for pushes meanwhile.
MOST_READS = 5
# What is to be read of a repository whose file is laid out so: its places, and the key files.
Wanting = Callable[[Layout], tuple[Mapping[Key, Place], tuple[str, ...]]]


def own_places(layout: Layout) -> tuple[Mapping[Key, Place], tuple[str, ...]]:
    """What is read of a repository for its own pipelines."""
    declared = layout.configuration or layout.displayed
    return (places(declared, layout.default_branch), key_paths(declared)) if declared else ({}, ())


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
            if not layout.parents and not any(wanting(layout)):
                return found, layout
        raise Transient(f"{full_name}: what is declared changes faster than it can be read")

    async def _read_as(
        self, layout: Layout | None, client: RepositoryClient, full_name: str, wanting: Wanting
    ) -> GitHubFacts:
        """What is wanted of a repository that is laid out so, and the folders that say which pipelines it has."""
        identity = await self._app.identity()
        wanted, keys = wanting(layout) if layout else ({}, ())
        folders = layout.parents if layout else ()
        return await read_github(client, full_name, wanted, keys=keys, folders=folders, identity=identity)

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
        return replace(_with(empty, declared, found), configuration=declared.configuration)

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
