"""A release's way, rebuilt from what GitHub shows.

| GitHub shows                                   | the release is, there      |
|------------------------------------------------|----------------------------|
| nothing of it                                  | not there yet              |
| our open pull request with it                  | proposed                   |
| our record without a status                    | merged, not yet healthy    |
| our record, last status Healthy                | healthy                    |
| our record, last status Degraded, or an alarm  | degraded                   |
| a newer record of a newer release              | replaced                   |
| a newer record of an older release             | rolled back                |
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.model import Merged, Place, RecordState, Release, Sha
from bot.release_record import RELEASE, format_trailers, one_line, release_to_json
from bot.story import Now, as_json, in_short, in_words, named, releases, story
from tests.unit import facts
from tests.unit.facts import NEW, NEWER, NOON, OLD, PRODUCTION, SHOP, STAGING, at, person, record

HEALTHY, DEGRADED, ALARM = RecordState.HEALTHY, RecordState.DEGRADED, RecordState.ALARM


def proposed(**changed: Any) -> Place:
    """Production with our open pull request for 1.1.0, approved by bob."""
    place = facts.proposal(PRODUCTION, NEW, facts.place(PRODUCTION, record(OLD)), reviews=(facts.review("bob"),))
    assert place.head is not None
    assert place.pull is not None
    head = place.head.sha
    check = facts.check(commit=head, title="soak: soaking in staging until 12:30 UTC")
    reviews = tuple(replace(review, commit=head) for review in place.pull.reviews)
    return replace(place, pull=replace(place.pull, **{"head": head, "checks": (check,), "reviews": reviews, **changed}))


def merged(release: Release, *, us: bool) -> Merged:
    """Merged as #6, by us or by bob, with verdicts in its message."""
    said = {RELEASE: one_line(release_to_json(release)), "Caisson-Verdicts": '[["soak","pass","soaked 30 min"]]'}
    message = f"Promote\n\n{format_trailers(said)}"
    return Merged(
        number=6,
        by_us=True,
        created=at(-110),
        merged_at=at(-101),
        merged_by=facts.US if us else person("bob"),
        merged_by_us=us,
        head=facts.commit(message=message),
        commit=facts.commit("merge", message=message),
        files={},
    )


def now_in_production(place: Place, what: Release = NEW) -> Now:
    places = {"staging": facts.place(STAGING), "production": place}
    return story(SHOP, what, places, now=NOON).chapters[-1].now


@pytest.mark.parametrize(
    ("place", "now"),
    [
        pytest.param(facts.place(PRODUCTION, record(OLD)), Now.ABSENT, id="nothing of it"),
        pytest.param(proposed(), Now.PROPOSED, id="our open pull request"),
        pytest.param(proposed(by_us=False), Now.ABSENT, id="somebody else's look-alike"),
        pytest.param(facts.place(PRODUCTION, record(NEW)), Now.VERIFYING, id="recorded, no health yet"),
        pytest.param(facts.place(PRODUCTION, record(NEW, (HEALTHY, -90))), Now.HEALTHY, id="recorded and Healthy"),
        pytest.param(
            facts.place(PRODUCTION, record(NEW, (HEALTHY, -90), (DEGRADED, -9))), Now.DEGRADED, id="Degraded since"
        ),
        pytest.param(facts.place(PRODUCTION, record(NEW, (ALARM, -90))), Now.DEGRADED, id="an alarm"),
        pytest.param(
            facts.place(PRODUCTION, record(NEWER, minute=-10), record(NEW, (HEALTHY, -90))),
            Now.REPLACED,
            id="a newer one came after it",
        ),
        pytest.param(
            facts.place(PRODUCTION, record(OLD, minute=-10), record(NEW, (DEGRADED, -90))),
            Now.ROLLED_BACK,
            id="an older one came after it",
        ),
        pytest.param(
            facts.place(PRODUCTION, record(NEW, (HEALTHY, -1), minute=-5), record(OLD, minute=-10), record(NEW)),
            Now.HEALTHY,
            id="it came back after a rollback",
        ),
    ],
)
def test_where_a_release_stands(place: Place, now: Now) -> None:
    """The truth table of this module."""
    assert now_in_production(place) is now


