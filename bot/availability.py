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
    required = [standings[name] for name in environment.after]
    ways = [standings[name] for name in environment.after_any]
    fine = [_verified(upstream) for upstream in required]
    fine += [frozenset().union(*(_verified(upstream) for upstream in ways))] if ways else []
    shared = (frozenset.intersection(*fine) if fine else frozenset()) - standings[environment.name].reverted
    found: dict[str, Release] = {}
    for upstream in (*required, *ways):
        for one in upstream.verified_releases:
            if one.id in shared:
                found.setdefault(one.id, one)
    return tuple(sorted((first_known(one, standings) for one in found.values()), key=lambda one: one.order))


def _verified(upstream: Standing) -> frozenset[str]:
    """What it rejected is verified there no more."""
    return frozenset(one.id for one in upstream.verified_releases) - upstream.reverted


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
