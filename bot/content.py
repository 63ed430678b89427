"""What a promotion's head must contain, and whether the head on our branch is that. No I/O."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from bot.actions import Content, Copy, Edits, MergeOf, Restored, Verdict, Whole
from bot.errors import UserError
from bot.gates.verdicts import blocks, passed, waits
from bot.manifests.chart import stale_lock
from bot.manifests.left_behind import left_behind
from bot.manifests.recognise import may_hold_versions
from bot.manifests.subject import subjects
from bot.manifests.versions import find, set_version, version_in
from bot.model import Base, Commit, File, PullRequest, Release, Sha
from bot.release_record import CONFLICT, release_from_json, trailers
from config.pipeline import Environment, ImageSource, Pipeline, Promote

# The modes of files that hold text: no links, folders or submodules.
REGULAR = (0o100644, 0o100755)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The content a promotion should have now. `blobs`, `base`: path → blob id after and before, for edits.

    `by_tag`: names of the artifacts that stand by their tag alone then, so that the tag says what is pulled.
    """

    content: Content
    blobs: Mapping[str, Sha]
    base: Mapping[str, Sha]
    by_tag: frozenset[str] = frozenset()


def branch_name(pipeline: Pipeline, environment: Environment) -> str:
    return f"caisson/{pipeline.place_name(environment)}"


def blob_id(text: str) -> Sha:
    """Git's object id of a blob with that text (UTF-8)."""
    data = text.encode()
    return Sha(hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest())


def wanted(
    pipeline: Pipeline, environment: Environment, release: Release, *, base: Base, files: Mapping[str, File]
) -> Wanted | str:
    """The edits or the merge that bring `release` onto `base`; else a sentence that says why not.

    `files`: those in which versions may stand, by path.
    """
    if environment.promote is Promote.MERGE:
        assert release.source is not None
        if release.source in base.history:
            return f"{base.branch} already contains {release.label}"
        scratch = f"caisson-merge/{pipeline.name}/{environment.name}"
        return Wanted(content=MergeOf(source=release.source, scratch=scratch), blobs={}, base={})
    before = {path: file.text for path, file in files.items() if file.text is not None}
    try:
        texts = _edited(pipeline, environment, release, before)
    except UserError as error:
        return str(error)
    changed = {path: text for path, text in texts.items() if text != before[path]}
    if not changed:
        return f"{environment.path or base.branch} already has {release.label}"
    return Wanted(
        content=Edits(texts=changed, modes={path: files[path].mode for path in changed}, base_tree=base.tree),
        blobs={path: blob_id(text) for path, text in changed.items()},
        base={path: files[path].oid for path in changed},
        by_tag=_by_tag(pipeline, environment, texts),
    )


def _by_tag(pipeline: Pipeline, environment: Environment, texts: Mapping[str, str]) -> frozenset[str]:
    """Where several places hold it, one without the digest suffices."""
    standing = {s.name: find(texts, s, folder=environment.path) for s in subjects(pipeline)}
    return frozenset(name for name, places in standing.items() if any(place.digest is None for place in places))


def _edited(
    pipeline: Pipeline, environment: Environment, release: Release, before: Mapping[str, str]
) -> dict[str, str]:
    """The texts with every version of the release. Raises UserError where one cannot be written."""
    texts = dict(before)
    carried = {(a.name, a.repository): a for a in release.artifacts}
    for subject in subjects(pipeline):
        source = pipeline.artifacts[subject.name]
        artifact = carried.get((subject.name, source.location))
        if artifact is None:
            raise UserError(f"{subject.name} is declared differently by now than {release.label} carries it")
        if not artifact.tag and version_in(texts, subject, folder=environment.path) == (None, artifact.digest):
            # It was adopted by its digest, and stands as it should.
            continue
        if not artifact.tag:
            raise UserError(
                f"{artifact.repository}@{artifact.digest} has no tag that is known, and one must be written"
            )
        pin = source.pin if isinstance(source, ImageSource) else None
        texts |= set_version(texts, subject, tag=artifact.tag, digest=artifact.digest, pin=pin, folder=environment.path)
    return texts


