"""What our merged pull requests brought: their release, and whether the result is what was proposed. No I/O."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.actions import RecordRelease
from bot.directives import DirectiveKind, directed_by
from bot.merge_trailers import account_of, speaker
from bot.model import Base, How, Merged, Place, Record, Release, Sha
from bot.release_record import release_from_json, trailers
from bot.reverts import same_content
from bot.standing import ALARM
from config.pipeline import Environment, Pipeline, Promote


def record_name(pipeline: Pipeline, environment: Environment) -> str:
    """The name under which GitHub lists the environment's deployments."""
    return pipeline.place_name(environment)


def stands(release: Release, versions: Mapping[str, tuple[str | None, str | None]]) -> bool:
    """Whether the scalars in Git are that release's: each tag and each digest that is written."""
    for artifact in release.artifacts:
        tag, digest = versions.get(artifact.repository, (None, None))
        if tag not in (None, artifact.tag) or digest not in (None, artifact.digest):
            return False
    return {a.repository for a in release.artifacts} == set(versions)


def unrecorded(place: Place, base: Base) -> Merged | None:
    """Our newest merged pull request that no record names yet and whose merge is still in the branch."""
    known = {r.commit for r in place.records}
    for merged in place.merged:
        if merged.commit is None or not merged.by_us:
            continue
        # The last commit that changed the folder is in the branch, however many others came since.
        if merged.commit.sha in base.history or merged.commit.sha == base.touched:
            return None if merged.commit.sha in known else merged
    return None


def carried_by(merged: Merged, records: Sequence[Record]) -> Release | None:
    """The release of a merged pull request, from the trailers of its head, which only our App can have written.

    Where GitHub does not show the head any more, from those of the merge that our App made. A squash made by hand may
    say what it likes. But a merge that we made has its source as second parent, and what restores an earlier release
    has the tree of one of the environment's `records` of it.
    """
    head = merged.head
    if head is None:
        account = account_of(merged)
        return account.release if account and account.release.source is None else None
    if not head.by_us:
        return None
    release = release_from_json(trailers(head.message).get("Caisson-Release"))
    if release is None or release.source is None or head.parents[1:] == (release.hydrated or release.source,):
        return release
    restored = any(r.release.source == release.source and same_content(r.root, merged.files) for r in records)
    return release if restored and len(head.parents) == 1 else None


def first_proposed_as(release: Release, merged: Merged, *, recorded: Iterable[Release], now: datetime) -> Release:
    """What a person merged, proposed when our records say; else not before its pull request was opened, nor after now.

    Nobody judged the head that a person merges: what its trailers say of the past is only a claim.
    """
    known = [one.proposed for one in recorded if one.id == release.id]
    return replace(release, proposed=min(known) if known else min(max(release.proposed, merged.created), now))


def merge_record(
    pipeline: Pipeline,
    environment: Environment,
    merged: Merged,
    release: Release,
    *,
    records: Sequence[Record],
    alarm: str | None = None,
) -> RecordRelease:
    """`records`: the environment's so far, newest first.

    `alarm`: what is wrong with the result ("": nothing), where the caller has judged it.
    """
    assert merged.commit is not None
    wrong = mismatch(merged, environment) if alarm is None else alarm
    how, note = How.PROMOTED, wrong
    if (left := _rolled_back_from(merged, records)) is not None:
        how, note = How.ROLLED_BACK, wrong or f"rolled back from {left}"
    if not merged.merged_by_us:
        how = How.MERGED_BY_PERSON
        who = merged.merged_by.login if merged.merged_by else "somebody"
        note = wrong or f"merged by {who}, gates not enforced"
    return RecordRelease(
        record=record_name(pipeline, environment),
        production=not pipeline.downstreams(environment),
        commit=merged.commit.sha,
        release=release,
        how=how,
        pull_request=merged.number,
        note=note,
    )


def _rolled_back_from(merged: Merged, records: Sequence[Record]) -> str | None:
    """What people call the release that a rollback took out; None where it was no rollback."""
    directed = directed_by(speaker(merged))
    if directed is None or directed.kind is not DirectiveKind.ROLLBACK:
        return None
    return next((r.release.label for r in records if r.release.id == directed.instead_of), "another release")


def mismatch(merged: Merged, environment: Environment) -> str:
    """What is wrong with a merge's result, or nothing: the files it promoted must be exactly those of its head."""
    assert merged.commit is not None
    if environment.promote is Promote.MERGE:
        assert merged.head is not None
        if merged.commit.tree != merged.head.tree:
            return f"{ALARM}: merge {merged.commit.sha[:7]} does not have the content of the pull request's head"
        return ""
    promised = trailers((merged.head or merged.commit).message).get("Caisson-Blobs")
    for path, blob in (_blobs(promised)).items():
        if merged.files.get(path) != blob:
            return f"{ALARM}: merge {merged.commit.sha[:7]} changed {path} to something that was not proposed"
    return ""


def _blobs(text: str | None) -> dict[str, Sha]:
    try:
        value = json.loads(text or "{}")
    except json.JSONDecodeError:
        return {}
    return {str(k): Sha(str(v)) for k, v in value.items()} if isinstance(value, dict) else {}
