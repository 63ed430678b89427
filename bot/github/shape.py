"""What GitHub's JSON is expected to look like, asked for field by field, so that a surprise names its place. No I/O.

A missing or mistyped field is never read as "nothing": it raises `Transient`, and no gate opens on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.errors import Transient
from bot.model import Sha


def unexpected(where: str) -> Transient:
    return Transient(f"GitHub answered something unexpected: {where}")


@dataclass(frozen=True, slots=True)
class Node:
    """One JSON object of an answer, and where in it it stands."""

    fields: Mapping[str, object]
    where: str

    @staticmethod
    def of(value: object, where: str) -> "Node":
        if not isinstance(value, dict):
            raise unexpected(where)
        return Node(value, where)

    def at(self, name: str) -> str:
        return f"{self.where}.{name}"

    def value(self, name: str) -> object:
        """The field as it came. It must be there, if only as null."""
        if name not in self.fields:
            raise unexpected(self.at(name))
        return self.fields[name]

    def text(self, name: str) -> str:
        value = self.value(name)
        if not isinstance(value, str):
            raise unexpected(self.at(name))
        return value

    def maybe_text(self, name: str) -> str | None:
        return None if self.value(name) is None else self.text(name)

    def sha(self, name: str) -> Sha:
        return Sha(self.text(name))

    def number(self, name: str) -> int:
        value = self.value(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise unexpected(self.at(name))
        return value

    def flag(self, name: str) -> bool:
        value = self.value(name)
        if not isinstance(value, bool):
            raise unexpected(self.at(name))
        return value

    def moment(self, name: str) -> datetime:
        try:
            found = datetime.fromisoformat(self.text(name))
        except ValueError as error:
            raise unexpected(self.at(name)) from error
        if found.tzinfo is None:
            raise unexpected(self.at(name))
        return found.astimezone(UTC)

    def maybe_moment(self, name: str) -> datetime | None:
        return None if self.value(name) is None else self.moment(name)

    def node(self, name: str) -> "Node":
        return Node.of(self.value(name), self.at(name))

    def maybe_node(self, name: str) -> "Node | None":
        return None if self.value(name) is None else self.node(name)

    def nodes(self, name: str = "nodes") -> tuple["Node", ...]:
        """A list of objects. GitHub's connections hold null for what we may not see: left out."""
        values = self.value(name)
        if not isinstance(values, list):
            raise unexpected(self.at(name))
        return tuple(Node.of(one, f"{self.at(name)}[{i}]") for i, one in enumerate(values) if one is not None)

    def more(self, end: str) -> bool:
        """Whether a connection has pages that were not read: `hasNextPage` or `hasPreviousPage`."""
        return self.node("pageInfo").flag(end)
