"""Table: which environments a change of the declaration is about."""

import pytest

from bot.configuration_change import Proposed, affected, key_files, owner_files, unapproved
from bot.model import Revision
from config.approvals import Approvals
from config.parse import ConfigError, parse
from config.pipeline import Configuration, Cosign, ImageSource, Pipeline, Verify
from tests.unit.facts import PRODUCTION, SHOP, sha

TEXT = """\
version: 1
pipelines:
  shop:
    images: {web: {repository: ghcr.io/org/web, constraint: ">=1"}}
    environments:
      staging: {path: apps/staging, auto: true, gates: {minimum_age: 1h}}
      qa: {path: apps/qa, after: [staging], auto: true}
      production: {path: apps/production, after: [qa], approvals: {count: 2}}
      sandbox: {path: apps/sandbox}
  docs:
    images: {site: {repository: ghcr.io/org/site}}
    environments:
      live: {path: docs/live}
"""
ALL = {"shop/staging", "shop/qa", "shop/production", "shop/sandbox", "docs/live"}
SHOPS = ALL - {"docs/live"}


@pytest.mark.parametrize(
    ("old", "new", "about"),
    [
        pytest.param("version: 1\n", "# a word\nversion: 1\n", set(), id="words"),
        pytest.param("version: 1\n", "version: 1\ncommands: prefixed\n", ALL, id="the top of the file"),
        pytest.param('">=1"', '">=2"', SHOPS, id="an image of the pipeline"),
        pytest.param("site: {repo", "page: {repo", {"docs/live"}, id="an image's name"),
        pytest.param("count: 2", "count: 1", {"shop/production"}, id="approvals"),
        pytest.param("path: apps/staging", "path: apps/stage", SHOPS - {"shop/sandbox"}, id="where the root lives"),
        pytest.param("1h", "2h", SHOPS - {"shop/sandbox"}, id="a gate that all after it rely on"),
        pytest.param(
            "after: [staging], auto: true", "after: [staging]", {"shop/qa"}, id="what an environment asks for itself"
        ),
        pytest.param(
            "after: [staging], auto: true",
            "auto: true",
            {"shop/qa", "shop/production"},
            id="an upstream of the upstream taken away",
        ),
        pytest.param("      sandbox:", "      attic:", {"shop/sandbox"}, id="a name"),
        pytest.param("  docs:", "  site:", {"docs/live"}, id="a pipeline's name"),
        pytest.param("      sandbox:", "      test: {path: apps/test}\n      sandbox:", set(), id="a new environment"),
        pytest.param(
            "  docs:",
            "  more:\n    images: {more: {repository: ghcr.io/org/more}}\n"
            "    environments: {one: {path: more}}\n  docs:",
            set(),
            id="a new pipeline",
        ),
    ],
)
def test_a_change_is_about_whatever_would_mean_something_else(*, old: str, new: str, about: set[str]) -> None:
    """Of each environment all that it inherits counts, and of those upstream what it relies on."""
    assert TEXT.count(old) == 1
    found = affected(parse(TEXT), Proposed(configuration=parse(TEXT.replace(old, new))))
    assert {"/".join(named) for named in found} == about


GRAPH = """\
version: 1
pipelines:
  shop:
    images: {web: {repository: ghcr.io/org/web}}
    environments:
      eu: {path: apps/eu, gates: {minimum_age: 1h}}
      us: {path: apps/us}
      world: {path: apps/world, after_any: [eu, us], approvals: {count: 1}}
      last: {path: apps/last, after: [world]}
"""


@pytest.mark.parametrize(
    ("old", "new", "about"),
    [
        pytest.param("1h", "2h", {"shop/eu", "shop/world", "shop/last"}, id="a gate of one that suffices"),
        pytest.param("after_any: [eu, us]", "after_any: [us]", {"shop/world", "shop/last"}, id="which suffice"),
        pytest.param("after_any: [eu, us]", "after: [eu, us]", {"shop/world", "shop/last"}, id="all instead of one"),
        pytest.param("path: apps/world,", "path: apps/world, pace: latest,", {"shop/world"}, id="when the next enters"),
    ],
)
def test_an_environment_relies_on_each_upstream_that_suffices(*, old: str, new: str, about: set[str]) -> None:
    """`after_any` is a way in like `after`."""
    assert GRAPH.count(old) == 1
    found = affected(parse(GRAPH), Proposed(configuration=parse(GRAPH.replace(old, new))))
    assert {"/".join(named) for named in found} == about


