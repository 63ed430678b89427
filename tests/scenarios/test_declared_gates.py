"""Windows, checks, ages and expressions that an environment declares."""

import pytest

from sandbox import shop
from sandbox.github import records, talk
from sandbox.github.access import install, register_app
from sandbox.github.state import App, Caller, PullRequest
from tests.world import World

ROOT = "      development:\n        path: applications/web-app/development\n"


def declared(*, production: str = "", root: str = "") -> str:
    """The shop without approval or soak, with lines added to production or to development."""
    text = shop.configuration("{image}")
    usual = "        approvals: {count: 1}\n        gates: {soak: 30m}\n"
    return text.replace(usual, f"        auto: true\n{_indented(production)}").replace(ROOT, ROOT + _indented(root))


def _indented(lines: str) -> str:
    return "".join(f"        {line}\n" for line in lines.splitlines())


async def arrived(world: World, config: str) -> PullRequest:
    """1.1.0 is live in staging; its pull request into production waits."""
    await world.start(config=config)
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert world.board("staging").live == "1.1.0"
    return world.pull_request(into="production")


def another_app(world: World, slug: str) -> App:
    """Another GitHub App that may write checks, installed on the repository."""
    manifest = {"default_permissions": {"checks": "write"}, "default_events": []}
    app = register_app(world.laptop.github, slug, manifest, webhook_secret="a secret of another App")
    install(world.laptop.github, app, world.repository)
    # What GitHub tells the other App of its installation does not come to us.
    assert world.laptop.github.outbox.pop().app is app
    return app


def check(world: World, app: App, pull: PullRequest, name: str, conclusion: str | None = "success") -> None:
    """The App reports on the pull request's head; no conclusion: it runs."""
    records.create_check_run(
        world.laptop.github,
        world.repository,
        Caller(user=app.bot, app=app),
        name=name,
        head_sha=pull.head_sha,
        status="in_progress",
        conclusion=conclusion,
    )


# --- windows ----------------------------------------------------------------------------------------------------------


async def test_a_release_waits_for_a_window_to_open(world: World) -> None:
    """It is Monday noon in UTC: what opens at two in Berlin opens in an hour, and the release goes in by itself."""
    window = 'windows: [{allow: "0 14 * * 1-5", for: 8h, timezone: Europe/Berlin}]'
    pull = await arrived(world, declared(production=window))
    assert "outside the allowed times; opens at 13:00 UTC" in world.board("production").waiting
    await world.after("58m")
    assert not pull.merged_at
    await world.after("2m")
    assert pull.merged_at
    assert world.board("production").live == "1.1.0"


async def test_an_excluded_time_outweighs_an_allowed_one(world: World) -> None:
    """While both cover the moment nothing enters; when the exclusion ends, it does."""
    windows = 'windows:\n  - {allow: "0 9 * * *", for: 10h}\n  - {exclude: "0 12 * * 1", for: 2h}'
    pull = await arrived(world, declared(production=windows))
    assert "an excluded time; opens at 14:00 UTC" in world.board("production").waiting
    await world.after("1h")
    assert not pull.merged_at
    await world.after("1h")
    assert pull.merged_at


async def test_a_root_has_windows_too(world: World) -> None:
    """What comes from the registry waits like anything else."""
    await world.start(config=declared(root='windows: [{allow: "0 13 * * *", for: 1h}]'))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert "opens at 13:00 UTC" in world.board("development").waiting
    await world.after("1h")
    assert world.board("development").live == "1.1.0"


# --- checks -----------------------------------------------------------------------------------------------------------


async def test_a_check_must_succeed_on_the_head(world: World) -> None:
    """Missing and running it waits, failed it blocks, and run again with success it lets the release in."""
    pull = await arrived(world, declared(production="gates: {checks: [build@ci-system]}"))
    assert "no check of that name by ci-system on this head yet" in world.board("production").waiting
    ci = another_app(world, "ci-system")
    check(world, ci, pull, "build", None)
    await world.settle()
    assert "build by ci-system has not concluded yet" in world.board("production").waiting
    check(world, ci, pull, "build", "failure")
    await world.settle()
    assert "build by ci-system failed" in world.board("production").waiting
    await world.after("1m")
    check(world, ci, pull, "build")
    await world.settle()
    assert pull.merged_at


async def test_a_check_of_the_name_by_another_app_opens_nothing(world: World) -> None:
    """Every App may give its check any name: only the named App's counts."""
    pull = await arrived(world, declared(production="gates: {checks: [{name: build, app: ci-system}]}"))
    check(world, another_app(world, "ci-systems"), pull, "build")
    await world.settle()
    assert not pull.merged_at
    assert "no check of that name by ci-system" in world.board("production").waiting


