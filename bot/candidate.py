"""Which release an environment should take next. One predicate for listing, display and enforcement. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.actions import Ask
from bot.availability import available, first_known, rejection, spoken_upstreams
from bot.declaration import declares
from bot.gathering import gather
from bot.hydrated import newest_dry
from bot.model import Observation, Release, Unknown
from bot.selection import Pick, pick
from bot.spans import SOON
from bot.standing import Standing, first_proposed
from bot.versions import Choice, Rejection, overtaking
from config.pipeline import Environment, Pipeline

# How many of the newest refused tags are looked at for one that is only too young.
_MOST_LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """`release` None: nothing to take, and `reason` says why. `until`: when time alone may change that.

    `picks`: for a root, what became of each artifact.
    """

    release: Release | None
    reason: str
    ask: Ask = field(default_factory=Ask)
    until: datetime | None = None
    picks: Mapping[str, Pick] = field(default_factory=dict)


def candidate(
    pipeline: Pipeline, environment: Environment, seen: Observation, standings: Mapping[str, Standing]
) -> Candidate:
    """The newest available release that is newer than what is active; roots take what the artifacts' choice yields."""
    here = standings[environment.name]
    if here.problem:
        return Candidate(release=None, reason=here.problem)
    if environment.is_root and environment.hydrated is not None:
        return _hydrated(environment, seen, here, standings)
    if environment.is_root:
        return _chosen(pipeline, seen, here, standings)
    return _available(pipeline, environment, standings)


def _available(pipeline: Pipeline, environment: Environment, standings: Mapping[str, Standing]) -> Candidate:
    """Releases that may come from upstream; an older one never displaces a newer one."""
    here = standings[environment.name]
    offered = [r for r in available(environment, standings) if declares(pipeline, r)]
    names = spoken_upstreams(environment)
    turned_away = _turned_away(environment, standings)
    if not offered:
        upstreams = [standings[name] for name in environment.upstreams]
        waiting = "; ".join(f"{u.name}: {u.health.reason}" for u in upstreams if not u.verified_releases)
        return Candidate(
            release=None,
            reason=(
                f"nothing is verified in {names} yet ({waiting})" if waiting else f"nothing is verified in {names} yet"
            )
            + turned_away,
        )
    newest = offered[-1]
    active = first_known(here.active, standings) if here.active is not None else None
    if active is not None and newest.id == active.id:
        return Candidate(
            release=None, reason=f"runs {newest.label}, the newest release verified in {names}{turned_away}"
        )
    if active is not None and newest.order <= active.order:
        return Candidate(
            release=None, reason=f"runs {active.label}, newer than what is verified in {names}{turned_away}"
        )
    return Candidate(release=newest, reason=f"{newest.label} is verified in {names}")


def _hydrated(
    environment: Environment, seen: Observation, here: Standing, standings: Mapping[str, Standing]
) -> Candidate:
    """The dry commit that the hydrator made the environment's branch of last."""
    newest = newest_dry(environment, seen.places[environment.name], seen)
    if isinstance(newest, Ask):
        return Candidate(release=None, reason="reading what the hydrator noted", ask=newest)
    if isinstance(newest, Unknown):
        return Candidate(release=None, reason=newest.reason)
    label = newest[:7]
    if here.active is not None and here.active.source == newest:
        return Candidate(release=None, reason=f"runs {label}, to which {environment.hydrated} is hydrated")
    recorded = [r.release for r in here.records if r.release.source == newest]
    if (why := next((why for r in recorded if (why := here.rejection(r)) is not None), None)) is not None:
        return Candidate(release=None, reason=f"{why}; a newer commit goes on")
    if recorded and here.active is not None:
        why = f"{environment.hydrated} went back to {label}, which comes before {here.active.label}"
        return Candidate(release=None, reason=f"{why}; nothing moves back by itself")
    release = Release(source=newest, proposed=first_proposed(here.records, now=seen.now))
    release = _known_before(release, here, standings)
    return Candidate(release=release, reason=f"{environment.hydrated} is hydrated to {label}")


