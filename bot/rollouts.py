"""What an Argo Rollouts Rollout says of itself, from its JSON, and in a sentence. No I/O.

As with Applications, whatever is missing or of the wrong kind is *unknown*, never an error. Field names are those of
`argoproj.io/v1alpha1` (Argo Rollouts' `pkg/apis/rollouts/v1alpha1/types.go`).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.model import Rollout

_EMPTY: Mapping[str, object] = {}
_DURATION = re.compile(r"(\d{1,9})([smh]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def parse_rollout(found: object) -> Rollout:
    """The Rollout in an object of the API server. A malformed one has phase ""; a nameless one, name ""."""
    whole = _mapping(found)
    metadata, spec, status = _part(whole, "metadata"), _part(whole, "spec"), _part(whole, "status")
    steps = _sequence(_part(_part(spec, "strategy"), "canary").get("steps"))
    index = status.get("currentStepIndex")
    step = index if isinstance(index, int) and 0 <= index <= len(steps) else None
    phase = _text(status, "phase")
    return Rollout(
        name=_text(metadata, "name"),
        namespace=_text(metadata, "namespace"),
        # Until the controller has looked at what was applied last, its words are about what was there before.
        phase=phase if _is_observed(metadata, status) else "Progressing",
        message=_text(status, "message"),
        step=step,
        steps=len(steps),
        weight=_weight(steps, step, status),
        paused=phase == "Paused" or bool(_sequence(status.get("pauseConditions"))),
        paused_until=_paused_until(steps, step, status),
        aborted=status.get("abort") is True,
    )


def in_words(rollout: Rollout) -> str:
    """`web: step 2 of 5, weight 20 %, paused until resumed`: the same until the cluster says something else."""
    if rollout.aborted:
        return f"{rollout.name}: aborted" + (f": {rollout.message}" if rollout.message else "")
    parts = []
    if rollout.step is not None and rollout.steps:
        parts.append(f"step {min(rollout.step + 1, rollout.steps)} of {rollout.steps}")
    if rollout.weight is not None:
        parts.append(f"weight {rollout.weight} %")
    if rollout.paused:
        until = rollout.paused_until
        parts.append(f"paused until {until:%Y-%m-%d %H:%M UTC}" if until else "paused until resumed")
    elif rollout.phase != "Healthy":
        said = rollout.phase or "does not report its phase"
        parts.append(said + (f": {rollout.message}" if rollout.message else ""))
    return f"{rollout.name}: {', '.join(parts)}" if parts else f"{rollout.name}: {rollout.phase}"


def _is_observed(metadata: Mapping[str, object], status: Mapping[str, object]) -> bool:
    """`observedGeneration` is text there; versions before 1.0 wrote a hash, which says nothing."""
    observed, generation = status.get("observedGeneration"), metadata.get("generation")
    if not isinstance(generation, int) or not (isinstance(observed, str) and observed.isdecimal()):
        return True
    return int(observed) >= generation


def _weight(steps: Sequence[object], step: int | None, status: Mapping[str, object]) -> int | None:
    """What a traffic router reports; else the last weight set by the steps so far."""
    routed = _part(_part(_part(status, "canary"), "weights"), "canary").get("weight")
    if isinstance(routed, int):
        return routed
    if step is None:
        return None
    done = [_mapping(one).get("setWeight") for one in steps[: step + 1]]
    return next((weight for weight in reversed(done) if isinstance(weight, int)), None)


def _paused_until(steps: Sequence[object], step: int | None, status: Mapping[str, object]) -> datetime | None:
    """When a pause with a duration ends; None: when somebody resumes it."""
    conditions = _sequence(status.get("pauseConditions"))
    if step is None or step >= len(steps) or not conditions:
        return None
    length = _part(_mapping(steps[step]), "pause").get("duration")
    found = _DURATION.fullmatch(str(length)) if isinstance(length, int | str) else None
    try:
        began = datetime.fromisoformat(_text(_mapping(conditions[0]), "startTime"))
    except ValueError:
        return None
    if found is None or began.tzinfo is None:
        return None
    return began.astimezone(UTC) + timedelta(seconds=int(found[1]) * _UNITS[found[2]])


# --- JSON of any shape ------------------------------------------------------------------------------------------------


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else _EMPTY


def _part(value: Mapping[str, object], key: str) -> Mapping[str, object]:
    return _mapping(value.get(key))


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _text(value: Mapping[str, object], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
