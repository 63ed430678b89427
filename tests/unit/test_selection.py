"""Truth tables: which version of one artifact is taken, which facts are asked for first, and what is never taken."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.actions import Ask
from bot.model import Artifact, Digest, ImageDetails, Observation, Tags, Unknown
from bot.selection import Pick, consider, pick
from bot.versions import Choice, Rejection, newer, rules_of
from config.pipeline import Artifacts, ChartSource, ImageSource, Pin, Strategy
from tests.unit.facts import IMAGE, NOON, at, digest_of, observation

Facts = dict[str, Any]
NEWEST_BUILD = ImageSource(repository=IMAGE, strategy=Strategy.NEWEST_BUILD)
BOTH_PLATFORMS = ("linux/amd64", "linux/arm64")


def image(**declared: Any) -> ImageSource:
    return ImageSource(repository=IMAGE, **declared)


def standing(tag: str, digest: Digest | None = None) -> Artifact:
    """What stands in Git, at the digest of its name."""
    return Artifact(name="web", repository=IMAGE, tag=tag, digest=digest or digest_of(tag))


def listed(*tags: str, **times: Any) -> Facts:
    return {"tags": {"web": Tags(repository=IMAGE, names=tags, read_at=NOON, **times)}}


def pointing(**digests: Digest | Unknown | None) -> Facts:
    """Where tags point, `_` for the `.` of their names."""
    return {"digests": {(IMAGE, tag.replace("_", ".").removeprefix("v")): digest for tag, digest in digests.items()}}


def resolved(*tags: str) -> Facts:
    """Each tag points at the digest of its name."""
    return {"digests": {(IMAGE, tag): digest_of(tag) for tag in tags}}


def builds(**minutes: float | None) -> Facts:
    """When the image of each tag was built, in minutes after noon; None: it does not say."""
    details = {
        (IMAGE, digest_of(tag)): ImageDetails(platforms={"linux/amd64": None if minute is None else at(minute)})
        for tag, minute in minutes.items()
    }
    return {"details": details}


def made_for(**platforms: tuple[str, ...]) -> Facts:
    """For which platforms the image of each tag is."""
    names = {tag.replace("_", ".").removeprefix("v"): made for tag, made in platforms.items()}
    return {"details": {(IMAGE, digest_of(tag)): ImageDetails(platforms=dict.fromkeys(p)) for tag, p in names.items()}}


def facts(*some: Facts) -> Observation:
    """An observation in which the registry said this, and nothing else."""
    return observation(**{"tags": {}, "digests": {}, "details": {}, **{k: v for one in some for k, v in one.items()}})


def picked(seen: Observation, source: Artifacts, present: str | None = "1.0.0", *, pinned: bool = False) -> Pick:
    return pick("web", source, seen, None if present is None else standing(present), pinned=pinned)


def tag_of(found: Pick) -> str | None:
    return found.artifact.tag if found.artifact else None


def digests(*tags: str) -> Ask:
    return Ask(digests=frozenset((IMAGE, tag) for tag in tags))


def details(*tags: str) -> Ask:
    return Ask(details=frozenset((IMAGE, str(digest_of(tag))) for tag in tags))


# --- each strategy ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "tags", "present", "taken"),
    [
        pytest.param(image(constraint="<2"), ("1.0.0", "1.1.0", "2.0.0"), "1.0.0", "1.1.0", id="semver: the highest"),
        pytest.param(image(), ("1.0.0", "0.9.0"), "1.0.0", "1.0.0", id="semver: what is older is not taken back"),
        pytest.param(image(constraint="<2"), ("1.9.0",), "2.0.0", "2.0.0", id="semver: nor where it alone is admitted"),
        pytest.param(image(), ("1.1.0",), "latest", "1.1.0", id="semver: what stands is no version"),
        pytest.param(image(), ("1.1.0-rc.1",), "1.0.0", "1.0.0", id="semver: a prerelease that nobody asked for"),
        pytest.param(
            image(constraint=">=1-0"), ("1.1.0-rc.1",), "1.1.0", "1.1.0", id="semver: a prerelease of what stands"
        ),
        pytest.param(image(), ("1.1.0-alpine",), "1.0.0", "1.0.0", id="semver: another variant"),
        pytest.param(image(), ("1.1.0", "1.2.0"), None, "1.2.0", id="semver: nothing stands yet"),
        pytest.param(
            image(strategy=Strategy.ALPHABETICAL), ("2026-01", "2026-02"), "2026-01", "2026-02", id="alphabetical"
        ),
        pytest.param(
            image(strategy=Strategy.ALPHABETICAL), ("2026-01",), "2026-02", "2026-02", id="alphabetical: never back"
        ),
        pytest.param(image(strategy=Strategy.NUMERICAL), ("9", "10"), "9", "10", id="numerical: by value"),
        pytest.param(image(strategy=Strategy.NUMERICAL), ("9",), "10", "10", id="numerical: never back"),
        pytest.param(
            image(strategy=Strategy.NUMERICAL, allow_tags="^main-([0-9]+)$", extract="$1"),
            ("main-9", "main-10", "dev-11"),
            "main-9",
            "main-10",
            id="numerical: by its extract",
        ),
    ],
)
def test_the_newest_version_is_taken(
    *, source: ImageSource, tags: tuple[str, ...], present: str | None, taken: str
) -> None:
    """In the strategy's order, and never what comes before the version that stands."""
    found = picked(facts(listed(*tags), resolved(*tags)), source, present)
    assert (tag_of(found), found.ask) == (taken, Ask())


