"""Which release a person, or `on_degraded`, means: the one to go back to, and the one that is named. No I/O.

Nothing here bypasses availability: what is named must have been verified where it would have to be.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from bot.availability import obtainable, spoken_upstreams
from bot.model import RecordState, Release
from bot.standing import Standing
from config.pipeline import Environment

# Fewer digits of a digest or a commit are a guess.
_FEWEST = 7
_HEX = re.compile(r"(sha256:)?[0-9a-f]+")
_MOST_NAMED = 4


def rollback_target(standing: Standing, *, to: str | None = None, automatic: bool = False) -> Release | str:
    """The newest release that was verified here before what stands, or the one that `to` names; else why there is none.

    `to`: its label or a tag, or the beginning of a digest or of the source commit. `automatic`: one that was ever
    Degraded here, or of which not everything can be read, is none.
    """
    active = standing.active
    if active is None or standing.problem:
        return standing.problem or f"nothing is recorded in {standing.name} yet"
    before = [release for release in _once(r.release for r in standing.records) if release.order < active.order]
    if to is not None:
        return _named_before(to, before, standing, active)
    sound = [release for release in before if _unsound(release, standing, automatic=automatic) is None]
    newest = max(sound, key=lambda release: release.order, default=None)
    return newest or f"no earlier release was verified in {standing.name}, so there is nothing to roll back to"


def _named_before(to: str, before: Sequence[Release], standing: Standing, active: Release) -> Release | str:
    found = named(to, before)
    if isinstance(found, str) and not isinstance(named(to, [active]), str):
        return f"{standing.name} runs {active.label} already"
    if isinstance(found, str):
        return f"{found} among what was in {standing.name} before {active.label}"
    return _unsound(found, standing, automatic=False) or found


def _unsound(release: Release, standing: Standing, *, automatic: bool) -> str | None:
    """Why there is no going back to a release that was here once."""
    here = standing.name
    rejection = standing.rejection(release)
    if rejection is not None:
        return f"{rejection}; `/promote {here} version={release.label}` takes that back"
    records = [record for record in standing.records if record.release.id == release.id]
    if any(standing.alarm(record) is not None for record in records):
        return f"an alarm was raised when {release.label} was merged in {here}"
    if not standing.verified(records[0]):
        return f"{release.label} was not verified in {here}"
    if automatic and not all(r.complete for r in records):
        return f"how {release.label} fared in {here} cannot be read at once"
    if automatic and any(s.state is RecordState.DEGRADED for r in records for s in r.statuses):
        return f"{release.label} was Degraded in {here} once"
    return None


def named_release(environment: Environment, standings: Mapping[str, Standing], version: str) -> Release | str:
    """The release that `/promote version=` names for an environment; else a sentence that says why there is none.

    It must be one that its upstreams let go on; for a root it must have been there before. That it was rejected here is
    no hindrance: naming it takes that back. `standings`: of the environment and its upstreams.
    """
    here = standings[environment.name]
    found = named(version, obtainable(environment, standings))
    if isinstance(found, Release):
        if here.active is not None and found.id == here.active.id:
            return f"{here.name} runs {found.label} already"
        return found
    where = spoken_upstreams(environment) or here.name
    upstreams = [standings[name] for name in environment.upstreams]
    seen = named(version, _once(record.release for one in upstreams or [here] for record in one.records))
    if isinstance(seen, Release):
        turned_away = next((why for u in upstreams if (why := u.rejection(seen)) is not None), None)
        return turned_away or f"{seen.label} is not verified in {where}"
    return f"{found} among what {'is verified' if upstreams else 'was before'} in {where}"


def named(text: str, releases: Iterable[Release]) -> Release | str:
    """The one release that a text names; else the beginning of a sentence that says why not."""
    candidates = tuple(releases)
    exact = [r for r in candidates if text == r.label or any(text == a.tag for a in r.artifacts)]
    found = exact or [r for r in candidates if _begins(r, text)]
    if len(found) == 1:
        return found[0]
    if not found:
        return f"no release is called {text!r}"
    shown = ", ".join(sorted(_whole(r) for r in found)[:_MOST_NAMED])
    return f"{text!r} may be any of {shown}"


def _begins(release: Release, text: str) -> bool:
    digits = text.lower().removeprefix("sha256:")
    if not _HEX.fullmatch(text.lower()) or len(digits) < _FEWEST:
        return False
    ids = [a.digest.removeprefix("sha256:") for a in release.artifacts] + ([release.source] if release.source else [])
    return any(one.startswith(digits) for one in ids)


def _whole(release: Release) -> str:
    return release.source or ", ".join(f"{a.name} {a.tag} {a.digest}".replace("  ", " ") for a in release.artifacts)


def _once(releases: Iterable[Release]) -> tuple[Release, ...]:
    """Each release once, the first of it."""
    return tuple({release.id: release for release in reversed(tuple(releases))}.values())
