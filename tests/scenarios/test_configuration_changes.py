"""A change of the declaration is judged by the approvals that are declared at present."""

import json

import pytest

from bot.audit_entry import Wanted, line_of
from sandbox import shop
from tests.scenarios.people import CONFIG, check, propose, says
from tests.world import World

APPROVALS = "approvals: {count: 1}"
OWNED = "approvals: {users: [alice], codeowners: true}"


async def unapproved(world: World) -> list[list[str]]:
    """What the audit log says of each state of the file: whose approvals the change did not come with."""
    kept = await world.service.store.audited(Wanted(repository=world.repository.full_name), most=10_000)
    lines = [json.loads(line_of(one)) for one in kept]
    return [line.get("unapproved", []) for line in lines if line["kind"] == "configuration"]


async def declared(world: World, *, approvals: str = "approvals: {users: [alice]}") -> str:
    """A settled world, and the text of its declaration."""
    await world.start(config=shop.configuration("{image}").replace(APPROVALS, approvals))
    await world.settle()
    return world.file(CONFIG)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("users: [alice]", "users: [wanda]", id="its own approvals"),
        pytest.param("gates: {soak: 30m}", "gates: {soak: 1m}", id="its gates"),
        pytest.param(">=1.0 <2", ">=1.0", id="what travels through the pipeline"),
        pytest.param("version: 1", "version: 1\nmode: propose", id="what stands at the top"),
        pytest.param(
            "path: applications/web-app/staging",
            "path: applications/web-app/staging\n        health: {from: none}",
            id="how the upstream's health is known",
        ),
        pytest.param("      production:", "      live:", id="its name"),
    ],
)
async def test_whoever_changes_what_holds_for_production_needs_its_approvals(
    prompt_world: World, old: str, new: str
) -> None:
    """By those that are declared now: the person who would be enough afterwards is not."""
    world = prompt_world
    text = await declared(world)
    assert old in text
    pull = propose(world, {CONFIG: text.replace(old, new, 1)}, by="bob")
    world.approve(pull, by="wanda")
    await world.settle()
    conclusion, title = says(world, pull)
    assert conclusion is None
    assert title.startswith("approvals (production): needs 1 approval of alice")
    assert says(world, pull, "caisson/config")[0] == "success"
    world.approve(pull, by="alice")
    await world.settle()
    assert says(world, pull)[0] == "success"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("version: 1\n", "# What we deploy\nversion: 1\n"), id="a comment"),
        pytest.param(("auto: true", "auto: false"), id="what an environment before it asks for itself"),
        pytest.param(
            ("      production:", "      test:\n        path: applications/web-app/test\n      production:"),
            id="a new environment",
        ),
    ],
)
async def test_what_means_the_same_for_production_needs_none(prompt_world: World, change: tuple[str, str]) -> None:
    """The meaning counts, not the text."""
    world = prompt_world
    text = await declared(world)
    pull = propose(world, {CONFIG: text.replace(*change, 1)}, by="bob")
    await world.settle()
    assert says(world, pull)[0] == "success"


async def test_removing_an_environment_needs_its_approvals(world: World) -> None:
    """So does removing the whole file."""
    text = await declared(world)
    without = propose(world, {CONFIG: text.partition("      production:")[0]}, branch="without")
    nothing = propose(world, {CONFIG: None}, branch="nothing")
    await world.settle()
    for pull in (without, nothing):
        assert says(world, pull)[1].startswith("approvals (production): needs 1 approval of alice")


async def test_a_file_that_cannot_be_read_is_told_where_it_is_proposed(world: World) -> None:
    """`caisson/config` fails with the place before anything is merged; no approval lets it in until it is mended."""
    text = await declared(world)
    broken = text.replace("approvals:", "aprovals:")
    pull = propose(world, {CONFIG: broken}, by="bob")
    world.approve(pull, by="alice")
    await world.settle()
    config = check(world, pull, "caisson/config")
    assert config is not None
    assert config.conclusion == "failure"
    line = 1 + broken.splitlines().index("        aprovals: {users: [alice]}")
    assert f"{CONFIG}:{line}:9" in (config.summary or "")
    conclusion, title = says(world, pull)
    assert conclusion is None
    assert title == f"configuration: {CONFIG} cannot be read as this leaves it; caisson/config says where"


