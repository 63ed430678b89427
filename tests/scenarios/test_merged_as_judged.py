"""What is merged is what was judged, whatever people do to tags, declarations and files meanwhile."""

from cryptography.hazmat.primitives.asymmetric import ec

from tests.scenarios.declarations import HERE, THERE, both, declared, kustomized, public, started
from tests.world import IMAGE, World

SIGNED = "verify: {cosign: {key: keys/cosign.pub}}"


def asking(image: str, environment: str, count: int = 1) -> str:
    """The declaration, in which one environment wants approvals."""
    text = declared(image)
    path = HERE if environment == "development" else THERE
    (line,) = [line for line in text.splitlines() if f"path: {path}" in line]
    return text.replace(line, line.replace("auto: true", f"approvals: {{count: {count}}}"))


async def test_a_tag_moved_after_staging_goes_no_further(prompt_world: World) -> None:
    """Its signature was of another image: the promotion is blocked, says why, and a newer version goes on."""
    world = prompt_world
    await world.laptop_ready()
    key = ec.generate_private_key(ec.SECP256R1())
    world.registry.sign(IMAGE, world.registry.push(IMAGE, "1.0.0"), key=key)
    files = {**both(kustomized(world, "1.0.0")), "keys/cosign.pub": public(key)}
    await world.start(config=asking(SIGNED, "production"), files=files)
    await world.settle()
    world.registry.sign(IMAGE, world.registry.push(IMAGE, "1.1.0", content=b"ours"), key=key)
    await world.after("6m")
    pull = world.pull_request(into="production")
    world.registry.push(IMAGE, "1.1.0", content=b"theirs")
    await world.settle()
    world.approve(pull, by="bob")
    await world.after("10m")
    assert not pull.merged_at
    assert "1.1.0 points at" in world.board("production").waiting
    assert "| ⏳ | tag (web) |" in pull.body
    world.registry.sign(IMAGE, world.registry.push(IMAGE, "1.2.0", content=b"ours again"), key=key)
    await world.after("10m")
    world.approve(world.pull_request(into="production"), by="bob")
    await world.after("10m")
    assert world.board("production").active == "1.2.0"


async def test_a_tag_put_back_goes_on(prompt_world: World) -> None:
    """Nobody tells of it: it is looked at again."""
    world = prompt_world
    await world.laptop_ready()
    await world.start(config=asking('constraint: "*"', "production"), files=both(kustomized(world, "1.0.0")))
    await world.settle()
    judged = world.registry.push(IMAGE, "1.1.0", content=b"ours")
    await world.settle()
    pull = world.pull_request(into="production")
    world.registry.push(IMAGE, "1.1.0", content=b"theirs")
    await world.settle()
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    world.registry.retag(IMAGE, "1.1.0", judged)
    await world.after("15m")
    assert pull.merged_at


async def test_an_approved_proposal_whose_tag_was_moved_does_not_merge(prompt_world: World) -> None:
    """What they did not see does not get in, and a newer version takes its place."""
    world = prompt_world
    await world.laptop_ready()
    await world.start(config=asking('constraint: "*"', "development", count=2), files=both(kustomized(world, "1.0.0")))
    await world.settle()
    world.registry.push(IMAGE, "1.1.0", content=b"ours")
    await world.settle()
    pull = world.pull_request(into="development")
    world.approve(pull, by="bob")
    await world.settle()
    world.push("1.2.0")
    world.registry.push(IMAGE, "1.1.0", content=b"theirs")
    await world.settle()
    world.approve(pull, by="wanda")
    await world.after("10m")
    assert not pull.merged_at
    assert "1.2.0" in pull.title, "what can never merge makes way"
    assert "1 given" in world.board("development").waiting