def test_the_whole_way_is_told_in_order() -> None:
    """Proposed, merged on which verdicts, healthy, replaced: each once, with its time."""
    place = facts.place(
        PRODUCTION, record(NEWER, minute=-10), record(NEW, (HEALTHY, -90)), merged=(merged(NEW, us=True),)
    )
    (chapter,) = story(SHOP, NEW, {"production": place}, now=NOON).chapters
    assert [(event.at, event.what) for event in chapter.events] == [
        (at(-110), "proposed in #6"),
        (at(-101), "merged by Caisson, #6 (soak: soaked 30 min)"),
        (at(-90), f"healthy: said {HEALTHY}"),
        (at(-10), "replaced by 1.2.0"),
    ]
    assert chapter.soaked == timedelta(minutes=80), "until it was replaced, not until now"


def test_a_person_s_merge_is_told_without_verdicts() -> None:
    """Although its message carries some."""
    place = facts.place(PRODUCTION, record(NEW), merged=(merged(NEW, us=False),))
    told = in_words(story(SHOP, NEW, {"production": place}, now=NOON))
    assert "merged by bob, #6: gates not enforced" in told
    assert "soaked 30 min" not in told


def test_an_open_promotion_says_what_it_waits_for_and_who_approved() -> None:
    """From our own check on its head, and the reviews of that head."""
    told = in_words(story(SHOP, NEW, {"production": proposed()}, now=NOON))
    assert "approved by bob" in told
    assert "waits: soak: soaking in staging until 12:30 UTC" in told


def test_a_check_of_another_head_is_not_believed() -> None:
    """What it waited for then says nothing of now."""
    place = proposed(checks=(facts.check(commit=facts.sha("before"), title="all is well"),))
    assert "all is well" not in in_words(story(SHOP, NEW, {"production": place}, now=NOON))


def test_a_terminal_is_told_nothing_to_obey() -> None:
    """A cluster's message may carry escape sequences."""
    status = replace(facts.statuses((DEGRADED, -9))[0], description="\x1b[2Jgone\x07")
    place = facts.place(PRODUCTION, record(NEW, statuses=(status,)))
    assert "\x1b" not in in_words(story(SHOP, NEW, {"production": place}, now=NOON))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("1.1.0", ["1.1.0"], id="its tag"),
        pytest.param(str(facts.digest_of("1.1.0")), ["1.1.0"], id="its digest"),
        pytest.param(str(facts.digest_of("1.1.0"))[7:14], ["1.1.0"], id="seven digits of its digest"),
        pytest.param(str(facts.digest_of("1.1.0"))[7:13], [], id="six digits are too few"),
        pytest.param(f"ghcr.io/org/web-app@{facts.digest_of('1.1.0')}", ["1.1.0"], id="repository and digest"),
        pytest.param("1.1", [], id="a part of its tag"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_a_release_is_found_by_what_people_call_it(name: str, found: list[str]) -> None:
    """A tag is meant whole; digests and commits by seven characters or more."""
    known = releases({"staging": facts.place(STAGING, record(NEW), record(OLD))})
    assert [release.label for release in named(name, known)] == found


def test_a_source_commit_is_found_by_its_beginning() -> None:
    """As Git prints it."""
    source = Release(source=Sha("abcdef0" + "1" * 33), proposed=NOON)
    assert named("abcdef0", (source,)) == (source,)
    assert named("abcdef", (source,)) == ()


def test_the_short_form_is_for_a_reply() -> None:
    """Environments that it has reached, each with an absolute time."""
    places = {"staging": facts.place(STAGING, record(NEW, (HEALTHY, -90))), "production": proposed()}
    assert in_short(story(SHOP, NEW, places, now=NOON)) == "staging healthy since 2026-11-23 10:30 UTC"


def test_an_environment_whose_repository_was_not_read_is_named() -> None:
    """What became of a release there is not told, and that is said."""
    moved = PRODUCTION.model_copy(update={"repository": "org/other"})
    shop = SHOP.model_copy(update={"environments": (STAGING, moved)})
    told = story(shop, NEW, {"staging": facts.place(STAGING)}, now=NOON)
    assert "production: in org/other, which is not read for this" in in_words(told)
    assert as_json(told)["elsewhere"] == [{"environment": "production", "repository": "org/other"}]


def test_programs_get_the_same_story() -> None:
    """With times they can read."""
    told = as_json(story(SHOP, NEW, {"production": proposed()}, now=NOON))
    assert told["release"] == "1.1.0"
    assert "2026-11-23T11:55:00Z" in str(told["environments"])
