"""Environments that fan out and in: canary first, then the regions, and what lies behind any or all of them."""

from sandbox import shop
from tests.world import FULL_NAME, World

NAMES = ("dev", "staging", "canary-eu", "eu", "us", "reporting", "archive")
CONFIG = """\
version: 1
pipelines:
  web-app:
    images:
      web: {repository: '{image}', constraint: "<2"}
    environments:
      dev: {path: applications/web-app/dev, auto: true}
      staging: {path: applications/web-app/staging, after: [dev], auto: true}
      canary-eu: {path: applications/web-app/canary-eu, after: [staging], auto: true}
      eu: {path: applications/web-app/eu, after: [canary-eu], auto: true, gates: {soak: 30m}}
      us: {path: applications/web-app/us, after: [canary-eu], approvals: {count: 1}, gates: {soak: 30m}}
      reporting: {path: applications/web-app/reporting, after_any: [eu, us], auto: true}
      archive: {path: applications/web-app/archive, after: [eu, us], auto: true}
"""


async def started(world: World, config: str = CONFIG) -> None:
    """1.0.0 runs in every environment."""
    await world.laptop_ready()
    files = {
        f"applications/web-app/{name}/kustomization.yaml": shop.kustomization(world.image, "1.0.0") for name in NAMES
    }
    await world.start(config=config, files=files)
    shop.deploy(world.laptop, FULL_NAME, *(name for name in NAMES if name not in shop.NAMES))
    await world.settle()
    assert all(world.board(name).live == "1.0.0" for name in NAMES)


def active(world: World) -> dict[str, str | None]:
    return {name: world.board(name).active for name in NAMES}


async def test_a_release_goes_in_waves(world: World) -> None:
    """The canary first, then each region when it may, then what asks for any of them, and last what asks for all."""
    await started(world)
    world.push("1.1.0")
    await world.settle()
    assert world.board("canary-eu").live == "1.1.0"
    assert "soaking in canary-eu until" in world.board("eu").waiting
    assert "soaking in canary-eu until" in world.board("us").waiting
    road = "dev → staging → canary-eu → **eu**, us → reporting, archive"
    assert road in world.pull_request(into="eu").body

    await world.after("30m")
    assert (world.board("eu").live, world.board("us").live) == ("1.1.0", "1.0.0")
    assert world.board("reporting").live == "1.1.0", "one region is enough"
    assert world.board("archive").live == "1.0.0", "one region is not"
    assert "1.0.0, the newest release verified in eu, us" in world.board("archive").waiting

    world.approve(world.pull_request(into="us"), by="bob")
    await world.settle()
    assert set(active(world).values()) == {"1.1.0"}


async def test_nothing_passes_a_canary_that_is_degraded(world: World) -> None:
    """What is degraded in the canary enters no region, however long one waits."""
    await started(world)
    world.laptop.cluster.degrade("web-app-canary-eu", "crash loop")
    world.push("1.1.0")
    await world.settle()
    await world.after("2h")
    assert (world.board("eu").active, world.board("us").active) == ("1.0.0", "1.0.0")


async def test_any_of_two_gates_by_one_of_them_alone(world: World) -> None:
    """Health and soak must be of one and the same region; the check names both and what each waits for."""
    soaking = CONFIG.replace("after_any: [eu, us], auto: true", "after_any: [eu, us], auto: true, gates: {soak: 1h}")
    await started(world, soaking)
    world.push("1.1.0")
    await world.settle()
    await world.after("30m")
    world.approve(world.pull_request(into="us"), by="bob")
    await world.settle()
    await world.after("30m")
    world.laptop.cluster.degrade("web-app-eu", "crash loop")
    await world.after("20m")
    waiting = world.board("reporting").waiting
    assert world.board("reporting").active == "1.0.0"
    assert "soaking in us until" in waiting
    check = next(c for c in reversed(world.repository.check_runs) if "reporting" in (c.summary or ""))
    assert "health (eu or us)" in (check.summary or "")
    assert "soak (eu or us)" in (check.summary or "")
    await world.after("10m")
    assert world.board("reporting").live == "1.1.0"


async def test_what_one_region_took_out_may_come_from_another(world: World) -> None:
    """Taken out of one of `after_any` by hand it still comes from the other; out of one of `after`, it does not."""
    soaking = CONFIG.replace("approvals: {count: 1}", "auto: true")
    for keys in ("after_any: [eu, us], auto: true", "after: [eu, us], auto: true"):
        soaking = soaking.replace(keys, f"{keys}, gates: {{soak: 1h}}")
    await started(world, soaking)
    world.push("1.1.0")
    await world.settle()
    await world.after("30m")
    assert (world.board("eu").live, world.board("us").live) == ("1.1.0", "1.1.0")
    undone = {"applications/web-app/eu/kustomization.yaml": shop.kustomization(world.image, "1.0.0")}
    world.laptop.commit(world.repository, undone, "Take 1.1.0 out of eu", by="alice")
    await world.settle()
    await world.after("2h")
    assert active(world)["reporting"] == "1.1.0"
    assert active(world)["archive"] == "1.0.0"


async def test_a_busy_registry_does_not_starve_production(world: World) -> None:
    """With a release every ten minutes and thirty minutes of soak, production gets releases all the same.

    Staging stands still until what runs there has soaked, says so, and then takes the newest.
    """
    await world.start(config=shop.configuration("{image}").replace("approvals: {count: 1}", "auto: true"))
    await world.settle()
    reached = set()
    for minor in range(1, 13):
        world.push(f"1.{minor}.0")
        await world.settle()
        await world.after("10m")
        reached.add(world.board("production").active)
        if minor == 2:
            assert world.board("development").active == "1.2.0", "a root takes the newest at once"
            assert world.board("staging").active == "1.1.0"
            assert "1.1.0 in staging soaks for production until" in world.board("staging").waiting
            assert world.pull_request(into="staging").title == "Promote web-app 1.2.0 to staging"
    assert len(reached - {"1.0.0"}) >= 3, reached


async def test_a_pace_of_latest_lets_every_release_in(world: World) -> None:
    """`pace: latest` is for an environment that is to follow at once: production starves then, as it was told to."""
    config = shop.configuration("{image}").replace("approvals: {count: 1}", "auto: true")
    await world.start(config=config.replace("after: [development]", "after: [development]\n        pace: latest"))
    await world.settle()
    for minor in range(1, 7):
        world.push(f"1.{minor}.0")
        await world.settle()
        assert world.board("staging").active == f"1.{minor}.0"
        await world.after("10m")
        assert world.board("production").active == "1.0.0"
    await world.after("30m")
    assert world.board("production").active == "1.6.0"


async def test_a_fix_enters_what_is_degraded(world: World) -> None:
    """Degraded past its grace what stands there is waited for no longer, though production would have it soak."""
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    world.laptop.cluster.degrade("web-app-staging", "crash loop")
    await world.settle()
    world.push("1.2.0")
    await world.settle()
    assert world.board("staging").active == "1.1.0"
    assert "1.1.0 in staging is degraded; a fix may enter from" in world.board("staging").waiting
    await world.after("2m")
    assert world.board("staging").active == "1.2.0"
