"""Truth tables: when the newest artifacts of a pipeline make one release, and which they are."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.actions import Ask
from bot.gathering import Gathered, gather
from bot.model import Artifact, Digest, ImageDetails, Observation, Tags, Unknown
from bot.selection import pick
from config.pipeline import ChartSource, ImageSource, Pipeline, ReleaseRule
from tests.unit.facts import NOON, at, digest_of, observation

WEB, API = "ghcr.io/org/web", "ghcr.io/org/api"
EQUAL = "web.tag == api.tag"
AT_ONCE = timedelta()
Digests = dict[tuple[str, str], Digest | Unknown | None]


def pipeline(when: str | None = EQUAL, settle: timedelta = AT_ONCE, **web: Any) -> Pipeline:
    """Two images; `web` is declared of the first."""
    images = {"web": ImageSource(repository=WEB, **web), "api": ImageSource(repository=API)}
    return Pipeline(name="shop", images=images, environments=(), release=ReleaseRule(when=when, settle=settle))


def artifact(name: str, tag: str, digest: Digest | None = None) -> Artifact:
    return Artifact(name=name, repository={"web": WEB, "api": API}[name], tag=tag, digest=digest or digest_of(tag))


def seen_(web: tuple[str, ...], api: tuple[str, ...], **changed: Any) -> Observation:
    """The registry lists these tags, each of which points at the digest of its name and appeared an hour ago."""
    tags = {
        name: Tags(repository=place, names=names, read_at=NOON, first_seen=dict.fromkeys(names, at(-60)))
        for name, place, names in (("web", WEB, web), ("api", API, api))
    }
    digests = {(place, tag): digest_of(tag) for place, names in ((WEB, web), (API, api)) for tag in names}
    return observation(**{"tags": tags, "digests": digests, **changed})


def gathered(
    seen: Observation, declared: Pipeline | None = None, *, web: str | None = "1.0.0", api: str | None = "1.0.0"
) -> Gathered:
    """`web`, `api`: what stands."""
    declared = declared or pipeline()
    present = {name: artifact(name, tag) for name, tag in (("web", web), ("api", api)) if tag is not None}
    picks = {
        name: pick(name, source, seen, present.get(name), pinned=False) for name, source in declared.artifacts.items()
    }
    assert all(p.artifact for p in picks.values()), "a release is gathered of what was picked"
    return gather(declared, picks, seen, present)


def taken(found: Gathered) -> str:
    return ", ".join(p.artifact.label for p in found.picks.values() if p.artifact)


# --- when -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("web", "api", "stands", "release"),
    [
        pytest.param(("1.1.0",), ("1.1.0",), ("1.0.0", "1.0.0"), "1.1.0, 1.1.0", id="it holds for the newest"),
        pytest.param(
            ("1.1.0", "1.2.0"),
            ("1.1.0",),
            ("1.0.0", "1.0.0"),
            "1.1.0, 1.1.0",
            id="it holds for an older pair, which is newer than what stands",
        ),
        pytest.param(
            ("1.1.0", "1.2.0", "1.3.0"),
            ("1.1.0", "1.2.0", "1.4.0"),
            ("1.0.0", "1.0.0"),
            "1.2.0, 1.2.0",
            id="the newest of two pairs",
        ),
        pytest.param(
            ("1.1.0", "1.2.0"), ("1.1.0",), ("1.0.0", "1.1.0"), "1.1.0, 1.1.0", id="one of them stands already"
        ),
        pytest.param(("1.1.0",), ("1.0.0",), ("1.0.0", "1.0.0"), None, id="only for what stands"),
        pytest.param(("1.1.0",), ("1.2.0",), ("1.0.0", "1.0.0"), None, id="for none"),
        pytest.param(
            ("0.9.0", "1.1.0"),
            ("0.9.0", "1.0.5"),
            ("1.0.0", "1.0.0"),
            None,
            id="only for a pair that is older than what stands",
        ),
        pytest.param(
            ("1.1.0", "1.2.0"), ("1.2.0",), ("1.3.0", "1.0.0"), None, id="for a pair of which one would go back"
        ),
        pytest.param(("1.0.0",), ("1.0.0",), ("1.0.0", "1.0.0"), "1.0.0, 1.0.0", id="nothing is newer at all"),
        pytest.param(("0.1.0",), ("0.1.0",), ("1.0.0", "2.0.0"), "1.0.0, 2.0.0", id="what stands need not match"),
        pytest.param(("1.1.0",), ("1.1.0",), (None, None), "1.1.0, 1.1.0", id="nothing stands yet"),
    ],
)
def test_a_release_is_what_matches(
    *, web: tuple[str, ...], api: tuple[str, ...], stands: tuple[str | None, str | None], release: str | None
) -> None:
    """The newest versions for which the rule holds; none of them older than what stands."""
    found = gathered(seen_(web, api), web=stands[0], api=stands[1])
    if release is None:
        assert found.waiting is not None
        assert found.waiting.startswith("the release rule web.tag == api.tag does not hold for")
    else:
        assert (taken(found), found.waiting) == (release, None)
    assert not found.ask


def test_without_a_rule_the_newest_make_a_release() -> None:
    """They travel together as they are."""
    plain = pipeline().model_copy(update={"release": None})
    found = gathered(seen_(("1.1.0",), ("1.2.0",)), plain)
    assert (taken(found), found.waiting, found.ask) == ("1.1.0, 1.2.0", None, Ask())


@pytest.mark.parametrize(
    ("api", "waiting", "ask"),
    [
        pytest.param(digest_of("1.1.0"), None, Ask(), id="known"),
        pytest.param(
            Unknown("HTTP 503"),
            "api 1.1.0 is not known: HTTP 503, and the release rule web.tag == api.tag needs it",
            Ask(),
            id="not known",
        ),
        pytest.param(
            None,
            "api 1.1.0 is gone from the registry, and the release rule web.tag == api.tag needs it",
            Ask(),
            id="gone",
        ),
        pytest.param("unasked", None, Ask(digests=frozenset({(API, "1.1.0")})), id="not asked yet"),
    ],
)
def test_an_older_sibling_is_resolved_too(*, api: Digest | Unknown | str | None, waiting: str | None, ask: Ask) -> None:
    """A version that the rule needs is taken with its digest, or the release waits."""
    seen = seen_(("1.1.0",), ("1.1.0", "1.2.0"))
    digests: Digests = {key: value for key, value in seen.digests.items() if key != (API, "1.1.0")}
    if isinstance(api, Unknown) or api is None or api.startswith("sha256:"):
        digests[API, "1.1.0"] = Digest(api) if isinstance(api, str) else api
    found = gathered(seen_(("1.1.0",), ("1.1.0", "1.2.0"), digests=digests))
    assert (found.waiting, found.ask) == (waiting, ask)
    if waiting is None and not ask:
        assert taken(found) == "1.1.0, 1.1.0"


def test_an_older_sibling_must_be_for_every_platform() -> None:
    """What the registry's facts rule out is not taken because a rule likes it."""
    declared = pipeline(platforms=("linux/arm64",))
    offered = {"1.2.0": "linux/arm64", "1.1.0": "linux/amd64"}
    details = {(WEB, digest_of(tag)): ImageDetails(platforms={made: None}) for tag, made in offered.items()}
    found = gathered(seen_(("1.1.0", "1.2.0"), ("1.1.0",), details=details), declared)
    assert found.waiting == "web 1.1.0 has no image for linux/arm64, and the release rule web.tag == api.tag needs it"