ACCEPTING = """\
version: 1
pipelines:
  shop:
    environments:
      live: {path: live, accept_from: [{repository: org/a, pipeline: p, environment: e}], approvals: {count: 1}}
      other: {path: other, accept_from: [{repository: org/a, pipeline: p, environment: f}]}
"""


@pytest.mark.parametrize(
    ("old", "new", "about"),
    [
        pytest.param("environment: e}", "environment: x}", {"shop/live"}, id="who is let in"),
        pytest.param(", approvals: {count: 1}", "", {"shop/live"}, id="what is asked for"),
        pytest.param("version: 1\n", "version: 1\nmode: propose\n", {"shop/live", "shop/other"}, id="the top"),
        pytest.param("      other:", "      more:", {"shop/other"}, id="a name"),
    ],
)
def test_what_others_promote_into_is_declared_too(*, old: str, new: str, about: set[str]) -> None:
    """Of such an environment all counts that the file says of it."""
    assert ACCEPTING.count(old) == 1
    present, proposed = parse(ACCEPTING), parse(ACCEPTING.replace(old, new))
    assert {"/".join(named) for named in affected(present, Proposed(configuration=proposed))} == about
    gone = affected(present, Proposed(configuration=None))
    assert {"/".join(named) for named in gone} == {"shop/live", "shop/other"}


@pytest.mark.parametrize("problems", [(), ("line 3: no such key",)], ids=["the file is gone", "it cannot be read"])
def test_what_declares_nothing_any_more_is_about_everything(problems: tuple[str, ...]) -> None:
    """Nobody's approvals would be left."""
    found = affected(parse(TEXT), Proposed(configuration=None, problems=problems))
    assert {"/".join(named) for named in found} == ALL


def test_the_files_that_decide_besides_the_declaration() -> None:
    """Public keys for the whole pipeline, where they are files; CODEOWNERS for whoever asks for owners."""
    inline = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
    images = {
        name: ImageSource(repository=f"ghcr.io/org/{name}", verify=Verify(cosign=Cosign(key=key)))
        for name, key in (("web", "keys/web.pub"), ("api", inline))
    }
    pipeline = Pipeline(name="shop", images=images, environments=SHOP.environments)
    assert key_files(pipeline) == ("keys/web.pub",)
    assert owner_files(PRODUCTION) == ()
    owned = PRODUCTION.model_copy(update={"approvals": Approvals(any_of=(Approvals(codeowners=True), Approvals()))})
    assert owner_files(owned) == (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


CHANGED = TEXT.replace("count: 2", "count: 1")


def revision(text: str | None, *, approved: bool = False) -> Revision:
    return Revision(commit=sha(text or ""), text=text, approved=approved)


def read(text: str) -> Configuration | None:
    try:
        return parse(text)
    except ConfigError:
        return None


@pytest.mark.parametrize(
    ("revisions", "told"),
    [
        pytest.param((revision(CHANGED), revision(TEXT)), ["shop/production"], id="changed otherwise"),
        pytest.param((revision(CHANGED, approved=True), revision(TEXT)), [], id="changed with the approvals"),
        pytest.param((revision(f"# a word\n{TEXT}"), revision(TEXT)), [], id="words"),
        pytest.param((revision(TEXT.replace("docs/live", "docs/site")), revision(TEXT)), [], id="what asks for none"),
        pytest.param((revision(TEXT),), [], id="the first there is"),
        pytest.param((), [], id="none"),
        pytest.param((revision(None), revision(TEXT)), [], id="the file is gone, and with it all that we do"),
        pytest.param(
            (revision(CHANGED), revision("no"), revision(None), revision(TEXT)),
            ["shop/production"],
            id="after what could not be read",
        ),
    ],
)
def test_a_change_without_its_approvals(*, revisions: tuple[Revision, ...], told: list[str]) -> None:
    """Held against the last revision before it that can be read."""
    assert ["/".join(named) for named in unapproved(revisions, read)] == told
