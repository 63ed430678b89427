"""Truth tables: what a head must contain, when it is made anew, and when it blocks."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Edits, MergeOf, Outcome, Restored
from bot.content import Wanted, blob_id, branch_name, judge_head, notes_on, proposed_release, stale, wanted
from bot.model import Artifact, Base, Commit, Digest, File, Place, PullRequest, Release, Sha
from config.pipeline import ChartSource, Environment, ImageSource, Pipeline, Promote
from tests.unit.facts import (
    HEAD,
    IMAGE,
    NEW,
    NEWER,
    OLD,
    PRODUCTION,
    SHOP,
    at,
    base,
    by_path,
    commit,
    digest_of,
    file_of,
    kustomization,
    message_of,
    place,
    proposal,
    pull,
    record,
    release,
    sha,
)

PASS, WAIT, BLOCK = Outcome
PATH = "apps/web/production/kustomization.yaml"
HERE = place(PRODUCTION, record(OLD))
MADE = proposal(PRODUCTION, NEW, HERE)
WHOLE = Environment(name="production", branch="production", after=("staging",), promote=Promote.MERGE)


def test_our_branch_is_named_after_pipeline_and_environment() -> None:
    """One living branch for each."""
    assert branch_name(SHOP, PRODUCTION) == "caisson/shop/production"


def test_a_blob_is_named_as_git_names_it() -> None:
    """`git hash-object` of the empty blob, and of a text beyond ASCII."""
    assert blob_id("") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert blob_id("ü\n") == hashlib.sha1(b"blob 3\0\xc3\xbc\n", usedforsecurity=False).hexdigest()


# --- wanted -----------------------------------------------------------------------------------------------------------


def test_a_version_is_edited_and_nothing_else() -> None:
    """The whole file is kept but for the tag; before and after are written down by blob."""
    assert HERE.base is not None
    wish = wanted(SHOP, PRODUCTION, NEW, base=HERE.base, files=by_path(*HERE.base.files))
    text = kustomization("1.0.0").replace("1.0.0", "1.1.0")
    assert wish == Wanted(
        content=Edits(texts={PATH: text}, modes={PATH: 0o100644}, base_tree=HERE.base.tree),
        blobs={PATH: blob_id(text)},
        base={PATH: HERE.base.files[0].oid},
        by_tag=frozenset({"web"}),
    )


@pytest.mark.parametrize(
    ("file", "why"),
    [
        pytest.param(None, "stands nowhere", id="no file"),
        pytest.param(file_of(PRODUCTION, None), "stands nowhere", id="a file whose text GitHub did not give"),
        pytest.param(file_of(PRODUCTION, kustomization("1.1.0")), "already has 1.1.0", id="the release stands there"),
        pytest.param(file_of(PRODUCTION, f"images: [{IMAGE}"), PATH, id="no YAML"),
        pytest.param(file_of(PRODUCTION, "resources: []\n"), "stands nowhere", id="no such image"),
        pytest.param(file_of(PRODUCTION, kustomization("'{{ tag }}'")), PATH, id="a template"),
    ],
)
def test_what_cannot_be_edited_is_said(*, file: File | None, why: str) -> None:
    """In a sentence, and nothing is written."""
    wish = wanted(SHOP, PRODUCTION, NEW, base=base(), files=by_path(file) if file else {})
    assert isinstance(wish, str)
    assert why in wish


def test_a_pinned_digest_moves_with_its_tag() -> None:
    """Kustomize lets the digest win, so the tag alone would promote nothing."""
    pinned = file_of(PRODUCTION, kustomization("1.0.0", digest=digest_of("1.0.0")))
    wish = wanted(SHOP, PRODUCTION, NEW, base=base(pinned), files=by_path(pinned))
    assert isinstance(wish, Wanted)
    assert isinstance(wish.content, Edits)
    assert wish.content.texts[PATH] == kustomization("1.1.0", digest=digest_of("1.1.0"))


SOURCE = Release(source=sha("source"), proposed=at(-60))


def test_a_branch_takes_a_merge() -> None:
    """Of the source commit; unless the branch has it already."""
    wish = wanted(SHOP, WHOLE, SOURCE, base=base(branch="production"), files={})
    assert wish == Wanted(
        content=MergeOf(source=sha("source"), scratch="caisson-merge/shop/production"), blobs={}, base={}
    )
    contained = base(branch="production", history=(sha("tip"), sha("source")))
    assert wanted(SHOP, WHOLE, SOURCE, base=contained, files={}) == f"production already contains {SOURCE.label}"


# --- proposed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "carried"),
    [
        pytest.param(MADE.head, NEW, id="ours"),
        pytest.param(None, None, id="no branch"),
        pytest.param(commit("x", by="mallory", message=MADE.head.message if MADE.head else ""), None, id="forged"),
        pytest.param(commit(), None, id="ours, without trailers"),
        pytest.param(commit(message="T\n\nCaisson-Release: {}"), None, id="ours, with half a release"),
        pytest.param(
            commit(message=f"{MADE.head.message if MADE.head else ''}\n\nA last word."),
            None,
            id="trailers that do not come last",
        ),
    ],
)
def test_what_a_head_carries(*, head: Commit | None, carried: Release | None) -> None:
    """Only a commit of our App is read, and only whole releases."""
    assert proposed_release(head) == carried


# --- stale ------------------------------------------------------------------------------------------------------------

Change = Callable[[Place], Place]


def with_head(**changed: Any) -> Change:
    def change(made: Place) -> Place:
        assert made.head is not None
        return replace(made, head=replace(made.head, **changed))

    return change


def with_pull(changed: frozenset[str] | None) -> Change:
    def change(made: Place) -> Place:
        assert made.pull is not None
        return replace(made, pull=replace(made.pull, changed=changed))

    return change


def with_files(files: dict[str, Sha]) -> Change:
    return lambda made: replace(made, head_files=files)


def saying(what: Release = NEW, *, blobs: dict[str, str] | None = None, before: dict[str, str] | None = None) -> Change:
    """The head's message written anew; its content as it was."""

    def change(made: Place) -> Place:
        assert made.head is not None
        assert made.base is not None
        kept: Mapping[str, str] = before if before is not None else {f.path: f.oid for f in made.base.files}
        told: Mapping[str, str] = blobs if blobs is not None else made.head_files
        return with_head(message=message_of(PRODUCTION, what, blobs=told, base=kept))(made)

    return change


