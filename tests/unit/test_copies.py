"""Truth tables of copied environments: which release stands, what a head must be, and what a forged one is worth."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Ask, Copy, Plan, Propose, RecordRelease
from bot.content import Wanted, stale
from bot.copies import Found, standing_copy
from bot.copy_heads import wanted_copy, with_promoted
from bot.decide import decide
from bot.model import (
    Commit,
    File,
    Folder,
    How,
    Listing,
    Merged,
    Observation,
    Permission,
    Place,
    Release,
    Sha,
    TreeEntry,
    Unknown,
)
from bot.release_record import one_line, release_to_json
from bot.tree_copy import FOLDER_MODE, level_id, root_id, tree_id
from config.pipeline import Environment, Pipeline, Promote
from tests.unit.facts import US, at, base, comment, commit, observation, person, place, pull, record, sha

ROOT = Environment(name="development", path="dev")
COPY = Environment(name="production", path="prod", after=("development",), promote=Promote.TREE, keep=("own",))
SITE = Pipeline(name="site", environments=(ROOT, COPY))
OLD = Release(source=sha("first"), proposed=at(-200))
NEW = Release(source=sha("second"), proposed=at(-60))
FORGED = Release(source=sha("evil"), proposed=at(500))
BESIDE = {"README": TreeEntry(0o100644, sha("readme"))}


def listing(text: str) -> Listing:
    """`a=2 own`: paths with a word for their content."""
    items = (item.partition("=") for item in text.split())
    return {path: TreeEntry(0o100644, sha(word or "1")) for path, _, word in items}


class World:
    """A little repository: what stands in a folder at a commit, and what may be read of it."""

    def __init__(self) -> None:
        self.folders: dict[tuple[Sha, str], Folder | Unknown] = {}
        self.listings: dict[Sha, Listing | Unknown] = {}

    def at(self, word: str, path: str, text: str | None) -> Sha | None:
        """A folder as a commit has it; the id of its tree."""
        here = listing(text) if text is not None else {}
        tree = tree_id(here) if text is not None else None
        self.folders[sha(word), path] = Folder(tree=tree, above=(BESIDE,))
        self.listings[tree_id(here)] = here
        return tree

    def seen(self, *, root: tuple[Release, ...] = (NEW, OLD), **changed: Any) -> Observation:
        records = tuple(record(release, commit=release.source) for release in root)
        there = Place(base=base(), head=None, pull=None, merged=(), records=records)
        return observation({"development": there}, folders=self.folders, listings=self.listings, **changed)


def here(world: World, text: str | None, *records: Any, **changed: Any) -> Place:
    """Production, whose folder holds this now."""
    tree = world.at("tip", "prod", text)
    made = base(tip=sha("tip"), folder=tree, touched=sha("touched"), history=(sha("tip"), sha("merge"), sha("parent")))
    return place(COPY, base=made, records=records, **changed)


def stood(world: World, there: Place, **changed: Any) -> Found:
    assert there.base is not None
    return standing_copy(SITE, COPY, world.seen(**changed), there, there.base)


@pytest.fixture
def world() -> World:
    made = World()
    made.at("first", "dev", "a=1 own=dev")
    made.at("second", "dev", "a=2 b own=dev")
    made.at("merge", "prod", "a=1 own=prod")
    return made


FIRST = record(OLD, commit=sha("merge"))
SECOND = record(NEW, commit=sha("later"), minute=-10)


@pytest.mark.parametrize(
    ("text", "active", "recorded"),
    [
        pytest.param("a=1 own=prod", OLD, True, id="it stands as it was recorded"),
        pytest.param("a=1 own=changed", OLD, True, id="what is kept may change"),
        pytest.param("a=1", OLD, True, id="what is kept may go"),
        pytest.param("a=9 own=prod", OLD, False, id="a file was changed by hand"),
        pytest.param("a=1 c own=prod", OLD, False, id="a file came by hand"),
        pytest.param(None, OLD, False, id="the folder is gone"),
    ],
)
def test_what_stands_is_held_against_the_record(
    world: World, *, text: str | None, active: Release, recorded: bool
) -> None:
    """A folder that people changed is no release that was verified, though the last one is still known."""
    found = stood(world, here(world, text, FIRST), root=(OLD,))
    assert (found.active, found.record is not None, found.action) == (active, recorded, None)
    assert bool(found.drift) is not recorded


def test_a_folder_that_nothing_touched_is_not_read(world: World) -> None:
    """The record's commit was the last to change it."""
    there = here(world, "a=9", FIRST)
    assert there.base is not None
    touched = replace(there, base=replace(there.base, touched=sha("merge")))
    assert stood(world, touched, root=(OLD,)).record == FIRST


