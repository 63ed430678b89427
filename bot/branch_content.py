"""What a whole branch must contain after something was taken back there, or is to be. No I/O.

Git does not bring back by a merge what was taken back since: a source whose earlier merge was rolled back is an
ancestor already (git's own howto, "revert-a-faulty-merge"). So while a branch stands where it was taken back to, the
next merge is made as if the branch followed the source that stands there, and no other.
"""

from dataclasses import replace

from bot.actions import Ask, MergeOf, Restored, Standpoint
from bot.content import Wanted
from bot.model import Base, Record, Release
from bot.reverts import NEVER, top_of
from bot.standing import Standing
from config.pipeline import Environment, Pipeline


def branch_content(
    pipeline: Pipeline, environment: Environment, release: Release, *, base: Base, here: Standing
) -> Wanted | str | None:
    """What brings `release` onto `base` there, or a sentence that says why nothing does; None: a plain merge does."""
    active = here.active
    if active is None or active.source is None or release.source is None:
        return None
    if release.order < active.order:
        return _restored(release, base, here)
    if not any(record.release.order > active.order for record in here.records):
        return None
    stands = Standpoint(commit=active.source, tree=base.tree)
    content = MergeOf(source=release.source, scratch=f"caisson-merge/{pipeline.name}/{environment.name}", stands=stands)
    return Wanted(content=content, blobs={}, base={})


def on_what_stands(plain: Wanted | Ask | str, instead: Wanted) -> Wanted | Ask | str:
    """The merge with what it keeps, made on what stands where the branch was taken back to."""
    match plain, instead.content:
        case Wanted(content=MergeOf() as merge), MergeOf(stands=stands):
            return replace(plain, content=replace(merge, stands=stands))
        case _:
            return plain


def _restored(release: Release, base: Base, here: Standing) -> Wanted | str:
    record = here.record_of(release)
    if record is None:
        return f"{release.label} comes before what stands in {here.name}, and was never there to be restored"
    if record.tree is None or not record.root:
        return f"what {here.name} held with {release.label} cannot be read any more"
    return Wanted(content=restored_tree(record, base), blobs={}, base={})


def restored_tree(record: Record, base: Base) -> Restored:
    """The whole tree of the record's commit, but for `.github/`, which is never written: it stays as it is."""
    assert record.tree is not None
    kept = top_of(base).get(NEVER)
    top = {name: oid for name, oid in record.root.items() if name != NEVER} | ({NEVER: kept} if kept else {})
    return Restored(tree=record.tree, top=top, kept={} if top == record.root else {NEVER: kept})
