"""Environments that are branches: the tip of the first is the release, promoted by merges."""

import pytest

from sandbox import shop
from tests.world import FULL_NAME, World

CONFIG = """\
version: 1
pipelines:
  site:
    environments:
      development: {branch: main}
      staging: {branch: staging, after: [development], auto: true}
      production:
        branch: production
        after: [staging]
        approvals: {count: 1}
"""


async def started(world: World, *, config: str = CONFIG) -> None:
    """The version 1 of everything, on each of the three branches."""
    await world.start(config=config, files={"index.yaml": "version: 1\n"}, branches=("staging", "production"))
    names = {"development": "HEAD", "staging": "staging", "production": "production"}
    shop.deploy(world.laptop, FULL_NAME, branch_of=names)
    await world.settle()


async def test_a_commit_travels_by_merges(world: World) -> None:
    """A commit on the source branch is merged into each next branch, by pull request."""
    await started(world)
    sha = world.laptop.commit(world.repository, {"index.yaml": "version: 2\n"}, "Version 2", by="bob")
    await world.settle()
    assert world.file("index.yaml", branch="staging") == "version: 2\n"
    pull = world.pull_request(into="production", pipeline="site")
    assert pull.title == f"Promote site {sha[:7]} to production"
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    assert world.file("index.yaml", branch="production") == "version: 2\n"
    assert world.board("production", pipeline="site").live == sha[:7]


async def test_the_author_of_a_promoted_commit_may_not_approve_it(world: World) -> None:
    """Whoever wrote what is promoted is not the second pair of eyes."""
    await started(world)
    world.laptop.commit(world.repository, {"index.yaml": "version: 2\n"}, "Version 2", by="bob")
    await world.settle()
    pull = world.pull_request(into="production", pipeline="site")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "0 given" in world.board("production", pipeline="site").waiting


@pytest.mark.parametrize("own", [pytest.param("own.yaml", id="another file")])
async def test_a_branch_keeps_its_own_commits(world: World, own: str) -> None:
    """A merge keeps what the target branch has of its own."""
    await started(world)
    world.laptop.commit(world.repository, {own: "a: 1\n"}, "Only here", by="alice", branch="staging")
    world.laptop.commit(world.repository, {"index.yaml": "version: 2\n"}, "Version 2", by="bob")
    await world.settle()
    assert world.file("index.yaml", branch="staging") == "version: 2\n"
    assert world.file(own, branch="staging") == "a: 1\n"


async def test_a_co_author_of_a_promoted_commit_may_not_approve_it(world: World) -> None:
    """Neither by a review nor by a comment, under the login that the address names or the one taken since."""
    await started(world)
    bob = world.laptop.user("bob")
    message = f"Version 2\n\nCo-authored-by: Bob <{bob.id}+bob@users.noreply.github.com>"
    world.laptop.commit(world.repository, {"index.yaml": "version: 2\n"}, message, by="alice")
    await world.settle()
    pull = world.pull_request(into="production", pipeline="site")
    world.approve(pull, by="bob")
    await world.settle()
    world.laptop.github.rename_user("bob", to="robert")
    world.comment(pull, "/approve", by="robert")
    await world.settle()
    assert not pull.merged_at
    assert "0 given" in world.board("production", pipeline="site").waiting


async def test_the_author_of_the_newest_commit_is_assigned(world: World) -> None:
    """Whoever wrote last what is promoted has the pull request as theirs."""
    await started(world)
    world.laptop.commit(world.repository, {"index.yaml": "version: 2\n"}, "Version 2", by="bob")
    world.laptop.commit(world.repository, {"index.yaml": "version: 3\n"}, "Version 3", by="wanda")
    await world.settle()
    pull = world.pull_request(into="production", pipeline="site")
    assert [user.login for user in pull.assignees] == ["wanda"]
