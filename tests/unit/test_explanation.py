"""The answer to `/explain`: what it says of each tag, and what it never lets a registry or a tag say."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from markdown_it import MarkdownIt

from bot.explanation import explain
from bot.model import Artifact, ImageDetails, Observation, Release, Tags, Unknown
from config.pipeline import ChartSource, ImageSource, Pipeline, Strategy
from tests.unit.facts import IMAGE, NEW, NOON, SHOP, STAGING, at, digest_of, observation, release

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
WORKER = "ghcr.io/org/worker"


def seeing(*tags: str, **times: Any) -> Observation:
    return observation(tags={"web": Tags(repository=IMAGE, names=tags, read_at=NOON, **times)})


def declared(**image: Any) -> Pipeline:
    return Pipeline(name="shop", images={"web": ImageSource(repository=IMAGE, **image)}, environments=(STAGING,))


def explained(seen: Observation, pipeline: Pipeline = SHOP, *, artifact: str | None = "web") -> str:
    return explain(pipeline, seen, NEW, artifact)


def test_what_was_chosen_and_why_not_the_others() -> None:
    """The rule in words, what the promotion carries, what is admitted, and each refused tag with its reason."""
    said = explained(seeing("1.0.0", "1.1.0", "2.0.0", "edge"))
    assert said.startswith(f"**web** `{IMAGE}`: strategy `semver`, constraint `<2`. This promotion carries `1.1.0`.")
    assert "Admitted, newest first: `1.1.0`, `1.0.0`, as read 2026-11-23 12:00 UTC." in said
    assert "| Refused tag | It |\n|---|---|\n" in said
    assert "| `2.0.0` | is not &lt;2 |" in said
    assert "| `edge` | is not a version |" in said


@pytest.mark.parametrize(
    ("image", "words"),
    [
        pytest.param({}, "strategy `semver`, constraint `*`.", id="the default"),
        pytest.param(
            {"allow_tags": "^v|x$", "ignore_tags": ("a*", "b?")},
            "constraint `*`, allow_tags `^v¦x$`, ignore_tags `a*`, `b?`.",
            id="patterns and globs",
        ),
        pytest.param(
            {"strategy": Strategy.DIGEST, "constraint": "stable"},
            "strategy `digest`, constraint `stable`.",
            id="a tag that is followed",
        ),
        pytest.param({"strategy": Strategy.NUMERICAL}, "strategy `numerical`.", id="a strategy without a constraint"),
        pytest.param(
            {
                "strategy": Strategy.NUMERICAL,
                "allow_tags": "^main-([0-9]+)$",
                "extract": "$1",
                "platforms": ("linux/amd64", "linux/arm64"),
                "minimum_age": timedelta(hours=2),
            },
            "allow_tags `^main-([0-9]+)$`, extract `$1`, platforms `linux/amd64`, `linux/arm64`, minimum_age 2h.",
            id="all that decides",
        ),
    ],
)
def test_the_rule_is_said_in_words(*, image: dict[str, Any], words: str) -> None:
    """As it was declared: everything that decides which tag is taken."""
    assert words in explained(seeing("1.1.0"), declared(**image))


def test_a_chart_is_explained_by_its_location() -> None:
    """It goes by versions."""
    place = "https://charts.example.com#web"
    chart = ChartSource(repository="https://charts.example.com", chart="web", constraint="^4")
    pipeline = Pipeline(name="shop", charts={"web": chart}, environments=(STAGING,))
    seen = observation(tags={"web": Tags(repository=place, names=("4.1.0", "5.0.0"), read_at=NOON)})
    said = explained(seen, pipeline)
    assert said.startswith(f"**web** `{place}`: strategy `semver`, constraint `^4`.")
    assert "`5.0.0`" in said


# --- what was asked about ---------------------------------------------------------------------------------------------

TWO = Pipeline(
    name="shop",
    images={"web": ImageSource(repository=IMAGE), "worker": ImageSource(repository=WORKER)},
    environments=(STAGING,),
)
BOTH = {
    "web": Tags(repository=IMAGE, names=("1.1.0",), read_at=NOON),
    "worker": Tags(repository=WORKER, names=("3.0.0",), read_at=NOON),
}


@pytest.mark.parametrize(
    ("artifact", "places"),
    [
        pytest.param(None, (IMAGE, WORKER), id="nothing in particular: all"),
        pytest.param("worker", (WORKER,), id="one"),
    ],
)
def test_one_artifact_or_all(*, artifact: str | None, places: tuple[str, ...]) -> None:
    """By its name in the declaration."""
    said = explained(observation(tags=BOTH), TWO, artifact=artifact)
    assert [place for place in (IMAGE, WORKER) if place in said] == list(places)


def test_an_unknown_artifact_is_told_the_known_ones() -> None:
    """In words that hold nothing of what was typed but a code span."""
    said = explained(observation(tags=BOTH), TWO, artifact="wrok`er|<b>\n# x")
    assert said == "There is no artifact `wrok'er¦<b> # x` in this pipeline; there are `web`, `worker`."


def test_a_pipeline_of_commits_has_nothing_to_explain() -> None:
    """It says so."""
    infra = Pipeline(name="infra", environments=(STAGING,))
    assert "no choice of versions" in explained(observation(), infra, artifact=None)


@pytest.mark.parametrize(
    ("seen", "pipeline", "reason"),
    [
        pytest.param(
            observation(tags={"web": Unknown("HTTP 503 <b>@org/all</b>")}),
            SHOP,
            "HTTP 503 &lt;b&gt;@\u200borg/all&lt;/b&gt;.",
            id="the registry is away",
        ),
        pytest.param(observation(tags={}), SHOP, "the registry has not been read.", id="it was not read"),
        pytest.param(
            seeing("a", "b"),
            declared(strategy=Strategy.NEWEST_BUILD),
            "the build times of its tags are being read.",
            id="build times are missing",
        ),
    ],
)
def test_what_is_not_known_is_said(*, seen: Observation, pipeline: Pipeline, reason: str) -> None:
    """No list is made of half the facts."""
    said = explained(seen, pipeline)
    assert "The choice cannot be told now: " in said
    assert said.endswith(reason)
    assert "|" not in said


def test_no_tag_at_all() -> None:
    """Said in as many words."""
    assert explained(seeing()).endswith("No tag is admitted, as read 2026-11-23 12:00 UTC.")


def test_what_has_no_tag_is_called_by_its_digest() -> None:
    """Only a digest stands in Git."""
    said = explain(SHOP, seeing("1.1.0"), release("", digest=digest_of("bare")), "web")
    assert f"This promotion carries `{digest_of('bare')[:19]}`." in said


def test_a_release_of_other_artifacts_carries_nothing_of_this_one() -> None:
    """The declaration has grown since it was proposed."""
    other = Release(
        artifacts=(Artifact(name="old", repository=IMAGE, tag="1", digest=digest_of("1")),), proposed=at(-1)
    )
    assert "carries" not in explain(SHOP, seeing("1.1.0"), other, "web")


# --- how much, and how it is written ----------------------------------------------------------------------------------


def rows(said: str) -> list[str]:
    return [line.split("`")[1] for line in said.splitlines() if line.startswith("| `")]


def test_the_newest_refused_are_told_first() -> None:
    """However many others the registry lists after them."""
    junk = tuple(f"sha-{i:07x}" for i in range(200))
    said = explained(seeing("1.1.0", "2.0.0", "3.0.0", "1.2.0-alpine", *junk))
    assert rows(said)[:3] == ["3.0.0", "2.0.0", "1.2.0-alpine"]
    assert len(rows(said)) == 20


def test_what_is_not_told_one_by_one_is_counted() -> None:
    """By reason, the most frequent first."""
    junk = tuple(f"word-{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(120))
    said = explained(seeing("1.1.0", *junk))
    assert len(rows(said)) == 20
    assert said.endswith("Of 100 more refused tags: 100 is not a version.")
    assert len(set(rows(said))) == 20


def test_older_admitted_tags_are_counted() -> None:
    """Ten are named."""
    said = explained(seeing(*(f"1.0.{i}" for i in range(25))))
    assert "`1.0.24`, `1.0.23`" in said
    assert "`1.0.15` and 15 older" in said
    assert "`1.0.14`" not in said


def test_an_answer_fits_into_a_comment() -> None:
    """GitHub takes 65,536 characters; a pipeline may have many artifacts, and a registry long tags."""
    names = [f"image-{i}" for i in range(60)]
    images = {name: ImageSource(repository=f"{IMAGE}-{name}") for name in names}
    pipeline = Pipeline(name="shop", images=images, environments=(STAGING,))
    tags = {
        name: Tags(repository=f"{IMAGE}-{name}", names=tuple(f"{'x' * 120}-{i}" for i in range(40)), read_at=NOON)
        for name in names
    }
    said = explain(pipeline, observation(tags=tags), NEW, None)
    assert len(said) < 60_000
    assert said.endswith("ask for one of them: `/explain image-59`.")
    assert "**image-0**" in said


HOSTILE = [
    pytest.param("`code`", id="backticks"),
    pytest.param("a|b", id="a column"),
    pytest.param("<img src=x onerror=alert(1)>", id="HTML"),
    pytest.param("@org/everyone", id="a mention"),
    pytest.param("[x](https://evil.example)", id="a link"),
    pytest.param("a\n\n# heading", id="a line break"),
    pytest.param("<!-- caisson:reply x -->", id="a marker of ours"),
    pytest.param("\\`x", id="an escape"),
]


@pytest.mark.parametrize("tag", HOSTILE)
@pytest.mark.parametrize("image", [{"allow_tags": ".*"}, {"allow_tags": "^v"}, {"strategy": Strategy.ALPHABETICAL}])
def test_a_hostile_tag_stays_in_its_code_span(*, tag: str, image: dict[str, Any]) -> None:
    """A registry lists what it likes: no markup, mention or row of its own comes out of it, admitted or refused."""
    seen = seeing("1.1.0", tag)
    said = explained(seen, declared(**image))
    html = _MARKDOWN.render(said)
    assert "<img" not in html
    assert "<a " not in html
    assert "<h1" not in html
    assert "<!--" not in html
    for row in (line for line in said.splitlines() if line.startswith("|")):
        assert row.replace("\\|", "").count("|") == 3
    assert "@org" not in said.replace("`@org/everyone`", "")


@pytest.mark.parametrize("pattern", ["^a|b$", "`x`", "<b>"])
def test_a_pattern_is_shown_as_code(pattern: str) -> None:
    """Reasons quote it; it is the team's own, and may hold anything."""
    said = explained(seeing("1.1.0"), declared(allow_tags=pattern))
    html = _MARKDOWN.render(said)
    assert "<b>" not in html
    for row in (line for line in said.splitlines() if line.startswith("|")):
        assert row.replace("\\|", "").count("|") == 3


def test_a_tag_ruled_out_by_the_registry_says_why() -> None:
    """It is admitted by its name, and lacks a platform."""
    pipeline = declared(platforms=("linux/arm64",))
    seen = replace(
        seeing("1.1.0", "1.2.0"),
        digests={(IMAGE, "1.2.0"): digest_of("1.2.0")},
        details={(IMAGE, digest_of("1.2.0")): ImageDetails(platforms={"linux/amd64": None})},
    )
    assert "| `1.2.0` | has no image for linux/arm64 |" in explained(seen, pipeline)


def test_a_young_tag_says_from_when_it_counts() -> None:
    """By the absolute time."""
    seen = seeing("1.1.0", "1.2.0", first_seen={"1.1.0": at(-90), "1.2.0": at(-10)})
    said = explained(seen, declared(minimum_age=timedelta(hours=1)))
    assert "| `1.2.0` | is younger than 1h: it counts from 12:50 UTC |" in said