def test_only_the_newest_is_asked_for() -> None:
    """A digest is learnt for what may be taken, not for every tag."""
    found = picked(facts(listed("1.0.0", "1.1.0", "1.2.0")), image())
    assert (found.artifact, found.ask) == (None, digests("1.2.0"))


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        pytest.param(facts(), f"{IMAGE}: the registry has not been read", id="the tags were not read"),
        pytest.param(facts({"tags": {"web": Unknown("HTTP 503")}}), f"{IMAGE}: HTTP 503", id="the tags are unknown"),
        pytest.param(
            facts(listed("1.1.0"), pointing(v1_1_0=Unknown("HTTP 503"))),
            f"{IMAGE}:1.1.0: HTTP 503",
            id="where the newest points is unknown",
        ),
    ],
)
def test_what_is_not_known_is_waited_for(*, seen: Observation, reason: str) -> None:
    """Neither what stands nor an older tag is passed off as the newest."""
    found = picked(seen, image())
    assert (found.artifact, found.ask, found.reason) == (None, Ask(), reason)


def test_a_tag_that_is_gone_gives_way_to_the_one_before() -> None:
    """It was listed, and does not exist any more."""
    found = picked(facts(listed("1.1.0", "1.2.0"), pointing(v1_2_0=None, v1_1_0=digest_of("1.1.0"))), image())
    assert (tag_of(found), found.refused) == ("1.1.0", (Rejection("1.2.0", "is gone from the registry"),))


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        pytest.param(("edge",), f"no tag of {IMAGE} satisfies the declaration", id="none admitted"),
        pytest.param((), f"no tag of {IMAGE} satisfies the declaration", id="none listed"),
        pytest.param(
            ("1.1.0",), "no tag of ghcr.io/org/web-app satisfies the declaration; 1.1.0 is gone", id="none left"
        ),
    ],
)
def test_where_nothing_stands_and_nothing_fits_nothing_is_taken(*, tags: tuple[str, ...], said: str) -> None:
    """The reason names the newest that was refused."""
    found = picked(facts(listed(*tags), pointing(v1_1_0=None)), image(), None)
    assert found.artifact is None
    assert found.reason.startswith(said)


# --- the newest build -------------------------------------------------------------------------------------------------

ONE, TWO = digest_of("one"), digest_of("two")


@pytest.mark.parametrize(
    ("seen", "taken", "ask"),
    [
        pytest.param(
            facts(listed("old", "new", pushed={"old": at(-20), "new": at(-10)}), resolved("new")),
            "new",
            Ask(),
            id="by the registry's times: nothing is asked",
        ),
        pytest.param(
            facts(listed("old", "aaa", pushed={"old": at(-10), "aaa": at(-20)})),
            "old",
            Ask(),
            id="by the registry's times: what stands is the newest",
        ),
        pytest.param(facts(listed("old", "new")), None, digests("old", "new") | details("old"), id="where they point"),
        pytest.param(
            facts(listed("old", "new"), resolved("old", "new")), None, details("old", "new"), id="when they were built"
        ),
        pytest.param(
            facts(listed("old", "new", pointing={"old": digest_of("old"), "new": digest_of("new")})),
            None,
            details("old", "new"),
            id="where they pointed not long ago is good enough to date them",
        ),
        pytest.param(
            facts(
                listed("old", "new", pointing={"old": digest_of("old"), "new": digest_of("new")}),
                builds(old=-20, new=-10),
            ),
            None,
            digests("new"),
            id="but never to be written",
        ),
        pytest.param(
            facts(listed("old", "new", "zzz"), resolved("old", "new", "zzz"), builds(old=-20, new=-10, zzz=-30)),
            "new",
            Ask(),
            id="by the build times",
        ),
        pytest.param(
            facts(listed("old", "new"), resolved("old", "new"), builds(old=-20, new=None)),
            "old",
            Ask(),
            id="an image without a build time is not the newest",
        ),
        pytest.param(
            facts(listed("old", "new"), pointing(old=digest_of("old"), new=Unknown("HTTP 503")), builds(old=-20)),
            None,
            Ask(),
            id="where one points is unknown",
        ),
        pytest.param(
            facts(
                listed("old", "new"),
                resolved("old", "new"),
                {"details": {**builds(old=-20)["details"], (IMAGE, digest_of("new")): Unknown("HTTP 503")}},
            ),
            None,
            Ask(),
            id="when one was built is unknown",
        ),
        pytest.param(
            facts(listed("new", pushed={"new": at(-10)}), resolved("new")),
            None,
            details("new", "old"),
            id="what stands is gone from the registry: its build time is asked for, by its digest",
        ),
        pytest.param(
            facts(listed("new", pushed={"new": at(-10)}), resolved("new"), builds(old=-20, new=-30)),
            "old",
            Ask(),
            id="what stands is gone from the registry, and is the newer",
        ),
        pytest.param(
            facts(listed("new"), resolved("new"), builds(old=-30, new=-20)),
            "new",
            Ask(),
            id="what stands is gone from the registry, and is the older",
        ),
        pytest.param(
            facts(listed("old", "new", pushed={"new": at(-10)}), resolved("old", "new"), builds(old=-20, new=-30)),
            "old",
            Ask(),
            id="times of pushes and of builds are not compared with each other",
        ),
        pytest.param(
            facts(
                listed("old", "new"),
                pointing(old=digest_of("ancient"), new=digest_of("new")),
                builds(old=-20, new=-30, ancient=-90),
            ),
            "old",
            Ask(),
            id="the tag that stands was moved to an ancient build: what stands counts",
        ),
        pytest.param(
            facts(listed("new"), resolved("new"), {"details": {(IMAGE, digest_of("old")): Unknown("HTTP 503")}}),
            None,
            Ask() | details("new"),
            id="the build time of what stands is unknown, of the other not asked yet",
        ),
    ],
)
def test_the_newest_build_is_taken(*, seen: Observation, taken: str | None, ask: Ask) -> None:
    """By one clock for all: the registry's, where it has a time for every tag, else what the images say."""
    found = picked(seen, NEWEST_BUILD, "old")
    assert (tag_of(found), found.ask) == (taken, ask)