def on(changed_base: Base) -> Change:
    return lambda made: replace(made, base=changed_base)


STANDS = file_of(PRODUCTION, kustomization("1.0.0"))
EDITED = file_of(PRODUCTION, kustomization("1.0.0") + "namePrefix: new-\n")


@pytest.mark.parametrize(
    ("change", "anew"),
    [
        pytest.param(lambda made: made, False, id="exactly what we would make"),
        pytest.param(
            on(base(STANDS, tip=sha("later"), history=(sha("later"), sha("tip")))),
            False,
            id="others committed elsewhere on the base branch",
        ),
        pytest.param(saying(NEWER), True, id="another release in the trailers"),
        pytest.param(
            saying(release("1.1.0", digest="sha256:" + "0" * 64)), True, id="the same tag with another digest"
        ),
        pytest.param(with_head(message="Promote"), True, id="no trailers"),
        pytest.param(with_head(by_us=False), True, id="not our commit"),
        pytest.param(with_files({PATH: blob_id("evil")}), True, id="our trailers on other content"),
        pytest.param(with_files({}), True, id="our trailers, and the file is gone"),
        pytest.param(
            lambda made: saying(blobs={PATH: blob_id("evil")})(with_files({PATH: blob_id("evil")})(made)),
            True,
            id="forged trailers that fit the forged content",
        ),
        pytest.param(
            with_pull(frozenset({PATH, ".github/workflows/deploy.yml"})), True, id="one more file than promised"
        ),
        pytest.param(with_pull(frozenset({"other.yaml"})), True, id="another file than promised"),
        pytest.param(with_pull(frozenset()), True, id="no file at all"),
        pytest.param(with_pull(None), True, id="GitHub does not name all the files"),
        pytest.param(on(base(EDITED)), True, id="the file was edited on the base branch"),
        pytest.param(saying(before={}), True, id="no word of what it was made from"),
        pytest.param(saying(before={PATH: blob_id("other")}), True, id="made from another file"),
        pytest.param(with_head(parents=(sha("tip"), sha("side"))), True, id="a merge, where an edit was wanted"),
        pytest.param(with_head(parents=()), True, id="made from nothing"),
    ],
)
def test_an_edit_is_made_anew(*, change: Change, anew: bool) -> None:
    """Whatever the message claims, exactly the wanted paths must change, to exactly the wanted blobs."""
    there = change(MADE)
    assert there.base is not None
    assert there.head is not None
    assert there.pull is not None
    wish = wanted(SHOP, PRODUCTION, NEW, base=there.base, files=by_path(*there.base.files))
    assert isinstance(wish, Wanted)
    found = stale(wish, there.head, NEW, base=there.base, pull=there.pull, files=there.head_files)
    assert found is anew


