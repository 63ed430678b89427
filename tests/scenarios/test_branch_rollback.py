"""Whole branches: a rollback restores what a branch held, and what is newer comes back whole afterwards."""

from sandbox import shop
from tests.world import FULL_NAME, World

CONFIG = """\
version: 1
pipelines:
  site:
    environments:
      development: {branch: main}
      staging: {branch: staging, after: [development], auto: true, on_degraded: rollback}
      production: {branch: production, after: [staging], approvals: {count: 1}}
"""


async def _started(world: World) -> None:
    await world.start(config=CONFIG, files={"index.yaml": "version: 1\n"}, branches=("staging", "production"))
    names = {"development": "HEAD", "staging": "staging", "production": "production"}
    shop.deploy(world.laptop, FULL_NAME, branch_of=names)
    await world.settle()


async def _version(world: World, number: int, **more: str) -> str:
    """A new version on the source branch, and everything that follows from it."""
    files = {"index.yaml": f"version: {number}\n", f"v{number}.yaml": "a: 1\n", **more}
    sha = world.laptop.commit(world.repository, files, f"Version {number}", by="bob")
    await world.settle()
    return sha


async def _degraded(world: World) -> None:
    world.laptop.cluster.break_revision("web-app-staging", "crash loop")
    await world.settle()
    await world.after("3m")


def _tree(world: World, branch: str) -> str:
    tip = world.repository.branch(branch)
    assert tip is not None
    return world.repository.git.commit(tip).tree


async def test_a_rollback_restores_the_tree_that_the_branch_had(world: World) -> None:
    """Byte for byte, by a commit on top; what is newer then comes whole, with what was rolled back in it."""
    await _started(world)
    first = await _version(world, 2)
    before = _tree(world, "staging")
    second = await _version(world, 3)
    assert world.file("index.yaml", branch="staging") == "version: 3\n"
    await _degraded(world)
    assert _tree(world, "staging") == before
    assert world.merged_pull_request(into="staging", pipeline="site").title == (
        f"Roll back site to {first[:7]} in staging"
    )
    board = world.board("staging", pipeline="site")
    assert (board.live, board.health) == (first[:7], "Healthy")
    await world.after("1h")
    assert world.board("staging", pipeline="site").live == first[:7]
    pull = world.pull_request(into="production", pipeline="site")
    assert pull.title == f"Promote site {first[:7]} to production", "what was rolled back goes no further"
    assert second[:7] not in pull.title
    await _version(world, 4)
    assert world.file("index.yaml", branch="staging") == "version: 4\n"
    assert world.file("v3.yaml", branch="staging") == "a: 1\n", "what was rolled back is part of what is newer"
    await _version(world, 5)
    assert _tree(world, "staging") == _tree(world, "main")


async def test_a_branch_keeps_its_own_commits_through_a_rollback(world: World) -> None:
    """What the branch has of its own, from before the release that is restored, outlives it and what follows."""
    await _started(world)
    await _version(world, 2)
    world.laptop.commit(world.repository, {"own.yaml": "a: 1\n"}, "Only here", by="alice", branch="staging")
    await world.settle()
    await _version(world, 3)
    await _version(world, 4)
    await _degraded(world)
    assert world.file("index.yaml", branch="staging") == "version: 3\n"
    await _version(world, 5)
    assert world.file("own.yaml", branch="staging") == "a: 1\n"
    assert world.file("v4.yaml", branch="staging") == "a: 1\n"
    assert world.file("index.yaml", branch="staging") == "version: 5\n"


async def test_a_rollback_goes_back_over_several_and_leaves_our_configuration(world: World) -> None:
    """It skips what was itself rolled back; `.github/` is never written."""
    await _started(world)
    await _version(world, 2)
    await _version(world, 3)
    await _degraded(world)
    await _version(world, 4)
    hook = {".github/CODEOWNERS": "* @alice\n"}
    world.laptop.commit(world.repository, hook, "Owners", by="alice", branch="staging")
    await world.settle()
    await _degraded(world)
    assert world.file("index.yaml", branch="staging") == "version: 2\n"
    assert world.file(".github/CODEOWNERS", branch="staging") == "* @alice\n"
    await _version(world, 5)
    assert world.file("index.yaml", branch="staging") == "version: 5\n"
    assert world.file("v3.yaml", branch="staging") == "a: 1\n"


