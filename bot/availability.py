"""Which releases may come from upstream: one predicate for the choice, the gates and what is shown. No I/O."""

from collections.abc import Mapping
from dataclasses import replace

from bot.model import Release
from bot.standing import Standing
from config.pipeline import Environment


def available(environment: Environment, standings: Mapping[str, Standing]) -> tuple[Release, ...]:
    """Releases verified in every environment of `after`, and in one of `after_any` where any is named; oldest first.

    Left out: what was rejected here, or in one of `after`. What one of `after_any` rejected may come from another.
    """
    rejected = standings[environment.name].rejected
    return tuple(r for r in from_upstream(environment, standings) if r.id not in rejected)


def from_upstream(environment: Environment, standings: Mapping[str, Standing]) -> tuple[Release, ...]:
    """What its upstreams let go on, whatever was rejected here; oldest first."""
    required = [standings[name] for name in environment.after]
    ways = [standings[name] for name in environment.after_any]
    # What an upstream rejected is verified there no more.
    fine = [frozenset(one.id for one in upstream.verified_releases) for upstream in required]
    fine += [frozenset(one.id for upstream in ways for one in upstream.verified_releases)] if ways else []
    shared = frozenset.intersection(*fine) if fine else frozenset()
    found: dict[str, Release] = {}
    for upstream in (*required, *ways):
        for one in upstream.verified_releases:
            if one.id in shared:
                found.setdefault(one.id, one)
    return tuple(sorted((first_known(one, standings) for one in found.values()), key=lambda one: one.order))


def obtainable(environment: Environment, standings: Mapping[str, Standing]) -> tuple[Release, ...]:
    """What somebody may ask for by name: what its upstreams let go on; into a root, what was there before."""
    if not environment.is_root:
        return from_upstream(environment, standings)
    return tuple({r.release.id: r.release for r in reversed(standings[environment.name].records)}.values())


def rejection(environment: Environment, release: Release, standings: Mapping[str, Standing]) -> str | None:
    """Why people turned a release away on its road: here, in one of `after`, or in all of `after_any` that had it."""
    for name in (environment.name, *environment.after):
        if (why := standings[name].rejection(release)) is not None:
            return why
    ways = [standings[name] for name in environment.after_any]
    had = [way.rejection(release) for way in ways if way.record_of(release) is not None or way.rejection(release)]
    told = [why for why in had if why is not None]
    return "; ".join(told) if told and len(told) == len(had) else None


def first_known(release: Release, standings: Mapping[str, Standing]) -> Release:
    """The release in its place in the order: roots that take it one after the other recorded several times for it."""
    times = [r.release.proposed for s in standings.values() for r in s.records if r.release.id == release.id]
    return replace(release, proposed=min((release.proposed, *times)))


def recorded_upstream(environment: Environment, release: Release, standings: Mapping[str, Standing]) -> Release | None:
    """The release as its upstreams recorded it, each of `after` and one of `after_any`; None where they did not.

    What a head says of its release is only a claim.
    """
    every = [_recorded(standings[name], release) for name in environment.after]
    some = [one for name in environment.after_any if (one := _recorded(standings[name], release)) is not None]
    if None in every or (environment.after_any and not some):
        return None
    known = next((one for one in (*every, *some) if one is not None), None)
    return first_known(known, standings) if known is not None else None


def _recorded(upstream: Standing, release: Release) -> Release | None:
    record = upstream.record_of(release)
    return record.release if record is not None and record.release.artifacts == release.artifacts else None


def spoken_upstreams(environment: Environment) -> str:
    """`a, b` for all of them, `a or b` for any."""
    parts = (", ".join(environment.after), " or ".join(environment.after_any))
    return " and ".join(part for part in parts if part)
