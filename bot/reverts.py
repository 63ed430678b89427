"""What people took back on a branch with Git itself: `git revert`, or an older state put there again. No I/O.

A whole branch has no version that could be read. Its content tells where it is exactly what an earlier record had.
Where other commits lie on top, the words of `git revert` do, unless all that they say is gone is there: they are
anybody's to write, and so may only take a release back, which makes things wait.
"""

from collections.abc import Mapping, Sequence

from bot.model import Base, Record, Sha

# Workflows and our own configuration are never written by us, and so belong to no release.
NEVER = ".github"


def restored_by_hand(records: Sequence[Record], base: Base, record: Record) -> Record | None:
    """The earlier record of another release that stands on the branch now; None where `record` does.

    `records`: newest first, `record` among them: the one whose commit is the newest in the branch.
    """
    others = [r for r in records if r.release.id != record.release.id]
    top = top_of(base)
    if not same_content(record.root, top):
        same = next((r for r in others if same_content(r.root, top)), None)
        if same is not None:
            return same
    before = next((r for r in others if r.created <= record.created), None)
    if before is None or not _undone(base, record) or _stands_whole(record, before, top):
        return None
    return before


def _stands_whole(record: Record, before: Record, top: Mapping[str, Sha]) -> bool:
    """Whether all that the release changed is there still, whatever a commit says of itself."""
    names = (record.root.keys() | before.root.keys()) - {NEVER}
    changed = [name for name in names if record.root.get(name) != before.root.get(name)]
    return bool(changed) and all(top.get(name) == record.root.get(name) for name in changed)


def top_of(base: Base) -> Mapping[str, Sha]:
    """What lies at the top of a whole branch: name → object id."""
    return {file.path: file.oid for file in base.files if "/" not in file.path}


def same_content(one: Mapping[str, Sha], other: Mapping[str, Sha]) -> bool:
    """Whether two trees hold the same but for what is never promoted. Nothing is like a tree that was not read."""
    return bool(one) and {**one, NEVER: None} == {**other, NEVER: None}


def _undone(base: Base, record: Record) -> bool:
    """Whether a commit on top of the record's says that it reverts it, and no later one that it reverts that one."""
    if record.commit not in base.history:
        return False
    standing = {record.commit, record.release.source or record.commit}
    reverts: set[Sha] = set()
    back = False
    for commit in reversed(base.history[: base.history.index(record.commit)]):
        target = base.undone.get(commit)
        if not back and target in standing:
            back, reverts = True, {commit}
        elif back and target in reverts:
            back = False
            standing.add(commit)
    return back
