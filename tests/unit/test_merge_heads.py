"""Truth tables of merged branches: what is kept of them, how a conflict is told, and what people merged themselves."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Ask, MergeOf, Outcome
from bot.content import Wanted, conflict_of, judge_head, stale
from bot.merge_heads import judge_conflict, judge_kept, merged_by_people, wanted_merge
from bot.model import Commit, Comparison, Folder, How, Listing, Merged, Place, Release, Sha, TreeEntry, Unknown
from bot.release_record import one_line, release_to_json
from bot.tree_copy import tree_id
from config.pipeline import Environment, Pipeline, Promote
from tests.unit.facts import US, at, base, commit, observation, person, pull, record, sha

LATEST = Environment(name="latest", branch="main")
LIVE = Environment(name="live", branch="live", after=("latest",), promote=Promote.MERGE, keep=("own", "conf/*"))
INFRA = Pipeline(name="infra", environments=(LATEST, LIVE))
SOURCE = Release(source=sha("source"), proposed=at(-60))
EARLIER = Release(source=sha("earlier"), proposed=at(-200))


def listing(text: str) -> Listing:
    items = (item.partition("=") for item in text.split())
    return {path: TreeEntry(0o100644, sha(word or "1")) for path, _, word in items}


OURS, THEIRS = listing("a=1 own=live conf/x=live"), listing("a=2 own=main conf/y=main")
BASE = base(branch="live", tree=tree_id(OURS), history=(sha("tip"), sha("before")))
THERE = Place(base=BASE, head=None, pull=None, merged=(), records=())
FOLDERS = {(sha("source"), ""): Folder(tree=tree_id(THEIRS))}
LISTINGS: dict[Sha, Listing | Unknown] = {tree_id(OURS): OURS, tree_id(THEIRS): THEIRS}


def wished(**changed: Any) -> Wanted | Ask | str:
    seen = observation(**{"folders": FOLDERS, "listings": LISTINGS, **changed})
    return wanted_merge(INFRA, LIVE, SOURCE, place=THERE, seen=seen)


def test_the_source_is_given_what_the_base_keeps() -> None:
    """Set, and taken away; so that both sides agree there."""
    wish = wished()
    assert isinstance(wish, Wanted)
    assert wish.content == MergeOf(
        source=sha("source"),
        scratch="caisson-merge/infra/live",
        kept={"own": TreeEntry(0o100644, sha("live")), "conf/x": TreeEntry(0o100644, sha("live")), "conf/y": None},
        source_tree=tree_id(THEIRS),
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({"folders": {}}, Ask(folders=frozenset({(sha("source"), "")})), id="the source's tree"),
        pytest.param({"listings": {}}, Ask(listings=frozenset({tree_id(OURS), tree_id(THEIRS)})), id="both at once"),
        pytest.param(
            {"folders": {(sha("source"), ""): Unknown("it is gone")}}, "it is gone", id="a source that is gone"
        ),
        pytest.param({"listings": {**LISTINGS, tree_id(OURS): Unknown("too large")}}, "too large", id="too large"),
    ],
)
def test_what_is_kept_must_be_known(changed: dict[str, Any], expected: object) -> None:
    """It is asked for, and what cannot be learnt waits."""
    assert wished(**changed) == expected


def test_a_kept_file_may_not_stand_where_a_folder_comes() -> None:
    """Both cannot be."""
    ours, theirs = listing("own/y"), listing("own")
    found = wanted_merge(
        INFRA,
        LIVE.model_copy(update={"keep": ("own/y",)}),
        SOURCE,
        place=replace(THERE, base=replace(BASE, tree=tree_id(ours))),
        seen=observation(
            folders={(sha("source"), ""): Folder(tree=tree_id(theirs))},
            listings={tree_id(ours): ours, tree_id(theirs): theirs},
        ),
    )
    assert "own would be a file and a folder" in str(found)


# --- the head ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("merged", "outcome", "said"),
    [
        pytest.param("a=2 own=live conf/x=live", Outcome.PASS, "stays as it is", id="kept"),
        pytest.param("a=2 own=main conf/x=live", Outcome.WAIT, "would change own", id="changed"),
        pytest.param("a=2 own=live", Outcome.WAIT, "would change conf/x", id="gone"),
        pytest.param("a=2 own=live conf/x=live conf/y", Outcome.WAIT, "would change conf/y", id="come"),
    ],
)
def test_the_result_is_held_against_the_base(merged: str, outcome: Outcome, said: str) -> None:
    """Whatever GitHub made of it."""
    result = listing(merged)
    head = commit(tree=tree_id(result))
    seen = observation(listings={**LISTINGS, tree_id(result): result})
    verdict, ask = judge_kept(LIVE, head, base=BASE, seen=seen)
    assert verdict is not None
    assert (verdict.outcome, ask) == (outcome, Ask())
    assert said in verdict.reason


def test_a_result_that_is_not_known_waits() -> None:
    """It is asked for; what cannot be learnt opens nothing. Where nothing is kept there is no such gate."""
    verdict, ask = judge_kept(LIVE, commit(), base=BASE, seen=observation(listings=LISTINGS))
    assert (verdict and verdict.outcome, ask) == (Outcome.WAIT, Ask(listings=frozenset({commit().tree})))
    unknown = observation(listings={**LISTINGS, commit().tree: Unknown("too large")})
    verdict, ask = judge_kept(LIVE, commit(), base=BASE, seen=unknown)
    assert (verdict and verdict.outcome, ask) == (Outcome.WAIT, Ask())
    assert judge_kept(LIVE.model_copy(update={"keep": ()}), commit(), base=BASE, seen=observation()) == (None, Ask())


def conflicting(with_: str = "tip", **changed: Any) -> Commit:
    """Our head that shows the source as it is, since it did not merge with that commit."""
    carried = f"Caisson-Release: {one_line(release_to_json(SOURCE))}"
    message = f"Promote\n\n{carried}\nCaisson-Conflict: {sha(with_)}"
    return replace(commit(message=message, parents=(sha("source"),)), **changed)


@pytest.mark.parametrize(
    ("head", "anew"),
    [
        pytest.param(conflicting(), False, id="it would conflict again"),
        pytest.param(conflicting("before"), True, id="the branch has moved since"),
        pytest.param(conflicting(parents=(sha("earlier"),)), True, id="it shows another source"),
        pytest.param(conflicting(message="Promote"), True, id="it says nothing of a conflict"),
    ],
)
def test_a_conflict_is_tried_again_when_something_moved(*, head: Commit, anew: bool) -> None:
    """And not at every look."""
    wish = wished()
    assert isinstance(wish, Wanted)
    assert stale(wish, head, SOURCE, base=BASE, pull=pull(), files={}) is anew


def test_a_head_that_shows_a_conflict_never_merges() -> None:
    """Though it is ours, and though others' commits are among what it would bring."""
    head = conflicting()
    theirs = commit("source", by="bob")
    verdict = judge_head(pull(head=head.sha, commits=(theirs, head)), head)
    assert verdict.outcome is Outcome.WAIT
    assert conflict_of(replace(head, by_us=False)) is None