async def test_a_renamed_artifact_is_adopted_and_goes_on(prompt_world: World) -> None:
    """Whatever it is called, what stands stands: it is written down anew, and the next version follows."""
    world = prompt_world
    await world.laptop_ready()
    config = asking('constraint: "*"', "production")
    await world.start(config=config, files=both(kustomized(world, "1.0.0")))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert world.open_pull_requests(into="production")
    renamed = config.replace("      web:\n", "      app:\n").replace("{image}", world.image)
    world.laptop.commit(world.repository, {".github/caisson.yaml": renamed}, "Rename", by="alice")
    await world.settle()
    assert world.board("development").active == "1.1.0"
    assert world.board("production").active == "1.0.0"
    world.push("1.2.0")
    await world.settle()
    assert world.board("development").active == "1.2.0"
    assert "newTag: 1.2.0" in world.file(f"{HERE}/kustomization.yaml")
    world.approve(world.pull_request(into="production"), by="bob")
    await world.settle()
    assert world.board("production").active == "1.2.0"


async def test_a_renamed_artifact_is_not_set_back(prompt_world: World) -> None:
    """Though the declaration admits older versions only by then."""
    world = prompt_world
    await started(world, 'constraint: "*"')
    world.push("1.1.0")
    await world.settle()
    renamed = declared('constraint: "<1.1"').replace("      web:\n", "      app:\n").replace("{image}", world.image)
    world.laptop.commit(world.repository, {".github/caisson.yaml": renamed}, "Rename", by="alice")
    await world.settle()
    assert world.board("production").active == "1.1.0"
    assert "newTag: 1.1.0" in world.file(f"{HERE}/kustomization.yaml")


async def test_a_digest_alone_is_moved_and_then_left_alone(prompt_world: World) -> None:
    """Git names no tag; version after version is written once, and a look at it writes nothing."""
    world = prompt_world
    await world.laptop_ready()
    first = world.registry.push(IMAGE, "1.0.0", content=b"one")
    text = f"images:\n  - name: {world.image}\n    digest: {first}\n"
    await world.start(config=declared("pin: digest"), files=both(text))
    await world.settle()
    for tag in ("1.1.0", "1.2.0"):
        digest = world.registry.push(IMAGE, tag, content=tag.encode())
        await world.settle()
        assert f"digest: {digest}" in world.file(f"{THERE}/kustomization.yaml")
        # The board issue may lag behind for a minute.
        await world.after("2m")
        writes = len(world.writes)
        await world.after("10m")
        assert len(world.writes) == writes


async def test_seven_new_tags_without_the_platform_are_passed_over(prompt_world: World) -> None:
    """All within one pass, and the eighth is taken."""
    world = prompt_world
    await world.laptop_ready()
    arm = ("linux/arm64",)
    world.registry.push(IMAGE, "1.0.0", platforms=arm)
    await world.start(config=declared("platforms: [linux/arm64]"), files=both(kustomized(world, "1.0.0")))
    await world.settle()
    world.registry.push(IMAGE, "1.1.0", platforms=arm)
    for patch in range(7):
        world.registry.push(IMAGE, f"1.2.{patch}", platforms=("linux/amd64",))
    await world.settle()
    assert world.board("production").active == "1.1.0"


async def test_a_folder_that_breaks_takes_the_green_check_back(prompt_world: World) -> None:
    """A person merges on its word: while the folder cannot be read it does not give it."""
    world = prompt_world
    await world.laptop_ready()
    config = asking('constraint: "*"', "production").replace("approvals: {count: 1}", "auto: false")
    await world.start(config=config, files=both(kustomized(world, "1.0.0")))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")

    def conclusion() -> str | None:
        shown = [run for run in world.repository.check_runs if run.head_sha == pull.head_sha and "gates" in run.name]
        return shown[-1].conclusion

    assert conclusion() == "success"
    broken = kustomized(world, "1.0.0").replace("newTag: 1.0.0", "newTag: [")
    world.laptop.commit(world.repository, {f"{THERE}/kustomization.yaml": broken}, "Break", by="alice")
    await world.settle()
    assert conclusion() != "success"
    assert THERE in world.board("production").waiting
    mended = kustomized(world, "1.0.0")
    world.laptop.commit(world.repository, {f"{THERE}/kustomization.yaml": mended}, "Mend", by="alice")
    await world.settle()
    assert conclusion() == "success"