def test_a_young_sibling_is_not_taken() -> None:
    """An age that is demanded is demanded of every version, whatever the rule wants."""
    declared = pipeline(minimum_age=timedelta(hours=1))
    tags = {
        "web": Tags(
            repository=WEB,
            names=("1.1.0", "1.2.0"),
            read_at=NOON,
            first_seen={"1.1.0": at(-59), "1.2.0": at(-61)},
        ),
        "api": Tags(repository=API, names=("1.1.0",), read_at=NOON, first_seen={"1.1.0": at(-90)}),
    }
    found = gathered(seen_(("1.1.0", "1.2.0"), ("1.1.0",), tags=tags), declared)
    assert found.waiting is not None
    assert "does not hold" in found.waiting


# --- rules over digests -----------------------------------------------------------------------------------------------

SAME_IMAGE = "web.digest == api.digest"


def test_digests_are_asked_for_only_by_rules_that_read_them() -> None:
    """Of every version that may be taken; of what stands it is known."""
    seen = seen_(("1.1.0", "1.2.0"), ("1.1.0", "1.2.0"))
    known: Digests = {(WEB, "1.2.0"): digest_of("one"), (API, "1.2.0"): digest_of("two")}
    found = gathered(seen_(("1.1.0", "1.2.0"), ("1.1.0", "1.2.0"), digests=known), pipeline(SAME_IMAGE))
    assert found.ask == Ask(digests=frozenset({(WEB, "1.1.0"), (API, "1.1.0")}))
    assert taken(gathered(seen, pipeline(SAME_IMAGE))) == "1.2.0, 1.2.0"