@pytest.mark.parametrize(
    ("text", "records", "adopted"),
    [
        pytest.param("a=2 b own=prod", (FIRST,), NEW, id="somebody copied the new release by hand"),
        pytest.param("a=2 b", (), NEW, id="nothing was recorded yet"),
        pytest.param("a=1", (), OLD, id="nothing was recorded yet, and an earlier release stands"),
        pytest.param("a=1 own=prod", (SECOND, FIRST), OLD, id="the earlier release was restored by hand"),
        pytest.param("a=7", (), None, id="nothing was recorded, and no release stands"),
    ],
)
def test_what_people_brought_is_recorded(
    world: World, text: str, records: tuple[Any, ...], adopted: Release | None
) -> None:
    """As found in Git, so that it soaks from now."""
    world.at("later", "prod", "a=2 b own=prod")
    found = stood(world, here(world, text, *records))
    made = found.action
    assert (made.release if made else None) == adopted
    if made is not None:
        assert (made.how, made.commit) == (How.ADOPTED, sha("tip"))


def test_nothing_stands_where_everything_is_kept(world: World) -> None:
    """Two folders that agree on nothing that is promoted do not hold the same release."""
    world.at("second", "dev", "own=dev")
    world.at("first", "dev", "own=dev")
    assert stood(world, here(world, "own=prod")) == Found()


def test_what_is_not_known_is_asked_for(world: World) -> None:
    """Before anything is concluded of what stands."""
    there = here(world, "a=3", FIRST)
    del world.folders[sha("merge"), "prod"]
    assert stood(world, there, root=(OLD,)).ask == Ask(folders=frozenset({(sha("merge"), "prod")}))
    world.folders[sha("merge"), "prod"] = Unknown("GitHub refused")
    found = stood(world, there, root=(OLD,))
    assert (found.record, found.ask) == (None, Ask())
    assert "GitHub refused" in found.drift


# --- merges -----------------------------------------------------------------------------------------------------------


def message(release: Release) -> str:
    return f"Promote\n\nCaisson-Release: {one_line(release_to_json(release))}"


def merged(release: Release, *, by: str = "caisson", ours: bool = True) -> Merged:
    return Merged(
        number=6,
        by_us=True,
        created=at(-30),
        merged_at=at(-5),
        merged_by=US if ours else person(by),
        merged_by_us=ours,
        head=commit("head", message=message(release)),
        commit=commit("merge", by=None if ours else by),
        files={},
    )


