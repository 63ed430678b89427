"""The benchmark's report: which figures it holds, in which shape, and that its arithmetic is right."""

import json
from pathlib import Path

import pytest

from sandbox.github.server import Call
from tests.bench import acks, delivery, latency, road, run
from tests.bench.figure import Figure, percentile

READ = Call(method="POST", path="/graphql", operation="/graphql", kind="graphql", writes=False, status=200)
WRITE = Call(method="POST", path="/graphql", operation="/graphql", kind="graphql", writes=True, status=200)
TARGETS = {
    "calls_bump": 6,
    "calls_promotion": 6,
    "calls_merge": 6,
    "idle_reads": 1,
    "idle_writes": 0,
    "event_to_pull_request_p50_ms": 1000,
    "acks_per_second": 5000,
    "ack_p99_ms": 25,
}


def _measured() -> tuple[Figure, ...]:
    """Every figure, of measurements made up."""
    spent = road.Spent(calls=(READ, WRITE, WRITE), trailing=(READ,))
    idle = road.Spent(calls=(), trailing=(READ,))
    served = acks.Acks(acknowledged=400, latencies=tuple(n / 1000 for n in range(1, 101)), seconds=0.5)
    return (
        *road.figures(road.Budget(bump=spent, merge=spent, promotion=spent, idle=idle)),
        *latency.figures((0.3, 0.1, 0.2)),
        *acks.figures(served, acks.Load()),
    )


def test_the_report_names_each_figure_with_value_unit_and_target(tmp_path: Path) -> None:
    """`build/bench.json` is an object: name → value, unit, target. The folder is made where it is missing."""
    report = tmp_path / "build" / "bench.json"
    run.write(_measured(), report)
    found = json.loads(report.read_text())
    assert {name: entry["target"] for name, entry in found.items()} == TARGETS
    assert all(set(entry) == {"value", "unit", "target"} for entry in found.values())
    assert found["calls_bump"] == {"value": 3, "unit": "requests", "target": 6}
    assert found["event_to_pull_request_p50_ms"] == {"value": 200, "unit": "ms", "target": 1000}
    assert found["acks_per_second"] == {"value": 200, "unit": "1/s", "target": 5000}
    assert found["ack_p99_ms"]["value"] == 99


def test_the_table_has_a_row_for_each_figure() -> None:
    """What is written is shown."""
    assert run.table(_measured()).row_count == len(TARGETS)


def test_an_operation_says_its_requests() -> None:
    """A figure above its target must name what it spent."""
    spent = road.Spent(calls=(READ, WRITE, WRITE), trailing=(READ,))
    assert str(spent) == "POST /graphql, 2 x POST /graphql (mutation); then 1 trailing reads"
    assert (spent.writes, spent.reads) == (2, 2)


@pytest.mark.parametrize(
    ("value", "at_least", "met"),
    [
        pytest.param(6, False, True, id="a ceiling is met by itself"),
        pytest.param(7, False, False, id="above a ceiling is missed"),
        pytest.param(6, True, True, id="a floor is met by itself"),
        pytest.param(5, True, False, id="below a floor is missed"),
    ],
)
def test_a_target_is_a_ceiling_or_a_floor(value: float, *, at_least: bool, met: bool) -> None:
    """`met` follows the figure's direction."""
    assert Figure(name="x", value=value, unit="u", target=6, note="", at_least=at_least).met is met


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        pytest.param(0.5, 2, id="half of four are at most the second"),
        pytest.param(0.99, 4, id="nearly all are at most the last"),
        pytest.param(0, 1, id="none is at most the first"),
    ],
)
def test_a_percentile_is_a_value_of_the_sample(share: float, expected: float) -> None:
    """The smallest value that the share does not exceed; order does not matter."""
    assert percentile((3, 1, 4, 2), share) == expected


def test_the_delivery_is_as_large_as_it_says() -> None:
    """The load is that of the reference's measurements: 7,678 bytes of JSON."""
    body = delivery.push()
    assert len(body) == delivery.SIZE
    assert json.loads(body)["repository"]["full_name"] == "acme/deploy"


def test_acknowledged_deliveries_are_counted_and_found_in_the_file(tmp_path: Path) -> None:
    """A short load through the real doors: every answer is a 202 whose delivery was kept, or `measure` raises."""
    served = acks.measure(tmp_path, acks.Load(connections=4, warm_up=0.05, seconds=0.2))
    assert served.acknowledged >= len(served.latencies) > 0
    assert served.per_second > 0
