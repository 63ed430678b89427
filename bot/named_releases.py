"""Which release a command means: the one to go back to, the one that is named, the one that was turned away. No I/O.

What stands in an environment is told by `bot.active`, from the same facts as the decision that follows.
"""

from collections.abc import Mapping
from dataclasses import replace

from bot.actions import Ask, RecordRelease
from bot.active import Ground, ground
from bot.content import proposed_release
from bot.declaration import declares
from bot.directives import DirectiveKind, directed_by
from bot.model import Observation, Release, Unknown
from bot.room import Resolve
from bot.standing import Standing
from bot.targets import named_release, rollback_target
from config.pipeline import Configuration, Environment, Pipeline


def named_releases(declared: Configuration, seen: Mapping[str, Observation], *, people: Observation) -> Resolve:
    """A `Resolve` from what was observed of each pipeline. `people`: the observation with the access that was read."""
    facts = {
        name: replace(one, permissions=people.permissions, identities=people.identities) for name, one in seen.items()
    }
    pipelines = {pipeline.name: pipeline for pipeline in declared.pipelines}

    def resolve(where: str, kind: DirectiveKind, version: str | None) -> Release | Unknown | Ask | str | None:
        pipeline, _, name = where.partition("/")
        here = pipelines[pipeline].environment(name)
        if pipelines[pipeline].is_source(here) and (kind is DirectiveKind.ROLLBACK or version is not None):
            return f"what is released in {name} is the tip of its branch: revert the commit there"
        if kind is DirectiveKind.ROLLBACK:
            return _back(pipelines[pipeline], here, facts[pipeline], to=version)
        return _onwards(pipelines[pipeline], here, facts[pipeline], version=version)

    return resolve


def _back(
    pipeline: Pipeline, environment: Environment, seen: Observation, *, to: str | None
) -> Release | Unknown | Ask | str:
    here = ground(pipeline, environment, seen)
    return _open(here) or rollback_target(here.standing, to=to)


def _onwards(
    pipeline: Pipeline, environment: Environment, seen: Observation, *, version: str | None
) -> Release | Unknown | Ask | str | None:
    here = ground(pipeline, environment, seen)
    upstreams = [ground(pipeline, pipeline.environment(name), seen) for name in environment.after]
    unsettled = next((why for one in (here, *upstreams) if (why := _open(one))), None)
    if unsettled is not None:
        return unsettled
    standings = [one.standing for one in upstreams]
    if version is None:
        return turned_away(pipeline, here.standing, standings)
    found = named_release(here.standing, standings, version)
    return None if isinstance(found, Release) and _proposed(environment, seen, found) else found


def _open(here: Ground) -> Unknown | Ask | None:
    """What must be known, or written down, before anything can be said of an environment."""
    name = here.standing.name
    if here.ask:
        return Unknown(f"what stands in {name} is being looked up")
    if any(isinstance(action, RecordRelease) for action in here.actions):
        return Unknown(f"what stands in {name} is being written down")
    if here.closings.unsure:
        return Unknown(f"who turned releases away from {name} is not known")
    return here.closings.ask or None


def turned_away(pipeline: Pipeline, here: Standing, upstreams: list[Standing]) -> Release | None:
    """The release that an environment would take had nobody turned it away there; None where another comes first."""
    if upstreams:
        first, *others = upstreams
        able = [r for r in first.verified_releases if all(r.id in {v.id for v in o.verified_releases} for o in others)]
    else:
        able = [record.release for record in here.records]
    newer = [r for r in able if declares(pipeline, r) and (here.active is None or r.order > here.active.order)]
    newest = max(newer, key=lambda release: release.order, default=None)
    return newest if newest is not None and here.rejection(newest) is not None else None


def _proposed(environment: Environment, seen: Observation, release: Release) -> bool:
    """Whether our open pull request brings this very release already, as the newest that is available."""
    place = seen.places[environment.name]
    proposed = proposed_release(place.head)
    if place.pull is None or not place.pull.by_us or proposed is None or place.head is None:
        return False
    return place.head.sha == place.pull.head and proposed.id == release.id and directed_by(place.head) is None
