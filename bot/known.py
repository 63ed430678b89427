"""What the process remembers between passes, so that an idle pass costs one read: layouts, tags' index, names, views.

Losing any of it costs promptness, never safety.
"""

import json
from dataclasses import dataclass, field
from typing import NewType

from bot.actions import EnvironmentView
from bot.model import Sha
from bot.store.port import Store
from config.pipeline import Configuration

RepositoryKey = NewType("RepositoryKey", str)


def repository_key(installation: int, repository: int) -> RepositoryKey:
    return RepositoryKey(f"repository:{installation}:{repository}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A repository's declaration as last read: enough to build the one query of the next pass."""

    config_oid: Sha | None
    default_branch: str
    configuration: Configuration | None
    problems: tuple[str, ...] = ()
    displayed: Configuration | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineView:
    repository: str
    pipeline: str
    problem: str | None
    environments: tuple[EnvironmentView, ...]


@dataclass(slots=True)
class Known:
    """In memory, by repository key; `images` is also in the store, where the registry's door reads it.

    `writing`: how many passes in a row have written something.
    """

    store: Store
    layouts: dict[str, Layout] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    views: dict[str, tuple[PipelineView, ...]] = field(default_factory=dict)
    images: dict[str, frozenset[str]] = field(default_factory=dict)
    writing: dict[str, int] = field(default_factory=dict)

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

    def keys_reading(self, repositories: frozenset[str]) -> frozenset[str]:
        """Keys of the repositories named by normalised URLs (`host/owner/name`)."""
        wanted = {r.split("/", 1)[-1] for r in repositories}
        return frozenset(key for key, name in self.names.items() if name.lower() in wanted)

    def forget(self, key: str) -> None:
        for memory in (self.layouts, self.names, self.views, self.writing):
            memory.pop(key, None)