def test_what_stands_must_be_dated_before_anything_is_newer() -> None:
    """Where the build time of what stands cannot be learnt, nothing is taken in its stead."""
    unread = {(IMAGE, digest_of("old")): Unknown("HTTP 503")}
    seen = facts(listed("new"), resolved("new"), {"details": {**builds(new=-10)["details"], **unread}})
    found = picked(seen, NEWEST_BUILD, "old")
    assert (found.artifact, found.ask) == (None, Ask())
    assert found.reason == f"{IMAGE}:old: when it was built is not known: HTTP 503"


def test_what_stands_without_a_tag_is_dated_by_its_digest() -> None:
    """Only the digest is written in Git."""
    bare = Artifact(name="web", repository=IMAGE, tag="", digest=digest_of("old"))
    seen = facts(listed("new"), resolved("new"), builds(new=-30, old=-20))
    assert pick("web", NEWEST_BUILD, seen, bare, pinned=True).artifact == bare
    seen = facts(listed("new"), resolved("new"), builds(new=-10, old=-20))
    assert tag_of(pick("web", NEWEST_BUILD, seen, bare, pinned=True)) == "new"


def test_builds_of_the_same_moment_do_not_take_turns() -> None:
    """Reproducible builds all bear one time: of two, the later name wins, whichever stands."""
    same = builds(aaa=-10, bbb=-10)
    assert tag_of(picked(facts(listed("aaa", "bbb"), resolved("aaa", "bbb"), same), NEWEST_BUILD, "aaa")) == "bbb"
    assert tag_of(picked(facts(listed("aaa", "bbb"), resolved("aaa", "bbb"), same), NEWEST_BUILD, "bbb")) == "bbb"
    assert tag_of(picked(facts(listed("aaa"), resolved("aaa"), same), NEWEST_BUILD, "bbb")) == "bbb"


def test_a_tag_moved_to_an_older_build_is_not_followed() -> None:
    """Where the newest build is wanted, a tag that was put on an old image is no news."""
    ancient = facts(listed("old"), pointing(old=digest_of("ancient")), builds(old=-20, ancient=-90))
    assert picked(ancient, NEWEST_BUILD, "old", pinned=True).artifact == standing("old")
    fresh = facts(listed("old"), pointing(old=digest_of("fresh")), builds(old=-20, fresh=-5))
    moved = picked(fresh, NEWEST_BUILD, "old", pinned=True)
    assert moved.artifact == standing("old", digest_of("fresh"))


def test_only_builds_for_the_declared_platforms_count() -> None:
    """A build that adds a platform nobody runs here makes no image newer."""
    source = image(strategy=Strategy.NEWEST_BUILD, platforms=("linux/amd64",))
    platforms = {"linux/amd64": at(-30), "linux/s390x": at(-1)}
    seen = facts(
        listed("old", "new"),
        resolved("old", "new"),
        {
            "details": {
                (IMAGE, digest_of("old")): ImageDetails(platforms={"linux/amd64": at(-20)}),
                (IMAGE, digest_of("new")): ImageDetails(platforms=platforms),
            }
        },
    )
    assert tag_of(picked(seen, source, "old")) == "old"


