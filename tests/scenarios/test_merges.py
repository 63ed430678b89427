"""Merges of branches: what an environment keeps, and what happens where both sides changed the same."""

from sandbox.github.git import RefChange
from sandbox.github.mergeability import mergeable
from sandbox.github.state import PullRequest
from tests.world import World

CONFIG = """\
version: 1
pipelines:
  site:
    environments:
      development: {branch: main, health: {from: none}}
      production: {branch: production, after: [development], auto: true, health: {from: none}%s}
"""
KEEPING = ", keep: [values.yaml, secrets]"
FILES = {"index.yaml": "version: 1\n", "values.yaml": "here: main\n", "other.yaml": "other: 1\n"}


async def _started(world: World, more: str = "") -> None:
    await world.start(config=CONFIG % more, files=FILES, branches=("production",))
    await world.settle()


async def _conflicting(world: World, more: str = "") -> PullRequest:
    """Both sides changed the same file to different contents; other files, one side only."""
    await _started(world, more)
    files = {"index.yaml": "version: hotfix\n", "values.yaml": "here: production\n"}
    world.laptop.commit(world.repository, files, "Hotfix", by="alice", branch="production")
    await world.settle()
    files = {"index.yaml": "version: 2\n", "other.yaml": "other: 2\n"}
    world.laptop.commit(world.repository, files, "Version 2", by="bob")
    await world.settle()
    return world.pull_request(into="production", pipeline="site")


async def test_a_merge_keeps_what_is_the_environments_own(world: World) -> None:
    """Changed on both sides, deleted, or new in the source: kept paths stay, and conflict with nothing."""
    await _started(world, KEEPING)
    own = {"values.yaml": "here: production\n", "secrets/own": "ours\n"}
    world.laptop.commit(world.repository, own, "Our own", by="alice", branch="production")
    await world.settle()
    files = {"values.yaml": "here: main, changed\n", "index.yaml": "version: 2\n", "secrets/theirs": "theirs\n"}
    sha = world.laptop.commit(world.repository, files, "Version 2", by="bob")
    await world.settle()
    git = world.repository.git
    merged = git.commit(world.repository.branch("production") or "")
    paths = set(git.files(merged.tree))
    assert paths == {".github/caisson.yaml", "index.yaml", "values.yaml", "other.yaml", "secrets/own"}
    assert world.file("values.yaml", branch="production") == "here: production\n"
    assert world.file("index.yaml", branch="production") == "version: 2\n"
    head = git.commit(merged.parents[1])
    assert head.parents[1] == sha, "it is a merge of the source's own commit"
    assert head.author.name == "caisson[bot]"
    world.laptop.commit(world.repository, {"values.yaml": None, "other.yaml": None}, "Less", by="bob")
    await world.settle()
    assert world.file("values.yaml", branch="production") == "here: production\n"
    assert set(git.files(git.commit(world.repository.branch("production") or "").tree)) == paths - {"other.yaml"}
    assert not [ref for ref in git.refs if ref.startswith("refs/heads/caisson-merge")]


async def test_a_conflict_is_shown_where_it_is(world: World) -> None:
    """On a pull request, which GitHub shows as conflicting, with the path that both sides changed and the remedy."""
    pull = await _conflicting(world)
    world_says = mergeable(world.laptop.github, world.repository, pull)
    assert world_says == "CONFLICTING"
    waiting = world.board("production", pipeline="site").waiting
    assert "conflicts with production in index.yaml (changed on both sides)" in waiting
    assert "Merge production into the default branch" not in waiting
    assert "Merge production into main and resolve it there" in waiting
    assert "index.yaml (changed on both sides)" in pull.body
    assert world.file("index.yaml", branch="production") == "version: hotfix\n"
    runs = [run for run in world.repository.check_runs if run.head_sha == pull.head_sha]
    assert [run.conclusion for run in runs if run.name == "caisson/gates"] == [None]


async def test_what_is_kept_is_no_part_of_a_conflict(world: World) -> None:
    """It stays out of the paths that are named, and stays as it is when the rest is resolved."""
    pull = await _conflicting(world, KEEPING)
    world.laptop.commit(world.repository, {"values.yaml": "here: main, changed\n"}, "Theirs", by="bob")
    await world.settle()
    assert "in index.yaml (changed on both sides)" in world.board("production", pipeline="site").waiting
    world.laptop.commit(world.repository, {"index.yaml": "version: 1\n"}, "Undo", by="alice", branch="production")
    await world.settle()
    assert pull.merged_at
    assert world.file("index.yaml", branch="production") == "version: 2\n"
    assert world.file("values.yaml", branch="production") == "here: production\n"