def notes_on(pipeline: Pipeline, content: Content, base: Base) -> tuple[str, ...]:
    """What a reviewer should know: what the edits leave behind, and manifests that were not looked into."""
    if isinstance(content, Copy):
        gone = [path for path, entry in content.entries.items() if entry is None]
        deleted = f", of which {len(gone)} are deleted" if gone else ""
        return (f"{len(content.entries)} files become as `{content.of}` has them{deleted}",)
    if isinstance(content, Whole):
        return (f"`{base.branch}` becomes exactly what `{content.of}` holds at `{content.source[:7]}`",)
    if not isinstance(content, Edits):
        return ()
    texts = {file.path: file.text for file in base.files if file.text is not None} | dict(content.texts)
    said = [stale_lock(texts, subject) for subject in subjects(pipeline)]
    said += [sentence for subject in subjects(pipeline) for sentence in left_behind(texts, subject, folder="")]
    said += [f"{path} could not be read as text, so no version in it is moved" for path in unread(base)]
    return tuple(sentence for sentence in said if sentence)


def unread(base: Base) -> tuple[str, ...]:
    """Manifests that GitHub gave no text of, or not to the byte: they are too large, or no text at all."""
    closed = (f for f in base.files if f.text is None or blob_id(f.text) != f.oid)
    return tuple(f.path for f in closed if f.mode in REGULAR and may_hold_versions(f.path))


def proposed_release(head: Commit | None) -> Release | None:
    """What the head carries; only a commit of our App is read."""
    if head is None or not head.by_us:
        return None
    return release_from_json(trailers(head.message).get("Caisson-Release"))


def conflict_of(head: Commit) -> Sha | None:
    """Of a head of ours that shows a conflict: with which commit of the base branch. Such a head is never merged."""
    told = trailers(head.message).get(CONFLICT) if head.by_us else None
    return Sha(told) if told is not None else None


def stale(
    wish: Wanted, head: Commit, release: Release, *, base: Base, pull: PullRequest, files: Mapping[str, Sha]
) -> bool:
    """Whether our head is not what we would make now, so that it must be made anew. `files`: the folder at the head.

    A message can be forged (a squash by hand keeps its author and is signed by GitHub), content cannot: exactly the
    wanted paths may change, to exactly the wanted blobs. Other commits on the base branch void nothing: for edits,
    *base* means the blobs the promotion edits.
    """
    carried = proposed_release(head)
    # The whole of it, not its id alone: what the merge will record is what the head says.
    if carried is None or carried != release:
        return True
    if isinstance(wish.content, Whole):
        made = (base.tip, wish.content.source), wish.content.tree, wish.content.source
        return (head.parents, head.tree, carried.hydrated) != made
    if isinstance(wish.content, MergeOf):
        if (conflict := conflict_of(head)) is not None:
            # Tried again when the branch has moved; until then it would conflict again.
            return (conflict, head.parents) != (base.tip, (wish.content.source,))
        return head.parents != (base.tip, wish.content.source)
    if isinstance(wish.content, Restored):
        return head.parents != (base.tip,) or dict(files) != dict(wish.content.top)
    if isinstance(wish.content, Copy):
        return (head.parents, head.tree) != ((wish.content.parent,), wish.content.tree)
    kept = trailers(head.message)
    return (
        pull.changed != frozenset(wish.blobs)
        or any(files.get(path) != blob for path, blob in wish.blobs.items())
        or _map(kept.get("Caisson-Base")) != dict(wish.base)
        or len(head.parents) != 1
    )


# What gate `head` says of a head that we make: its words name no commit, so that they can be written with it.
MADE_BY_US = passed("head", "made by Caisson")


def judge_head(pull: PullRequest, head: Commit | None, content: Content | None = None) -> Verdict:
    """Gate `head`: everything on our branch is ours, and what we read of the pull request is all there is.

    `content`: what the head is held against. A copy is compared by its tree, and what is restored by all that lies at
    its top, so that no file need be named.
    """
    if head is None or head.sha != pull.head:
        return waits("head", "GitHub has not settled on the branch's head yet")
    others = [c for c in pull.commits if not c.by_us]
    if not head.by_us:
        return blocks("head", f"{head.author} pushed {head.sha[:7]} onto our branch; remove that commit to go on")
    if conflict_of(head) is not None:
        return waits("head", "it shows a conflict and is not what would be merged")
    # In a merge the promoted commits are other people's by nature; the head itself is the merge we made.
    if len(head.parents) == 1 and others:
        return blocks("head", f"{others[0].author}'s commit {others[0].sha[:7]} is on our branch; remove it to go on")
    if pull.draft:
        return waits("head", "the pull request is a draft")
    if not pull.complete:
        return waits("head", "the pull request has more commits, comments, reviews or checks than can be read at once")
    if len(head.parents) == 1 and pull.changed is None and not isinstance(content, Copy | Restored):
        return waits("head", "GitHub does not name every file that the pull request changes")
    return MADE_BY_US


def _map(text: str | None) -> dict[str, str]:
    try:
        value = json.loads(text or "{}")
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