async def test_a_revert_by_hand_is_a_rollback(world: World) -> None:
    """Somebody undoes our merge with Git: the release counts no more, and what is newer comes whole."""
    await _started(world)
    first = await _version(world, 2)
    second = await _version(world, 3)
    back = {"index.yaml": "version: 2\n", "v3.yaml": None}
    world.laptop.commit(world.repository, back, "Undo", by="alice", branch="staging")
    await world.settle()
    board = world.board("staging", pipeline="site")
    assert board.active == first[:7]
    pull = world.pull_request(into="production", pipeline="site")
    world.approve(pull, by="wanda")
    await world.settle()
    assert world.file("index.yaml", branch="production") == "version: 2\n"
    waiting = world.board("production", pipeline="site").waiting
    assert f"{second[:7]} was rejected in staging: it was taken out of Git by hand" in waiting
    await _version(world, 4)
    assert _tree(world, "staging") == _tree(world, "main")


async def test_a_revert_under_other_commits_is_known_by_its_words(world: World) -> None:
    """Content alone would not tell, since somebody else's commit lies on top."""
    await _started(world)
    first = await _version(world, 2)
    second = await _version(world, 3)
    merged = world.merged_pull_request(into="staging", pipeline="site").merge_commit_sha
    back = {"index.yaml": "version: 2\n", "v3.yaml": None}
    said = f'Revert "Promote site"\n\nThis reverts commit {merged}, reversing\nchanges made to something.'
    world.laptop.commit(world.repository, back, said, by="alice", branch="staging")
    world.laptop.commit(world.repository, {"own.yaml": "a: 1\n"}, "Only here", by="alice", branch="staging")
    await world.settle()
    assert world.board("staging", pipeline="site").active == first[:7]
    pull = world.pull_request(into="production", pipeline="site")
    assert pull.title == f"Promote site {first[:7]} to production", f"{second[:7]} is rejected"
    await _version(world, 4)
    assert world.file("v3.yaml", branch="staging") == "a: 1\n"
    assert world.file("own.yaml", branch="staging") == "a: 1\n"


async def test_a_revert_that_is_reverted_stands_again(world: World) -> None:
    """The release is what stands, and is watched anew."""
    await _started(world)
    await _version(world, 2)
    second = await _version(world, 3)
    back = {"index.yaml": "version: 2\n", "v3.yaml": None}
    world.laptop.commit(world.repository, back, "Undo", by="alice", branch="staging")
    await world.settle()
    again = {"index.yaml": "version: 3\n", "v3.yaml": "a: 1\n"}
    world.laptop.commit(world.repository, again, "Redo", by="alice", branch="staging")
    await world.settle()
    board = world.board("staging", pipeline="site")
    assert (board.active, board.live) == (second[:7], second[:7])


async def test_false_words_of_a_revert_change_nothing(world: World) -> None:
    """Whoever may push may claim that a merge was reverted: all of it is there, and so it stands."""
    await _started(world)
    await _version(world, 2)
    second = await _version(world, 3)
    merged = world.merged_pull_request(into="staging", pipeline="site").merge_commit_sha
    said = f"Tidy\n\nThis reverts commit {merged}."
    world.laptop.commit(world.repository, {"own.yaml": "a: 1\n"}, said, by="wanda", branch="staging")
    await world.settle()
    assert world.board("staging", pipeline="site").live == second[:7]
    await _version(world, 4)
    assert world.file("index.yaml", branch="staging") == "version: 4\n"
    assert world.file("own.yaml", branch="staging") == "a: 1\n"