def test_too_many_tags_to_date_are_refused_with_what_to_do() -> None:
    """Each would cost a request: people narrow the declaration."""
    found = picked(facts(listed(*(f"build-{i}" for i in range(501)))), NEWEST_BUILD, "build-1")
    assert (found.artifact, found.ask) == (None, Ask())
    assert "501 tags are admitted" in found.reason
    assert "allow_tags" in found.reason
    assert picked(facts(listed(*(f"build-{i}" for i in range(500)))), NEWEST_BUILD, "build-1").ask


def test_a_tag_gone_since_it_was_listed_has_no_build_time() -> None:
    """It is refused, and the others are chosen from."""
    seen = facts(listed("old", "new"), pointing(old=digest_of("old"), new=None), builds(old=-20))
    considered = consider("web", NEWEST_BUILD, seen, standing("old"))
    assert isinstance(considered, Choice)
    assert considered.rejected == (Rejection("new", "has no known build time"),)


# --- platforms --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "taken", "ask"),
    [
        pytest.param(facts(listed("1.1.0", "1.2.0", "1.3.0")), None, ("1.3.0", "1.2.0", "1.1.0"), id="several"),
        pytest.param(facts(listed("1.1.0")), None, ("1.1.0",), id="there is only one"),
        pytest.param(
            facts(listed("1.1.0", "1.2.0"), resolved("1.1.0", "1.2.0"), made_for(v1_2_0=BOTH_PLATFORMS)),
            "1.2.0",
            (),
            id="made for both",
        ),
        pytest.param(
            facts(
                listed("1.1.0", "1.2.0"),
                resolved("1.1.0", "1.2.0"),
                made_for(v1_2_0=("linux/amd64",), v1_1_0=BOTH_PLATFORMS),
            ),
            "1.1.0",
            (),
            id="the newest lacks one: the next is taken",
        ),
        pytest.param(
            facts(listed("1.1.0"), resolved("1.1.0"), made_for(v1_1_0=())),
            "1.0.0",
            (),
            id="made for none that it names: what stands stays",
        ),
        pytest.param(
            facts(listed("1.1.0"), resolved("1.1.0"), made_for(v1_1_0=("linux/amd64", "linux/arm64/v8"))),
            "1.1.0",
            (),
            id="a variant of the one declared",
        ),
        pytest.param(
            facts(listed("1.1.0"), resolved("1.1.0"), made_for(v1_1_0=("windows/amd64", "linux/arm64"))),
            "1.0.0",
            (),
            id="the right architecture of another system",
        ),
    ],
)
def test_an_image_must_be_for_every_platform(*, seen: Observation, taken: str | None, ask: tuple[str, ...]) -> None:
    """The digests of those that may be needed next are asked for together, since each may be refused."""
    found = picked(seen, image(platforms=BOTH_PLATFORMS))
    assert (tag_of(found), found.ask) == (taken, digests(*ask))


def test_platforms_are_asked_for_several_images_together() -> None:
    """Each may be refused, and what is asked one by one takes too many rounds."""
    found = picked(facts(listed("1.1.0", "1.2.0"), resolved("1.1.0", "1.2.0")), image(platforms=BOTH_PLATFORMS))
    assert (found.artifact, found.ask) == (None, details("1.2.0", "1.1.0"))


def test_platforms_that_are_not_known_are_waited_for() -> None:
    """An older image is not taken because the newest could not be read."""
    unread = {
        "details": {(IMAGE, digest_of("1.2.0")): Unknown("HTTP 503"), **made_for(v1_1_0=BOTH_PLATFORMS)["details"]}
    }
    seen = facts(listed("1.1.0", "1.2.0"), resolved("1.1.0", "1.2.0"), unread)
    found = picked(seen, image(platforms=BOTH_PLATFORMS))
    assert (found.artifact, found.ask, found.reason) == (None, Ask(), f"{IMAGE}:1.2.0: HTTP 503")


@pytest.mark.parametrize(
    ("lacking", "taken"),
    [
        pytest.param(9, "1.0.0", id="nine lack a platform: what stands stays"),
        pytest.param(10, None, id="ten lack it: people must look"),
        pytest.param(12, None, id="more than ten are not even tried"),
    ],
)
def test_after_ten_refused_images_people_must_look(*, lacking: int, taken: str | None) -> None:
    """Each costs requests, and something is wrong with the declaration or the builds."""
    tags = tuple(f"1.1.{i}" for i in range(lacking))
    seen = facts(
        listed(*tags),
        resolved(*tags),
        {"details": {(IMAGE, digest_of(tag)): ImageDetails(platforms={"linux/amd64": None}) for tag in tags}},
    )
    found = picked(seen, image(platforms=BOTH_PLATFORMS))
    assert tag_of(found) == taken
    assert len(found.refused) == min(lacking, 10)
    assert found.refused[0] == Rejection(tags[-1], "has no image for linux/arm64")
    if taken is None:
        assert found.reason.startswith(f"the 10 newest tags of {IMAGE} are refused; {tags[-1]} has no image")


# --- one tag that is followed -----------------------------------------------------------------------------------------

FOLLOWING = image(strategy=Strategy.DIGEST, constraint="stable", pin=Pin.BOTH)


