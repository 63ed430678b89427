"""The truth table of the gate `declaration`: a release is held against the file as it stands now."""

from datetime import timedelta

import pytest

from bot.actions import Ask, Outcome
from bot.declaration import judge
from bot.model import Artifact, Digest, ImageDetails, Observation, Release, Tags, Unknown
from config.pipeline import Environment, ImageSource, Pipeline, ReleaseRule, Strategy
from tests.unit.facts import (
    IMAGE,
    NEW,
    NEWER,
    NOON,
    PRODUCTION,
    SHOP,
    STAGING,
    at,
    digest_of,
    observation,
    record,
    release,
    standing,
)

PASS, WAIT, _ = Outcome
ARM = "linux/arm64"
LISTED = Tags(repository=IMAGE, names=("1.0.0", "1.1.0", "1.2.0"), read_at=NOON)
HERE = standing(record(NEW))


def shop(*, named: str = "web", rule: str | None = None, **image: object) -> Pipeline:
    """The shop, whose one image is declared like that."""
    source = ImageSource.model_validate({"repository": IMAGE, "constraint": "<2", **image})
    release_rule = None if rule is None else ReleaseRule(when=rule, settle=timedelta(0))
    return SHOP.model_copy(update={"images": {named: source}, "release": release_rule})


def facts(
    *, tags: Tags | Unknown = LISTED, details: ImageDetails | Unknown | None = None, tag: str = "1.2.0"
) -> Observation:
    """What the registry lists, and what it says of the one image."""
    known = {} if details is None else {(IMAGE, str(digest_of(tag))): details}
    return observation(tags={"web": tags, "app": tags}, details=known)


def built_for(*platforms: str) -> ImageDetails:
    return ImageDetails(platforms=dict.fromkeys(platforms))


def ruling(
    pipeline: Pipeline, what: Release, seen: Observation, environment: Environment = STAGING
) -> tuple[Outcome, str]:
    found = judge(pipeline, environment, what, seen=seen, here=HERE)
    assert found.verdict.gate == "declaration"
    return found.verdict.outcome, found.verdict.reason


ADMITTED = "admitted by the declaration"
NOT_ANY_MORE = f"the declaration does not admit {IMAGE}:1.2.0 any more"


@pytest.mark.parametrize(
    ("pipeline", "seen", "outcome", "reason"),
    [
        pytest.param(shop(), facts(), PASS, ADMITTED, id="admitted"),
        pytest.param(
            shop(constraint="<1.2"), facts(), WAIT, f"{NOT_ANY_MORE}: it is not <1.2", id="constraint changed"
        ),
        pytest.param(
            shop(ignore_tags=["1.2.*"]),
            facts(),
            WAIT,
            f"{NOT_ANY_MORE}: it is ignored by ignore_tags 1.2.*",
            id="ignored since",
        ),
        pytest.param(
            shop(),
            facts(tags=Tags(repository=IMAGE, names=("1.1.0",), read_at=NOON)),
            WAIT,
            NOT_ANY_MORE,
            id="taken back",
        ),
        pytest.param(shop(), facts(tags=Unknown("away")), WAIT, f"{IMAGE}: away", id="the registry is away"),
        pytest.param(shop(platforms=[ARM]), facts(details=built_for(ARM)), PASS, ADMITTED, id="for the platform"),
        pytest.param(
            shop(platforms=[ARM]),
            facts(details=built_for("linux/amd64")),
            WAIT,
            "1.2.0 has no image for linux/arm64",
            id="not for the platform",
        ),
        pytest.param(
            shop(platforms=[ARM]),
            facts(details=Unknown("unwell")),
            WAIT,
            "for which platforms 1.2.0 is is not known: unwell",
            id="for which platforms cannot be learnt",
        ),
        pytest.param(shop(rule="web.tag == '1.2.0'"), facts(), PASS, ADMITTED, id="the rule holds"),
        pytest.param(
            shop(rule="web.tag == '1.1.0'"),
            facts(),
            WAIT,
            "the release rule web.tag == '1.1.0' does not hold for web 1.2.0",
            id="the rule does not hold",
        ),
        pytest.param(shop(named="app"), facts(), WAIT, f"{IMAGE} is not declared any more", id="it was renamed"),
        pytest.param(
            shop(repository=f"{IMAGE}-next"),
            facts(),
            WAIT,
            f"{IMAGE} is not declared any more",
            id="it is another repository's",
        ),
    ],
)
def test_a_root_takes_what_is_declared(*, pipeline: Pipeline, seen: Observation, outcome: Outcome, reason: str) -> None:
    """1.2.0 comes into staging, where 1.1.0 stands → whether it may, and why not."""
    assert ruling(pipeline, NEWER, seen) == (outcome, reason)