def test_what_stands_without_a_tag_is_not_asked_about() -> None:
    """There is no tag to ask by; its digest is known."""
    declared = pipeline(SAME_IMAGE)
    seen = seen_(("1.1.0",), ())
    present = {"web": artifact("web", "1.0.0"), "api": artifact("api", "", digest_of("1.1.0"))}
    picks = {name: pick(name, s, seen, present[name], pinned=False) for name, s in declared.artifacts.items()}
    found = gather(declared, picks, seen, present)
    assert (taken(found), found.ask) == (f"1.1.0, {present['api'].label}", Ask())
    other = {**present, "api": artifact("api", "", digest_of("other"))}
    picks = {name: pick(name, s, seen, other[name], pinned=False) for name, s in declared.artifacts.items()}
    found = gather(declared, picks, seen, other)
    assert found.waiting is not None
    assert (WEB, "") not in found.ask.digests
    assert (API, "") not in found.ask.digests


def test_a_rule_is_judged_on_the_digest_that_stands() -> None:
    """A tag that was moved holds another image than the one that runs and would go into the release."""
    known: Digests = {
        (WEB, "1.2.0"): digest_of("web 1.2.0"),
        (WEB, "1.1.0"): digest_of("shared"),
        (WEB, "1.0.0"): digest_of("1.0.0"),
        (API, "1.0.0"): digest_of("shared"),
    }
    found = gathered(seen_(("1.1.0", "1.2.0"), ("1.0.0",), digests=known), pipeline(SAME_IMAGE))
    assert found.waiting is not None
    assert "web.digest == api.digest" in found.waiting


# --- settle -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("appeared", "until", "waiting"),
    [
        pytest.param((-3, -2), None, None, id="both are there for two minutes"),
        pytest.param((-3, -1), 1, "api 1.1.0 settles until 12:01 UTC", id="the newest of them counts"),
        pytest.param((-0.5, -10), 1.5, "web 1.1.0 settles until 12:02 UTC", id="whichever it is"),
        pytest.param((None, -10), None, "when web 1.1.0 appeared is not known yet", id="not known of one"),
        pytest.param((5, -10), 7, "web 1.1.0 settles until 12:07 UTC", id="a time that lies ahead"),
    ],
)
def test_siblings_get_time_to_arrive(
    *, appeared: tuple[float | None, float | None], until: float | None, waiting: str | None
) -> None:
    """It counts from when the last of them appeared; what is not known waits."""
    tags = {
        name: Tags(
            repository=place,
            names=("1.1.0",),
            read_at=NOON,
            first_seen={} if minute is None else {"1.1.0": at(minute)},
        )
        for name, place, minute in (("web", WEB, appeared[0]), ("api", API, appeared[1]))
    }
    found = gathered(seen_(("1.1.0",), ("1.1.0",), tags=tags), pipeline(None, timedelta(minutes=2)))
    assert (found.waiting or "").startswith(waiting or "")
    assert (found.waiting is None) is (waiting is None)
    assert found.until == (None if until is None else at(until))


