"""Which release an environment should take next. One predicate for listing, display and enforcement. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.actions import Ask
from bot.model import Artifact, Observation, Release, Unknown
from bot.standing import Standing, first_proposed
from bot.versions import choose, compare, parse_constraint
from config.pipeline import Environment, Pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """`release` None: nothing to take, and `reason` says why."""

    release: Release | None
    reason: str
    ask: Ask = field(default_factory=Ask)


def candidate(
    pipeline: Pipeline, environment: Environment, seen: Observation, standings: Mapping[str, Standing]
) -> Candidate:
    """The newest available release that is newer than what is active; roots take what the artifacts' choice yields."""
    here = standings[environment.name]
    if here.problem:
        return Candidate(release=None, reason=here.problem)
    if environment.is_root:
        return _chosen(pipeline, seen, here)
    return _available(environment, here, [standings[name] for name in environment.after])


def _available(environment: Environment, here: Standing, upstreams: Sequence[Standing]) -> Candidate:
    """Releases verified in every upstream; an older one never displaces a newer one."""
    first, *others = upstreams
    shared = [r for r in first.verified_releases if all(r.id in {o.id for o in u.verified_releases} for u in others)]
    newest = max(shared, key=lambda r: r.order, default=None)
    names = ", ".join(environment.after)
    if newest is None:
        waiting = "; ".join(f"{u.name}: {u.health.reason}" for u in upstreams if not u.verified_releases)
        return Candidate(
            release=None,
            reason=f"nothing is verified in {names} yet ({waiting})"
            if waiting
            else f"nothing is verified in {names} yet",
        )
    if here.active is not None and newest.id == here.active.id:
        return Candidate(release=None, reason=f"runs {newest.label}, the newest release verified in {names}")
    if here.active is not None and newest.order <= here.active.order:
        return Candidate(release=None, reason=f"runs {here.active.label}, newer than what is verified in {names}")
    return Candidate(release=newest, reason=f"{newest.label} is verified in {names}")


def _chosen(pipeline: Pipeline, seen: Observation, here: Standing) -> Candidate:
    """The newest tags that the declaration admits, each resolved to its digest."""
    if not pipeline.images:
        return Candidate(release=None, reason="the tip of its branch is the release")
    artifacts: list[Artifact] = []
    missing: set[tuple[str, str]] = set()
    standing = {a.name: a for a in here.active.artifacts} if here.active else {}
    for name, image in pipeline.images.items():
        tags = seen.tags.get(name, Unknown("the registry has not been read"))
        if isinstance(tags, Unknown):
            return Candidate(release=None, reason=f"{image.repository}: {tags.reason}")
        choice = choose(
            tags.names,
            constraint=parse_constraint(image.constraint),
            allow=image.allow_tags,
            ignore=image.ignore_tags,
        )
        tag = choice.selected
        present = standing.get(name)
        if present is not None and (tag is None or not _newer(tag, present.tag)):
            artifacts.append(present)
            continue
        if tag is None:
            return Candidate(release=None, reason=f"no tag of {image.repository} satisfies the declaration")
        if (image.repository, tag) not in seen.digests:
            missing.add((image.repository, tag))
            continue
        digest = seen.digests[image.repository, tag]
        if digest is None or isinstance(digest, Unknown):
            why = digest.reason if isinstance(digest, Unknown) else "it is gone from the registry"
            return Candidate(release=None, reason=f"{image.repository}:{tag}: {why}")
        artifacts.append(Artifact(name=name, repository=image.repository, tag=tag, digest=digest))
    if missing:
        return Candidate(release=None, reason="resolving digests", ask=Ask(digests=frozenset(missing)))
    release = Release(artifacts=tuple(artifacts), proposed=first_proposed(here.records, now=seen.now))
    if here.active is not None and release.id == here.active.id:
        return Candidate(release=None, reason=f"runs {here.active.label}, the newest version the declaration admits")
    return Candidate(release=release, reason=f"{release.label} is the newest version the declaration admits")


def _newer(tag: str, present: str) -> bool:
    try:
        return compare(tag, present) > 0
    except ValueError:
        # What stands in Git is not a version: any version displaces it.
        return tag != present