@pytest.mark.parametrize(
    ("parents", "anew"),
    [
        pytest.param((sha("tip"), sha("source")), False, id="the tip and the source"),
        pytest.param((sha("source"), sha("tip")), True, id="the other way round"),
        pytest.param((sha("tip"),), True, id="squashed"),
        pytest.param((sha("before"), sha("source")), True, id="of an older tip"),
        pytest.param((sha("tip"), sha("another")), True, id="of another source"),
        pytest.param((sha("tip"), sha("source"), sha("third")), True, id="of one commit more"),
    ],
)
def test_a_merge_is_made_anew(*, parents: tuple[Sha, ...], anew: bool) -> None:
    """A merge must be of exactly the base's tip and the source commit."""
    there = base(branch="production")
    wish = wanted(SHOP, WHOLE, SOURCE, base=there, files={})
    assert isinstance(wish, Wanted)
    head = commit(parents=parents, message=message_of(WHOLE, SOURCE, blobs={}, base={}))
    assert stale(wish, head, SOURCE, base=there, pull=pull(), files={}) is anew


# --- the gate `head` --------------------------------------------------------------------------------------------------

THEIRS = commit("theirs", by="mallory")
MERGING = commit(parents=(sha("tip"), THEIRS.sha))


@pytest.mark.parametrize(
    ("opened", "head", "outcome", "said"),
    [
        pytest.param(pull(changed=frozenset({"a.yaml"})), commit(), PASS, "made by Caisson", id="one commit, ours"),
        pytest.param(pull(), commit(), WAIT, "does not name every file", id="its files not all named"),
        pytest.param(pull(), None, WAIT, "not settled", id="the branch is not there"),
        pytest.param(pull(), commit("other"), WAIT, "not settled", id="branch and pull request differ"),
        pytest.param(
            pull(head=THEIRS.sha, commits=(commit(), THEIRS)), THEIRS, BLOCK, "mallory pushed", id="a stranger's head"
        ),
        pytest.param(
            pull(commits=(THEIRS, commit())), commit(), BLOCK, "mallory's commit", id="a stranger's commit below ours"
        ),
        pytest.param(
            pull(commits=(THEIRS, MERGING)), MERGING, PASS, "made by Caisson", id="a merge of others' commits"
        ),
        pytest.param(pull(draft=True), commit(), WAIT, "draft", id="a draft"),
        pytest.param(pull(complete=False), commit(), WAIT, "can be read at once", id="more than could be read"),
        pytest.param(
            pull(draft=True, complete=False, commits=(THEIRS, commit())),
            commit(),
            BLOCK,
            "mallory's commit",
            id="a block is said before a wait",
        ),
    ],
)
def test_the_head_is_judged(*, opened: PullRequest, head: Commit | None, outcome: Outcome, said: str) -> None:
    """Everything on our branch is ours, and what was read is all there is."""
    verdict = judge_head(opened, head)
    assert verdict.outcome is outcome
    assert said in verdict.reason