@pytest.mark.parametrize(
    ("api", "waits"),
    [
        pytest.param("1.1.0", True, id="it moves"),
        pytest.param("1.0.0", False, id="it stands: its tag may be as new as it likes"),
    ],
)
def test_only_what_moves_settles(*, api: str, waits: bool) -> None:
    """A version that stands already waits for nobody."""
    first_seen: dict[str, dict[str, datetime]] = {"web": {"1.1.0": at(-10)}, "api": {api: at(-1)}}
    tags = {
        name: Tags(repository=place, names=tuple(first_seen[name]), read_at=NOON, first_seen=first_seen[name])
        for name, place in (("web", WEB), ("api", API))
    }
    found = gathered(seen_(("1.1.0",), (api,), tags=tags), pipeline(None, timedelta(minutes=2)))
    assert (found.waiting is not None) is waits


def test_a_tag_that_was_moved_settles_again() -> None:
    """The same tag with another digest is something that moves."""
    declared = pipeline(None, timedelta(minutes=2))
    tags = {"web": Tags(repository=WEB, names=("1.0.0",), read_at=NOON, first_seen={"1.0.0": at(-1)})}
    tags["api"] = Tags(repository=API, names=(), read_at=NOON)
    seen = seen_((), (), tags=tags, digests={(WEB, "1.0.0"): digest_of("moved")})
    present = {"web": artifact("web", "1.0.0"), "api": artifact("api", "1.0.0")}
    picks = {name: pick(name, s, seen, present[name], pinned=True) for name, s in declared.artifacts.items()}
    found = gather(declared, picks, seen, present)
    assert found.until == at(1)


def test_the_rule_goes_before_the_time() -> None:
    """While nothing matches, there is nothing to settle."""
    tags = {
        "web": Tags(repository=WEB, names=("1.1.0",), read_at=NOON, first_seen={"1.1.0": NOON}),
        "api": Tags(repository=API, names=("1.2.0",), read_at=NOON, first_seen={"1.2.0": NOON}),
    }
    found = gathered(seen_(("1.1.0",), ("1.2.0",), tags=tags), pipeline(EQUAL, timedelta(minutes=2)))
    assert found.until is None
    assert "does not hold" in (found.waiting or "")


def test_a_chart_and_its_image_travel_together() -> None:
    """`release` is over all artifacts, whatever they are."""
    place = "registry.example.com/charts/web"
    declared = Pipeline(
        name="shop",
        images={"web": ImageSource(repository=WEB)},
        charts={"chart": ChartSource(repository=f"oci://{place}")},
        environments=(),
        release=ReleaseRule(when="web.tag == chart.tag", settle=AT_ONCE),
    )
    tags = {
        "web": Tags(repository=WEB, names=("1.1.0", "1.2.0"), read_at=NOON, first_seen={"1.1.0": at(-9)}),
        "chart": Tags(repository=place, names=("1.1.0",), read_at=NOON, first_seen={"1.1.0": at(-9)}),
    }
    digests = {(p, tag): digest_of(tag) for p in (WEB, place) for tag in ("1.1.0", "1.2.0")}
    seen = observation(tags=tags, digests=digests)
    present = {
        "web": artifact("web", "1.0.0"),
        "chart": Artifact(name="chart", repository=place, tag="1.0.0", digest=digest_of("1.0.0")),
    }
    picks = {name: pick(name, s, seen, present[name], pinned=False) for name, s in declared.artifacts.items()}
    assert taken(gather(declared, picks, seen, present)) == "1.1.0, 1.1.0"
