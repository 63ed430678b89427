"""What the process remembers between passes, so that an idle pass costs one read: layouts, indexes, names, views.

Losing any of it costs promptness, never safety.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NewType

from bot.actions import EnvironmentView
from bot.model import Repository, Sha
from bot.store.port import Store
from config.folders import Folders
from config.pipeline import Configuration

RepositoryKey = NewType("RepositoryKey", str)


def repository_key(installation: int, repository: int) -> RepositoryKey:
    return RepositoryKey(f"repository:{installation}:{repository}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A repository's declaration as last read: enough to build the one query of the next pass.

    `parents`: the folders that are listed to know its pipelines; `folders`: what was listed when they were made of it.
    `left_out`: what was listed and has no pipeline, and why.
    """

    config_oid: Sha | None
    full_name: str
    default_branch: str
    configuration: Configuration | None
    problems: tuple[str, ...] = ()
    displayed: Configuration | None = None
    parents: tuple[str, ...] = ()
    folders: Folders = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    def is_of(self, repository: Repository, folders: Folders) -> bool:
        """Whether it is how the repository's file is laid out now, and for the folders that are listed now."""
        now = (repository.config.oid, repository.full_name, repository.default_branch, folders)
        return now == (self.config_oid, self.full_name, self.default_branch, self.folders)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineView:
    repository: str
    pipeline: str
    problem: str | None
    environments: tuple[EnvironmentView, ...]


@dataclass(slots=True)
class Known:
    """In memory, by repository key; `images` is also in the store, where the registry's door reads it.

    `writing`: how many passes in a row have written something. `written`: the other repositories that the environments
    of its pipelines live in; also in the store, so that a restart forgets none. `former`: (installation, a name in
    lower case that a repository had) → its key. `listed`: installations whose repositories were listed.
    """

    store: Store
    layouts: dict[str, Layout] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    views: dict[str, tuple[PipelineView, ...]] = field(default_factory=dict)
    images: dict[str, frozenset[str]] = field(default_factory=dict)
    writing: dict[str, int] = field(default_factory=dict)
    written: dict[str, frozenset[str]] = field(default_factory=dict)
    former: dict[tuple[int, str], str] = field(default_factory=dict)
    listed: set[int] = field(default_factory=set)

    def call(self, installation: int, repository: int, full_name: str) -> RepositoryKey:
        """Note what a repository is called now; its key."""
        key = repository_key(installation, repository)
        before = self.names.get(key)
        if before is not None and before.lower() != full_name.lower():
            self.former[installation, before.lower()] = key
        self.names[key] = full_name
        return key

    def called(self, installation: int, full_name: str) -> str | None:
        """The key of the installation's repository that is called so now. GitHub's names ignore case."""
        ours, wanted = f"repository:{installation}:", full_name.lower()
        return next((k for k, name in self.names.items() if k.startswith(ours) and name.lower() == wanted), None)

    def renamed(self, installation: int, full_name: str) -> str | None:
        """What a repository that was called so is called now; None where none was, as far as we remember."""
        return self.names.get(self.former.get((installation, full_name.lower()), ""))

    def passed(self, key: str, *, wrote: bool) -> int:
        """Note a pass; how many in a row have written by now."""
        if not wrote:
            self.writing.pop(key, None)
            return 0
        self.writing[key] = self.writing.get(key, 0) + 1
        return self.writing[key]

    async def index(self, key: str, images: frozenset[str]) -> None:
        """Note which images a repository declares; the store's index maps image → repository keys."""
        if self.images.get(key) == images:
            return
        self.images[key] = images
        users: dict[str, list[str]] = {}
        for repository, declared in sorted(self.images.items()):
            for image in declared:
                users.setdefault(image, []).append(repository)
        known = await self.store.all("image")
        for image in set(known) | set(users):
            wanted = json.dumps(users.get(image, []))
            if known.get(image) != wanted:
                await self.store.put("image", image, wanted)

    async def users_of(self, image: str) -> tuple[str, ...]:
        """The keys of the repositories that declare an image."""
        text = await self.store.get("image", image)
        return tuple(json.loads(text)) if text else ()

    async def load(self) -> None:
        """Take from the store what must be known before the first pass: whom a repository's news concerns besides."""
        for key, text in (await self.store.all("written")).items():
            self.written.setdefault(key, frozenset(json.loads(text)))

    async def index_written(self, key: str, others: frozenset[str]) -> None:
        """Note in which other repositories the environments of a repository's pipelines live."""
        if self.written.get(key, frozenset()) != others:
            self.written[key] = others
            await self.store.put("written", key, json.dumps(sorted(others)))

    def concerned(self, keys: Iterable[str]) -> frozenset[str]:
        """These keys, and those of repositories whose pipelines promote into one of them."""
        news = frozenset(keys)
        return news | {writer for writer, others in self.written.items() if others & news}

    def keys_reading(self, repositories: frozenset[str]) -> frozenset[str]:
        """Keys whom news of repositories concerns, which are named by normalised URLs (`host/owner/name`)."""
        wanted = {r.split("/", 1)[-1] for r in repositories}
        return self.concerned(key for key, name in self.names.items() if name.lower() in wanted)

    def forget(self, key: str) -> None:
        for memory in (self.layouts, self.names, self.views, self.writing):
            memory.pop(key, None)
