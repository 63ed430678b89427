"""The configuration file: broken, mended, absent."""

from sandbox import shop
from tests.world import World

CONFIG = ".github/caisson.yaml"


async def test_a_broken_file_says_where_and_stops_merging(world: World) -> None:
    """A broken file fails `caisson/config` with its place; what was last valid is still shown; nothing merges."""
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    broken = world.file(CONFIG).replace("approvals: {count: 1}", "aprovals: {count: 1}")
    sha = world.laptop.commit(world.repository, {CONFIG: broken}, "Break it", by="alice")
    world.approve(pull, by="bob")
    await world.after("1h")
    check = next(c for c in world.repository.check_runs if c.head_sha == sha and c.name == "caisson/config")
    assert check.conclusion == "failure"
    line = 1 + broken.splitlines().index("        aprovals: {count: 1}")
    assert f"{CONFIG}:{line}:9" in (check.summary or "")
    assert "approvals" in (check.summary or "")
    assert not pull.merged_at
    assert world.board("production").active == "1.0.0"

    world.laptop.commit(world.repository, {CONFIG: shop.configuration(world.image)}, "Mend it", by="alice")
    await world.settle()
    assert pull.merged_at


async def test_a_repository_without_the_file_is_left_alone(world: World) -> None:
    """No file, nothing to do: no checks, no pull requests."""
    await world.start()
    await world.settle()
    checks = len(world.repository.check_runs)
    world.laptop.commit(world.repository, {CONFIG: None}, "Remove Caisson", by="alice")
    world.push("1.1.0")
    await world.settle()
    assert not world.repository.pulls
    assert len(world.repository.check_runs) == checks


async def test_propose_mode_never_merges(world: World) -> None:
    """`mode: propose` opens pull requests and leaves merging to people."""
    await world.start(config="mode: propose\n" + shop.configuration("{image}"))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="development")
    assert not pull.merged_at
    assert "mode: propose never merges" in world.board("development").waiting


async def test_observe_mode_writes_nothing_but_the_config_check(world: World) -> None:
    """`mode: observe` reports on the board only."""
    await world.start(config="mode: observe\n" + shop.configuration("{image}"))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert not world.repository.pulls
    assert not world.repository.deployments
    assert {c.name for c in world.repository.check_runs} == {"caisson/config"}


async def test_a_chart_repository_without_tls_needs_the_operators_word(world: World) -> None:
    """The file's check says whom to ask, before anything fails."""
    await world.start()
    chart = "charts:\n      redis: {repository: 'http://charts.internal/stable', chart: redis}\n    environments:"
    text = world.file(CONFIG).replace("environments:", chart, 1)
    sha = world.laptop.commit(world.repository, {CONFIG: text}, "Add a chart", by="alice")
    await world.settle()
    check = next(c for c in world.repository.check_runs if c.head_sha == sha and c.name == "caisson/config")
    assert check.conclusion == "failure"
    assert "name charts.internal in CAISSON_REGISTRY_PLAIN_HTTP_HOSTS" in (check.summary or "")
