"""Which release a command means: the one to go back to, the one that is named, the one that was turned away. No I/O.

What stands in an environment is told by `bot.active`, from the same facts as the decision that follows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.actions import Ask, RecordRelease
from bot.active import ground
from bot.availability import obtainable
from bot.content import proposed_release
from bot.declaration import declares
from bot.directives import DirectiveKind, directed_by
from bot.elsewhere import asked_from, seen_from
from bot.model import Observation, Release, Unknown
from bot.room import Resolve
from bot.standing import Standing
from bot.targets import named_release, rollback_target
from config.pipeline import Environment, Pipeline


def with_people(seen: Observation, people: Observation) -> Observation:
    """The observation with what was read while people were heard: their access, and what Git holds."""
    return replace(
        seen,
        permissions={**seen.permissions, **people.permissions},
        identities={**seen.identities, **people.identities},
        roles_elsewhere={**seen.roles_elsewhere, **people.roles_elsewhere},
        folders={**seen.folders, **people.folders},
        listings={**seen.listings, **people.listings},
        comparisons={**seen.comparisons, **people.comparisons},
    )


def named_releases(declared: Sequence[Pipeline], seen: Mapping[str, Observation], *, people: Observation) -> Resolve:
    """A `Resolve` from what was observed of each pipeline. `people`: the observation with the access that was read."""
    facts = {name: with_people(one, people) for name, one in seen.items()}
    pipelines = {pipeline.name: pipeline for pipeline in declared}

    def resolve(where: str, kind: DirectiveKind, version: str | None) -> Release | Unknown | Ask | str | None:
        pipeline, _, name = where.partition("/")
        if pipeline not in pipelines:
            return Unknown(f"what stands in {name} could not be read")
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
    here = _ground(pipeline, environment, seen)
    return here if isinstance(here, Unknown | Ask) else rollback_target(here, to=to)


def _onwards(
    pipeline: Pipeline, environment: Environment, seen: Observation, *, version: str | None
) -> Release | Unknown | Ask | str | None:
    standings: dict[str, Standing] = {}
    for name in (environment.name, *environment.upstreams):
        known = _ground(pipeline, pipeline.environment(name), seen)
        if isinstance(known, Unknown | Ask):
            return known
        standings[name] = known
    if version is None:
        return turned_away(pipeline, environment, standings)
    found = named_release(environment, standings, version)
    return None if isinstance(found, Release) and _proposed(environment, seen, found) else found


def _ground(pipeline: Pipeline, environment: Environment, seen: Observation) -> Standing | Unknown | Ask:
    """What stands in an environment; or what must be known, or written down, before anything can be said of it."""
    there = seen_from(seen, environment.name)
    here = ground(pipeline, environment, there)
    name = environment.name
    in_git = Ask(folders=here.ask.folders, listings=here.ask.listings, comparisons=here.ask.comparisons)
    if in_git:
        return asked_from(in_git, there)
    if here.ask:
        return Unknown(f"what stands in {name} is being looked up")
    if any(isinstance(action, RecordRelease) for action in here.actions):
        return Unknown(f"what stands in {name} is being written down")
    if here.closings.unsure:
        return Unknown(f"who turned releases away from {name} is not known")
    return asked_from(here.closings.ask, there) or here.standing


def turned_away(pipeline: Pipeline, environment: Environment, standings: Mapping[str, Standing]) -> Release | None:
    """The release that an environment would take had nobody turned it away there; None where another comes first."""
    here = standings[environment.name]
    able = obtainable(environment, standings)
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
