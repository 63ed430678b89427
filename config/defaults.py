"""What every environment declares unless it says otherwise: `defaults`. No I/O.

They are read anew under each environment, since what they may say depends on what stands around it; what is wrong in
them is their own mistake all the same, and is told once, at their place.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from config.pipeline import Promote
from config.problems import Problem
from config.reading import Entry, Fields, Reader
from config.yaml_text import Mapping, Node, key_text, resolved

# Keys of an environment that say which one it is, so that no two can share them.
OWN_KEYS = {
    "branch": "each environment lives in a place of its own",
    "path": "each environment lives in a place of its own",
    "hydrated": "the hydrator writes a branch for each environment",
    "repository": "each environment lives in a place of its own",
    "after": "each environment has its own upstreams",
    "after_any": "each environment has its own upstreams",
    "promote": "what a pipeline carries says how it is promoted",
    "accept_from": "each environment says by itself whom it trusts",
}
# Gates that look upstream, where a root has nothing.
_UPSTREAM = frozenset({"health", "soak"})


@dataclass(slots=True)
class Defaults:
    """The keys under every environment. `reader` notes what is wrong in them, apart from the rest of the file."""

    reader: Reader
    fields: Fields = field(default_factory=dict)

    def under(self, own: Fields, *, is_root: bool, has_artifacts: bool, promote: Promote) -> Fields:
        """The keys that an environment takes from here: those that it has not itself, where they mean something there.

        A root takes no gate that looks upstream. A source takes neither gates nor windows, rolls nothing back and keeps
        nothing; neither does what is hydrated, or promoted by its versions. Where commits are merged there is one way
        to merge.
        """
        is_source = is_root and not has_artifacts and "hydrated" not in own
        dropped = {*own, *(("merge_method",) if promote is Promote.MERGE else ())}
        dropped |= {"gates", "windows", "keep", "on_degraded", "rollback"} if is_source else set()
        dropped |= {"keep"} if promote is Promote.VERSIONS or "hydrated" in own else set()
        taken = {name: entry for name, entry in self.fields.items() if name not in dropped}
        if is_root and "gates" in taken:
            taken["gates"] = replace(taken["gates"], value=_without(taken["gates"].value, _UPSTREAM))
        return taken

    def attribute(self, before: int, environment: str) -> None:
        """Say of the problems noted since there were `before` under which environment they come up."""
        found = self.reader.problems[before:]
        self.reader.problems[before:] = [replace(one, message=f"{one.message} (under {environment})") for one in found]

    def problems(self) -> tuple[Problem, ...]:
        """One for each place: the first that was noted."""
        first: dict[tuple[int, int], Problem] = {}
        for problem in self.reader.problems:
            first.setdefault((problem.line, problem.column), problem)
        return tuple(first.values())


def read_defaults(reader: Reader, entry: Entry, *, known: Collection[str]) -> Defaults:
    """The keys of `defaults`. `known`: an environment's keys."""
    own = Reader(reader.path)
    shared = [key for key in known if key not in OWN_KEYS]
    fields = own.fields(entry.value, "`defaults`", known=shared, foreign=OWN_KEYS)
    return Defaults(reader=own, fields=fields)


def _without(node: Node, keys: Collection[str]) -> Node:
    mapping = resolved(node)
    if not isinstance(mapping, Mapping):
        return node
    return mapping._replace(entries=tuple(pair for pair in mapping.entries if key_text(pair[0]) not in keys))
