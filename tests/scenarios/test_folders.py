"""One pipeline declared for many folders: a folder that appears, goes, or cannot have one."""

from collections.abc import Mapping

import pytest

from bot.errors import Transient
from bot.github.documents import Place
from bot.known import Known, Layout
from bot.layouts import Layouts, own_places
from bot.observe import Key
from bot.reconcile import CHECKS
from sandbox import shop
from sandbox.github.state import Repository
from tests.world import FULL_NAME, World

CONFIG = """\
version: 1
defaults:
  auto: true
  health: {from: none}
pipelines:
  "{name}":
    for_each: [applications/*, "!applications/shared"]
    images:
      app: {repository: '{image}', constraint: "<2"}
    environments:
      development: {path: "applications/{name}/development"}
      production: {path: "applications/{name}/production", after: [development]}
"""
CONFIG_PATH = ".github/caisson.yaml"


def folder(world: World, name: str, tag: str = "1.0.0") -> dict[str, str | None]:
    """An application of two environments."""
    return {
        f"applications/{name}/{environment}/kustomization.yaml": shop.kustomization(world.image, tag)
        for environment in ("development", "production")
    }


async def started(world: World, *names: str, config: str = CONFIG) -> None:
    """These applications run 1.0.0, and a folder of what they share lies beside them."""
    await world.laptop_ready()
    files = {"applications/shared/base.yaml": "a: 1\n", "applications/README.md": "# Applications\n"}
    for name in names:
        files |= {path: text for path, text in folder(world, name).items() if text is not None}
    await world.start(config=config, files=files)
    await world.settle()


def said(world: World) -> tuple[str | None, str]:
    """The conclusion and the words of the newest check of the file."""
    check = [c for c in world.repository.check_runs if c.name == "caisson/config"][-1]
    return check.conclusion, check.summary or ""


async def test_each_folder_has_a_pipeline(world: World) -> None:
    """A push travels in each of them, under the folder's name; other folders and files are none."""
    await started(world, "web", "shop-2")
    world.push("1.1.0")
    await world.settle()
    for name in ("web", "shop-2"):
        assert world.board("production", pipeline=name).active == "1.1.0"
        assert 'newTag: "1.1.0"' in world.file(f"applications/{name}/production/kustomization.yaml")
        merged = world.merged_pull_request(into="production", pipeline=name)
        assert merged.title == f"Promote {name} 1.1.0 to production"
    assert {view.pipeline for view in world.service.reconciler.known.views[key(world)]} == {"web", "shop-2"}
    assert said(world)[0] == "success"


def key(world: World) -> str:
    return next(iter(world.service.reconciler.known.views))


async def test_a_folder_that_appears_has_one_and_one_that_goes_has_none(world: World) -> None:
    """Nobody touches the file: the folders say which pipelines there are."""
    await started(world, "web")
    world.laptop.commit(world.repository, folder(world, "api"), "Add the API", by="alice")
    await world.settle()
    assert world.board("production", pipeline="api").active == "1.0.0"
    world.laptop.commit(world.repository, dict.fromkeys(folder(world, "web")), "Remove the web", by="alice")
    world.push("1.1.0")
    await world.settle()
    assert world.service.view("web", "development") is None
    assert world.board("production", pipeline="api").active == "1.1.0"


async def test_a_folder_without_a_usable_name_is_said_and_the_others_go_on(world: World) -> None:
    """The check of the file fails with the folder and what to do; taken out with `!`, it succeeds again."""
    await started(world, "web")
    world.laptop.commit(world.repository, folder(world, "Legacy_App"), "Add what is old", by="alice")
    world.push("1.1.0")
    await world.settle()
    conclusion, text = said(world)
    assert conclusion == "failure"
    assert f"{CONFIG_PATH}:7:15: the folder applications/Legacy_App has no pipeline" in text
    assert '"!applications/Legacy_App"' in text
    assert world.board("production", pipeline="web").active == "1.1.0"

    without = world.file(CONFIG_PATH).replace('"!applications/shared"', '"!applications/shared", "!applications/L*"')
    world.laptop.commit(world.repository, {CONFIG_PATH: without}, "Leave it out", by="alice")
    await world.settle()
    assert said(world)[0] == "success"


async def test_a_folder_gives_way_to_a_pipeline_of_its_own(world: World) -> None:
    """What is declared by itself is never declared twice, and goes on as declared."""
    own = """\
  web:
    images:
      app: {repository: '{image}', constraint: "<1.1"}
    environments:
      development: {path: applications/web/development}
"""
    await started(world, "web", "api", config=CONFIG + own)
    world.push("1.1.0")
    await world.settle()
    assert world.board("development", pipeline="web").active == "1.0.0"
    assert world.service.view("web", "production") is None
    assert world.board("production", pipeline="api").active == "1.1.0"
    assert "the pipeline web is declared by itself" in said(world)[1]


async def test_two_folders_of_one_name_have_no_pipeline(world: World) -> None:
    """Neither may go on with the other's history: both wait until one has another name."""
    config = CONFIG.replace("[applications/*,", "[applications/*, services/*,")
    await started(world, "web", "api", config=config)
    elsewhere: dict[str, str | None] = {"services/web/readme.md": "Another web\n"}
    world.laptop.commit(world.repository, elsewhere, "Add a service", by="alice")
    world.push("1.1.0")
    await world.settle()
    assert world.service.view("web", "production") is None
    assert not [p for p in world.repository.pulls if p.head_ref.startswith("caisson/web/")]
    assert world.board("production", pipeline="api").active == "1.1.0"
    assert said(world)[1].count("several folders would have the pipeline web") == 2