def test_a_rule_that_cannot_be_worked_out_does_not_hold() -> None:
    """An expression that fails on these tags is no consent."""
    outcome, reason = ruling(shop(rule="int(web.tag) > 1"), NEWER, facts())
    assert outcome is WAIT
    assert "int(web.tag) > 1" in reason


def test_a_moved_tag_is_judged_by_the_promoted_digest() -> None:
    """Where the tag points by now may be for every platform; what is promoted is not."""
    moved = Digest("sha256:" + "e" * 64)
    seen = observation(
        tags={"web": LISTED},
        digests={(IMAGE, "1.2.0"): moved},
        details={(IMAGE, moved): built_for(ARM), (IMAGE, digest_of("1.2.0")): built_for("linux/amd64")},
    )
    assert ruling(shop(platforms=[ARM]), NEWER, seen) == (WAIT, "1.2.0 has no image for linux/arm64")


def test_platforms_that_nobody_asked_for_are_asked_for() -> None:
    """Of the promoted digest."""
    found = judge(shop(platforms=[ARM]), STAGING, NEWER, seen=facts(), here=HERE)
    assert found.verdict.outcome is WAIT
    assert found.ask == Ask(details=frozenset({(IMAGE, str(digest_of("1.2.0")))}))


def test_build_times_that_nobody_asked_for_are_asked_for() -> None:
    """The newest build cannot be told without them, so it is not admitted meanwhile."""
    pipeline = shop(strategy=Strategy.NEWEST_BUILD, constraint="*")
    found = judge(pipeline, STAGING, NEWER, seen=facts(), here=HERE)
    assert (found.verdict.outcome, bool(found.ask)) == (WAIT, True)


def test_a_young_tag_names_the_moment_it_comes_of_age() -> None:
    """Time alone changes the answer."""
    seen = facts(tags=Tags(repository=IMAGE, names=LISTED.names, read_at=NOON, first_seen={"1.2.0": at(-30)}))
    verdict = judge(shop(minimum_age=timedelta(hours=2)), STAGING, NEWER, seen=seen, here=HERE).verdict
    assert (verdict.outcome, verdict.until) == (WAIT, at(90))


def test_what_stands_already_is_not_judged() -> None:
    """Of two artifacts the one that does not move may be what the declaration would not choose any more."""
    sources = {**shop(constraint="<1.1").images, "api": ImageSource(repository=f"{IMAGE}-api")}
    api = Artifact(name="api", repository=f"{IMAGE}-api", tag="2.0.0", digest=digest_of("api 2.0.0"))
    stands, moves = NEW.artifacts[0], Release(artifacts=(NEW.artifacts[0], api), proposed=at(-1))
    seen = observation(tags={"web": LISTED, "api": Tags(repository=f"{IMAGE}-api", names=("2.0.0",), read_at=NOON)})
    here = standing(record(Release(artifacts=(stands,), proposed=at(-100))))
    pipeline = SHOP.model_copy(update={"images": sources})
    assert judge(pipeline, STAGING, moves, seen=seen, here=here).verdict.outcome is PASS


@pytest.mark.parametrize(
    ("pipeline", "outcome"),
    [
        pytest.param(shop(constraint="<1"), PASS, id="the choice is the root's"),
        pytest.param(shop(rule="web.tag == 'never'"), PASS, id="and so is the rule"),
        pytest.param(shop(named="app"), WAIT, id="but it must be made of what is declared"),
    ],
)
def test_downstream_takes_what_went_through_the_root(*, pipeline: Pipeline, outcome: Outcome) -> None:
    """What was admitted once and soaked is promoted to the end; a release of other artifacts is another one."""
    assert ruling(pipeline, NEW, facts(), PRODUCTION)[0] is outcome


def test_a_digest_pushed_under_the_same_tag_is_another_version() -> None:
    """The tag that stands is no free pass for another digest: it is judged like any other."""
    again = release("1.1.0", digest="sha256:" + "c" * 64)
    assert ruling(shop(constraint="<1.1"), again, facts())[0] is WAIT
    assert ruling(shop(constraint="<1.1"), NEW, facts())[0] is PASS