@pytest.mark.parametrize(
    ("seen", "present", "taken", "ask"),
    [
        pytest.param(facts(listed("stable")), standing("stable", ONE), None, digests("stable"), id="not asked yet"),
        pytest.param(
            facts(listed("stable"), pointing(stable=ONE)),
            standing("stable", ONE),
            standing("stable", ONE),
            Ask(),
            id="it stands where it points",
        ),
        pytest.param(
            facts(listed("stable"), pointing(stable=TWO)),
            standing("stable", ONE),
            standing("stable", TWO),
            Ask(),
            id="it was moved",
        ),
        pytest.param(
            facts(listed("stable"), pointing(stable=Unknown("HTTP 503"))),
            standing("stable", ONE),
            standing("stable", ONE),
            Ask(),
            id="where it points is unknown",
        ),
        pytest.param(
            facts(listed("stable"), pointing(stable=None)),
            standing("stable", ONE),
            standing("stable", ONE),
            Ask(),
            id="it is gone",
        ),
        pytest.param(
            facts(listed("edge"), pointing(stable=TWO)),
            standing("stable", ONE),
            standing("stable", ONE),
            Ask(),
            id="it is not listed",
        ),
        pytest.param(
            facts(listed("stable", "1.0.0"), pointing(stable=TWO)),
            standing("1.0.0"),
            standing("stable", TWO),
            Ask(),
            id="another tag stands",
        ),
        pytest.param(
            facts(listed("stable"), pointing(stable=TWO)),
            standing("", ONE),
            standing("stable", TWO),
            Ask(),
            id="only a digest stands",
        ),
        pytest.param(
            facts(listed("stable", "9.9.9"), pointing(stable=ONE)),
            standing("stable", ONE),
            standing("stable", ONE),
            Ask(),
            id="no other tag is ever newer",
        ),
    ],
)
def test_one_tag_is_followed(*, seen: Observation, present: Artifact, taken: Artifact | None, ask: Ask) -> None:
    """Where it points is what is promoted; where that is not known, what stands stays."""
    found = pick("web", FOLLOWING, seen, present, pinned=True)
    assert (found.artifact, found.ask) == (taken, ask)


# --- a tag that was moved ---------------------------------------------------------------------------------------------

MOVED = facts(listed("1.0.0"), pointing(v1_0_0=TWO))


@pytest.mark.parametrize(
    ("source", "pinned", "seen", "digest", "ask"),
    [
        pytest.param(image(), False, MOVED, ONE, Ask(), id="Git holds no digest, nor shall: nothing could be written"),
        pytest.param(image(pin=Pin.TAG), False, MOVED, ONE, Ask(), id="nor with pin: tag"),
        pytest.param(image(), True, MOVED, TWO, Ask(), id="a digest stands in Git"),
        pytest.param(image(pin=Pin.TAG), True, MOVED, TWO, Ask(), id="a digest stands in Git, whatever is declared"),
        pytest.param(image(pin=Pin.BOTH), False, MOVED, TWO, Ask(), id="pin: both"),
        pytest.param(image(pin=Pin.DIGEST), False, MOVED, TWO, Ask(), id="pin: digest"),
        pytest.param(image(), True, facts(listed("1.0.0")), None, digests("1.0.0"), id="not asked yet"),
        pytest.param(image(), False, facts(listed("1.0.0")), ONE, Ask(), id="never asked where nothing is pinned"),
        pytest.param(
            image(), True, facts(listed("1.0.0"), pointing(v1_0_0=Unknown("HTTP 503"))), ONE, Ask(), id="not known"
        ),
        pytest.param(image(), True, facts(listed("1.0.0"), pointing(v1_0_0=None)), ONE, Ask(), id="the tag is gone"),
        pytest.param(image(constraint=">=2"), True, MOVED, ONE, Ask(), id="the declaration does not admit it any more"),
        pytest.param(
            image(minimum_age=timedelta(hours=1)),
            True,
            facts(listed("1.0.0", first_seen={"1.0.0": at(-59)}), pointing(v1_0_0=TWO)),
            ONE,
            Ask(),
            id="it is too young there",
        ),
        pytest.param(
            image(minimum_age=timedelta(hours=1)),
            True,
            facts(listed("1.0.0", first_seen={"1.0.0": at(-60)}), pointing(v1_0_0=TWO)),
            TWO,
            Ask(),
            id="it is old enough there",
        ),
        pytest.param(
            image(platforms=BOTH_PLATFORMS),
            True,
            facts(listed("1.0.0"), pointing(v1_0_0=TWO), builds(two=-10)),
            ONE,
            Ask(),
            id="there it lacks a platform",
        ),
        pytest.param(image(platforms=BOTH_PLATFORMS), True, MOVED, None, details("two"), id="its platforms are asked"),
    ],
)
def test_a_moved_tag(*, source: ImageSource, pinned: bool, seen: Observation, digest: Digest | None, ask: Ask) -> None:
    """It is a new candidate where Git can say so, and only as long as it is admitted."""
    found = pick("web", source, seen, standing("1.0.0", ONE), pinned=pinned)
    assert (found.artifact.digest if found.artifact else None, found.ask) == (digest, ask)


