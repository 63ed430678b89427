"""Copied folders on a branch with a merge queue: the group must bring the copy, whatever else it brings."""

import pytest

from sandbox.github import pulls, queueing, records
from sandbox.github.access import register_app
from sandbox.github.state import App, Caller, MergeQueue, Protection, PullRequest
from tests.world import ROOT, World

GATES = "caisson/gates"
CONFIG = """\
version: 1
pipelines:
  site:
    environments:
      development: {path: site/development, health: {from: none}}
      production:
        path: site/production
        after: [development]
        promote: tree
        keep: [values.yaml, own]
        approvals: {count: 1}
        health: {from: none}
"""
FILES = {
    f"site/{name}/{path}": f"{path}: {name if path == 'values.yaml' else 1}\n"
    for name in ("development", "production")
    for path in ("index.yaml", "values.yaml")
}


async def _queued_world(world: World, *checks: str) -> tuple[PullRequest, App]:
    """Production lacks an approval of version 2, and `main` has a merge queue that asks for these checks."""
    await world.start(config=CONFIG, files=FILES, branches=())
    await world.settle()
    world.laptop.commit(world.repository, {"site/development/index.yaml": "index.yaml: 2\n"}, "Version 2", by="bob")
    await world.settle()
    ci = register_app(world.laptop.github, "ci", ROOT / "app.yml", webhook_secret="x")
    world.repository.queues["main"] = MergeQueue()
    world.repository.protection["main"] = Protection(required_checks=checks)
    return world.pull_request(into="production", pipeline="site"), ci


def _passes(world: World, ci: App, sha: str, *names: str) -> None:
    by = Caller(user=ci.bot, app=ci)
    for name in names:
        records.create_check_run(
            world.laptop.github, world.repository, by, name=name, head_sha=sha, conclusion="success"
        )


def _put_before(world: World, ci: App, path: str) -> None:
    """Somebody's change of a file is in the queue already."""
    world.laptop.commit(world.repository, {path: "theirs: 1\n"}, "Theirs", by="wanda", branch="theirs")
    other = pulls.create_pull_request(
        world.laptop.github,
        world.repository,
        world.laptop.person("wanda"),
        title="Theirs",
        head="theirs",
        base="main",
    )
    _passes(world, ci, other.head_sha, "ci", GATES)
    world.laptop.enqueue(world.repository, other, by="wanda")


def _said_of_group(world: World, pull: PullRequest) -> list[str | None]:
    """How our check on the commit stands that the queue tries, the newest last."""
    entry = queueing.entry_of(world.repository, pull)
    assert entry is not None
    assert entry.head_sha is not None
    return [
        run.conclusion for run in world.repository.check_runs if (run.head_sha, run.name) == (entry.head_sha, GATES)
    ]


async def test_a_copy_goes_through_the_queue(world: World) -> None:
    """Approved, it is put in, compared in the group, merged by the queue, and recorded as promoted."""
    pull, _ = await _queued_world(world, GATES)
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_by is world.laptop.github.merge_queue_bot
    assert world.file("site/production/index.yaml") == "index.yaml: 2\n"
    record = [d for d in world.repository.deployments if d.environment == "site/production"][-1]
    assert isinstance(record.payload, dict)
    assert (record.payload["how"], record.payload["note"]) == ("promoted", "")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("more.yaml", id="a file that the source does not have"),
        pytest.param("far/down/in/the/more.yaml", id="one deep in the folder"),
    ],
)
async def test_another_entry_in_the_copied_folder_keeps_the_group_waiting(prompt_world: World, path: str) -> None:
    """What would come of both is not what was approved: our check on the group is not green."""
    world = prompt_world
    pull, ci = await _queued_world(world, GATES, "ci")
    _passes(world, ci, pull.head_sha, "ci")
    _put_before(world, ci, f"site/production/{path}")
    world.approve(pull, by="wanda")
    await world.settle()
    assert _said_of_group(world, pull) == [None]
    assert not pull.merged_at


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("site/production/values.yaml", id="a kept file"),
        pytest.param("site/production/own/far/down/in/it.yaml", id="one deep in a kept folder"),
        pytest.param("README.md", id="a file elsewhere"),
    ],
)
async def test_another_entry_beside_the_copy_holds_nothing_up(prompt_world: World, path: str) -> None:
    """What production keeps is no part of the promotion: the group brings exactly what was approved."""
    world = prompt_world
    pull, ci = await _queued_world(world, GATES, "ci")
    _passes(world, ci, pull.head_sha, "ci")
    _put_before(world, ci, path)
    world.approve(pull, by="wanda")
    await world.settle()
    assert _said_of_group(world, pull) == ["success"]