def test_the_trailers_carry_the_whole_release() -> None:
    """Each value is one line of JSON; names of files and blobs come back as they were."""
    assert MADE.head is not None
    lines = MADE.head.message.split("\n\n")[-1].splitlines()
    told = {key: value for key, _, value in (line.partition(": ") for line in lines)}
    assert json.loads(told["Caisson-Blobs"]) == dict(MADE.head_files)
    assert json.loads(told["Caisson-Release"])["artifacts"][0]["repository"] == IMAGE
    assert MADE.head.sha == HEAD


# --- several files, several artifacts, digests, charts ----------------------------------------------------------------

WORKER = "ghcr.io/org/worker"
TWO = SHOP.model_copy(update={"images": {"web": SHOP.images["web"], "worker": ImageSource(repository=WORKER)}})


def written(path: str, text: str, *, mode: int = 0o100644) -> File:
    return File(path=f"apps/web/production/{path}", oid=blob_id(text), mode=mode, text=text)


def artifact(name: str, tag: str, *, repository: str | None = None, digest: str | None = None) -> Artifact:
    places = {"web": IMAGE, "worker": WORKER}
    return Artifact(
        name=name,
        repository=repository or places[name],
        tag=tag,
        digest=Digest(digest) if digest else digest_of(tag),
    )


def of(*artifacts: Artifact) -> Release:
    return Release(artifacts=artifacts, proposed=at(-60))


def edits(files: tuple[File, ...], what: Release, pipeline: Pipeline = SHOP) -> Edits | str:
    wish = wanted(pipeline, PRODUCTION, what, base=base(*files), files=by_path(*files))
    if isinstance(wish, str):
        return wish
    assert isinstance(wish.content, Edits)
    assert set(wish.blobs) == set(wish.base) == set(wish.content.modes) == set(wish.content.texts)
    return wish.content


VALUES = f"image:\n  repository: {IMAGE}\n  tag: 1.0.0\n"


def test_a_version_moves_in_every_file_in_which_it_stands() -> None:
    """And in those alone; each keeps the mode it has."""
    files = (
        written("kustomization.yaml", kustomization("1.0.0"), mode=0o100755),
        written("values.yaml", VALUES),
        written("other.yaml", "image:\n  repository: ghcr.io/org/other\n  tag: 1.0.0\n"),
    )
    made = edits(files, NEW)
    assert isinstance(made, Edits)
    assert made.modes == {
        "apps/web/production/kustomization.yaml": 0o100755,
        "apps/web/production/values.yaml": 0o100644,
    }
    assert made.texts["apps/web/production/values.yaml"] == VALUES.replace("1.0.0", "1.1.0")


def test_files_with_one_that_cannot_be_written_are_all_left() -> None:
    """Half a promotion is none; the sentence names the file."""
    templated = written("values.yaml", VALUES.replace("1.0.0", "'{{ .tag }}'"))
    told = edits((written("kustomization.yaml", kustomization("1.0.0")), templated), NEW)
    assert isinstance(told, str)
    assert "apps/web/production/values.yaml" in told


ENTRIES = f"images:\n  - name: {IMAGE}\n    newTag: {{web}}\n  - name: {WORKER}\n    {{worker}}\n"


