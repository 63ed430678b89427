"""What a promotion's pull request says to its reviewers, and what it never lets an image's publisher say."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from markdown_it import MarkdownIt

from bot.gates.verdicts import waits
from bot.model import Artifact, ImageDetails, Release, Signature, Unknown
from bot.precedence import parse_version
from bot.promotion_text import REVISION_LABEL, SOURCE_LABEL, body, commit_message, kind_of_change, title
from bot.release_record import release_from_json, trailers
from bot.selection import Pick
from bot.versions import Rejection, choose, rules_of
from config.pipeline import Cosign, ImageSource, Pipeline, Templates, Verify
from tests.unit.facts import IMAGE, NEW, NEWER, OLD, PRODUCTION, SHOP, STAGING, at, digest_of, release, sha, told

_MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
BRANCH = Release(source=sha("source"), proposed=at(-60))
SOURCE = "https://github.com/org/web-app"


def artifact(tag: str, digest: str | None = None) -> Artifact:
    return Artifact(name="web", repository=IMAGE, tag=tag, digest=digest_of(digest or tag))


def details(labels: dict[str, str], built: datetime | None = None) -> ImageDetails:
    return ImageDetails(platforms={"linux/amd64": built}, labels=labels)


def labelled(source: str = SOURCE, old: str = "a" * 40, new: str = "b" * 40) -> dict[tuple[str, str], Any]:
    """What 1.0.0 and 1.1.0 say of where they were made."""
    return {
        (IMAGE, digest_of("1.0.0")): details({SOURCE_LABEL: source, REVISION_LABEL: old}),
        (IMAGE, digest_of("1.1.0")): details({SOURCE_LABEL: source, REVISION_LABEL: new}),
    }


# --- what changes -----------------------------------------------------------------------------------------------------


def test_a_pull_request_says_what_changes() -> None:
    """From, to, by how much, the road, and what it waits for."""
    text = body(told(PRODUCTION, NEW, OLD), [waits("soak (staging)", "until 12:30 UTC")])
    assert f"| `{IMAGE}` | `1.0.0` | `1.1.0` | minor |" in text
    assert "staging → **production**" in text
    assert "| ⏳ | soak (staging) | until 12:30 UTC |" in text
    assert "with 1 approval of this head" in text


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        pytest.param("1.0.0", "2.0.0", "major", id="another major"),
        pytest.param("1.0.0", "1.1.0", "minor", id="another minor"),
        pytest.param("1.0.0", "1.0.1", "patch", id="another patch"),
        pytest.param("1.1.0-rc.1", "1.1.0-rc.2", "prerelease", id="another prerelease"),
        pytest.param("1.1.0-rc.2", "1.1.0", "release", id="out of prerelease"),
        pytest.param("1.1.0", "1.0.9", "downgrade", id="back"),
        pytest.param("main-1", "main-2", "other tag", id="no versions"),
        pytest.param(None, "1.0.0", "new", id="nothing before"),
    ],
)
def test_the_kind_of_change_is_named(before: str | None, after: str, kind: str) -> None:
    """By how much the version moves, in a word."""
    assert kind_of_change(artifact(before) if before else None, artifact(after)) == kind
    assert before is None or "main" in before or parse_version(before)


def test_a_rebuilt_tag_and_a_renamed_image_are_told_apart() -> None:
    """The same tag with another digest was rebuilt; the same digest under another tag is the same image."""
    assert kind_of_change(artifact("1.0", "one"), artifact("1.0", "two")) == "rebuilt"
    assert kind_of_change(artifact("1.0", "one"), artifact("1.1", "one")) == "same image"


def test_only_what_moves_has_a_row() -> None:
    """Of several artifacts those that stay are not listed as changes."""
    stays = Artifact(name="api", repository="ghcr.io/org/api", tag="3.0.0", digest=digest_of("api"))
    both = replace(NEW, artifacts=(*NEW.artifacts, stays))
    before = replace(OLD, artifacts=(*OLD.artifacts, stays))
    assert "ghcr.io/org/api" not in body(told(PRODUCTION, both, before), ()).split("### Gates")[0]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"auto": True}, "merges by itself", id="auto"),
        pytest.param({"approvals": None}, "waits for a person", id="neither auto nor approvals"),
    ],
)
def test_a_pull_request_says_how_it_merges(*, changed: dict[str, object], says: str) -> None:
    """So that nobody waits for what never comes."""
    environment = PRODUCTION.model_copy(update=changed)
    assert says in body(told(environment, NEWER), ())


def test_a_source_commit_is_shown_in_full() -> None:
    """Short where it stood, whole where it goes."""
    assert f"| commit | nothing recorded | `{sha('source')}` |" in body(told(PRODUCTION, BRANCH), ())


def test_the_build_time_is_absolute() -> None:
    """An age would rewrite the text each minute."""
    built = {(IMAGE, digest_of("1.1.0")): details({}, datetime(2026, 11, 20, 9, 30, tzinfo=UTC))}
    assert "| 2026-11-20 09:30 UTC |" in body(told(PRODUCTION, NEW, OLD, details=built), ())


@pytest.mark.parametrize(
    ("signature", "says"),
    [
        pytest.param(Signature(verified=True, reason="is signed"), "✅ verified", id="signed"),
        pytest.param(Signature(verified=False, reason="has none"), "⛔ refused", id="not signed"),
        pytest.param(Unknown("HTTP 503"), "⏳ not known", id="not learnt"),
        pytest.param(None, "⏳ not known", id="not asked yet"),
    ],
)
def test_the_signature_is_shown(signature: Signature | Unknown | None, says: str) -> None:
    """Where one is demanded; what is not known is not shown as verified."""
    declared = ImageSource(repository=IMAGE, verify=Verify(cosign=Cosign(key="cosign.pub")))
    shop = SHOP.model_copy(update={"images": {"web": declared}})
    known = {("web", digest_of("1.1.0")): signature} if signature else {}
    assert says in body(told(PRODUCTION, NEW, OLD, pipeline=shop, signatures=known), ())


# --- links ------------------------------------------------------------------------------------------------------------


def test_the_commits_between_two_images_are_linked() -> None:
    """From the OCI labels `source` and `revision` of both."""
    text = body(told(PRODUCTION, NEW, OLD, details=labelled()), ())
    assert f"[what changed]({SOURCE}/compare/{'a' * 40}...{'b' * 40})" in text
    assert f"[release notes]({SOURCE}/releases/tag/1.1.0)" in text


def test_another_forge_is_linked_its_own_way() -> None:
    """GitLab's comparisons have an address of their own, and no releases are guessed there."""
    text = body(told(PRODUCTION, NEW, OLD, details=labelled("https://gitlab.com/org/sub/app.git")), ())
    assert f"https://gitlab.com/org/sub/app/-/compare/{'a' * 40}...{'b' * 40}" in text
    assert "release notes" not in text


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"source": "https://evil.example/x) [approve](https://evil.example/y/z"}, id="a link of its own"),
        pytest.param({"source": "http://github.com/org/web-app"}, id="no TLS"),
        pytest.param({"source": "javascript:alert(1)"}, id="a script"),
        pytest.param({"source": "https://user:pass@github.com/org/app"}, id="credentials"),
        pytest.param({"new": "b" * 39}, id="no whole commit"),
        pytest.param({"new": "main)\n\n# Approved"}, id="a heading of its own"),
        pytest.param({"old": "b" * 40}, id="the same commit"),
        pytest.param({"source": "https://github.com/org"}, id="no repository"),
    ],
)
def test_a_strange_label_makes_no_comparison(changed: dict[str, str]) -> None:
    """Labels are the publisher's words: anything but a plain repository and two commits is left out."""
    text = body(told(PRODUCTION, NEW, OLD, details=labelled(**changed)), ())
    assert "what changed" not in text
    assert "evil" not in text
    assert "<h1" not in _MARKDOWN.render(text)


