"""Strategies, pauses and ages over days: what is chosen, and what the board says while it is not."""

from tests.scenarios.declarations import HERE, THERE, both, declared, kustomized, started
from tests.world import IMAGE, World

CONFIG = ".github/caisson.yaml"


async def test_the_last_in_the_alphabet_is_taken(prompt_world: World) -> None:
    """`alphabetical` compares the tags themselves, here dates."""
    world = prompt_world
    await world.laptop_ready()
    world.push("2026-01-30")
    rule = "strategy: alphabetical\nallow_tags: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'"
    await world.start(config=declared(rule), files=both(kustomized(world, "2026-01-30")))
    await world.settle()
    for tag in ("2026-02-01", "2026-01-31", "zebra"):
        world.push(tag)
    await world.settle()
    assert world.board("production").active == "2026-02-01"


async def test_the_highest_number_is_taken_as_it_stands(prompt_world: World) -> None:
    """`numerical` without `extract` compares the whole tag, so that 10 is more than 9; it is written quoted."""
    world = prompt_world
    await world.laptop_ready()
    world.push("9")
    await world.start(config=declared("strategy: numerical"), files=both(kustomized(world, '"9"')))
    await world.settle()
    for tag in ("10", "2", "main"):
        world.push(tag)
    await world.settle()
    assert world.board("production").active == "10"
    assert world.file(f"{THERE}/kustomization.yaml") == kustomized(world, '"10"')


async def test_ignoring_all_tags_is_a_pause(world: World) -> None:
    """Nothing is proposed and nothing is taken back while `ignore_tags` is "*"; afterwards it goes on."""
    await started(world, 'ignore_tags: ["*"]')
    world.push("1.1.0")
    await world.settle()
    assert not world.repository.pulls
    assert world.board("production").active == "1.0.0"
    text = world.file(CONFIG).replace('ignore_tags: ["*"]', 'ignore_tags: ["*-rc*"]')
    world.laptop.commit(world.repository, {CONFIG: text}, "Go on", by="alice")
    await world.settle()
    assert world.board("production").active == "1.1.0"


async def test_a_pause_stops_what_is_under_way(world: World) -> None:
    """A pull request that is open when `ignore_tags` becomes "*" is not merged, and says why; afterwards it is."""
    await world.laptop_ready()
    config = declared("minimum_age: 1h").replace("auto: true", "auto: true, approvals: {count: 1}")
    await world.start(config=config, files=both(kustomized(world, "1.0.0")))
    await world.settle()
    await world.after("2h")
    world.push("1.1.0")
    await world.settle()
    await world.after("1h")
    pull = world.pull_request(into="development")
    text = world.file(CONFIG)
    paused = text.replace("minimum_age: 1h", 'minimum_age: 1h\n        ignore_tags: ["*"]')
    world.laptop.commit(world.repository, {CONFIG: paused}, "Pause", by="alice")
    await world.settle()
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.state == "open"
    assert not pull.merged_at
    assert "does not admit" in world.board("development").waiting
    world.laptop.commit(world.repository, {CONFIG: text}, "Go on", by="alice")
    await world.settle()
    assert pull.merged_at


async def test_an_image_that_joins_a_pipeline_rejects_nothing(world: World) -> None:
    """The pipeline goes on with both; what was taken out by hand before stays out only for what it was."""
    await started(world, 'constraint: "*"')
    world.push("1.1.0")
    await world.settle()
    world.registry.push(f"{IMAGE}-api", "3.0.0")
    text = world.file(CONFIG).replace(
        "    environments:", f'      api: {{repository: "{world.image}-api"}}\n    environments:'
    )
    more = f"  - {{name: {world.image}-api, newTag: 3.0.0}}\n"
    joined = {f"{folder}/kustomization.yaml": kustomized(world, "1.1.0") + more for folder in (HERE, THERE)}
    world.laptop.commit(world.repository, {CONFIG: text, **joined}, "The API joins", by="alice")
    await world.settle()
    assert "1.1.0" in (world.board("production").active or "")
    assert "3.0.0" in (world.board("production").active or "")
    world.registry.push(f"{IMAGE}-api", "3.1.0")
    world.push("1.2.0")
    await world.settle()
    for folder in (HERE, THERE):
        expected = (kustomized(world, "1.2.0") + more).replace("3.0.0", "3.1.0")
        assert world.file(f"{folder}/kustomization.yaml") == expected


async def test_a_tag_pushed_again_is_young_again(world: World) -> None:
    """An age belongs to what the tag points at: whoever pushes it again waits as long as anybody.

    Without a notification that is noticed when the tag would have been taken, and counts from then.
    """
    await started(world, "minimum_age: 2h")
    await world.after("3h")
    world.registry.push(IMAGE, "1.1.0", content=b"one")
    await world.settle()
    await world.after("90m")
    world.registry.push(IMAGE, "1.1.0", content=b"two")
    await world.settle()
    await world.after("1h")
    assert world.board("development").active == "1.0.0"
    assert "1.1.0 is younger than 2h" in world.board("development").waiting
    assert not world.repository.pulls
    await world.after("2h")
    assert world.board("production").active == "1.1.0"


async def test_a_lost_store_makes_a_young_tag_wait_again(world: World) -> None:
    """Our clock is lost with the disk: the tag waits its whole age anew. It never counts as old for want of memory."""
    await started(world, "minimum_age: 2h")
    await world.after("3h")
    world.push("1.1.0")
    await world.settle()
    await world.after("90m")
    await world.lose_the_store()
    await world.settle()
    await world.after("1h")
    assert world.board("development").active == "1.0.0"
    assert not world.repository.pulls
    await world.after("61m")
    assert world.board("production").active == "1.1.0"


async def test_an_age_cannot_be_backdated(prompt_world: World) -> None:
    """What an image says of when it was built is its publisher's word, and counts for nothing."""
    world = prompt_world
    await started(world, "minimum_age: 2h")
    await world.after("3h")
    world.registry.push(IMAGE, "1.1.0", created=world.clock.now().replace(year=2001))
    await world.settle()
    assert not world.repository.pulls
    assert "1.1.0 is younger than 2h" in world.board("development").waiting


async def test_an_unknown_artifact_is_answered_with_the_known(prompt_world: World) -> None:
    """`/explain` of a name that is none names those that are; a name is shown as code, whatever stands in it."""
    world = prompt_world
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    world.comment(pull, "/explain wep", by="carol")
    await world.settle()
    assert "There is no artifact `wep` in this pipeline; there are `web`." in pull.comments[-1].body
