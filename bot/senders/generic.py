"""Any sender of JSON: the operator says at which keys repository, tag, digest and registry stand. No I/O.

A path leads to a value, and `[]` in it through every element of a list: `events[].target.tag`. Paths that go through
the same list go through it together, so the tag of an element belongs to the repository of that element.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product

from bot.senders.hint import Hint, NotificationError, hint, repository_at, split_address, without_scheme
from bot.senders.notification import Notification
from config.doors import PATHS, Option, parse_branches
from config.key_path import KeyPath

_USUAL = {Option.REPOSITORY: "repository", Option.TAG: "tag", Option.DIGEST: "digest", Option.REGISTRY: "registry"}
# Lists within lists, and lists beside lists, multiply.
_MOST_ROWS = 1000

Branches = Mapping[Option, tuple[KeyPath, ...]]
Row = Mapping[Option, object]


def hints(said: Notification) -> Iterator[Hint | None]:
    """One hint for each row of values. NotificationError where no repository stands where it should."""
    told = {option: value for option, value in said.options.items() if option in PATHS}
    # Where a path is given, the usual places are not looked at: a `tag` there may mean something else.
    paths = {**(_USUAL if Option.REPOSITORY not in told else {}), **told}
    found = list(islice(_rows({option: parse_branches(path) for option, path in paths.items()}, said.body), _MOST_ROWS))
    if found and not any(isinstance(row.get(Option.REPOSITORY), str) for row in found):
        raise NotificationError(f"no repository stands at `{paths[Option.REPOSITORY]}`")
    for row in found:
        yield _hint(row, said)


def _hint(row: Row, said: Notification) -> Hint | None:
    """A repository may be written whole, with host, tag and digest; what stands apart from it wins."""
    repository, registry = row.get(Option.REPOSITORY), row.get(Option.REGISTRY)
    if not isinstance(repository, str):
        return None
    host = said.host(without_scheme(registry).rstrip("/") if isinstance(registry, str) else "")
    first, slash, _ = without_scheme(repository).partition("/")
    whole = slash and (first == host if host else "." in first or ":" in first or first == "localhost")
    named, path, tag, digest = split_address(repository if whole else f"/{repository}")
    return hint(
        repository_at(host or named, path), tag=row.get(Option.TAG) or tag, digest=row.get(Option.DIGEST) or digest
    )


def _rows(branches: Branches, node: object) -> Iterator[Row]:
    """Every combination of values that belong together."""
    here = {option: _at(path[0], node) for option, path in branches.items() if len(path) == 1}
    lists: dict[KeyPath, dict[Option, tuple[KeyPath, ...]]] = {}
    for option, path in branches.items():
        if len(path) > 1:
            lists.setdefault(path[0], {})[option] = path[1:]
    each = [_elements(inner, _at(path, node)) for path, inner in lists.items()]
    for combined in product(*each):
        yield {**here, **{option: value for row in combined for option, value in row.items()}}


def _elements(branches: Branches, value: object) -> Sequence[Row]:
    """The rows of a list's elements.

    Without any, one empty row, as what stands beside the list still counts; but a list of repositories may be empty.
    """
    elements = value if isinstance(value, list) else []
    found = list(islice((row for element in elements for row in _rows(branches, element)), _MOST_ROWS))
    return found if found or (Option.REPOSITORY in branches and isinstance(value, list)) else [{}]


def _at(path: KeyPath, node: object) -> object:
    for step in path:
        if isinstance(step, str) and isinstance(node, dict):
            node = node.get(step)
        elif isinstance(step, int) and isinstance(node, list) and step < len(node):
            node = node[step]
        else:
            return None
    return node
