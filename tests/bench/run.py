"""Measures, prints a table and writes `build/bench.json`. Missed targets are reported, not punished."""

import asyncio
import json
import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from tests.bench import acks, choice, edit, latency, road
from tests.bench.figure import Figure, as_json

REPORT = Path("build") / "bench.json"


def main() -> None:
    """Everything; about a minute."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    console = Console()
    with console.status("measuring"):
        measured = tuple(figures())
    console.print(table(measured))
    write(measured, REPORT)
    console.print(f"written to {REPORT}")


def figures() -> Iterator[Figure]:
    """Every figure, one kind after the other so that none disturbs another."""
    with tempfile.TemporaryDirectory(prefix="caisson-bench-") as folder:
        places = [Path(folder) / name for name in ("acks", "road", "latency")]
        for place in places:
            place.mkdir()
        yield from choice.figures()
        yield from edit.figures()
        yield from road.figures(asyncio.run(road.measure(places[1])))
        yield from latency.figures(asyncio.run(latency.measure(places[2])))
        load = acks.Load()
        yield from acks.figures(acks.measure_rounds(places[0], load), load)


def table(measured: Iterable[Figure]) -> Table:
    shown = Table(title="Caisson, measured", title_justify="left")
    shown.add_column("figure", no_wrap=True)
    shown.add_column("value", justify="right", no_wrap=True)
    shown.add_column("unit")
    shown.add_column("target", justify="right", no_wrap=True)
    shown.add_column("how")
    for figure in measured:
        colour = "green" if figure.met else "red"
        shown.add_row(figure.name, f"[{colour}]{figure.value:,g}[/]", figure.unit, figure.aim, figure.note)
    return shown


def write(measured: Iterable[Figure], report: Path) -> None:
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(json.dumps(as_json(measured), indent=2) + "\n")
