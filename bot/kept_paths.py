"""Which paths an environment keeps as its own: the globs of `keep`. No I/O.

A glob starts at the environment's folder. `*` and `?` stand for anything within one name, `**` for any number of
folders; what matches a folder keeps all that is below it. Case counts, as it does in Git.
"""

from collections.abc import Sequence
from fnmatch import fnmatchcase


def is_kept(path: str, globs: Sequence[str]) -> bool:
    """Whether a path, from the environment's folder, is the environment's own."""
    names = path.split("/")
    return any(_covers(glob.split("/"), names) for glob in globs)


def _covers(parts: list[str], names: list[str]) -> bool:
    """Whether the pattern matches the path or a folder above it.

    `reached`: after how many parts of the pattern the names so far may stand; kept as a set, it takes no time that
    grows beyond parts times names, whatever the pattern.
    """
    reached = _over_folders({0}, parts)
    for name in names:
        stay = {at for at in reached if parts[at] == "**"}
        step = {at + 1 for at in reached - stay if fnmatchcase(name, parts[at].replace("[", "[[]"))}
        reached = _over_folders(stay | step, parts)
        if len(parts) in reached or len(parts) - 1 in stay:
            return True
    return False


def _over_folders(reached: set[int], parts: list[str]) -> set[int]:
    """`**` stands for no folder, too; at the end of a glob it stands for what lies below."""
    found = set(reached)
    for at in range(len(parts) - 1):
        if at in found and parts[at] == "**":
            found.add(at + 1)
    return found