def changed(**paths: str) -> Comparison:
    found: dict[str, Sha | None] = {path: sha(word) if word else None for path, word in paths.items()}
    return Comparison(contained=False, changed=found, complete=True)


PAIRS = ((sha("source"), sha("tip")), (sha("tip"), sha("source")))


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        pytest.param(changed(a="1", b="1"), changed(a="2", c="1"), "live in a (changed on both sides)", id="one path"),
        pytest.param(changed(a=""), changed(a="2"), "live in a (", id="deleted on one side"),
        pytest.param(changed(a="1"), changed(a="1"), "conflicts with live. Merge", id="the same on both sides"),
        pytest.param(changed(own="1", a="1"), changed(own="2", a="2"), "live in a (", id="what is kept is no conflict"),
        pytest.param(
            replace(changed(a="1"), complete=False), changed(a="2"), "both sides, perhaps in more", id="very many"
        ),
        pytest.param(Unknown("gone"), changed(a="2"), "conflicts with live. Merge", id="not to be learnt"),
    ],
)
def test_a_conflict_names_its_paths_and_the_remedy(
    ours: Comparison | Unknown, theirs: Comparison | Unknown, said: str
) -> None:
    """Those that both sides changed to different contents."""
    seen = observation({"latest": THERE}, comparisons=dict(zip(PAIRS, (ours, theirs), strict=True)))
    verdict, ask = judge_conflict(INFRA, LIVE, conflicting(), base=BASE, seen=seen)
    assert verdict is not None
    assert (verdict.outcome, ask) == (Outcome.WAIT, Ask())
    assert said in verdict.reason
    assert "Merge live into main and resolve it there" in verdict.reason


