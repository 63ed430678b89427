"""Environments that are copies of a folder: the whole of it, but for what each keeps of its own."""

import json

import pytest

from bot.release_record import trailers
from sandbox.github.git import RefChange
from sandbox.github.state import PullRequest
from tests.bench.road import MOST_CALLS, idle, is_recorded, spent_until
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


async def started(world: World, config: str = CONFIG) -> None:
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
    await started(world)
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


async def test_every_byte_and_mode_travels(world: World) -> None:
    """Programs stay programs; what is no text, or too large for GitHub to show, is the same to the last byte."""
    await started(world)
    binary, large = bytes(range(256)) * 40, "x" * 700_000
    scripts: dict[str, str | bytes | None] = {f"{HERE}/run.sh": "#!/bin/sh\n"}
    files = {**scripts, f"{HERE}/logo.png": binary, f"{HERE}/large.txt": large}
    world.laptop.commit(world.repository, files, "More", by="bob", modes={f"{HERE}/run.sh": "100755"})
    await world.settle()
    ours, theirs = _paths(world, THERE), _paths(world, HERE)
    assert {**ours, "values.yaml": ""} == {**theirs, "values.yaml": ""}
    assert ours["run.sh"].startswith("100755 ")


async def test_a_file_may_take_the_place_of_a_folder(world: World) -> None:
    """And a folder that of a file, in one commit."""
    await started(world)
    world.laptop.commit(world.repository, {f"{HERE}/x/y": "1\n", f"{HERE}/z": "1\n"}, "So", by="bob")
    await world.settle()
    turned = {f"{HERE}/x/y": None, f"{HERE}/z": None}
    world.laptop.commit(world.repository, turned, "Out", by="bob")
    world.laptop.commit(world.repository, {f"{HERE}/x": "2\n", f"{HERE}/z/y": "2\n"}, "In", by="bob")
    await world.settle()
    assert set(_paths(world, THERE)) == {"index.yaml", "values.yaml", "x", "z/y"}


@pytest.mark.parametrize(
    ("path", "content", "mode", "said"),
    [
        pytest.param("link", "index.yaml", "120000", "is a symbolic link", id="a symbolic link"),
        pytest.param("base", "1" * 40, "160000", "is a submodule", id="a submodule"),
        pytest.param("a/.github/x.yaml", "on: push\n", "100644", "in a folder .github", id="a .github at depth"),
        pytest.param("index.yaml", "other.yaml", "120000", "is a symbolic link", id="a file that becomes a link"),
    ],
)
async def test_what_is_never_written_waits_by_name(world: World, path: str, content: str, mode: str, said: str) -> None:
    """The board says which path is in the way; nothing is proposed until it is gone, and then all else goes on."""
    await started(world)
    files = {f"{HERE}/{path}": content, f"{HERE}/more.yaml": "more: true\n"}
    world.laptop.commit(world.repository, files, "More", by="bob", modes={f"{HERE}/{path}": mode})
    await world.settle()
    waiting = world.board("staging", pipeline="site").waiting
    assert f"{THERE}/{path}" in waiting
    assert said in waiting
    assert not world.repository.pulls
    world.laptop.commit(world.repository, {f"{HERE}/{path}": None}, "Without it", by="bob")
    world.laptop.commit(world.repository, {f"{HERE}/index.yaml": "version: 3\n"}, "With that", by="bob")
    await world.settle()
    assert world.file(f"{THERE}/more.yaml") == "more: true\n"


async def test_what_is_kept_may_be_anything(world: World) -> None:
    """A link and a submodule where `keep` says so stay as they are, and what the source has there never comes."""
    await started(world)
    kept = {f"{THERE}/secrets/link": "../values.yaml", f"{THERE}/secrets/module": "2" * 40}
    modes = {f"{THERE}/secrets/link": "120000", f"{THERE}/secrets/module": "160000"}
    world.laptop.commit(world.repository, kept, "Our own", by="alice", modes=modes)
    await world.settle()
    before = {path: what for path, what in _paths(world, THERE).items() if path.startswith("secrets/")}
    files = {f"{HERE}/index.yaml": "version: 2\n", f"{HERE}/secrets/theirs": "secret\n"}
    world.laptop.commit(world.repository, files, "Version 2", by="bob")
    await world.settle()
    assert world.file(f"{THERE}/index.yaml") == "version: 2\n"
    assert {path: what for path, what in _paths(world, THERE).items() if path.startswith("secrets/")} == before
    assert len(before) == 2


