"""Environments that are copies of a folder: the whole of it, but for what each keeps of its own."""

import pytest

from sandbox.github import merging, refs
from tests.world import FULL_NAME, World

CONFIG = """\
version: 1
pipelines:
  site:
    environments:
      development: {path: site/development}
      staging:
        path: site/staging
        after: [development]
        promote: tree
        keep: [values.yaml, secrets/**]
        auto: true
      production:
        path: site/production
        after: [staging]
        promote: tree
        keep: [values.yaml]
        approvals: {count: 1}
"""
NAMES = ("development", "staging", "production")
HERE, THERE = "site/development", "site/staging"


def _files() -> dict[str, str]:
    """Each environment with the same page and values of its own."""
    found: dict[str, str] = {}
    for name in NAMES:
        found |= {f"site/{name}/index.yaml": "version: 1\n", f"site/{name}/values.yaml": f"here: {name}\n"}
    return found


async def _started(world: World, config: str = CONFIG) -> None:
    await world.start(config=config, files=_files(), branches=())
    for name in NAMES:
        world.laptop.cluster.add_application(
            f"site-{name}",
            repository_url=f"https://github.com/{FULL_NAME}.git",
            path=f"site/{name}",
            target_revision="HEAD",
        )
    await world.settle()


def _paths(world: World, folder: str) -> dict[str, str]:
    """What stands in a folder at the default branch: path → mode and blob."""
    git = world.repository.git
    tree = git.commit(world.repository.branch("main") or "").tree
    entry = git.entry(tree, folder)
    return {path: f"{one.mode} {one.sha}" for path, one in git.files(entry.sha).items()} if entry else {}


async def test_a_folder_becomes_what_its_source_is(world: World) -> None:
    """What was changed, added and deleted travels at once; what is kept stays."""
    await _started(world)
    assert world.board("staging", pipeline="site").active, world.board("staging", pipeline="site")
    sha = world.laptop.commit(
        world.repository,
        {
            f"{HERE}/index.yaml": "version: 2\n",
            f"{HERE}/new/deep/er/page.yaml": "new: true\n",
            f"{HERE}/values.yaml": "here: development, and more\n",
        },
        "Version 2",
        by="bob",
    )
    await world.settle()
    assert world.file(f"{THERE}/index.yaml") == "version: 2\n"
    assert world.file(f"{THERE}/new/deep/er/page.yaml") == "new: true\n"
    assert world.file(f"{THERE}/values.yaml") == "here: staging\n"
    pull = world.pull_request(into="production", pipeline="site")
    assert pull.title == f"Promote site {sha[:7]} to production"
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    assert world.board("production", pipeline="site").live == sha[:7]
    world.laptop.commit(world.repository, {f"{HERE}/new/deep/er/page.yaml": None}, "Take it out", by="bob")
    await world.settle()
    assert set(_paths(world, THERE)) == {"index.yaml", "values.yaml"}
