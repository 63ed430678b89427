"""Which release an open pull request carries when a newer one is there, and since when it is said to be proposed."""

from sandbox import shop
from sandbox.github import refs
from sandbox.github.git import RefChange
from sandbox.github.state import PullRequest
from tests.scenarios.declarations import HERE, declared, started
from tests.world import World

STAGING = "applications/web-app/staging/kustomization.yaml"


async def approved(world: World, approvals: str, *, by: str) -> PullRequest:
    """1.1.0 waits in production for more than one approval, and somebody has approved of it."""
    await world.laptop_ready()
    config = shop.configuration(world.image).replace("{count: 1}", approvals)
    # What is newer is verified in staging while the older still soaks there.
    await world.start(config=config.replace("after: [development]", "after: [development]\n        pace: latest"))
    world.laptop.github.add_team("acme/sre", "bob", "alice")
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    world.approve(pull, by=by)
    await world.settle()
    assert "1.1.0" in pull.title
    return pull


async def test_an_approval_that_counts_for_nothing_keeps_nothing_out(world: World) -> None:
    """Anybody with push may press Approve; where a team is asked for, only its members keep a release there."""
    pull = await approved(world, "{count: 2, teams: [acme/sre]}", by="wanda")
    world.push("1.2.0")
    await world.settle()
    assert pull.title == "Promote web-app 1.2.0 to production"


async def test_an_approval_that_counts_keeps_the_release_it_was_given_to(world: World) -> None:
    """Somebody of the team has looked at it: what they looked at is not exchanged under their hands."""
    pull = await approved(world, "{count: 2, teams: [acme/sre]}", by="bob")
    world.push("1.2.0")
    await world.settle()
    assert pull.title == "Promote web-app 1.1.0 to production"


async def test_an_approved_release_that_was_taken_out_by_hand_makes_way(world: World) -> None:
    """Staging was set back in Git: the release is nobody's to promote, and a newer one goes on."""
    pull = await approved(world, "{count: 2}", by="bob")
    world.laptop.commit(world.repository, {STAGING: shop.kustomization(world.image, "1.0.0")}, "Back", by="alice")
    await world.after("10m")
    world.push("1.2.0")
    await world.after("10m")
    assert pull.title == "Promote web-app 1.2.0 to production"


async def test_an_approved_version_that_is_declared_no_more_makes_way(world: World) -> None:
    """The constraint has moved on: nobody has to close the pull request first."""
    config = declared('constraint: "*"').replace(f"path: {HERE}, auto: true", f"path: {HERE}, approvals: {{count: 2}}")
    await world.laptop_ready()
    await started(world, 'constraint: "*"')
    world.laptop.commit(
        world.repository, {".github/caisson.yaml": config.replace("{image}", world.image)}, "Two", by="alice"
    )
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="development")
    world.approve(pull, by="bob")
    await world.settle()
    world.push("1.2.0")
    await world.settle()
    assert "1.1.0" in pull.title
    narrower = config.replace('"*"', '">=1.2"').replace("{image}", world.image)
    world.laptop.commit(world.repository, {".github/caisson.yaml": narrower}, "Newer ones only", by="alice")
    await world.settle()
    assert "1.2.0" in pull.title


async def test_a_forged_head_makes_no_release_older(world: World) -> None:
    """A squash by hand keeps our name; what it says of the past is not believed, and our own head takes its place."""
    config = declared('constraint: "*"').replace(
        f"path: {HERE}, auto: true", f"path: {HERE}, auto: true, gates: {{minimum_age: 1h}}"
    )
    await world.laptop_ready()
    await started(world, 'constraint: "*"')
    world.laptop.commit(
        world.repository, {".github/caisson.yaml": config.replace("{image}", world.image)}, "An hour", by="alice"
    )
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="development")
    honest = world.repository.git.commit(pull.head_sha)
    assert '"proposed":"2026' in honest.message
    message = honest.message.replace('"proposed":"2026', '"proposed":"2025')
    github, git = world.laptop.github, world.repository.git
    forged = git.write_commit(
        honest.tree,
        list(honest.parents),
        message,
        author=refs.signature(github, world.laptop.app.bot),
        committer=refs.signature(github, None),
    )
    world.repository.signed.add(forged)
    change = RefChange(f"refs/heads/{pull.head_ref}", forged, pull.head_sha)
    refs.move(github, world.repository, world.laptop.user("wanda"), [change])
    await world.after("10m")
    assert not pull.merged_at
    assert pull.head_sha != forged
    await world.after("30m")
    assert not pull.merged_at
    await world.after("20m")
    assert pull.merged_at
