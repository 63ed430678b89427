"""The audit log as an auditor reads it, from a bot that ran, crashed and lost its store."""

import json
from typing import Any

from bot.audit_entry import Wanted, line_of
from sandbox.github.server import Fault
from tests.world import World

Line = dict[str, Any]


async def log(world: World, *, environment: str | None = None) -> list[Line]:
    """Every entry, as exported."""
    kept = await world.service.store.audited(Wanted(environment=environment), most=10_000)
    return [json.loads(line_of(one)) for one in kept]


def of(kind: str, lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["kind"] == kind]


async def test_the_road_to_production_can_be_read_in_the_log(world: World) -> None:
    """What was proposed, what the gates said, who approved, what was merged on which verdicts, how it fared."""
    pull = await world.soaked()
    world.comment(pull, "/hold not before noon", by="wanda")
    await world.settle()
    world.comment(pull, "/unhold", by="wanda")
    world.comment(pull, "/approve", by="carol")
    await world.settle()
    world.comment(pull, "/approve", by="bob")
    await world.settle()
    assert world.board("production").live == "1.1.0"

    lines = await log(world, environment="production")
    merged = of("merged", lines)
    assert [(m["pull_request"], m["enforced"], m["who"]["login"]) for m in merged] == [(pull.number, True, "caisson")]
    assert {v["outcome"] for v in merged[0]["verdicts"]} == {"pass"}
    assert "approved by bob" in json.dumps(merged[0]["verdicts"])
    said = [(c["who"]["login"], c["commands"][0]["command"], c["result"]) for c in of("command", lines)]
    assert said == [
        ("wanda", "hold", "obeyed"),
        ("wanda", "unhold", "obeyed"),
        ("carol", "approve", "refused"),
        ("bob", "approve", "obeyed"),
    ]
    assert "needs write access" in of("command", lines)[2]["answer"]
    gates = of("gates", lines)
    assert {v["outcome"] for v in gates[-1]["verdicts"]} == {"pass"}
    assert gates[-1]["head"] == merged[0]["head"]
    assert gates[-1]["number"] < merged[0]["number"], "what it was merged on is written before it is merged"
    assert [r["release"]["label"] for r in of("recorded", lines)] == ["1.0.0", "1.1.0"]
    assert of("health", lines)[-1]["state"] == "healthy"
    assert [c["accepted"] for c in of("configuration", await log(world))] == [True]


async def test_an_idle_pass_appends_nothing(world: World) -> None:
    """Waiting for an approval, resync after resync."""
    await world.soaked()
    before = await log(world)
    for _ in range(3):
        await world.service.resync()
        await world.after("10m")
    assert await log(world) == before


async def test_a_restart_appends_nothing(prompt_world: World) -> None:
    """Another process on the same store sees the same facts, and knows that they are told."""
    world = prompt_world
    await world.soaked()
    before = await log(world)
    await world.service.stop()
    await world.start_bot()
    await world.settle()
    assert await log(world) == before


async def test_a_merge_that_fails_is_not_told_as_done(prompt_world: World) -> None:
    """GitHub refuses, and the log says what the gates said, but of no merge until there is one."""
    world = prompt_world
    pull = await world.soaked()
    refusal = Fault(method="PUT", path="/merge$", status=409, message="Head branch was modified.")
    world.laptop.github_server.faults.append(refusal)
    world.approve(pull, by="bob")
    await world.service.resync()
    while refusal in world.laptop.github_server.faults:
        assert await world.service.worker.run_once(), "the merge was never tried"
    lines = await log(world, environment="production")
    assert {v["outcome"] for v in of("gates", lines)[-1]["verdicts"]} == {"pass"}
    assert not of("merged", lines)
    for _ in range(5):
        await world.after("1m")
    assert len(of("merged", await log(world, environment="production"))) == 1


async def test_a_merge_whose_answer_is_lost_is_told_once(prompt_world: World) -> None:
    """The process could as well have died there: the next look finds the merge on GitHub."""
    world = prompt_world
    pull = await world.soaked()
    world.laptop.github_server.faults.append(Fault(method="PUT", path="/merge$", status=502, when="after"))
    world.approve(pull, by="bob")
    for _ in range(3):
        await world.after("1m")
    assert len(of("merged", await log(world, environment="production"))) == 1


async def test_a_person_s_merge_is_told_as_theirs(world: World) -> None:
    """Whatever the gates said, none was enforced."""
    pull = await world.soaked()
    world.laptop.merge(world.repository, pull, by="alice")
    await world.settle()
    (merged,) = of("merged", await log(world, environment="production"))
    assert (merged["who"]["login"], merged["enforced"]) == ("alice", False)
    assert "verdicts" not in merged


async def test_losing_the_store_loses_only_what_github_does_not_show(world: World) -> None:
    """Another machine tells again what was merged and recorded, at its own time, and goes on from there."""
    pull = await world.soaked()
    world.approve(pull, by="bob")
    await world.settle()
    before = await log(world)
    await world.lose_the_store()
    await world.settle()
    after = await log(world)

    def plain(lines: list[Line], kind: str) -> list[tuple[Any, ...]]:
        return sorted((one["at"], one["environment"], str(one.get("verdicts"))) for one in of(kind, lines))

    for kind in ("merged", "recorded", "health"):
        assert plain(after, kind) == plain(before, kind)


async def test_a_broken_configuration_is_told_of(world: World) -> None:
    """Refused, with what is wrong, and accepted again once it is mended."""
    await world.start()
    await world.settle()
    good = world.file(".github/caisson.yaml")
    for text in ("version: 1\nnonsense: true\n", good):
        world.laptop.commit(world.repository, {".github/caisson.yaml": text}, "Change it", by="alice")
        await world.settle()
    told = [(one["accepted"], "nonsense" in str(one.get("problems"))) for one in of("configuration", await log(world))]
    assert told == [(True, False), (False, True), (True, False)]


async def test_the_log_holds_no_secret(world: World) -> None:
    """Nothing that opens a door: no key, no token, no webhook's secret."""
    pull = await world.soaked()
    world.approve(pull, by="bob")
    await world.settle()
    text = json.dumps(await log(world))
    assert "PRIVATE KEY" not in text
    assert "ghs_" not in text