async def _proposed(world: World, text: str = "version: 2\n") -> PullRequest:
    """A new version that is in staging, and lacks an approval in production."""
    await started(world)
    world.laptop.commit(world.repository, {f"{HERE}/index.yaml": text}, "Version 2", by="bob")
    await world.settle()
    return world.pull_request(into="production", pipeline="site")


async def test_other_commits_are_no_release_and_void_nothing(world: World) -> None:
    """Beside the folders, and in what production keeps: the head stays, and the approval of it counts."""
    pull = await _proposed(world)
    head = pull.head_sha
    files = {"README.md": "# News\n", "site/production/values.yaml": "here: production, changed\n"}
    world.laptop.commit(world.repository, files, "Reword", by="alice")
    await world.settle()
    assert pull.head_sha == head
    assert "README" not in str([p.title for p in world.repository.pulls])
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    assert world.file("site/production/values.yaml") == "here: production, changed\n"
    assert world.board("production", pipeline="site").live == world.board("development", pipeline="site").live


async def test_a_change_beneath_the_copy_rebuilds_it(world: World) -> None:
    """An approval of a copy does not count for one that undoes somebody's change besides."""
    pull = await _proposed(world)
    head = pull.head_sha
    world.approve(pull, by="wanda")
    world.laptop.commit(world.repository, {"site/production/by-hand.yaml": "a: 1\n"}, "By hand", by="alice")
    await world.settle()
    assert not pull.merged_at
    assert pull.head_sha != head
    world.approve(pull, by="wanda")
    await world.settle()
    assert set(_paths(world, "site/production")) == {"index.yaml", "values.yaml"}


async def test_what_people_change_is_told_and_not_undone(world: World) -> None:
    """It is no release that was verified, so nothing soaks on it; the next release takes its place."""
    await _proposed(world)
    world.laptop.commit(world.repository, {f"{THERE}/index.yaml": "version: hotfix\n"}, "Hotfix", by="alice")
    await world.settle()
    board = world.board("staging", pipeline="site")
    assert board.health == "Unknown"
    assert "brought: index.yaml differs" in board.waiting
    assert world.file(f"{THERE}/index.yaml") == "version: hotfix\n"
    assert not world.open_pull_requests(into="staging", pipeline="site")
    world.laptop.commit(world.repository, {f"{HERE}/index.yaml": "version: 3\n"}, "Version 3", by="bob")
    await world.settle()
    assert world.file(f"{THERE}/index.yaml") == "version: 3\n"


async def test_a_copy_reverted_by_hand_stays_out(world: World) -> None:
    """What stands again is the earlier release; the one taken out does not come back, and a newer one does."""
    await started(world)
    first = world.board("staging", pipeline="site").active
    world.laptop.commit(world.repository, {f"{HERE}/index.yaml": "version: 2\n"}, "Version 2", by="bob")
    await world.settle()
    world.laptop.commit(world.repository, {f"{THERE}/index.yaml": "version: 1\n"}, "Back", by="alice")
    await world.settle()
    assert world.board("staging", pipeline="site").active == first
    assert world.file(f"{THERE}/index.yaml") == "version: 1\n"
    world.laptop.commit(world.repository, {f"{HERE}/index.yaml": "version: 3\n"}, "Version 3", by="bob")
    await world.settle()
    assert world.file(f"{THERE}/index.yaml") == "version: 3\n"


async def test_a_copy_merged_by_a_person_is_recorded_as_theirs(world: World) -> None:
    """With the gates not enforced; it goes on from there."""
    pull = await _proposed(world)
    world.laptop.merge(world.repository, pull, by="wanda")
    await world.settle()
    record = next(d for d in reversed(world.repository.deployments) if d.environment == "site/production")
    assert "merged by wanda, gates not enforced" in str(record.payload)
    assert world.board("production", pipeline="site").live == world.board("development", pipeline="site").live


async def test_who_wrote_what_is_copied_may_not_approve(world: World) -> None:
    """The head is ours alone, but its content is of the source's commits: their authors and co-authors."""
    await started(world)
    wanda = world.laptop.user("wanda")
    words = f"More\n\nCo-authored-by: Wanda <{wanda.id}+wanda@users.noreply.github.com>"
    world.laptop.commit(world.repository, {f"{HERE}/more.yaml": "more: 1\n"}, words, by="alice")
    world.laptop.commit(world.repository, {"README.md": "# Elsewhere\n"}, "Elsewhere", by="carol")
    world.laptop.commit(world.repository, {f"{HERE}/index.yaml": "version: 2\n"}, "Version 2", by="bob")
    await world.settle()
    pull = world.pull_request(into="production", pipeline="site")
    assert [user.login for user in pull.assignees] == ["bob"]
    for login in ("bob", "alice", "wanda"):
        world.approve(pull, by=login)
        await world.settle()
        assert not pull.merged_at, login
    assert "0 given" in world.board("production", pipeline="site").waiting
    world.laptop.github.add_user("mary")
    world.repository.collaborators["mary"] = "write"
    world.approve(pull, by="mary")
    await world.settle()
    assert pull.merged_at