def test_a_moved_tag_says_from_where_to_where() -> None:
    """Both digests, as people recognise them."""
    found = pick("web", image(), MOVED, standing("1.0.0", ONE), pinned=True)
    assert found.reason == f"the tag 1.0.0 was moved from {ONE[:19]} to {TWO[:19]}"


def test_a_newer_version_goes_before_a_moved_tag() -> None:
    """The tag that stands is not even asked about."""
    seen = facts(listed("1.0.0", "1.1.0"), resolved("1.1.0"))
    assert tag_of(pick("web", image(), seen, standing("1.0.0", ONE), pinned=True)) == "1.1.0"


# --- age --------------------------------------------------------------------------------------------------------------

AN_HOUR = image(minimum_age=timedelta(hours=1))


@pytest.mark.parametrize(
    ("times", "taken", "until"),
    [
        pytest.param({"1.0.0": -90, "1.1.0": -61, "1.2.0": -60}, "1.2.0", None, id="just old enough"),
        pytest.param({"1.0.0": -90, "1.1.0": -61, "1.2.0": -59}, "1.1.0", 1, id="too young: the one before is taken"),
        pytest.param({"1.0.0": -90, "1.1.0": -30, "1.2.0": -59}, "1.0.0", 1, id="both too young: what stands stays"),
        pytest.param({"1.0.0": -30, "0.9.0": -90, "1.1.0": -20}, "1.0.0", 30, id="what is older is not taken back"),
        pytest.param({"1.0.0": -90}, "1.0.0", None, id="those never seen before do not count"),
        pytest.param({}, "1.0.0", None, id="nothing was seen before"),
        pytest.param({"1.0.0": -90, "1.1.0": 600}, "1.0.0", 660, id="a time that lies ahead is too young"),
    ],
)
def test_a_tag_must_be_old_enough(*, times: dict[str, float], taken: str, until: float | None) -> None:
    """By our clock or the registry's; the moment when the next comes of age is known."""
    tags = ("0.9.0", "1.0.0", "1.1.0", "1.2.0")
    seen = facts(listed(*tags, first_seen={t: at(m) for t, m in times.items()}), resolved(*tags))
    found = picked(seen, AN_HOUR)
    assert tag_of(found) == taken
    assert found.until == (None if until is None else at(until))


def test_the_registrys_clock_goes_before_ours() -> None:
    """We may have come late, and see a tag for the first time that is years old."""
    clocks: dict[str, Mapping[str, datetime]] = {"pushed": {"1.1.0": at(-600)}, "first_seen": {"1.1.0": at(-1)}}
    assert tag_of(picked(facts(listed("1.1.0", **clocks), resolved("1.1.0")), AN_HOUR)) == "1.1.0"


def test_an_old_build_time_makes_no_tag_old_enough() -> None:
    """Publishers write build times as they like."""
    source = image(strategy=Strategy.NEWEST_BUILD, minimum_age=timedelta(hours=1))
    seen = facts(
        listed("old", "new", first_seen={"old": at(-90), "new": at(-1)}),
        resolved("old", "new"),
        builds(old=-9000, new=-600),
    )
    found = picked(seen, source, "old")
    assert (tag_of(found), found.until) == ("old", at(59))


# --- what stands without a tag ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seen", "taken"),
    [
        pytest.param(facts(listed("1.1.0"), resolved("1.1.0")), "1.1.0", id="nobody knows its tag: the newest"),
        pytest.param(
            facts(listed("1.1.0", "2.0.0", pointing={"2.0.0": ONE}), resolved("1.1.0")),
            "",
            id="a tag points there that is newer than what is admitted",
        ),
        pytest.param(
            facts(listed("1.1.0", "1.0.0", "stable"), pointing(v1_0_0=ONE, stable=ONE, v1_1_0=TWO)),
            "1.1.0",
            id="a tag points there that is older",
        ),
        pytest.param(facts(listed("edge")), "", id="nothing is admitted"),
    ],
)
def test_a_digest_without_a_tag(*, seen: Observation, taken: str) -> None:
    """It is what the tags are that point at it, as far as that is known; it is never asked about by a tag."""
    found = pick("web", image(constraint="<2"), seen, standing("", ONE), pinned=True)
    assert tag_of(found) == taken
    assert not found.ask


# --- charts -----------------------------------------------------------------------------------------------------------

CHART = ChartSource(repository="https://charts.example.com", chart="web", constraint="^4")
PLACE = "https://charts.example.com#web"