@pytest.mark.parametrize(
    ("text", "ours", "how", "alarm"),
    [
        pytest.param("a=2 b own=prod", True, How.PROMOTED, False, id="what was proposed"),
        pytest.param("a=2 b", True, How.PROMOTED, False, id="what was proposed, beside a kept path that went"),
        pytest.param("a=2 own=prod", True, How.PROMOTED, True, id="a file of it is missing"),
        pytest.param("a=2 b c", True, How.PROMOTED, True, id="a file too many, that came at the last moment"),
        pytest.param("a=2 b", False, How.MERGED_BY_PERSON, False, id="merged by a person"),
        pytest.param("a=2 b c", False, None, False, id="a person merged something else under our name"),
    ],
)
def test_a_merge_is_the_whole_folder(world: World, *, text: str, ours: bool, how: How | None, alarm: bool) -> None:
    """Not one path may differ from what the source had; else an alarm, and by a person's hand it is no such release."""
    result = replace(merged(NEW, by="wanda", ours=ours), folder=world.at("merge", "prod", text))
    found = stood(world, here(world, "a=5", merged=(result,)), root=(NEW,))
    assert (found.action.how if found.action else None) == how
    if found.action is not None:
        assert found.action.release == NEW
        assert found.action.note.startswith("ALARM") is alarm


@pytest.mark.parametrize(("ours", "how"), [(True, How.PROMOTED), (False, How.ADOPTED)], ids=["by us", "by a person"])
def test_without_its_head_the_merge_tells_what_it_brought(world: World, *, ours: bool, how: How) -> None:
    """GitHub shows the head no more: a merge that our App made says the release, anybody else's only its content."""
    tree = world.at("merge", "prod", "a=2 b")
    told = replace(merged(NEW, by="wanda", ours=ours), head=None, folder=tree)
    assert told.commit is not None
    found = stood(
        world, here(world, "a=2 b", merged=(replace(told, commit=replace(told.commit, message=message(NEW))),))
    )
    assert found.action is not None
    assert (found.action.release, found.action.how) == (NEW, how)


def test_a_merged_head_names_only_releases_that_the_source_had(world: World) -> None:
    """A squash by hand keeps our name and GitHub's signature: what it claims of order and source is not believed."""
    tree = world.at("merge", "prod", "a=2 b")
    forged = replace(merged(FORGED, by="mallory", ours=False), folder=tree)
    assert stood(world, here(world, "a=5", merged=(forged,))) == Found()
    later = replace(merged(replace(NEW, proposed=at(900)), by="mallory", ours=False), folder=tree)
    claimed = stood(world, here(world, "a=5", merged=(later,)))
    assert claimed.action is not None
    assert claimed.action.release == NEW, "its order is the source's record's"


def test_a_merge_that_cannot_be_read_stops_the_environment(world: World) -> None:
    """Nothing is recorded of it, nothing promoted over it."""
    world.listings[sha("result")] = Unknown("GitHub refused")
    found = stood(world, here(world, "a=5", merged=(replace(merged(NEW), folder=sha("result")),)))
    assert found.problem is not None
    assert "GitHub refused" in found.problem


# --- what a head must be ----------------------------------------------------------------------------------------------


def wished(world: World, there: Place, release: Release = NEW) -> Wanted | Ask | str:
    return wanted_copy(SITE, COPY, release, place=there, seen=world.seen())


def copy_of(wish: Wanted | Ask | str) -> Copy:
    assert isinstance(wish, Wanted), wish
    assert isinstance(wish.content, Copy)
    return wish.content


def test_a_copy_is_named_by_its_tree(world: World) -> None:
    """On top of the base: what is set, what goes, and what comes of it to the byte; said in the trailers, too."""
    content = copy_of(wished(world, here(world, "a=1 gone own=prod")))
    assert content.entries == {
        "prod/a": TreeEntry(0o100644, sha("2")),
        "prod/b": TreeEntry(0o100644, sha("1")),
        "prod/gone": None,
    }
    whole = {**BESIDE, "prod": TreeEntry(FOLDER_MODE, tree_id(listing("a=2 b own=prod")))}
    assert content.tree == level_id(whole)
    assert content.parent == sha("tip")
    assert content.after == {"prod/a": sha("2"), "prod/b": sha("1"), "prod/gone": None}
    assert content.before == {"prod/a": sha("1"), "prod/b": None, "prod/gone": sha("1")}
    assert json.loads(one_line(dict(content.after)))["prod/gone"] is None


