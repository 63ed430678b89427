"""Which files a pull request changes, as both doors tell it: a diff with three dots, renames found."""

from dataclasses import dataclass
from functools import lru_cache

from sandbox.github.git import Git


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFile:
    """`status` as REST has it; `previous`: the path that a renamed file had."""

    path: str
    status: str
    sha: str
    previous: str | None = None


@lru_cache(maxsize=256)
def changed_files(git: Git, base: str, head: str) -> tuple[ChangedFile, ...]:
    """What differs from where the head left the base. A file that went elsewhere unchanged counts as renamed."""
    known = git.ancestors(base)
    fork = next((commit for commit in git.walk(head) if commit.sha in known), None)
    old, new = git.files(fork.tree) if fork else {}, git.files(git.commit(head).tree)
    gone = {old[path].sha: path for path in sorted(old.keys() - new.keys())}
    both = (path for path in old.keys() & new.keys() if old[path] != new[path])
    found = [ChangedFile(path=path, status="modified", sha=new[path].sha) for path in both]
    for path in sorted(new.keys() - old.keys()):
        previous = gone.pop(new[path].sha, None)
        status = "renamed" if previous else "added"
        found.append(ChangedFile(path=path, status=status, sha=new[path].sha, previous=previous))
    removed = old.keys() - new.keys() - {one.previous for one in found}
    found += [ChangedFile(path=path, status="removed", sha=old[path].sha) for path in removed]
    return tuple(sorted(found, key=lambda one: one.path))