@pytest.mark.parametrize(
    ("versions", "known", "taken", "ask"),
    [
        pytest.param(("4.0.0", "4.1.0", "5.0.0"), ("4.1.0",), "4.1.0", Ask(), id="the highest that is admitted"),
        pytest.param(("3.9.0", "4.0.0"), (), "4.0.0", Ask(), id="nothing newer"),
        pytest.param(("4.1.0+build.7",), ("4.1.0+build.7",), "4.1.0+build.7", Ask(), id="with build metadata"),
        pytest.param(("4.1.0-rc.1",), (), "4.0.0", Ask(), id="a prerelease that nobody asked for"),
        pytest.param(
            ("4.1.0",), (), None, Ask(digests=frozenset({(PLACE, "4.1.0")})), id="its digest is asked for by location"
        ),
    ],
)
def test_a_chart_is_chosen_as_an_image_is(
    *, versions: tuple[str, ...], known: tuple[str, ...], taken: str | None, ask: Ask
) -> None:
    """By version; a chart has no platforms and no builds."""
    tags = Tags(repository=PLACE, names=versions, read_at=NOON)
    seen = facts({"tags": {"web": tags}, "digests": {(PLACE, version): digest_of(version) for version in known}})
    present = Artifact(name="web", repository=PLACE, tag="4.0.0", digest=digest_of("4.0.0"))
    found = pick("web", CHART, seen, present, pinned=False)
    assert (tag_of(found), found.ask) == (taken, ask)


def test_a_chart_republished_under_its_version_is_no_news() -> None:
    """No digest of a chart is written into Git, so there is nothing to promote."""
    tags = Tags(repository=PLACE, names=("4.0.0",), read_at=NOON)
    seen = facts({"tags": {"web": tags}, "digests": {(PLACE, "4.0.0"): TWO}})
    present = Artifact(name="web", repository=PLACE, tag="4.0.0", digest=ONE)
    assert pick("web", CHART, seen, present, pinned=False).artifact == present


# --- whatever the registry says ---------------------------------------------------------------------------------------

NAMES = ("1.0.0", "1.1.0", "1.2.0", "1.3.0-rc.1", "2.0.0", "1.1.0-alpine", "edge", "main-7", "1.2", "20260101")
WORDS = ("a", "b", "c", "d")
moments = st.one_of(st.none(), st.integers(-300, 30).map(at))
sources = st.builds(
    image,
    strategy=st.sampled_from([Strategy.SEMVER, Strategy.NEWEST_BUILD, Strategy.ALPHABETICAL, Strategy.NUMERICAL]),
    platforms=st.sampled_from([(), ("linux/amd64",)]),
    minimum_age=st.sampled_from([None, timedelta(hours=1)]),
    pin=st.sampled_from([None, Pin.TAG, Pin.BOTH]),
)


@st.composite
def registries(draw: st.DrawFn) -> tuple[Tags, dict[str, Digest | Unknown | None], dict[str, ImageDetails | Unknown]]:
    """What a registry lists, where its tags point, and what its images say; each may be missing or not known."""
    names = tuple(draw(st.lists(st.sampled_from(NAMES), unique=True)))
    points = st.sampled_from([*map(digest_of, WORDS), None, Unknown("HTTP 503")])
    found = {name: draw(points) for name in NAMES}
    says = st.one_of(
        st.just(Unknown("HTTP 503")),
        st.builds(
            lambda p, t: ImageDetails(platforms={p: t}), st.sampled_from(["linux/amd64", "linux/s390x"]), moments
        ),
    )
    details_ = {str(digest_of(word)): draw(says) for word in WORDS}
    times = st.dictionaries(st.sampled_from(NAMES), st.integers(-300, 30).map(at))
    pointing_ = {name: d for name, d in found.items() if isinstance(d, str) and draw(st.booleans())}
    tags = Tags(
        repository=IMAGE,
        names=names,
        read_at=NOON,
        pushed=draw(times),
        first_seen=draw(times),
        pointing={name: Digest(digest) for name, digest in pointing_.items()},
    )
    return tags, found, details_


def settled(
    source: ImageSource,
    present: Artifact | None,
    registry: tuple[Tags, Mapping[str, Digest | Unknown | None], Mapping[str, ImageDetails | Unknown]],
) -> tuple[Pick, Observation]:
    """The pick once nothing more is asked for; each answer brings exactly what was asked."""
    tags, points, says = registry
    seen = observation(tags={"web": tags}, digests={}, details={})
    for _ in range(8):
        found = pick("web", source, seen, present, pinned=present is not None)
        if not found.ask:
            return found, seen
        assert not found.ask.digests & seen.digests.keys()
        assert not found.ask.details & seen.details.keys()
        seen = replace(
            seen,
            digests={**seen.digests, **{key: points[key[1]] for key in found.ask.digests}},
            details={**seen.details, **{key: says.get(key[1], Unknown("gone")) for key in found.ask.details}},
        )
    raise AssertionError("it asks for ever")