async def test_folders_cost_nothing_while_they_stay(prompt_world: World) -> None:
    """An idle pass is one read, in which the folders are listed."""
    world = prompt_world
    await started(world, "web", "api")
    await world.service.resync()
    before = len(world.calls)
    await world.service.worker.drain()
    assert [call.path for call in world.calls[before:]] == ["/graphql"]


async def test_a_broken_file_shows_the_folders_that_there_are(world: World) -> None:
    """The last valid revision is shown for the folders of today, and nothing merges."""
    await started(world, "web")
    broken = world.file(CONFIG_PATH).replace("for_each", "foreach")
    world.laptop.commit(world.repository, {CONFIG_PATH: broken, **folder(world, "api")}, "Break it", by="alice")
    world.push("1.1.0")
    await world.settle()
    assert world.board("production", pipeline="api").name == "production"
    assert world.board("production", pipeline="web").active == "1.0.0"
    assert not world.repository.pulls
    assert said(world)[0] == "failure"


@pytest.mark.parametrize(
    ("pushes", "reads"),
    [
        pytest.param(0, 3, id="nothing: once for the file, once for its folders, once for their environments"),
        pytest.param(1, 4, id="one push in between"),
        pytest.param(99, None, id="a push at every read"),
    ],
)
async def test_what_was_read_fits_the_file_that_it_was_read_by(
    prompt_world: World, *, pushes: int, reads: int | None
) -> None:
    """What is pushed while we read is read again, folders and all; where that never ends, nothing is decided."""
    world = prompt_world
    await started(world, "web")
    left = iter(range(pushes))

    def pushing(layout: Layout) -> tuple[Mapping[Key, Place], tuple[str, ...]]:
        if layout.folders and (turn := next(left, None)) is not None:
            changed = {CONFIG_PATH: f"{world.file(CONFIG_PATH)}# {turn}\n"}
            world.laptop.commit(world.repository, {**changed, **folder(world, f"new-{turn}")}, "Add one", by="alice")
        return own_places(layout)

    github = world.service.github
    layouts = Layouts(github, Known(store=world.service.store), checks=CHECKS)
    client = github.repository(world.laptop.installation(world.repository).id, world.repository.id)
    before = len(world.calls)
    if reads is None:
        with pytest.raises(Transient, match="changes faster than it can be read"):
            await layouts.read("repository:1:1", client, FULL_NAME, pushing)
        return
    found, layout = await layouts.read("repository:1:1", client, FULL_NAME, pushing)
    assert len(world.calls) - before == reads
    assert layout.configuration is not None
    expected = {"web", *(f"new-{turn}" for turn in range(pushes))}
    assert {pipeline.name for pipeline in layout.configuration.pipelines} == expected
    assert {pipeline for pipeline, _ in found.places} == expected


# --- into another repository ------------------------------------------------------------------------------------------

OTHER = "acme/production"
ELSEWHERE = CONFIG.replace('{path: "applications/{name}/production"', f'{{repository: {OTHER}, path: "apps/{{name}}"')
ACCEPTING = f"""\
version: 1
defaults:
  skippable: []
pipelines:
  "{{name}}":
    for_each: apps/*
    environments:
      live:
        path: "apps/{{name}}"
        accept_from: [{{repository: {FULL_NAME}, pipeline: "{{name}}", environment: production}}]
"""


def deployed(world: World, name: str) -> dict[str, str | None]:
    """What the other repository deploys of an application."""
    return {f"apps/{name}/kustomization.yaml": shop.kustomization(world.image, "1.0.0")}


async def joined(world: World, *names: str) -> Repository:
    """The other repository, taken into the installation; these applications may be promoted into it."""
    files = {CONFIG_PATH: ACCEPTING}
    for name in names:
        files |= {path: text for path, text in deployed(world, name).items() if text is not None}
    made = world.laptop.repository(OTHER, files, people={"olga": "admin"}, beside=world.repository)
    await world.settle()
    return made


async def test_each_folder_may_be_accepted_by_another_repository(world: World) -> None:
    """One declaration on each side: a folder that both have is promoted into, one that one lacks waits and says so."""
    await started(world, "web", "api", config=ELSEWHERE)
    other = await joined(world, "web")
    world.push("1.1.0")
    await world.settle()
    assert [pull.head_ref for pull in other.pulls if pull.merged_at] == ["caisson/web/live"]
    assert world.board("production", pipeline="web").active == "1.1.0"
    waiting = world.board("production", pipeline="api")
    assert waiting.active is None
    assert f"{OTHER} does not accept this environment" in waiting.waiting

    world.laptop.commit(other, deployed(world, "api"), "Deploy the API", by="olga")
    await world.settle()
    assert world.board("production", pipeline="api").active == "1.1.0"

    world.laptop.commit(other, dict.fromkeys(deployed(world, "web")), "Deploy the web no more", by="olga")
    world.push("1.2.0")
    await world.settle()
    assert f"{OTHER} does not accept this environment" in world.board("production", pipeline="web").waiting
    assert world.board("production", pipeline="api").active == "1.2.0"


async def test_folders_elsewhere_cost_nothing_while_they_stay(prompt_world: World) -> None:
    """An idle pass of the pipelines is one read of each repository; the folders are in it."""
    world = prompt_world
    await started(world, "web", "api", config=ELSEWHERE)
    await joined(world, "web", "api")
    await world.service.resync()
    before = len(world.calls)
    await world.service.worker.drain()
    assert {call.path for call in world.calls[before:]} == {"/graphql"}
    # The other repository is looked at for its own sake, too.
    assert len(world.calls[before:]) == 3
