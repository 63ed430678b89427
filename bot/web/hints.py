"""Keeps what senders hint at until the image's look confirms it; a hint at an image that nobody declares is dropped."""

import asyncio
import json
from collections.abc import Iterable

from bot.senders import Hint
from bot.store.port import Store

# A hint names a tag worth one HEAD; past this many, listing the repository costs less.
MOST_HINTS = 50


class Hints:
    """Over the store that both doors share."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = asyncio.Lock()

    async def is_declared(self, key: str) -> bool:
        """Whether some pipeline uses the image of that key."""
        return await self._store.get("image", key.removeprefix("image:")) is not None

    async def remember(self, hints: Iterable[Hint]) -> list[str]:
        """Keep the tags of declared images, newest last; give those images' keys, for a nudge.

        A hint without a tag keeps nothing: the look that follows then lists.
        """
        images: dict[str, list[str]] = {}
        for hint in hints:
            # References are in lower case, whatever a sender's console shows.
            images.setdefault(hint.repository.lower(), []).extend([hint.tag] if hint.tag else [])
        declared = [image for image in images if await self.is_declared(f"image:{image}")]
        async with self._lock:
            for image in declared:
                await self._add(image, images[image])
        return [f"image:{image}" for image in declared]

    async def _add(self, image: str, fresh: list[str]) -> None:
        if fresh:
            known = json.loads(await self._store.get("hint", image) or "[]")
            tags = [*(tag for tag in known if tag not in set(fresh)), *dict.fromkeys(fresh)][-MOST_HINTS:]
            await self._store.put("hint", image, json.dumps(tags))