def _turned_away(environment: Environment, standings: Mapping[str, Standing]) -> str:
    """Of what is newer than what stands here, the newest that was rejected and so cannot come, and why."""
    here = standings[environment.name]
    active = first_known(here.active, standings) if here.active is not None else None
    records = [r.release for name in environment.upstreams for r in standings[name].records]
    known = (first_known(release, standings) for release in records)
    newer = [release for release in known if active is None or release.order > active.order]
    told = {release.order: why for release in newer if (why := rejection(environment, release, standings))}
    return f"; {told[max(told)]}" if told else ""


def _chosen(pipeline: Pipeline, seen: Observation, here: Standing, standings: Mapping[str, Standing]) -> Candidate:
    """The newest versions that the declaration admits, each resolved to its digest, as one release."""
    if not pipeline.artifacts:
        return Candidate(release=None, reason="the tip of its branch is the release")
    standing = {a.name: a for a in here.active.artifacts} if here.active else {}
    picks = {
        name: pick(name, source, seen, standing.get(name), pinned=name in here.pinned)
        for name, source in pipeline.artifacts.items()
    }
    until = min((p.until for p in picks.values() if p.until), default=None)
    ask = Ask()
    for each in picks.values():
        ask |= each.ask
    lacking = next((p for p in picks.values() if p.artifact is None and not p.ask), None)
    if lacking is not None:
        again = min(until or seen.now + SOON, seen.now + SOON)
        return Candidate(release=None, reason=lacking.reason, until=again, picks=picks)
    if ask:
        return Candidate(release=None, reason=next(p.reason for p in picks.values() if p.ask), ask=ask)
    gathered = gather(pipeline, picks, seen, standing)
    if gathered.ask:
        return Candidate(release=None, reason="looking for versions that match", ask=gathered.ask)
    if gathered.waiting is not None:
        until = min((moment for moment in (until, gathered.until) if moment), default=None)
        return Candidate(release=None, reason=gathered.waiting, until=until, picks=picks)
    artifacts = tuple(p.artifact for p in gathered.picks.values() if p.artifact is not None)
    release = Release(artifacts=artifacts, proposed=first_proposed(here.records, now=seen.now))
    return _as_release(gathered.picks, _known_before(release, here, standings), here, until=until)


def _known_before(release: Release, here: Standing, standings: Mapping[str, Standing]) -> Release:
    """In its place in the order, where another root had it first, and nothing newer than that has been here since."""
    first = first_known(release, standings)
    return first if all(r.release.order < first.order for r in here.records) else release


def _as_release(picks: Mapping[str, Pick], release: Release, here: Standing, *, until: datetime | None) -> Candidate:
    if here.active is not None and release.id == here.active.id:
        reason = f"runs {here.active.label}, the newest version the declaration admits{_held_back(picks)}"
        return Candidate(release=None, reason=reason, until=until, picks=picks)
    rejection = here.rejection(release)
    if rejection is not None:
        reason = f"{rejection}; a newer version goes on"
        return Candidate(release=None, reason=reason, until=until, picks=picks)
    reason = f"{release.label} is the newest version the declaration admits"
    return Candidate(release=release, reason=reason, until=until, picks=picks)


def _held_back(picks: Mapping[str, Pick]) -> str:
    """What people would ask about: a newer version that is not taken yet, or not for the registry's facts."""
    for each in picks.values():
        if each.refused:
            return f"; {each.refused[0].tag} {each.refused[0].reason}"
        if each.until and each.choice and (young := _newest_young(each.choice)):
            return f"; {young.tag} {young.reason}"
    return ""


def _newest_young(choice: Choice) -> Rejection | None:
    """The newest tag that only its youth keeps out. What the declaration excludes is no news, however new."""
    judge = choice.judge
    ahead = overtaking(choice, limit=_MOST_LOOKED_AT)
    return next((r for r in ahead if judge.objection(r.tag, judge.rank(r.tag)) is None), None)