@pytest.mark.parametrize(
    ("release_", "after"),
    [
        pytest.param(
            of(artifact("web", "1.1.0"), artifact("worker", "3.1.0")),
            ENTRIES.format(web="1.1.0", worker="newTag: 3.1.0"),
            id="both move",
        ),
        pytest.param(
            of(artifact("web", "1.1.0"), artifact("worker", "3.0.0")),
            ENTRIES.format(web="1.1.0", worker="newTag: 3.0.0"),
            id="one moves",
        ),
    ],
)
def test_two_artifacts_move_in_one_file(*, release_: Release, after: str) -> None:
    """The second edit is made on the text of the first."""
    before = written("kustomization.yaml", ENTRIES.format(web="1.0.0", worker="newTag: 3.0.0"))
    made = edits((before,), release_, TWO)
    assert isinstance(made, Edits)
    assert dict(made.texts) == {PATH: after}


BARE = digest_of("bare")


@pytest.mark.parametrize(
    ("worker", "outcome"),
    [
        pytest.param(f"digest: {BARE}", "moved", id="its digest stands already"),
        pytest.param(f"digest: {digest_of('other')}", "refused", id="another digest stands"),
        pytest.param("newTag: 3.0.0", "refused", id="a tag stands"),
        pytest.param(f"newTag: 3.0.0\n    digest: {BARE}", "refused", id="a tag stands beside its digest"),
    ],
)
def test_an_artifact_without_a_tag_is_never_written(*, worker: str, outcome: str) -> None:
    """It was adopted by its digest: where that stands its siblings move, elsewhere it cannot be brought."""
    before = written("kustomization.yaml", ENTRIES.format(web="1.0.0", worker=worker))
    made = edits((before,), of(artifact("web", "1.1.0"), artifact("worker", "", digest=BARE)), TWO)
    if outcome == "moved":
        assert isinstance(made, Edits)
        assert dict(made.texts) == {PATH: ENTRIES.format(web="1.1.0", worker=worker)}
    else:
        assert isinstance(made, str)
        assert f"{WORKER}@{BARE}" in made
        assert "no tag" in made


def test_a_digest_alone_moves_to_a_digest_alone() -> None:
    """No tag is written where none stands."""
    before = written("kustomization.yaml", f"images:\n  - name: {IMAGE}\n    digest: {BARE}\n")
    made = edits((before,), NEW)
    assert isinstance(made, Edits)
    assert dict(made.texts) == {PATH: f"images:\n  - name: {IMAGE}\n    digest: {digest_of('1.1.0')}\n"}


@pytest.mark.parametrize(
    ("tag", "why"),
    [
        pytest.param("1.1.0\nevil: true", "is not a tag", id="a line break"),
        pytest.param("1.1.0 # x", "is not a tag", id="a comment"),
        pytest.param("{{ tag }}", "is not a tag", id="a template"),
        pytest.param("-1", "is not a tag", id="no tag may begin so"),
    ],
)
def test_what_is_no_tag_is_not_written(*, tag: str, why: str) -> None:
    """A registry that lists such names smuggles nothing into Git."""
    told = edits((written("kustomization.yaml", kustomization("1.0.0")),), of(artifact("web", tag, digest=BARE)))
    assert isinstance(told, str)
    assert why in told


CHARTS = "https://charts.example.com"
CHARTED = Pipeline(
    name="shop", charts={"web": ChartSource(repository=CHARTS, chart="web")}, environments=SHOP.environments
)
CHART_YAML = f"""\
apiVersion: v2
name: all
version: 1.0.0
dependencies:
  - name: web
    version: {{version}}
    repository: {CHARTS}
"""
LOCK = f"dependencies:\n- name: web\n  repository: {CHARTS}\n  version: 4.0.0\ndigest: sha256:0\n"
CHART = of(artifact("web", "4.1.0", repository=f"{CHARTS}#web"))


def test_a_chart_moves_by_its_version_alone() -> None:
    """A digest of a chart is written nowhere."""
    made = edits((written("Chart.yaml", CHART_YAML.format(version="4.0.0")),), CHART, CHARTED)
    assert isinstance(made, Edits)
    assert dict(made.texts) == {"apps/web/production/Chart.yaml": CHART_YAML.format(version="4.1.0")}


