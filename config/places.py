"""Where environments live: branches and folders that Git, GitHub and we all accept, one environment in each. No I/O."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from config.pipeline import Environment, Promote
from config.reading import Reader
from config.yaml_text import Node

_BRANCH_REFUSED = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|^[-./]|[./]$|^@$")
_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}")
_ADDRESS = re.compile(r"(?:https?://|git@|ssh://git@)[^/:]+[/:]")
_LONGEST_BRANCH = 200
_LONGEST_PATH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The repository that the file lies in, as far as it is known: `repository` is its full name, `owner/name`."""

    default_branch: str | None = None
    repository: str | None = None

    def is_named(self, repository: str) -> bool:
        """Whether a full name is its own. GitHub's names of repositories ignore case."""
        return self.repository is not None and self.repository.lower() == repository.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhabitant:
    """An environment of a pipeline, and the piece that says where it lives."""

    pipeline: str
    environment: Environment
    node: Node


def read_repository(reader: Reader, node: Node) -> str | None:
    """The full name of a repository, `owner/name`."""
    text = reader.text(node, "repository")
    if text is None or _REPOSITORY.fullmatch(text):
        return text
    better = _ADDRESS.sub("", text).strip("/").removesuffix(".git")
    remedy = f"`{better}`" if _REPOSITORY.fullmatch(better) else "`owner/name`"
    reader.refuse(node, f"{text!r} is not the full name of a repository", remedy)
    return None


def read_branch(reader: Reader, node: Node) -> str | None:
    """The name of a branch, without refs/heads/ (git check-ref-format)."""
    text = reader.text(node, "branch")
    if text is None:
        return None
    if text.startswith("refs/"):
        reader.refuse(node, f"a branch is named without {text.split('/')[0]}/", f"`{text.removeprefix('refs/heads/')}`")
    elif _BRANCH_REFUSED.search(text) or len(text) > _LONGEST_BRANCH:
        reader.refuse(node, f"{text!r} is not the name of a branch", "a name Git accepts")
    elif text == "caisson" or text.startswith("caisson/"):
        reader.refuse(node, "branches named caisson/… are for Caisson's own pull requests", "another branch")
    else:
        return text
    return None


def read_path(reader: Reader, node: Node) -> str | None:
    """A folder, from the root of the repository, with single slashes and none at its ends; "" is the whole tree."""
    text = reader.text(node, "path")
    if text is None:
        return None
    parts = [part for part in text.split("/") if part not in ("", ".")]
    lowered = [part.lower() for part in parts]
    if text.startswith("/"):
        reader.refuse(node, "a path starts at the repository's root, without a slash", f"`{'/'.join(parts)}`")
    elif "\\" in text:
        reader.refuse(node, "a path is written with slashes", f"`{text.replace(chr(92), '/')}`")
    elif ".." in parts:
        reader.refuse(node, "a path may not climb with `..`", "the folder's path from the repository's root")
    elif ".git" in lowered or lowered[:1] == [".github"]:
        reader.refuse(node, f"{text!r} is never written by Caisson", "the path of a folder that is deployed")
    elif any(ord(c) < ord(" ") or c == "\x7f" for c in text) or len(text) > _LONGEST_PATH:
        reader.refuse(node, "this is not the path of a folder", "a path without control characters")
    else:
        return "/".join(parts)
    return None


def check_places(reader: Reader, inhabitants: tuple[Inhabitant, ...], *, home: Home) -> None:
    """Refuse two environments at one place."""
    for one, other in collisions(inhabitants, home=home):
        _refuse_pair(reader, one, other)


def collisions(inhabitants: tuple[Inhabitant, ...], *, home: Home) -> Iterator[tuple[Inhabitant, Inhabitant]]:
    """Two environments at one place: same repository and branch, same folder or one inside the other.

    What other repositories call their default branch is not known here: there one environment alone is accepted.
    """
    by_branch: dict[tuple[str | None, str | None], dict[str, Inhabitant]] = {}
    for one in inhabitants:
        repository, branch = one.environment.repository, one.environment.branch
        at_home = repository is None and branch == home.default_branch
        taken = by_branch.setdefault((repository and repository.lower(), None if at_home else branch), {})
        other = taken.setdefault(one.environment.path, one)
        if other is not one:
            yield one, other
    for taken in by_branch.values():
        for path, one in taken.items():
            if around := next((taken[p] for p in _parents(path) if p in taken), None):
                yield one, around


def where(one: Environment) -> str:
    """An environment's place, as people speak of it."""
    branch = f"the branch {one.branch}" if one.branch else "the default branch"
    branch += f" of {one.repository}" if one.repository else ""
    return f"{one.path or 'the whole tree'} on {branch}"


def _parents(path: str) -> list[str]:
    parts = path.split("/") if path else []
    return ["/".join(parts[:count]) for count in range(len(parts))]


def _refuse_pair(reader: Reader, one: Inhabitant, other: Inhabitant) -> None:
    mine, theirs = one.environment, other.environment
    place = where(theirs) if mine.path == theirs.path else f"{where(theirs)}, which holds {mine.path}"
    remedy = "a branch of its own" if mine.promote is Promote.MERGE else "a `path` or `branch` of its own"
    reader.refuse(one.node, f"{other.pipeline}/{theirs.name} already lives in {place}", remedy)
