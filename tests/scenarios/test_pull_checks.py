"""`caisson/gates` on people's own pull requests: it stands on every one, and holds what environments ask of it."""

import pytest

from sandbox import shop
from sandbox.github import pulls, refs, talk
from sandbox.github.refs import RefUpdate
from sandbox.github.server import SECONDARY_LIMITS
from sandbox.github.state import Caller
from tests.scenarios.people import CONFIG, GATED, PRODUCTION, check, forked, opened, propose, push, says
from tests.world import World


async def gated(world: World, *, more: str = "") -> World:
    """A settled world whose production asks people's changes for an approval."""
    config = shop.configuration("{image}").replace("approvals: {count: 1}", GATED + more)
    await world.start(config=config)
    await world.settle()
    return world


async def test_every_pull_request_gets_the_check(world: World) -> None:
    """One that touches no environment passes, a stranger's fork like any other, and each new head anew."""
    await world.start()
    await world.settle()
    ours = propose(world, {"README.md": "# Other\n"})
    theirs = forked(world, "mallory", {"docs/more.md": "# More\n"}, branch="docs")
    await world.settle()
    assert says(world, ours) == ("success", "touches no environment")
    assert says(world, theirs) == ("success", "touches no environment")
    push(world, {PRODUCTION: None}, by="wanda", branch="change")
    await world.settle()
    assert says(world, ours) == ("success", "touches production; manual changes are allowed")


async def test_a_gated_environment_is_changed_with_its_approvals_only(world: World) -> None:
    """The check waits for an approval of this head by somebody who wrote none of it."""
    await gated(world)
    pull = propose(world, {PRODUCTION: "images: []\n"}, by="wanda", co_authors=("bob",))
    await world.settle()
    conclusion, title = says(world, pull)
    assert conclusion is None
    assert title.startswith("approvals (production): needs 1 approval at this head, 0 given; review it")
    world.approve(pull, by="bob")
    world.approve(pull, by="carol")
    await world.settle()
    assert says(world, pull)[0] is None, "a co-author, and a reader"
    world.approve(pull, by="alice")
    await world.settle()
    assert says(world, pull)[0] == "success"
    push(world, {PRODUCTION: "images: [] # again\n"}, by="wanda", branch="change")
    await world.settle()
    assert says(world, pull)[0] is None, "the approval was of another head"


async def test_an_approval_that_is_taken_back_takes_the_check_back(world: World) -> None:
    """A dismissed review, and access that was lost, close what they opened; an objection blocks."""
    await gated(world)
    pull = propose(world, {PRODUCTION: "images: []\n"})
    world.approve(pull, by="bob")
    await world.settle()
    assert says(world, pull)[0] == "success"
    talk.dismiss_review(world.laptop.github, world.repository, world.laptop.person("alice"), pull, pull.reviews[-1])
    await world.settle()
    assert says(world, pull)[0] is None
    world.approve(pull, by="bob")
    await world.settle()
    assert says(world, pull)[0] == "success"
    world.repository.collaborators["bob"] = "read"
    await world.service.resync()
    await world.settle()
    assert says(world, pull)[0] is None
    talk.submit_review(
        world.laptop.github, world.repository, world.laptop.person("alice"), pull, event="REQUEST_CHANGES", body="no"
    )
    await world.settle()
    assert says(world, pull) == (None, "approvals (production): changes requested by alice")


async def test_windows_open_and_close_the_check(world: World) -> None:
    """A gated change waits for the environment's window, and the check closes with it."""
    await gated(world, more='\n        windows: [{allow: "0 13 * * *", for: 1h}]')
    pull = propose(world, {PRODUCTION: "images: []\n"})
    world.approve(pull, by="bob")
    await world.settle()
    start = world.clock.now()
    conclusion, title = says(world, pull)
    assert (conclusion, title.partition(";")[0]) == (None, "windows (production): outside the allowed times")
    hours = (13 - start.hour) % 24 or 24
    await world.after(f"{hours * 60 - start.minute}m")
    assert says(world, pull)[0] == "success"
    await world.after("61m")
    assert says(world, pull)[0] is None