async def test_a_broken_file_is_mended_with_the_approvals_of_the_last_that_held(world: World) -> None:
    """Breaking the file takes nobody's say away."""
    text = await declared(world)
    world.laptop.commit(world.repository, {CONFIG: text.replace("approvals:", "aprovals:")}, "Break it", by="bob")
    await world.settle()
    pull = propose(world, {CONFIG: text.replace("users: [alice]", "users: [bob]")}, by="bob")
    world.approve(pull, by="wanda")
    await world.settle()
    assert says(world, pull)[1].startswith("approvals (production): needs 1 approval of alice")
    harmless = propose(world, {CONFIG: text}, by="bob", branch="mend")
    await world.settle()
    assert says(world, harmless)[0] == "success"


@pytest.mark.parametrize("way", ["pushed", "merged past the check", "merged once approved"])
async def test_a_change_that_came_without_its_approvals_is_told_of(prompt_world: World, way: str) -> None:
    """On the commit that brought it, whatever way it went around; and not where it came as it should."""
    world = prompt_world
    text = (await declared(world)).replace("users: [alice]", "users: [wanda]")
    if way == "pushed":
        world.laptop.commit(world.repository, {CONFIG: text}, "Change", by="bob")
    else:
        pull = propose(world, {CONFIG: text}, by="bob")
        if way == "merged once approved":
            world.approve(pull, by="alice")
        await world.settle()
        world.laptop.merge(world.repository, pull, by="bob")
    await world.settle()
    run = next(r for r in reversed(world.repository.check_runs) if r.name == "caisson/config")
    assert run.head_sha == world.repository.branch("main")
    assert run.conclusion == "success"
    proper = way == "merged once approved"
    assert run.title == (
        "the file is valid" if proper else "valid, but changed without the approvals of web-app/production"
    )
    assert (await unapproved(world))[-1] == ([] if proper else ["web-app/production"])
    await world.lose_the_store()
    await world.settle()
    assert (await unapproved(world))[-1] == ([] if proper else ["web-app/production"])
    assert next(r for r in reversed(world.repository.check_runs) if r.name == "caisson/config") is run


async def test_breaking_the_file_hides_no_change(world: World) -> None:
    """What could not be read is passed over: the change is held against what held before."""
    text = await declared(world)
    broken = text.replace("approvals:", "aprovals:")
    for one in (broken, text.replace("users: [alice]", "users: [wanda]")):
        world.laptop.commit(world.repository, {CONFIG: one}, "Change", by="bob")
        await world.settle()
    runs = [r for r in world.repository.check_runs if r.name == "caisson/config"]
    assert runs[-1].title == "valid, but changed without the approvals of web-app/production"


async def test_who_owns_what_is_changed_with_the_approvals_that_rely_on_it(world: World) -> None:
    """CODEOWNERS of the branch decides for whoever asks for owners; present owners must approve of its change."""
    await world.laptop_ready()
    config = shop.configuration(world.image).replace(APPROVALS, "approvals: {codeowners: true}")
    files = dict(shop.files(world.image, "1.0.0", config=config)) | {".github/CODEOWNERS": "* @alice\n"}
    await world.start(config=config, files=files)
    await world.settle()
    pull = propose(world, {".github/CODEOWNERS": "* @wanda\n"}, by="bob")
    world.approve(pull, by="wanda")
    await world.settle()
    assert "needs an owner of * (alice)" in says(world, pull)[1]
    world.approve(pull, by="alice")
    await world.settle()
    assert says(world, pull)[0] == "success"


async def test_a_key_is_changed_with_the_approvals_that_rely_on_it(world: World) -> None:
    """Whoever changes the public key changes who may sign what enters production."""
    text = (await declared(world)).replace(
        'constraint: ">=1.0 <2"', 'constraint: ">=1.0 <2"\n        verify: {cosign: {key: keys/cosign.pub}}'
    )
    world.laptop.commit(world.repository, {CONFIG: text, "keys/cosign.pub": "old\n"}, "Verify", by="alice")
    await world.settle()
    pull = propose(world, {"keys/cosign.pub": "new\n"}, by="bob")
    moved = propose(world, {"keys/cosign.pub": None, "keys/old.pub": "old\n"}, by="bob", branch="moved")
    await world.settle()
    for one in (pull, moved):
        assert says(world, one)[1].startswith("approvals (production): needs 1 approval of alice")