def test_the_paths_of_a_conflict_are_asked_for() -> None:
    """Both directions at once; of other heads, nothing."""
    _, ask = judge_conflict(INFRA, LIVE, conflicting(), base=BASE, seen=observation({"latest": THERE}))
    assert ask == Ask(comparisons=frozenset(PAIRS))
    assert judge_conflict(INFRA, LIVE, commit(), base=BASE, seen=observation()) == (None, Ask())


def test_a_conflict_is_resolved_in_the_source_that_it_came_from() -> None:
    """Of two sources either of which may bring a release, the remedy names the one that holds this one."""
    hotfix = Environment(name="hotfix", branch="hotfixes")
    live = LIVE.model_copy(update={"after": (), "after_any": ("latest", "hotfix")})
    both = Pipeline(name="infra", environments=(LATEST, hotfix, live))
    places = {"latest": THERE, "hotfix": replace(THERE, records=(record(SOURCE),))}
    verdict, _ = judge_conflict(both, live, conflicting(), base=BASE, seen=observation(places))
    assert verdict is not None
    assert "Merge live into hotfixes and resolve it there" in verdict.reason


# --- what people merged -----------------------------------------------------------------------------------------------


def by_hand(**changed_: Any) -> Merged:
    made = Merged(
        number=9,
        by_us=True,
        created=at(-30),
        merged_at=at(-5),
        merged_by=person("wanda"),
        merged_by_us=False,
        head=commit("resolved", by="bob"),
        commit=commit("tip", by="wanda"),
        files={},
    )
    return replace(made, **changed_)


@pytest.mark.parametrize(
    ("history", "records", "merged", "how"),
    [
        pytest.param(("tip", "source"), (), (), How.ADOPTED, id="with git"),
        pytest.param(("tip", "source"), (), (by_hand(),), How.MERGED_BY_PERSON, id="through our pull request"),
        pytest.param(("tip", "source"), (), (by_hand(by_us=False),), How.ADOPTED, id="through another pull request"),
        pytest.param(("tip", "source"), (EARLIER,), (), How.ADOPTED, id="newer than what is recorded"),
        pytest.param(("tip", "source"), (SOURCE,), (), None, id="recorded already"),
        pytest.param(("tip", "earlier"), (SOURCE,), (), None, id="an older one than what is recorded"),
        pytest.param(("tip",), (EARLIER,), (), None, id="nothing of it"),
        pytest.param(("tip", "source"), (), (by_hand(merged_by_us=True, merged_by=US),), How.ADOPTED, id="not by us"),
    ],
)
def test_a_branch_that_holds_a_release_has_it(
    history: tuple[str, ...], records: tuple[Release, ...], merged: tuple[Merged, ...], how: How | None
) -> None:
    """Whoever brought it; it is never said that gates were enforced on it."""
    known = tuple(record(release, commit=sha("before")) for release in records)
    there = replace(THERE, merged=merged, records=known)
    here = replace(BASE, history=tuple(sha(word) for word in history))
    root = Place(base=base(), head=None, pull=None, merged=(), records=(record(SOURCE), record(EARLIER)))
    seen = observation({"latest": root})
    last = known[0] if known else None
    found = merged_by_people(INFRA, LIVE, there, base=here, seen=seen, record=last)
    assert (found.how if found else None) is how
    if found is not None:
        assert "gates not enforced" in found.note
        assert found.release == SOURCE
