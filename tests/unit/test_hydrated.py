"""Hydrated branches: which dry commit they stand at, which of their commits a release is, and who wrote it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Ask, Whole
from bot.content import Wanted, stale
from bot.hydrated import dry_sha, hydrated_commit, newest_dry, standing_hydration
from bot.hydrated_heads import dry_commits, wanted_hydrated
from bot.merges import carried_by
from bot.model import Commit, File, Folder, HydratedCommit, Hydration, Merged, Observation, Place, Release, Sha, Unknown
from bot.release_record import release_from_json, release_to_json
from config.approvals import Approvals
from config.pipeline import Environment, Pipeline
from tests.unit.facts import at, base, commit, observation, person, pull, record, sha

STAGING = Environment(name="staging", branch="live", hydrated="live-next")
SITE = Pipeline(name="site", environments=(STAGING,))
NOTES = sha("notes")
V1, V2, V3 = sha("v1"), sha("v2"), sha("v3")
OLD = Release(source=V1, proposed=at(-200), hydrated=sha("c1"))
NEW = Release(source=V2, proposed=at(-100))


def named(dry: str) -> str:
    return json.dumps({"drySha": dry})


def hydrated(word: str, metadata: str | None) -> HydratedCommit:
    return HydratedCommit(sha=sha(word), tree=sha(f"tree of {word}"), metadata=metadata)


def branch(*commits: HydratedCommit, notes: Sha | None = None) -> Hydration:
    return Hydration(branch="live-next", commits=commits, notes=notes)


C1, C2, C3 = hydrated("c1", named(V1)), hydrated("c2", named(V2)), hydrated("c3", named(V3))
BASE = base(branch="live", tip=sha("tip"), tree=C1.tree, history=(sha("tip"), sha("before")))


def there(hydration: Hydration | None, **changed: Any) -> Place:
    facts = {"base": BASE, "head": None, "pull": None, "merged": (), "records": (), "hydration": hydration, **changed}
    return Place(**facts)


def noted(notes: dict[str, str | Unknown | None]) -> Observation:
    return observation(notes={(NOTES, sha(word)): text for word, text in notes.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(named(V1), V1, id="a commit"),
        pytest.param(None, "has no hydrator.metadata", id="no file"),
        pytest.param("{", "not a JSON object", id="broken"),
        pytest.param("[1]", "not a JSON object", id="a list"),
        pytest.param("[" * 100_000, "not a JSON object", id="nested without end"),
        pytest.param("{}", "names no commit", id="no drySha"),
        pytest.param(named("main"), "names no commit", id="a branch"),
        pytest.param(named(V1[:7]), "names no commit", id="cut short"),
        pytest.param(named(V1 + "\n"), "names no commit", id="with a line's end"),
        pytest.param('{"drySha": 1}', "names no commit", id="a number"),
    ],
)
def test_metadata_names_a_whole_commit_or_nothing(text: str | None, expected: str) -> None:
    """What is anything else is not known, with the reason."""
    found = dry_sha(text, where="live-next")
    assert found == expected if not isinstance(found, Unknown) else expected in found.reason


@pytest.mark.parametrize(
    ("hydration", "notes", "expected"),
    [
        pytest.param(branch(C2, C1), {}, V2, id="by the file of its tip"),
        pytest.param(branch(C2, notes=NOTES), {}, Ask(notes=frozenset({(NOTES, C2.sha)})), id="a note must be read"),
        pytest.param(branch(C2, notes=NOTES), {"c2": named(V3)}, V3, id="by the note on its tip"),
        pytest.param(branch(C2, notes=NOTES), {"c2": None}, V2, id="a tip without a note"),
        pytest.param(branch(C2, notes=NOTES), {"c2": "{"}, "note on", id="a broken note is not passed over"),
        pytest.param(branch(C2, notes=NOTES), {"c2": Unknown("binary")}, "binary", id="a note that is no text"),
        pytest.param(branch(hydrated("c2", "{"), C1), {}, "not a JSON object", id="a broken tip hides nothing older"),
        pytest.param(None, {}, "live-next", id="no such branch"),
    ],
)
def test_a_hydrated_branch_stands_at_one_dry_commit(
    hydration: Hydration | None, notes: dict[str, str | Unknown | None], expected: object
) -> None:
    """The note outweighs the file: the hydrator writes it where a newer commit changes nothing."""
    found = newest_dry(STAGING, there(hydration), noted(notes))
    assert str(expected) in found.reason if isinstance(found, Unknown) else found == expected


@pytest.mark.parametrize(
    ("hydration", "notes", "expected"),
    [
        pytest.param(branch(C2, C1), {}, C2, id="its tip"),
        pytest.param(branch(C3, C2, C1), {}, C2, id="a newer one is not taken for it"),
        pytest.param(branch(hydrated("again", named(V2)), C2), {}, hydrated("again", named(V2)), id="hydrated again"),
        pytest.param(branch(hydrated("c3", "{"), C2), {}, C2, id="a broken tip"),
        pytest.param(branch(C3, C1, notes=NOTES), {"c3": None, "c1": named(V2)}, C1, id="noted on an older one"),
        pytest.param(branch(C1, notes=NOTES), {"c1": named(V2)}, C1, id="noted on the tip"),
        pytest.param(
            branch(C3, C1, notes=NOTES), {"c3": None}, Ask(notes=frozenset({(NOTES, C1.sha)})), id="notes to be read"
        ),
        pytest.param(branch(C1), {}, f"hydrated to {V1[:7]}, not yet to {V2[:7]}", id="late"),
        pytest.param(branch(hydrated("c1", "{")), {}, "not a JSON object", id="nothing but broken"),
        pytest.param(None, {}, "live-next does not exist", id="no branch"),
    ],
)
def test_a_release_is_the_commit_that_was_made_of_it(
    hydration: Hydration | None, notes: dict[str, str | Unknown | None], expected: object
) -> None:
    """And no other, whatever the branch holds by then."""
    found = hydrated_commit(STAGING, there(hydration), V2, noted(notes))
    assert str(expected) in found if isinstance(found, str) else found == expected


def test_a_commit_that_was_never_hydrated_gives_way_to_the_next() -> None:
    """Which is said, since it would be waited for in vain."""
    later = record(Release(source=V3, proposed=at(-50)))
    place = there(branch(C3, C1), records=(later, record(NEW)))
    found = hydrated_commit(STAGING, place, V2, observation(places={"staging": place}))
    assert f"has gone on to {V3[:7]} and holds nothing of {V2[:7]}" in str(found)


# --- the dry commits --------------------------------------------------------------------------------------------------


def line(*words: str, **parents: str) -> tuple[Commit, ...]:
    """Commits, newest first, each on the next; `parents`: of some of them, in place of that."""
    ordered = [*words, ""]
    below = {word: parents.get(word, ordered[i + 1]).split() for i, word in enumerate(words)}
    return tuple(commit(word, by=word, parents=tuple(sha(p) for p in below[word])) for word in words)


def histories(new: tuple[Commit, ...], old: tuple[Commit, ...]) -> Observation:
    return observation(
        folders={(V2, ""): Folder(tree=sha("t"), commits=new), (V1, ""): Folder(tree=sha("t"), commits=old)}
    )


@pytest.mark.parametrize(
    ("new", "old", "expected"),
    [
        pytest.param(line("v2", "mid", "v1"), line("v1", "first"), {"v2", "mid"}, id="those between"),
        pytest.param(
            line("v2", "v1", "side", "first", v2="v1 side", v1="first", side="first"),
            line("v1", "first"),
            {"v2", "side"},
            id="a branch that is older than what is active",
        ),
        pytest.param(line("v2", "mid", mid="lost"), line("v1"), None, id="more than were read"),
        pytest.param(line("v2", v2="v1 a b"), line("v1"), None, id="perhaps more parents"),
        pytest.param((), (), None, id="nothing was read"),
    ],
)
def test_what_a_release_brings_is_known_whole_or_not_at_all(
    new: tuple[Commit, ...], old: tuple[Commit, ...], expected: set[str] | None
) -> None:
    """An author who is missed could approve of their own work."""
    found = dry_commits(NEW, active=OLD, seen=histories(new, old))
    assert (None if isinstance(found, Unknown) else {one.author for one in found}) == expected


def wished(seen: Observation, environment: Environment = STAGING) -> Wanted | Ask | str:
    return wanted_hydrated(environment, NEW, place=there(branch(C3, C2)), active=OLD, seen=seen)


KNOWN = histories(line("v2", "v1"), line("v1"))
UNCLEAR = histories(line("v2", v2="lost"), line("v1"))
APPROVED = STAGING.model_copy(update={"approvals": Approvals(count=1)})


def test_the_head_takes_the_tree_of_the_commit_whole() -> None:
    """That of the release, not of the newest."""
    wish = wished(KNOWN, APPROVED)
    assert isinstance(wish, Wanted)
    assert wish.content == Whole(source=C2.sha, tree=C2.tree, of="live-next")


@pytest.mark.parametrize(
    ("environment", "seen", "expected"),
    [
        pytest.param(STAGING, observation(), Ask(folders=frozenset({(V1, ""), (V2, "")})), id="both must be read"),
        pytest.param(
            STAGING,
            observation(folders={(V2, ""): Unknown("it is gone"), (V1, ""): Folder(tree=None)}),
            f"live-next says it is hydrated to {V2[:7]}, but it is gone",
            id="a dry commit that is not there",
        ),
        pytest.param(APPROVED, UNCLEAR, "nobody can be known to be no author", id="authors that are not known"),
    ],
)
def test_what_is_not_known_of_the_dry_commit_waits(
    environment: Environment, seen: Observation, expected: object
) -> None:
    """It is asked for, or said."""
    found = wished(seen, environment)
    assert str(expected) in found if isinstance(found, str) else found == expected


def test_without_approvals_nobody_needs_to_be_known_as_no_author() -> None:
    """Nothing is asked of anybody there."""
    assert isinstance(wished(UNCLEAR), Wanted)


# --- heads and records ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({}, False, id="as it would be made now"),
        pytest.param({"parents": (sha("before"), C2.sha)}, True, id="the base moved"),
        pytest.param({"parents": (sha("tip"), C3.sha)}, True, id="of another commit"),
        pytest.param({"parents": (sha("tip"),)}, True, id="a squash"),
        pytest.param({"tree": C3.tree}, True, id="with another content"),
    ],
)
def test_a_head_is_ours_only_as_it_would_be_made(changed: dict[str, Any], *, expected: bool) -> None:
    """By its parents and its whole tree, whatever its message says."""
    release = replace(NEW, hydrated=C2.sha)
    told = f"Promote\n\nCaisson-Release: {json.dumps(release_to_json(release))}"
    head = commit(message=told, **{"parents": (sha("tip"), C2.sha), "tree": C2.tree, **changed})
    wish = Wanted(content=Whole(source=C2.sha, tree=C2.tree, of="live-next"), blobs={}, base={})
    assert stale(wish, head, release, base=BASE, pull=pull(), files={}) is expected


@pytest.mark.parametrize(
    ("parents", "carries"),
    [
        pytest.param((sha("tip"), C2.sha), True, id="as we make it"),
        pytest.param((sha("tip"),), False, id="a squash by hand that kept our message"),
        pytest.param((sha("tip"), V2), False, id="a merge of the dry commit"),
    ],
)
def test_a_merged_head_carries_its_release_by_the_hydrated_commit(parents: tuple[Sha, ...], *, carries: bool) -> None:
    """Its second parent is what it says that it brings."""
    release = replace(NEW, hydrated=C2.sha)
    told = f"Promote\n\nCaisson-Release: {json.dumps(release_to_json(release))}"
    merged = Merged(
        number=1,
        by_us=True,
        created=at(-20),
        merged_at=at(-10),
        merged_by=person("wanda"),
        merged_by_us=False,
        head=commit(message=told, parents=parents),
        commit=commit("merge"),
        files={},
    )
    assert carried_by(merged, ()) == (release if carries else None)


def test_the_record_names_the_hydrated_commit_beside_the_dry_one() -> None:
    """It is written and read back, and is no part of what the release is."""
    release = replace(NEW, hydrated=C2.sha)
    assert release_from_json(release_to_json(release)) == release
    assert release.id == NEW.id
    assert release_from_json({**release_to_json(release), "hydrated": 1}) is None


# --- what stands ------------------------------------------------------------------------------------------------------

RECORDED = record(OLD, commit=sha("before"))
THEN = {(sha("before"), ""): Folder(tree=C1.tree)}


def metadata_file(text: str | None) -> File:
    return File(path="hydrator.metadata", oid=sha("file"), mode=0o100644, text=text)


@pytest.mark.parametrize(
    ("place", "folders", "expected"),
    [
        pytest.param(there(branch(C1), records=(RECORDED,)), THEN, "stands", id="as it was recorded"),
        pytest.param(there(branch(C1), records=(RECORDED,)), {}, "asks", id="how it was then must be read"),
        pytest.param(
            there(branch(C2, C1), base=replace(BASE, tree=C2.tree), records=(RECORDED,)),
            THEN,
            f"adopts {V2[:7]} by {C2.sha[:7]}",
            id="merged by hand",
        ),
        pytest.param(
            there(branch(C1), base=replace(BASE, tree=sha("mine")), records=(RECORDED,)),
            THEN,
            "changed by hand",
            id="changed by hand",
        ),
        pytest.param(
            there(
                branch(C1), base=replace(BASE, tree=sha("mine"), files=(metadata_file(named(V3)),)), records=(RECORDED,)
            ),
            THEN,
            "changed by hand",
            id="changed by hand, in the name of another commit",
        ),
        pytest.param(there(branch(C1)), {}, f"adopts {V1[:7]} by {C1.sha[:7]}", id="never recorded"),
        pytest.param(
            there(None, base=replace(BASE, files=(metadata_file(named(V1)),))),
            {},
            f"adopts {V1[:7]} by nothing",
            id="never recorded, and older than the branch tells",
        ),
        pytest.param(there(branch(C2)), {}, "stands", id="nothing was ever hydrated there"),
        pytest.param(
            there(branch(C2), base=replace(BASE, files=(metadata_file("{"),))),
            {},
            "not a JSON object",
            id="its metadata is broken",
        ),
        pytest.param(
            there(branch(C1), records=(replace(RECORDED, commit=sha("long ago")),)),
            {},
            "commits back",
            id="our records are too old",
        ),
    ],
)
def test_what_stands_in_the_branch(
    place: Place, folders: dict[tuple[Sha, str], Folder | Unknown], expected: str
) -> None:
    """Our record while its tree stands; else what the hydrator wrote; else what people did to it."""
    seen = observation(places={"staging": place}, folders=folders)
    assert place.base is not None
    found = standing_hydration(SITE, STAGING, seen, place, place.base)
    told = found.problem or found.drift or ("asks" if found.ask else "stands")
    if found.action is not None:
        release = found.action.release
        told = f"adopts {release.label} by {release.hydrated[:7] if release.hydrated else 'nothing'}"
    assert expected in told