def test_declared_release_notes_are_linked() -> None:
    """The declaration's own address, with the tag filled in."""
    declared = ImageSource(repository=IMAGE, release_notes="https://docs.example.com/{tag}.html")
    shop = SHOP.model_copy(update={"images": {"web": declared}})
    text = body(told(PRODUCTION, NEW, OLD, pipeline=shop), ())
    assert "[release notes](https://docs.example.com/1.1.0.html)" in text


# --- why --------------------------------------------------------------------------------------------------------------


def picked(*tags: str, refused: tuple[Rejection, ...] = ()) -> dict[str, Pick]:
    choice = choose(tags, rules_of(SHOP.images["web"]), present="1.0.0")
    reason = "1.1.0 is the newest version the declaration admits"
    return {"web": Pick(artifact=NEW.artifacts[0], reason=reason, choice=choice, refused=refused)}


def test_the_choice_is_explained() -> None:
    """Why this tag, and which newer ones were refused for what."""
    picks = picked("1.0.0", "1.1.0", "2.0.0", "0.1.0", refused=(Rejection("1.2.0", "has no image for linux/arm64"),))
    text = body(told(STAGING, NEW, OLD, picks=picks), ())
    assert "1.1.0 is the newest version the declaration admits" in text
    assert "`1.2.0` has no image for linux/arm64" in text
    assert "`2.0.0` is not" in text
    assert "`0.1.0`" not in text