async def test_its_author_s_approval_keeps_no_newer_copy_out(world: World) -> None:
    """An approval that counts for nobody voids nothing: the pull request takes the newer release."""
    pull = await _proposed(world)
    world.approve(pull, by="bob")
    await world.settle()
    sha = world.laptop.commit(world.repository, {f"{HERE}/index.yaml": "version: 3\n"}, "Version 3", by="alice")
    await world.settle()
    assert pull.title == f"Promote site {sha[:7]} to production"


async def test_a_commit_on_a_copy_blocks(world: World) -> None:
    """However small, and in a kept path too."""
    pull = await _proposed(world)
    files = {"site/production/values.yaml": "here: elsewhere\n"}
    world.laptop.commit(world.repository, files, "Just a fix", by="wanda", branch=pull.head_ref)
    world.approve(pull, by="alice")
    await world.settle()
    assert not pull.merged_at
    assert "wanda" in world.board("production", pipeline="site").waiting


async def test_a_copy_of_very_many_files_merges(world: World) -> None:
    """More than GitHub names of a pull request at once: the tree is compared, not the names."""
    await started(world)
    files = {f"{HERE}/pages/{number}.yaml": f"page: {number}\n" for number in range(250)}
    world.laptop.commit(world.repository, files, "Pages", by="bob")
    await world.settle()
    assert len(_paths(world, THERE)) == 252
    pull = world.pull_request(into="production", pipeline="site")
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    assert len(_paths(world, "site/production")) == 252


async def test_a_rewritten_history_takes_its_release_along(world: World) -> None:
    """A commit that its branch does not hold any more is not merged, approved or not; the board says so."""
    pull = await _proposed(world)
    git = world.repository.git
    before = git.commit(world.repository.branch("main") or "")
    while "Version 2" not in before.message or before.message.startswith("Promote"):
        before = git.commit(before.parents[0])
    tip = world.repository.branch("main") or ""
    git.update_refs([RefChange("refs/heads/main", before.parents[0], tip)])
    world.laptop.cluster.degrade("site-development", "crash loop")
    world.laptop.commit(world.repository, {f"{HERE}/index.yaml": "version: other\n"}, "Rewritten", by="bob")
    world.approve(pull, by="wanda")
    await world.settle()
    assert not pull.merged_at
    assert world.file("site/production/index.yaml") == "version: 1\n"
    assert "no longer on main, whose history was rewritten" in world.board("production", pipeline="site").waiting


async def test_a_copied_folder_that_is_gone_promotes_nothing(world: World) -> None:
    """Taking the source away is not taken for a release without files."""
    await started(world)
    gone = dict.fromkeys((f"{HERE}/index.yaml", f"{HERE}/values.yaml"))
    world.laptop.commit(world.repository, gone, "Away with it", by="bob")
    await world.settle()
    assert "does not exist" in world.board("development", pipeline="site").waiting
    assert world.file(f"{THERE}/index.yaml") == "version: 1\n"


async def test_the_store_may_be_lost_and_nothing_is_asked_twice(prompt_world: World) -> None:
    """A settled repository costs one read a look, copies or not; with an empty store the same stands."""
    world = prompt_world
    await _proposed(world)
    spent = await idle(world)
    assert (spent.reads, spent.writes) == (1, 0), str(spent)
    await world.lose_the_store()
    await world.settle()
    spent = await idle(world)
    assert (spent.reads, spent.writes) == (1, 0), str(spent)


DIRECT = """\
version: 1
pipelines:
  site:
    environments:
      development: {path: site/development, health: {from: none}}
      production:
        {path: site/production, after: [development], promote: tree, keep: [values.yaml], approvals: {count: 1}}
"""