@pytest.mark.parametrize(
    ("lock", "told"),
    [
        pytest.param(LOCK, True, id="the lock says the old version"),
        pytest.param(LOCK.replace("4.0.0", "4.1.0"), False, id="the lock says the new version already"),
        pytest.param(None, False, id="there is no lock"),
    ],
)
def test_a_lock_that_is_left_behind_is_told(*, lock: str | None, told: bool) -> None:
    """We cannot write its digest, so a person has to."""
    chart = written("Chart.yaml", CHART_YAML.format(version="4.0.0"))
    files = (chart,) if lock is None else (chart, written("Chart.lock", lock))
    made = edits(files, CHART, CHARTED)
    assert isinstance(made, Edits)
    said = notes_on(CHARTED, made, base(*files))
    assert [("Chart.lock" in sentence) for sentence in said] == ([True] if told else [])


def test_a_reference_that_is_left_behind_is_told() -> None:
    """Nobody is to take it for promoted."""
    resource = written("web.yaml", f"apiVersion: x/v1\nkind: Web\nspec:\n  image: {IMAGE}:1.0.0\n")
    files = (file_of(PRODUCTION, kustomization("1.0.0")), resource)
    wish = wanted(SHOP, PRODUCTION, NEW, base=base(*files), files=by_path(*files))
    assert isinstance(wish, Wanted)
    (said,) = notes_on(SHOP, wish.content, base(*files))
    assert said.startswith(f"{resource.path} line 4 still names {IMAGE}:1.0.0")


def test_a_merge_leaves_no_lock_behind() -> None:
    """It brings whole files."""
    assert notes_on(SHOP, MergeOf(source=sha("source"), scratch="scratch"), base()) == ()


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(of(artifact("web", "1.1.0")), id="one artifact less than is declared"),
        pytest.param(
            of(artifact("web", "1.1.0"), artifact("worker", "3.1.0", repository="ghcr.io/other/worker")),
            id="one from another repository than is declared",
        ),
        pytest.param(Release(source=sha("source"), proposed=at(-1)), id="a commit"),
    ],
)
def test_a_release_of_another_declaration_is_not_written(what: Release) -> None:
    """Its tags are of other images: nothing is written, and nothing breaks."""
    before = written("kustomization.yaml", ENTRIES.format(web="1.0.0", worker="newTag: 3.0.0"))
    told = edits((before,), what, TWO)
    assert isinstance(told, str)
    assert "is declared differently by now" in told


def test_a_restored_tree_is_held_against_all_that_lies_at_its_top() -> None:
    """So it does not matter that GitHub names too many changed files to read; of edits it does."""
    head = commit()
    many = pull(changed=None)
    assert judge_head(many, head, Restored(tree=sha("tree"), top={})).outcome is Outcome.PASS
    assert judge_head(many, head).outcome is Outcome.WAIT


@pytest.mark.parametrize(
    ("files", "parents", "expected"),
    [
        pytest.param({"index.yaml": sha("one")}, ("tip",), False, id="as it was"),
        pytest.param({"index.yaml": sha("evil")}, ("tip",), True, id="other content"),
        pytest.param({"index.yaml": sha("one"), "more.yaml": sha("more")}, ("tip",), True, id="something besides"),
        pytest.param({"index.yaml": sha("one")}, ("before",), True, id="on an older tip"),
        pytest.param({"index.yaml": sha("one")}, ("tip", "source"), True, id="a merge"),
    ],
)
def test_a_restored_tree_is_stale(files: dict[str, Sha], parents: tuple[str, ...], *, expected: bool) -> None:
    """Its top must be exactly what the branch held then, by one commit on the present tip."""
    wish = Wanted(content=Restored(tree=sha("tree"), top={"index.yaml": sha("one")}), blobs={}, base={})
    message = message_of(WHOLE, SOURCE, blobs={}, base={})
    head = commit(message=message, parents=tuple(sha(word) for word in parents))
    assert stale(wish, head, SOURCE, base=base(), pull=pull(), files=files) == expected
