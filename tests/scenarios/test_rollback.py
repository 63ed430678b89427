"""What happens when a release proves bad: it is rolled back, stays out, and something newer goes on."""

from sandbox.github import refs
from tests.world import IMAGE, World

STAGING = "applications/web-app/staging/kustomization.yaml"

CONFIG = """\
version: 1
pipelines:
  web-app:
    images:
      web: {{repository: "{{image}}", constraint: ">=1.0 <2"}}
    environments:
      development: {{path: applications/web-app/development, auto: true}}
      staging:
        path: applications/web-app/staging
        after: [development]
        auto: true
        {staging}
      production:
        path: applications/web-app/production
        after: [staging]
        approvals: {{count: 1}}
        gates: {{soak: 30m}}
"""


def config(staging: str = "on_degraded: rollback") -> str:
    return CONFIG.format(staging=staging)


async def started(world: World, staging: str = "on_degraded: rollback") -> None:
    """Staging runs 1.1.0, and ran 1.0.0 before: both seen Healthy there."""
    await world.start(config=config(staging))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert world.board("staging").live == "1.1.0"


async def degraded(world: World, *, past: str = "3m") -> None:
    world.laptop.cluster.degrade("web-app-staging", "crash loop")
    await world.settle()
    await world.after(past)


async def test_a_degraded_release_is_rolled_back_and_stays_out_until_a_newer_one(world: World) -> None:
    """Staging degrades, is rolled back byte for byte, what ran before runs again, and only something newer goes on."""
    await world.start(config=config())
    await world.settle()
    before = world.file(STAGING)
    world.push("1.1.0")
    await world.settle()
    assert world.board("staging").live == "1.1.0"
    await degraded(world)
    rollback = world.merged_pull_request(into="staging")
    assert rollback.title == "Roll back web-app to 1.0.0 in staging"
    assert world.file(STAGING) == before
    world.laptop.cluster.recover("web-app-staging")
    await world.after("1h")
    board = world.board("staging")
    assert (board.live, board.health) == ("1.0.0", "Healthy")
    assert "rolled back from 1.1.0 to 1.0.0" in board.waiting
    assert world.board("development").live == "1.1.0"
    assert not world.open_pull_requests(into="staging")
    world.approve(world.pull_request(into="production"), by="bob")
    await world.settle()
    told = f"1.1.0 was rejected in staging: it was rolled back to 1.0.0 (#{rollback.number})"
    assert told in world.board("production").waiting
    world.push("1.2.0")
    await world.settle()
    assert world.board("staging").live == "1.2.0"
    assert world.pull_request(into="production").title == "Promote web-app 1.2.0 to production"


async def test_nothing_is_rolled_back_within_the_grace(world: World) -> None:
    """What is Degraded for a moment only, during a rollout perhaps, stays; the board says when that ends."""
    await started(world)
    await degraded(world, past="1m")
    assert "if it still is at" in world.board("staging").waiting
    world.laptop.cluster.recover("web-app-staging")
    await world.after("1h")
    assert world.board("staging").live == "1.1.0"


async def test_without_on_degraded_nothing_is_rolled_back(world: World) -> None:
    """It is asked for, or does not happen."""
    await started(world, "on_degraded: none")
    await degraded(world, past="1h")
    assert world.board("staging").active == "1.1.0"
    assert not world.open_pull_requests(into="staging")


async def test_it_goes_back_over_several(world: World) -> None:
    """What was rolled back once is no goal: the newest that is left is."""
    await world.start(config=config())
    await world.settle()
    first = world.file(STAGING)
    for version in ("1.1.0", "1.2.0"):
        world.push(version)
        await world.settle()
        assert world.board("staging").live == version
        world.laptop.cluster.break_revision("web-app-staging", "crash loop")
        await world.settle()
        await world.after("3m")
        assert world.file(STAGING) == first
    await world.after("1h")
    assert world.board("staging").live == "1.0.0"
    world.push("1.3.0")
    await world.settle()
    assert world.board("staging").live == "1.3.0"


async def test_a_digest_comes_back_whatever_its_tag_is_by_now(world: World) -> None:
    """The tag was moved since: where the digest is written, what ran before comes back all the same."""
    at_once = config("on_degraded: rollback\n        pace: latest")
    text = at_once.replace('constraint: ">=1.0 <2"', 'constraint: ">=1.0 <2", pin: both')
    await world.start(config=text)
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    before = world.file(STAGING)
    assert "digest: sha256:" in before
    world.push("1.2.0")
    await world.settle()
    world.registry.push(IMAGE, "1.1.0", content=b"something else")
    await degraded(world)
    assert world.file(STAGING) == before
    assert world.merged_pull_request(into="staging").title == "Roll back web-app to 1.1.0 in staging"


async def test_a_tag_that_was_moved_is_not_rolled_back_to(world: World) -> None:
    """Only the tag stands in Git: it would bring another image than the one that was verified."""
    await started(world)
    world.registry.push(IMAGE, "1.0.0", content=b"something else")
    await degraded(world)
    pull = world.pull_request(into="staging")
    assert not pull.merged_at
    assert "1.0.0 points at" in world.board("staging").waiting


async def test_a_rollback_waits_for_the_approvals_that_it_asks_for(world: World) -> None:
    """`rollback.approvals` takes the place of the environment's; `on_degraded` does not go around them."""
    await started(world, "on_degraded: rollback\n        rollback: {approvals: {count: 1, users: [wanda]}}")
    await degraded(world)
    pull = world.pull_request(into="staging")
    assert pull.title == "Roll back web-app to 1.0.0 in staging"
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at


