"""A figure of the benchmark: what was measured, in which unit, and what was hoped for. No I/O."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`at_least`: more is better, the target is a floor; otherwise it is a ceiling. `note` says how it was measured."""

    name: str
    value: float
    unit: str
    target: float
    note: str
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def aim(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.target:,g}"


def as_json(figures: Iterable[Figure]) -> dict[str, dict[str, float | str]]:
    """What `build/bench.json` holds: name → value, unit and target."""
    return {f.name: {"value": f.value, "unit": f.unit, "target": f.target} for f in figures}


def percentile(sample: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` (0 to 1) of the sample do not exceed; the sample is not empty."""
    ordered = sorted(sample)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
