"""A mapping that holds at most so much and drops what was unused for longest. No I/O."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """At most `most` entries, or of them what weighs that much by `weigh`; to get or put one is to use it."""

    def __init__(self, most: int, *, weigh: Callable[[K], int] = lambda _: 1) -> None:
        self._most = most
        self._weigh = weigh
        self._weight = 0
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        if key not in self._entries:
            return None
        self._entries.move_to_end(key)
        return self._entries[key]

    def put(self, key: K, value: V) -> None:
        if key not in self._entries:
            self._weight += self._weigh(key)
        self._entries[key] = value
        self._entries.move_to_end(key)
        while self._weight > self._most:
            dropped, _ = self._entries.popitem(last=False)
            self._weight -= self._weigh(dropped)