@pytest.mark.parametrize("conclusion", ["neutral", "skipped"])
async def test_a_check_that_was_not_really_made_waits(prompt_world: World, conclusion: str) -> None:
    """GitHub counts neutral and skipped as passing; here they count where that is declared."""
    world = prompt_world
    pull = await arrived(world, declared(production="gates: {checks: [build@ci-system]}"))
    ci = another_app(world, "ci-system")
    check(world, ci, pull, "build", conclusion)
    await world.settle()
    assert not pull.merged_at
    accepting = declared(production=f"gates: {{checks: [{{name: build, app: ci-system, accept: [{conclusion}]}}]}}")
    text = accepting.replace("{image}", world.image)
    world.laptop.commit(world.repository, {".github/caisson.yaml": text}, "Accept it", by="alice")
    await world.settle()
    assert pull.merged_at


# --- age --------------------------------------------------------------------------------------------------------------


async def test_a_release_waits_until_it_is_old_enough(world: World) -> None:
    """Its age counts from when it was first proposed to a root, even if the store is lost meanwhile."""
    pull = await arrived(world, declared(production="gates: {minimum_age: 2h}"))
    assert "1.1.0 will have been there for 2h at 14:" in world.board("production").waiting
    await world.after("1h")
    await world.lose_the_store()
    await world.after("58m")
    assert not pull.merged_at
    await world.after("3m")
    assert pull.merged_at


async def test_a_root_waits_for_the_age_of_what_it_proposed(world: World) -> None:
    """The order of a release is when it was first proposed, and so is its age."""
    await world.start(config=declared(root="gates: {minimum_age: 30m}"))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert "will have been there for 30m" in world.board("development").waiting
    await world.after("31m")
    assert world.board("development").live == "1.1.0"


# --- expressions ------------------------------------------------------------------------------------------------------


async def test_staging_must_have_succeeded(world: World) -> None:
    """`staging.status == 'Succeeded'` is what becomes of this release there: Degraded, it waits; mended, it goes on."""
    expressions = "gates:\n  expressions:\n    - {name: staging-success, when: \"staging.status == 'Succeeded'\"}"
    config = declared(production='windows: [{allow: "0 13 * * *", for: 9h}]\n' + expressions)
    pull = await arrived(world, config)
    view = world.board("production")
    assert [v.reason for v in view.verdicts if v.gate == "expression (staging-success)"] == ["holds"]
    world.laptop.cluster.degrade("web-app-staging", "crash loop")
    await world.settle()
    await world.after("2h")
    assert not pull.merged_at
    assert "staging.status == 'Succeeded' does not hold (staging is Degraded)" in world.board("production").waiting
    world.laptop.cluster.recover("web-app-staging")
    await world.settle()
    assert pull.merged_at


async def test_a_scan_that_is_not_there_waits(world: World) -> None:
    """What is missing is no answer: `securityScan.passed == true` waits, with the reason."""
    gates = 'gates: {expressions: [{name: security-scan, when: "securityScan.passed == true"}]}'
    pull = await arrived(world, declared(production=gates))
    await world.after("1h")
    assert not pull.merged_at
    assert "there is no security scan" in world.board("production").waiting


async def test_an_expression_over_now_is_read_each_minute(world: World) -> None:
    """Nobody need do anything for it to become true."""
    gates = "gates: {expressions: [{name: afternoon, when: \"now.getHours('Europe/Berlin') >= 14\"}]}"
    pull = await arrived(world, declared(production=gates))
    await world.after("30m")
    assert not pull.merged_at
    await world.after("30m")
    assert pull.merged_at


async def test_an_expression_over_labels_hears_of_them(world: World) -> None:
    """A label that people put on the pull request may be what is waited for."""
    gates = (
        "gates: {expressions: [{name: shipped, when: \"'ship it' in pr.labels && release.tags['web'] == '1.1.0'\"}]}"
    )
    pull = await arrived(world, declared(production=gates))
    assert "does not hold" in world.board("production").waiting
    talk.add_labels(world.laptop.github, world.repository, world.laptop.person("tom"), pull, "ship it")
    await world.settle()
    assert pull.merged_at


async def test_an_upstream_whose_cluster_is_away_is_not_known(prompt_world: World) -> None:
    """`app` speaks of what the cluster says: while nothing is known it waits, whatever is asked of it."""
    world = prompt_world
    gates = "gates: {expressions: [{name: fine, when: \"app.status.health.status != 'Degraded'\"}]}"
    pull = await arrived(world, declared(production='windows: [{allow: "0 13 * * *", for: 9h}]\n' + gates))
    world.laptop.cluster.away = True
    await world.cluster_lost()
    await world.after("2h")
    assert not pull.merged_at
    assert "cannot be reached" in next(
        v.reason for v in world.board("production").verdicts if v.gate == "expression (fine)"
    )
    world.laptop.cluster.away = False
    await world.cluster_back()
    await world.settle()
    assert pull.merged_at