def test_a_mode_is_said_in_the_trailers(world: World) -> None:
    """Where it is not that of a plain file."""
    program = {"a": TreeEntry(0o100755, sha("1"))}
    world.listings[tree_id(program)] = program
    world.folders[sha("second"), "dev"] = Folder(tree=tree_id(program), above=(BESIDE,))
    content = copy_of(wished(world, here(world, "a=1")))
    assert content.after == {"prod/a": f"100755 {sha('1')}"}


def test_very_many_paths_are_said_by_the_folder(world: World) -> None:
    """A commit's message has room for some only."""
    world.at("second", "dev", " ".join(f"f{number}" for number in range(150)))
    content = copy_of(wished(world, here(world, "a=1")))
    assert list(content.after) == list(content.before) == ["prod"]
    assert str(content.after["prod"]).startswith("040000 ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("a=2 b own=prod", "already has", id="it stands already"),
        pytest.param("a=2 b", "already has", id="kept paths are no difference"),
    ],
)
def test_what_need_not_be_copied_is_said(world: World, text: str, said: str) -> None:
    """In a sentence, and nothing is proposed."""
    assert said in str(wished(world, here(world, text)))


def test_a_file_where_the_folder_should_be_is_not_replaced(world: World) -> None:
    """Whoever named the path meant another one."""
    there = here(world, None)
    world.folders[sha("tip"), "prod"] = Folder(tree=None, above=({"prod": TreeEntry(0o100644, sha("file"))},))
    assert wished(world, there) == "prod is no folder"


def proposed(world: World, text: str, *, parent: str = "tip", tree: Sha | None = None, **changed: Any) -> Place:
    """Our pull request, whose head was made on a commit at which the folder held this."""
    there = here(world, text)
    head = commit(
        "head",
        message=message(NEW),
        parents=(sha(parent),),
        tree=tree or copy_of(wished(world, there)).tree,
        **changed,
    )
    return replace(there, head=head, pull=pull(commits=(head,)))


def judged(world: World, there: Place) -> bool:
    """Whether the head is to be made anew."""
    assert there.base is not None
    assert there.head is not None
    assert there.pull is not None
    wish = wished(world, there)
    assert isinstance(wish, Wanted), wish
    return stale(wish, there.head, NEW, base=there.base, pull=there.pull, files={})


def test_our_head_stands(world: World) -> None:
    """As it was made, on the commit it was made on."""
    assert not judged(world, proposed(world, "a=1 own=prod"))


@pytest.mark.parametrize(
    ("now", "anew"),
    [
        pytest.param("a=1 own=prod", False, id="a commit beside the folder"),
        pytest.param("a=1 own=changed", False, id="a commit in what is kept"),
        pytest.param("a=1 c own=prod", True, id="a file that came"),
        pytest.param("a=3 own=prod", True, id="a file that was changed"),
        pytest.param(None, True, id="the folder went"),
    ],
)
def test_the_base_is_the_folder_without_what_is_kept(world: World, *, now: str | None, anew: bool) -> None:
    """Other commits void nothing."""
    made = proposed(world, "a=1 own=prod")
    world.at("parent", "prod", "a=1 own=prod")
    assert made.head is not None
    moved = replace(here(world, now), head=replace(made.head, parents=(sha("parent"),)), pull=made.pull)
    assert judged(world, moved) is anew


@pytest.mark.parametrize(
    ("forged", "why"),
    [
        pytest.param({"tree": sha("smuggled")}, "another tree", id="another tree under our name"),
        pytest.param({"parents": (sha("tip"), sha("evil"))}, "two parents", id="a merge of something else"),
        pytest.param(
            {"parents": (sha("elsewhere"),)}, "not on the branch", id="made on a commit that is not the base's"
        ),
        pytest.param({"message": message(OLD)}, "another release", id="another release"),
        pytest.param({"message": message(replace(NEW, source=sha("evil")))}, "another source", id="another source"),
    ],
)
def test_a_forged_head_is_made_anew(world: World, forged: Mapping[str, Any], why: str) -> None:
    """Author and signature do not make content: the whole tree is compared, on the base's own commit."""
    made = proposed(world, "a=1 own=prod")
    world.at("elsewhere", "prod", "a=1 own=prod")
    assert made.head is not None
    there = replace(made, head=replace(made.head, **forged))
    assert judged(world, there), why
    assert copy_of(wished(world, there)).parent == sha("tip")


