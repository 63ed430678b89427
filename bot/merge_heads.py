"""Environments that are branches (`promote: merge`): what a head must be, what it keeps, and conflicts. No I/O.

GitHub makes the merge. What an environment keeps is settled before it: the source's commit is given the base's kept
paths, so that both sides agree on them, and the merge cannot conflict there or change them. Where it conflicts
elsewhere, our branch shows the source as it is (`Caisson-Conflict` in its trailers), and people resolve it.
"""

from collections.abc import Sequence

from bot.actions import Ask, MergeOf, RecordRelease, Verdict
from bot.content import Wanted, conflict_of, wanted
from bot.gates.verdicts import passed, waits
from bot.kept_paths import is_kept
from bot.merges import record_name
from bot.model import (
    Base,
    Commit,
    Comparison,
    How,
    Observation,
    Place,
    Record,
    Release,
    Sha,
    Unknown,
)
from bot.tree_copy import changes, collision, within, without
from bot.tree_facts import both, listing_at, listing_of
from config.pipeline import Environment, Pipeline, Promote

_MOST_SHOWN = 10


def wanted_merge(
    pipeline: Pipeline, environment: Environment, release: Release, *, place: Place, seen: Observation
) -> Wanted | Ask | str:
    """The merge that brings `release`, with what must stay the base's own; else why it cannot be."""
    assert place.base is not None and release.source is not None
    wish = wanted(pipeline, environment, release, base=place.base, files={})
    if isinstance(wish, str) or not environment.keep or not isinstance(wish.content, MergeOf):
        return wish
    source = seen.folders.get((release.source, ""))
    known = both(listing_at(release.source, "", seen), listing_of(place.base.tree, seen))
    if isinstance(known, Ask):
        return known
    if isinstance(known, Unknown) or source is None or isinstance(source, Unknown):
        return known.reason if isinstance(known, Unknown) else "its tree is not known"
    theirs, ours = known
    kept = changes(within(theirs, environment.keep), within(ours, environment.keep))
    brought = without(theirs, environment.keep)
    if refusal := collision({**brought, **within(ours, environment.keep)}, brought, folder=""):
        return f"{release.label} cannot be merged: {refusal}"
    content = MergeOf(source=release.source, scratch=wish.content.scratch, kept=kept, source_tree=source.tree)
    return Wanted(content=content, blobs={}, base={})


# --- what is judged of a head -----------------------------------------------------------------------------------------


def judge_kept(
    environment: Environment, head: Commit | None, *, base: Base, seen: Observation
) -> tuple[Verdict | None, Ask]:
    """Gate `keep`: the merge leaves as it is what the environment keeps. None where it keeps nothing."""
    if environment.promote is not Promote.MERGE or not environment.keep or (head and conflict_of(head)):
        return None, Ask()
    known = both(listing_of(head.tree, seen), listing_of(base.tree, seen)) if head else Ask()
    if isinstance(known, Unknown):
        return waits("keep", f"what the merge leaves as it is cannot be compared: {known.reason}"), Ask()
    if isinstance(known, Ask):
        return waits("keep", "what the merge leaves as it is has not been compared yet"), known
    theirs, ours = known
    if changed := changes(within(ours, environment.keep), within(theirs, environment.keep)):
        return waits("keep", f"the merge would change {_named(tuple(changed))}, which `keep` names"), Ask()
    return passed("keep", "what `keep` names stays as it is"), Ask()


def judge_conflict(
    pipeline: Pipeline, environment: Environment, head: Commit | None, *, base: Base, seen: Observation
) -> tuple[Verdict | None, Ask]:
    """Gate `merge` of a head that shows a conflict: where it is, and what to do. None for all others.

    GitHub does not name the paths. What both sides changed since they parted, to different contents, is where a
    conflict can be.
    """
    if head is None or conflict_of(head) is None or not head.parents:
        return None, Ask()
    source = head.parents[0]
    pairs = ((source, base.tip), (base.tip, source))
    missing = frozenset(pair for pair in pairs if pair not in seen.comparisons)
    sides = [seen.comparisons[pair] for pair in pairs if pair in seen.comparisons]
    said = f"{source[:7]} conflicts with {base.branch}{_where(environment, sides)}"
    return waits("merge", f"{said}. {_remedy(pipeline, base, source, seen)}"), Ask(comparisons=missing)


def _where(environment: Environment, sides: Sequence[Comparison | Unknown]) -> str:
    match sides:
        case [Comparison() as ours, Comparison() as theirs]:
            pass
        case _:
            return ""
    clashing = sorted(
        path
        for path in ours.changed.keys() & theirs.changed.keys()
        if ours.changed[path] != theirs.changed[path] and not is_kept(path, environment.keep)
    )
    more = "" if ours.complete and theirs.complete else ", perhaps in more"
    return f" in {_named(clashing)} (changed on both sides{more})" if clashing else ""


def _remedy(pipeline: Pipeline, base: Base, source: Sha, seen: Observation) -> str:
    """What a person can do. Whatever is pushed onto our branch is not merged by us."""
    roots = [e for e in pipeline.environments if e.is_root]
    holding = (e for e in roots if any(r.release.source == source for r in seen.places[e.name].records))
    root = next(holding, roots[0])
    into = root.branch or "the default branch"
    return (
        f"Merge {base.branch} into {into} and resolve it there: the next release then merges. Or merge {source[:7]} "
        f"into {base.branch} yourself, by a merge commit: that is recorded, and no gate is enforced"
    )


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_SHOWN} more" if len(paths) > _MOST_SHOWN else ""
    return ", ".join(paths[:_MOST_SHOWN]) + more


# --- what people merged -----------------------------------------------------------------------------------------------


def merged_by_people(
    pipeline: Pipeline, environment: Environment, place: Place, *, base: Base, seen: Observation, record: Record | None
) -> RecordRelease | None:
    """A release that the branch holds, newer than what is recorded: people merged it. It is recorded as what it is."""
    if place.pull is not None and place.pull.head in base.history:
        # Merged a moment ago: GitHub will say by whom.
        return None
    roots = [seen.places[e.name] for e in pipeline.environments if e.is_root]
    releases = [r.release for root in roots for r in root.records if r.release.source in base.history]
    recorded = {r.release.id for r in place.records}
    newest = max(releases, key=lambda release: release.order, default=None)
    if newest is None or newest.id in recorded or (record is not None and newest.order <= record.release.order):
        return None
    return _as_found(pipeline, environment, place, base, newest)


def _as_found(
    pipeline: Pipeline, environment: Environment, place: Place, base: Base, release: Release
) -> RecordRelease:
    known = {r.commit for r in place.records}
    commits = [(m, m.commit) for m in place.merged if m.by_us and not m.merged_by_us and m.commit is not None]
    merged = next(((m, c) for m, c in commits if c.sha in base.history and c.sha not in known), None)
    note, commit, number, how = f"found in {base.branch}; gates not enforced", base.tip, None, How.ADOPTED
    if merged is not None:
        who = merged[0].merged_by.login if merged[0].merged_by else "somebody"
        note, commit = f"merged by {who}, gates not enforced", merged[1].sha
        number, how = merged[0].number, How.MERGED_BY_PERSON
    return RecordRelease(
        record=record_name(pipeline, environment),
        production=not pipeline.downstreams(environment),
        commit=commit,
        release=release,
        how=how,
        pull_request=number,
        note=note,
    )
