"""What GitHub reckons a document to cost before it runs it: nodes it may give, and points of the hourly budget. No I/O.

Every connection is taken to give as many nodes as its `first` or `last` says, for every node that it hangs on. Above
500,000 nodes GitHub refuses the document. A point is a hundred requests, one for each connection of each node.
https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

MOST_NODES = 500_000
_REQUESTS_A_POINT = 100


@dataclass(frozen=True, slots=True)
class Cost:
    """`nodes` at most, and the `requests` that GitHub would make within itself for them."""

    nodes: int = 0
    requests: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.nodes + other.nodes, self.requests + other.requests)

    @property
    def points(self) -> int:
        return max(1, round(self.requests / _REQUESTS_A_POINT))


def cost(document: DocumentNode, variables: Mapping[str, object]) -> Cost:
    """Of all operations of a valid document; GitHub gets one at a time."""
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}

    def within(selections: SelectionSetNode | None, times: int) -> Cost:
        total = Cost()
        for one in selections.selections if selections else ():
            match one:
                case FieldNode():
                    most = _bound(one, variables)
                    total += Cost() if most is None else Cost(times * most, times)
                    total += within(one.selection_set, times if most is None else times * most)
                case FragmentSpreadNode():
                    total += within(fragments[one.name.value].selection_set, times)
                case InlineFragmentNode():
                    total += within(one.selection_set, times)
                case _:
                    raise AssertionError(f"a selection is none of the three kinds: {one}")
        return total

    operations = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    return sum((within(one.selection_set, 1) for one in operations), Cost())


def _bound(field: FieldNode, variables: Mapping[str, object]) -> int | None:
    """How many nodes a connection is asked for; None for what is no connection."""
    for argument in field.arguments or ():
        if argument.name.value not in ("first", "last"):
            continue
        match argument.value:
            case IntValueNode(value=text):
                return int(text)
            case VariableNode(name=name):
                value = variables.get(name.value)
                return value if isinstance(value, int) else None
            case _:
                return None
    return None