async def test_a_rename_counts_on_both_sides(world: World) -> None:
    """What is moved out of an environment, or into it, touches it."""
    await gated(world)
    text = world.file(PRODUCTION)
    out = propose(world, {PRODUCTION: None, "attic/kustomization.yaml": text}, branch="out")
    into = propose(world, {"README.md": None, "applications/web-app/production/README.md": "# What we deploy\n"})
    aside = propose(world, {"README.md": None, "docs/README.md": "# What we deploy\n"}, branch="aside")
    await world.settle()
    assert says(world, out)[0] is None
    assert says(world, into)[0] is None
    assert says(world, aside) == ("success", "touches no environment")


async def test_of_more_files_than_a_page_all_are_read(prompt_world: World) -> None:
    """The environment's file may be the last of them."""
    world = await gated(prompt_world)
    many: dict[str, str | None] = {f"aaa/{i}.md": "x\n" for i in range(120)}
    aside = propose(world, many, branch="aside")
    within = propose(world, many | {PRODUCTION: "images: []\n"}, branch="within")
    await world.settle()
    assert says(world, aside) == ("success", "touches no environment")
    assert says(world, within)[0] is None


async def test_of_more_files_than_are_read_any_may_be_the_environments(prompt_world: World) -> None:
    """What is not known waits like what is."""
    world = await gated(prompt_world)
    pull = propose(world, {f"docs/{i}.md": "x\n" for i in range(1001)})
    await world.settle()
    conclusion, title = says(world, pull)
    assert conclusion is None
    assert "needs 1 approval" in title
    found = check(world, pull)
    assert found is not None
    assert "may touch production (it changes 1001 files, more than the 1000 that are read)" in (found.summary or "")


async def test_a_change_of_several_environments_passes_all_of_them(world: World) -> None:
    """Staging's own person does for staging, and not for production."""
    staging = "path: applications/web-app/staging\n        manual_changes: gate\n        approvals: {users: [wanda]}"
    config = shop.configuration("{image}").replace(
        "approvals: {count: 1}", "approvals: {users: [alice]}\n        manual_changes: gate"
    )
    await world.start(config=config.replace("path: applications/web-app/staging", staging))
    await world.settle()
    both = {PRODUCTION: "images: []\n", PRODUCTION.replace("production", "staging"): "images: []\n"}
    pull = propose(world, both, by="bob")
    world.approve(pull, by="wanda")
    await world.settle()
    assert says(world, pull)[1].startswith("approvals (production): needs 1 approval of alice")
    world.approve(pull, by="alice")
    await world.settle()
    assert says(world, pull)[0] == "success"


async def test_a_retargeted_pull_request_is_judged_by_its_new_base(world: World) -> None:
    """What touched nothing on one branch may be the whole of an environment on another."""
    config = shop.configuration("{image}").replace(
        "path: applications/web-app/production", "branch: production\n        path: applications/web-app/production"
    )
    await world.start(config=config.replace("approvals: {count: 1}", GATED), branches=("production",))
    await world.settle()
    pull = propose(world, {PRODUCTION: "images: []\n"})
    await world.settle()
    assert says(world, pull) == ("success", "touches no environment")
    pulls.edit_pull_request(
        world.laptop.github, world.repository, world.laptop.person("wanda"), pull, base="production"
    )
    await world.settle()
    assert says(world, pull)[0] is None


async def test_one_commit_proposed_twice_passes_only_where_it_may_go(world: World) -> None:
    """A check run is of a commit: what waits for one branch is not green by the word of another."""
    config = shop.configuration("{image}").replace(
        "path: applications/web-app/production", "branch: production\n        path: applications/web-app/production"
    )
    await world.start(config=config.replace("approvals: {count: 1}", GATED), branches=("production",))
    await world.settle()
    harmless = propose(world, {PRODUCTION: "images: []\n"})
    await world.settle()
    assert says(world, harmless)[0] == "success"
    other = opened(world, by="wanda", head="change", into="production")
    await world.settle()
    conclusion, title = says(world, other)
    assert conclusion is None
    assert f"#{other.number} approvals (production)" in title
    world.laptop.close(world.repository, other, by="wanda")
    await world.settle()
    assert says(world, harmless)[0] == "success"