async def test_a_rollback_that_is_no_longer_needed_waits(world: World) -> None:
    """Flapping makes no second pull request; nothing that is Healthy again is taken out by itself."""
    await started(world, "on_degraded: rollback\n        rollback: {approvals: {count: 1}}")
    await degraded(world)
    pull = world.pull_request(into="staging")
    world.laptop.cluster.recover("web-app-staging")
    await world.settle()
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "1.1.0 is not seen Degraded any more" in world.board("staging").waiting
    await degraded(world)
    assert pull.merged_at
    assert len([p for p in world.repository.pulls if p.title.startswith("Roll back")]) == 1


async def test_a_closed_rollback_is_not_opened_again(world: World) -> None:
    """A person decides for what stands there: it is rolled back by itself once, or not at all."""
    await started(world, "on_degraded: rollback\n        rollback: {approvals: {count: 1}}")
    await degraded(world)
    world.laptop.close(world.repository, world.pull_request(into="staging"), by="bob")
    await world.after("1h")
    assert not world.open_pull_requests(into="staging")
    assert "a person decides what next" in world.board("staging").waiting
    await world.lose_the_store()
    await world.after("1h")
    assert not world.open_pull_requests(into="staging")
    world.laptop.cluster.recover("web-app-staging")
    world.push("1.2.0")
    await world.settle()
    await world.after("1h")
    assert world.board("staging").active == "1.2.0"


async def test_what_a_rollback_brought_is_not_rolled_back_again(world: World) -> None:
    """Where the older release is Degraded too, the trouble is another: nothing falls further back by itself."""
    await started(world)
    await degraded(world)
    await world.after("1h")
    board = world.board("staging")
    assert (board.active, board.health) == ("1.0.0", "Degraded")
    assert "it came by a rollback itself" in board.waiting
    assert not world.open_pull_requests(into="staging")


async def test_what_cannot_be_seen_is_not_rolled_back(prompt_world: World) -> None:
    """Unknown is not Degraded."""
    world = prompt_world
    await started(world)
    world.laptop.cluster.degrade("web-app-staging", "crash loop")
    await world.settle()
    world.laptop.cluster.away = True
    await world.cluster_lost()
    await world.after("1h")
    assert not world.open_pull_requests(into="staging")
    world.laptop.cluster.away = False
    await world.cluster_back()
    await world.settle()
    await world.after("3m")
    assert world.board("staging").active == "1.0.0"


async def test_a_release_that_is_late_is_told_of_and_not_rolled_back(world: World) -> None:
    """TimedOut is said on the board and in the record, and changes nothing else: it may still come."""
    await world.start(config=config())
    await world.settle()
    world.laptop.cluster.progress("web-app-staging")
    world.push("1.1.0")
    await world.settle()
    await world.after("16m")
    assert "1.1.0 timed out: not live and Healthy within 15m of its merge" in world.board("staging").waiting
    staged = next(d for d in reversed(world.repository.deployments) if d.environment == "web-app/staging")
    assert [s.description for s in staged.statuses if "timed out" in s.description]
    assert not world.open_pull_requests(into="staging")
    world.laptop.cluster.recover("web-app-staging")
    await world.after("31m")
    assert "timed out" not in world.board("staging").waiting
    assert "needs 1 approval" in world.board("production").waiting


async def test_on_degraded_hold_holds_until_a_person_lets_the_fix_through(world: World) -> None:
    """Nothing new enters while what stands there is Degraded, but a person may release what mends it."""
    await started(world, "on_degraded: hold")
    await degraded(world)
    world.push("1.2.0")
    await world.settle()
    pull = world.pull_request(into="staging")
    assert "1.1.0 is Degraded in staging" in world.board("staging").waiting
    assert "held by on_degraded" in world.board("staging").waiting
    world.comment(pull, "/unhold", by="bob")
    await world.settle()
    assert pull.merged_at


async def test_a_restart_in_the_middle_makes_no_second_rollback(world: World) -> None:
    """The bot forgets everything while its rollback waits: GitHub remembers."""
    await started(world, "on_degraded: rollback\n        rollback: {approvals: {count: 1}}")
    await degraded(world)
    pull = world.pull_request(into="staging")
    head = pull.head_sha
    await world.lose_the_store()
    await world.after("10m")
    assert world.pull_request(into="staging").head_sha == head
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at


async def test_a_forged_directive_directs_nothing(prompt_world: World) -> None:
    """A commit that says of itself that it rolls back is none of ours without our check: it goes round no gate."""
    world = prompt_world
    await world.start(config=config("rollback: {approvals: {count: 1}}\n        approvals: {count: 2}"))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="staging")
    world.approve(pull, by="bob")
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    world.push("1.2.0")
    await world.settle()
    pull = world.pull_request(into="staging")
    git, repository = world.repository.git, world.repository
    head, base = git.commit(pull.head_sha), git.commit(world.repository.branch("main") or "")
    before = git.commit(git.commit(base.sha).parents[0]).tree
    said = '{"by":"alice","by_id":1,"kind":"rollback"}'
    message = f"{head.message}\nCaisson-Directive: {said}"
    forged = git.write_commit(before, [base.sha], message, author=head.author, committer=head.committer)
    repository.signed.add(forged)
    update = refs.RefUpdate(name=f"refs/heads/{pull.head_ref}", after=forged, force=True)
    refs.update_refs(world.laptop.github, repository, world.laptop.person("wanda"), [update])
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert pull.head_sha != forged
    assert pull.title == "Promote web-app 1.2.0 to staging"