@given(sources, registries(), st.sampled_from(["", *NAMES]), st.sampled_from(WORDS))
@settings(max_examples=300, deadline=None)
def test_nothing_older_young_or_unknown_is_ever_taken(
    source: ImageSource,
    registry: tuple[Tags, dict[str, Digest | Unknown | None], dict[str, ImageDetails | Unknown]],
    stands: str,
    word: str,
) -> None:
    """Whatever a registry says, in whatever order it answers: what is taken is known, old enough, whole and newer."""
    present = standing(stands, digest_of(word))
    found, seen = settled(source, present, registry)
    taken, (tags, points, says) = found.artifact, registry
    if taken is None or taken == present:
        return
    assert taken.tag in tags.names
    assert points[taken.tag] == taken.digest == seen.digests[IMAGE, taken.tag]
    if source.minimum_age:
        assert {**tags.first_seen, **tags.pushed}[taken.tag] <= NOON - source.minimum_age
    if source.platforms:
        offered = says[taken.digest]
        assert isinstance(offered, ImageDetails)
        assert "linux/amd64" in offered.platforms
    if source.strategy is Strategy.NEWEST_BUILD:
        assert_built_later(taken, present, source, registry)
    elif taken.tag != present.tag and present.tag:
        assert newer(taken.tag, present.tag, rules_of(source))


def assert_built_later(
    taken: Artifact,
    present: Artifact,
    source: ImageSource,
    registry: tuple[Tags, Mapping[str, Digest | Unknown | None], Mapping[str, ImageDetails | Unknown]],
) -> None:
    """By the registry's clock, if it has both, or by what the two images say."""
    tags, _, says = registry
    pushes = [tags.pushed.get(present.tag), tags.pushed.get(taken.tag)]
    built = []
    for artifact in (present, taken):
        told = says[artifact.digest]
        offered = told.platforms if isinstance(told, ImageDetails) else {}
        built.append(next((t for p, t in offered.items() if not source.platforms or p in source.platforms), None))
    by_push = pushes[0] is not None and pushes[1] is not None and pushes[0] <= pushes[1]
    silent = built[0] is None and isinstance(says[present.digest], ImageDetails)
    by_build = built[1] is not None and (silent or (built[0] is not None and built[0] <= built[1]))
    assert by_push or by_build


@pytest.mark.parametrize("strategy", [Strategy.SEMVER, Strategy.NEWEST_BUILD])
@pytest.mark.parametrize("lacking", range(12))
def test_few_rounds_are_enough_however_many_are_refused(*, lacking: int, strategy: Strategy) -> None:
    """A pass asks eight times at most, and has more to ask for than this."""
    tags = tuple(f"1.0.{i}" for i in range(20))
    good = tags[: len(tags) - lacking]
    says: dict[str, ImageDetails | Unknown] = {
        str(digest_of(tag)): ImageDetails(platforms={"linux/arm64" if tag in good else "linux/amd64": at(i - 100)})
        for i, tag in enumerate(tags)
    }
    source = image(platforms=("linux/arm64",), strategy=strategy, allow_tags="^1")
    seen, rounds = facts(listed(*tags)), 0
    while (found := picked(seen, source, "1.0.0")).ask:
        rounds += 1
        seen = replace(
            seen,
            digests={**seen.digests, **{key: digest_of(key[1]) for key in found.ask.digests}},
            details={**seen.details, **{key: says[key[1]] for key in found.ask.details}},
        )
    assert rounds <= 4
    if strategy is Strategy.SEMVER:
        assert tag_of(found) == (good[-1] if lacking < 10 else None)


# --- a choice is worked out once --------------------------------------------------------------------------------------


def considered(seen: Observation, source: Artifacts, present: str = "1.0.0") -> Choice:
    choice = consider("web", source, seen, standing(present))
    assert isinstance(choice, Choice)
    return choice


def test_the_same_choice_is_made_once() -> None:
    """A pass asks for it in every round, for the pick, for the gate and for whoever asks why."""
    seen = facts(listed("1.0.0", "1.1.0"))
    later = facts({"tags": seen.tags}, resolved("1.1.0"))
    assert considered(seen, image()) is considered(later, image())


def test_a_choice_of_other_facts_is_another() -> None:
    """Another listing, another declaration, other times, another moment, another build."""
    seen = facts(listed("1.0.0", "1.1.0", first_seen={"1.1.0": at(-30)}))
    again = facts(listed("1.0.0", "1.1.0", "1.2.0", first_seen={"1.1.0": at(-30)}))
    assert considered(seen, image()).selected == "1.1.0"
    assert considered(again, image()).selected == "1.2.0"
    assert considered(seen, image(constraint="<1.1")).selected == "1.0.0"
    aged = image(minimum_age=timedelta(hours=1))
    assert considered(seen, aged).selected is None
    assert considered(replace(seen, now=at(31)), aged).selected == "1.1.0"
    older = facts({"tags": {"web": replace(tags_of(seen), first_seen={"1.1.0": at(-90)})}})
    assert considered(older, aged).selected == "1.1.0"


def tags_of(seen: Observation) -> Tags:
    tags = seen.tags["web"]
    assert isinstance(tags, Tags)
    return tags


def test_builds_learnt_since_make_another_choice() -> None:
    """What was undated has a time now."""
    seen = facts(listed("a", "b", "c"), resolved("a", "b", "c"), builds(a=-30, c=-90))
    known = replace(seen, details={**seen.details, **facts(builds(b=-10)).details})
    assert isinstance(consider("web", NEWEST_BUILD, seen, standing("c")), Ask)
    assert considered(known, NEWEST_BUILD, "c").selected == "b"