def test_what_came_from_upstream_is_not_explained_again() -> None:
    """Only a root chooses."""
    assert "newest version" not in body(told(PRODUCTION, NEW, OLD), ())


def test_a_lock_left_behind_is_told() -> None:
    """Notes are listed as they are."""
    assert "- Chart.lock is stale" in body(told(STAGING, NEW, OLD, notes=("Chart.lock is stale",)), ())


# --- templates --------------------------------------------------------------------------------------------------------


def test_declared_texts_take_the_place_of_ours() -> None:
    """Title, body and subject of the commit, with what they name filled in."""
    templates = Templates(
        title="deploy({environment}): {pipeline} {previous} → {release}",
        body="Ticket: none\n\n{changes}\n\n{gates}",
        commit="chore: {release}",
    )
    promotion = told(PRODUCTION, NEW, OLD, templates=templates)
    assert title(promotion) == "deploy(production): shop 1.0.0 → 1.1.0"
    text = body(promotion, [waits("soak", "until noon")])
    assert text.startswith("Ticket: none\n\n| Artifact |")
    assert "until noon" in text
    assert commit_message(promotion, blobs={}, base={}).splitlines()[0] == "chore: 1.1.0"


def test_a_sign_off_is_one_of_the_trailers() -> None:
    """`Signed-off-by` stands in our own paragraph of trailers, which still reads."""
    signer = "caisson[bot] <1+caisson[bot]@users.noreply.github.com>"
    promotion = told(PRODUCTION, NEW, OLD, templates=Templates(sign_off=True), signer=signer)
    message = commit_message(promotion, blobs={"a": "1"}, base={"a": "0"})
    assert f"\nSigned-off-by: {signer}" in message
    assert release_from_json(trailers(message)["Caisson-Release"]) == NEW


def test_a_pipeline_of_charts_reads_the_same() -> None:
    """A chart's row names its repository; a digest without a tag is shown short."""
    nameless = Release(artifacts=(replace(NEW.artifacts[0], tag=""),), proposed=NEW.proposed)
    shown = body(told(PRODUCTION, nameless, OLD, pipeline=Pipeline(name="shop", environments=(PRODUCTION,))), ())
    assert f"`{digest_of('1.1.0')[:19]}`" in shown
    assert release("1.1.0").label == "1.1.0"