async def test_a_hold_blocks_a_gated_change(world: World) -> None:
    """The label blocks, and triage taking off another's label releases nothing."""
    await gated(world)
    pull = propose(world, {PRODUCTION: "images: []\n"})
    world.approve(pull, by="bob")
    talk.add_labels(world.laptop.github, world.repository, world.laptop.person("bob"), pull, "caisson/hold")
    await world.settle()
    assert says(world, pull)[1].startswith("hold: the label caisson/hold was put on by bob")
    talk.remove_label(world.laptop.github, world.repository, world.laptop.person("tom"), pull, "caisson/hold")
    await world.settle()
    assert says(world, pull)[0] is None
    for change in (talk.add_labels, talk.remove_label):
        change(world.laptop.github, world.repository, world.laptop.person("bob"), pull, "caisson/hold")
    await world.settle()
    assert says(world, pull)[0] == "success"


@pytest.mark.parametrize(
    ("status", "conclusion"),
    [pytest.param("queued", None, id="asked for again"), pytest.param("completed", "stale", id="left for 14 days")],
)
async def test_a_check_that_github_took_back_is_written_again(
    prompt_world: World, status: str, conclusion: str | None
) -> None:
    """It may be required: without an answer nobody could merge."""
    world = await gated(prompt_world)
    pulls_there = propose(world, {"README.md": "# x\n"}), propose(world, {PRODUCTION: None}, branch="other")
    await world.settle()
    before = [says(world, pull) for pull in pulls_there]
    for run in world.repository.check_runs:
        if run.name == "caisson/gates":
            run.status, run.conclusion = status, conclusion
    await world.service.resync()
    await world.settle()
    assert [says(world, pull) for pull in pulls_there] == before


async def test_a_hundred_and_twenty_pull_requests_all_get_their_check(prompt_world: World) -> None:
    """However many there are: within GitHub's limits, in documents of bounded size, and then nothing is written."""
    world = prompt_world
    await world.start()
    await world.settle()
    await world.after("2m")
    world.laptop.github_server.write_limits = SECONDARY_LIMITS
    before = len(world.calls)
    many = [propose(world, {f"docs/{i}.md": "x\n"}, branch=f"change-{i}") for i in range(120)]
    await world.settle()
    for _ in range(2):
        await world.after("1m")
    assert world.laptop.github_server.limited == 0
    assert {says(world, pull) for pull in many} == {("success", "touches no environment")}
    assert len([c for c in world.calls[before:] if c.writes]) == 5, "120 checks, 25 to a document"
    before = len(world.calls)
    await world.service.resync()
    await world.settle()
    asked = [c for c in world.calls[before:] if c.kind == "graphql"]
    assert [c.writes for c in asked] == [False, False], "one read, and one for the second hundred"


async def test_sixty_pull_requests_cost_an_idle_pass_one_read(prompt_world: World) -> None:
    """What their heads bring was read once, twenty to a request."""
    world = prompt_world
    await world.start()
    await world.settle()
    await world.after("2m")
    for i in range(60):
        propose(world, {f"docs/{i}.md": "x\n"}, branch=f"change-{i}")
    before = len(world.calls)
    await world.settle()
    await world.after("1m")
    done = world.calls[before:]
    assert len([c for c in done if c.writes]) == 3
    before = len(world.calls)
    await world.service.resync()
    await world.settle()
    assert [c.writes for c in world.calls[before:] if c.kind == "graphql"] == [False]


async def test_what_a_head_brings_is_read_again_when_its_base_was_rewritten(prompt_world: World) -> None:
    """On a branch that was set back, the same head may change more than it did."""
    world = await gated(prompt_world)
    start = world.repository.branch("main")
    push(world, {PRODUCTION: "images: []\n"}, by="bob", branch="main")
    pull = propose(world, {"README.md": "# Other\n"})
    await world.settle()
    assert says(world, pull) == ("success", "touches no environment")
    world.laptop.commit(world.repository, {"docs/x.md": "x\n"}, "Aside", by="bob", branch="aside")
    _set_back(world, to=start or "")
    await world.settle()
    assert says(world, pull)[0] is None


def _set_back(world: World, *, to: str) -> None:
    """Somebody forces the default branch back, and GitHub reckons from there."""
    caller = Caller(user=world.laptop.user("alice"))
    update = RefUpdate(name="refs/heads/main", after=to, force=True)
    refs.update_refs(world.laptop.github, world.repository, caller, [update])


async def test_observe_mode_posts_nothing(world: World) -> None:
    """`mode: observe` reports on the board only."""
    await world.start(config="mode: observe\n" + shop.configuration("{image}"))
    await world.settle()
    pull = propose(world, {PRODUCTION: None, CONFIG: None})
    await world.settle()
    assert check(world, pull) is None