async def test_a_conflict_resolved_in_the_source_merges(world: World) -> None:
    """The next release holds both sides, and every gate is enforced on it."""
    pull = await _conflicting(world)
    git = world.repository.git
    main, production = world.repository.branch("main") or "", world.repository.branch("production") or ""
    tree = git.edit_tree(
        git.commit(main).tree, {"index.yaml": ("100644", git.write("blob", b"version: 2, hotfixed\n"))}
    )
    who = git.commit(main).author
    resolved = git.write_commit(tree, [main, production], "Resolve", author=who, committer=who)
    git.update_refs([RefChange("refs/heads/main", resolved, main)])
    world.laptop.commit(world.repository, {"other.yaml": "other: 3\n"}, "Version 3", by="bob")
    await world.settle()
    assert pull.merged_at
    assert world.file("index.yaml", branch="production") == "version: 2, hotfixed\n"
    assert world.file("other.yaml", branch="production") == "other: 3\n"


async def test_a_conflict_that_is_gone_merges(world: World) -> None:
    """When the environment's branch takes its own change back, the same release goes on."""
    pull = await _conflicting(world)
    world.laptop.commit(world.repository, {"index.yaml": "version: 1\n"}, "Undo", by="alice", branch="production")
    await world.settle()
    assert pull.merged_at
    assert world.file("index.yaml", branch="production") == "version: 2\n"


async def test_a_resolution_pushed_onto_our_branch_is_not_ours(world: World) -> None:
    """It blocks and names its author; merged by a person all the same, it is recorded as theirs, and things go on."""
    pull = await _conflicting(world)
    git = world.repository.git
    production = world.repository.branch("production") or ""
    tree = git.edit_tree(
        git.commit(pull.head_sha).tree, {"index.yaml": ("100644", git.write("blob", b"version: 2, resolved\n"))}
    )
    who = git.commit(world.repository.branch("main") or "").author
    resolved = git.write_commit(tree, [pull.head_sha, production], "Resolve", author=who, committer=who)
    git.update_refs([RefChange(f"refs/heads/{pull.head_ref}", resolved, pull.head_sha)])
    world.laptop.commit(world.repository, {}, "Push", by="bob", branch=pull.head_ref)
    await world.settle()
    assert not pull.merged_at
    assert "bob" in world.board("production", pipeline="site").waiting
    world.laptop.merge(world.repository, pull, by="wanda", method="merge")
    await world.settle()
    assert world.file("index.yaml", branch="production") == "version: 2, resolved\n"
    record = world.repository.deployments[-1]
    assert (record.environment, record.sha) == ("site/production", pull.merge_commit_sha)
    assert "merged by wanda, gates not enforced" in str(record.payload)
    sha = world.laptop.commit(world.repository, {"other.yaml": "other: 3\n"}, "Version 3", by="bob")
    await world.settle()
    assert world.board("production", pipeline="site").active == sha[:7]


async def test_a_merge_made_with_git_is_recorded(world: World) -> None:
    """Without a pull request, too: the branch holds the release, whoever brought it."""
    await _started(world)
    await _conflicting_merged_by_hand(world)
    await world.settle()
    assert not world.open_pull_requests(into="production", pipeline="site")
    assert "gates not enforced" in str(world.repository.deployments[-1].payload)


async def _conflicting_merged_by_hand(world: World) -> None:
    git = world.repository.git
    before = world.repository.branch("production") or ""
    world.laptop.commit(world.repository, {"index.yaml": "version: 2\n"}, "Version 2", by="bob")
    main = world.repository.branch("main") or ""
    who = git.commit(main).author
    merged = git.write_commit(git.commit(main).tree, [before, main], "By hand", author=who, committer=who)
    git.update_refs([RefChange("refs/heads/production", merged, before)])


async def test_a_source_that_is_gone_waits(world: World) -> None:
    """A commit that was pushed away by force is promoted no further, and the board says why."""
    await world.start(
        config=CONFIG.replace("auto: true", "approvals: {count: 1}") % "", files=FILES, branches=("production",)
    )
    await world.settle()
    before = world.repository.branch("main") or ""
    world.laptop.commit(world.repository, {"index.yaml": "version: 2\n"}, "Version 2", by="bob")
    await world.settle()
    pull = world.pull_request(into="production", pipeline="site")
    gone = world.repository.branch("main") or ""
    world.repository.git.update_refs([RefChange("refs/heads/main", before, gone)])
    world.approve(pull, by="wanda")
    await world.settle()
    assert not pull.merged_at
    assert "is no longer on main, whose history was rewritten" in world.board("production", pipeline="site").waiting
    assert world.file("index.yaml", branch="production") == "version: 1\n"