def test_kept_content_smuggled_into_a_head_is_seen(world: World) -> None:
    """A head that changes a kept path beside the copy is another tree."""
    smuggled = root_id((BESIDE,), "prod", tree_id(listing("a=2 b own=evil")))
    assert judged(world, proposed(world, "a=1 own=prod", tree=smuggled))


def test_the_authors_are_those_of_the_source(world: World) -> None:
    """Of every commit that changed its folder since what is active; none of those before."""
    theirs: tuple[Commit, ...] = tuple(commit(word, by=word) for word in ("second", "between", "first"))
    world.folders[sha("second"), "dev"] = Folder(tree=None, above=(), commits=theirs)
    made = with_promoted(ROOT, NEW, pull(), active=OLD, seen=world.seen())
    assert made is not None
    assert [one.author for one in made.promoted] == ["between", "second"]
    unknown = with_promoted(ROOT, NEW, pull(), active=None, seen=world.seen())
    assert unknown is not None
    assert len(unknown.promoted) == 3


def test_a_copy_that_must_be_up_to_date_is_made_anew_on_the_branch_as_it_is(world: World) -> None:
    """Only commits beside it came, which GitHub's rule minds and we do not: `/retry` puts it on top of them."""
    made = proposed(world, "a=1 own=prod")
    world.at("parent", "prod", "a=1 own=prod")
    assert made.head is not None
    head = replace(made.head, parents=(sha("parent"),))
    asked = pull(commits=(head,), merge_state="BEHIND", comments=(comment("bob", "/retry"),))
    there = replace(here(world, "a=1 own=prod", FIRST), head=head, pull=asked)
    seen = world.seen(permissions={"bob": Permission.WRITE})
    source = base(touched=sha("second"), history=(sha("tip"), sha("second")), folder=tree_id(listing("a=2 b own=dev")))
    development = replace(seen.places["development"], base=source)
    seen = replace(seen, places={"development": development, "production": there})
    tip = sha("tip"), "prod"
    assert decide(SITE, replace(seen, folders={k: v for k, v in seen.folders.items() if k != tip})) == Ask(
        folders=frozenset({tip})
    )
    decided = decide(SITE, seen)
    assert isinstance(decided, Plan)
    assert [one.parent for one in decided.actions if isinstance(one, Propose)] == [sha("tip")]


def test_nobody_records_twice(world: World) -> None:
    """The action names the environment's own record, and production by its place in the pipeline."""
    found = stood(world, here(world, "a=2 b"))
    assert isinstance(found.action, RecordRelease)
    assert (found.action.record, found.action.production) == ("site/production", True)


def test_files_that_are_all_of_a_folder_are_its_listing(world: World) -> None:
    """What the one query read need not be asked for again; where something is missing of it, it is."""
    there = here(world, "a=1 own=prod", FIRST)
    assert there.base is not None
    files = tuple(
        File(path=f"prod/{path}", oid=entry.oid, mode=entry.mode, text=None)
        for path, entry in listing("a=1 own=prod").items()
    )
    tree = there.base.folder
    assert tree is not None
    del world.listings[tree]
    read = replace(there, base=replace(there.base, files=files))
    assert copy_of(wished(world, read)).entries.keys() == {"prod/a", "prod/b"}
    less = replace(there, base=replace(there.base, files=files[:1]))
    assert wished(world, less) == Ask(listings=frozenset({tree}))