async def test_a_copy_costs_no_more_than_an_edit(prompt_world: World) -> None:
    """To propose it, to merge and record it, and to look at it idly; to write the release down costs two more."""
    world = prompt_world
    await started(world, DIRECT)
    before = len(world.calls)
    world.laptop.commit(world.repository, {f"{HERE}/index.yaml": "version: 2\n"}, "Version 2", by="bob")
    spent = await spent_until(world, before, lambda: bool(world.open_pull_requests(into="production", pipeline="site")))
    assigned = [call for call in spent.calls if "assignees" in call.path]
    assert len(spent.calls) <= MOST_CALLS + 2 + 2 * len(assigned), str(spent)
    pull = world.pull_request(into="production", pipeline="site")
    before = len(world.calls)
    world.approve(pull, by="wanda")
    spent = await spent_until(world, before, lambda: is_recorded(world, pull))
    assert len(spent.calls) <= MOST_CALLS, str(spent)
    spent = await idle(world)
    assert (spent.reads, spent.writes) == (1, 0), str(spent)


BRANCHES = """\
version: 1
pipelines:
  site:
    environments:
      development: {branch: main, path: "%s", health: {from: none}}
      production:
        branch: production
        path: "%s"
        after: [development]
        promote: tree
        keep: [.github, own.yaml]
        auto: true
        health: {from: none}
"""


@pytest.mark.parametrize(
    ("source", "target"),
    [
        pytest.param("", "", id="the whole tree"),
        pytest.param("site", "site", id="the same path"),
        pytest.param("site", "elsewhere/deep", id="another path, which is not there yet"),
        pytest.param("site", "", id="a folder as the whole tree"),
    ],
)
async def test_a_branch_becomes_what_another_holds(world: World, source: str, target: str) -> None:
    """Beside what it keeps; the other paths of the branch are not touched."""
    files = {"site/index.yaml": "version: 1\n", "site/old.yaml": "old: true\n", "README.md": "# Read\n"}
    await world.start(config=BRANCHES % (source or ".", target or "."), files=files, branches=("production",))
    own = f"{target}/own.yaml".lstrip("/")
    world.laptop.commit(world.repository, {own: "mine: 1\n"}, "Own", by="alice", branch="production")
    await world.settle()
    changed = {"site/index.yaml": "version: 2\n", "site/old.yaml": None}
    sha = world.laptop.commit(world.repository, changed, "Version 2", by="bob")
    await world.settle()
    assert world.board("production", pipeline="site").active == sha[:7]
    git = world.repository.git
    here = git.entry(git.commit(world.repository.branch("main") or "").tree, source)
    there = git.entry(git.commit(world.repository.branch("production") or "").tree, target)
    assert here is not None
    assert there is not None
    mine = {p: e for p, e in git.files(there.sha).items() if p != "own.yaml" and not p.startswith(".github/")}
    assert mine == {p: e for p, e in git.files(here.sha).items() if not p.startswith(".github/")}
    assert world.file(own, branch="production") == "mine: 1\n"
    if target:
        assert world.file("README.md", branch="production") == "# Read\n"


FANNED = """\
version: 1
defaults: {keep: [values.yaml], health: {timeout: 1h}}
pipelines:
  site:
    environments:
      development: {path: site/development}
      eu: {path: site/staging, after: [development], promote: tree, approvals: {count: 1}}
      us: {path: site/us, after: [development], promote: tree, auto: true}
      production: {path: site/production, after_any: [eu, us], promote: tree, auto: true}
"""


async def test_a_copy_may_come_by_either_of_two_ways(world: World) -> None:
    """The one that verified it is enough, the merge says which that was; what `defaults` keeps is kept everywhere."""
    files = {**_files(), "site/us/index.yaml": "version: 1\n", "site/us/values.yaml": "here: us\n"}
    await world.start(config=FANNED, files=files, branches=())
    for name in (*NAMES, "us"):
        world.laptop.cluster.add_application(
            f"site-{name}",
            repository_url=f"https://github.com/{FULL_NAME}.git",
            path=f"site/{name}",
            target_revision="HEAD",
        )
    await world.settle()
    sha = world.laptop.commit(
        world.repository,
        {f"{HERE}/index.yaml": "version: 2\n", f"{HERE}/values.yaml": "here: development, and more\n"},
        "Version 2",
        by="bob",
    )
    await world.settle()
    assert world.file(f"{THERE}/index.yaml") == "version: 1\n"
    assert world.file("site/production/index.yaml") == "version: 2\n"
    assert world.file("site/production/values.yaml") == "here: production\n"
    assert world.board("production", pipeline="site").live == sha[:7]
    merged = next(p for p in world.repository.pulls if p.merged_at and p.title.endswith("to production"))
    told = json.loads(trailers(world.repository.git.commit(merged.merge_commit_sha or "").message)["Caisson-Source"])
    assert set(told) == {"us"}
