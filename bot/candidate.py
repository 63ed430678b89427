"""Which release an environment should take next. One predicate for listing, display and enforcement. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.actions import Ask
from bot.model import Artifact, Observation, Release, Tags, Unknown
from bot.standing import Standing, first_proposed
from bot.versions import Choice, choose, newer, rules_of
from config.pipeline import Environment, ImageSource, Pipeline


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
    return _available(pipeline, environment, here, [standings[name] for name in environment.after])


def _available(
    pipeline: Pipeline, environment: Environment, here: Standing, upstreams: Sequence[Standing]
) -> Candidate:
    """Releases verified in every upstream; an older one never displaces a newer one."""
    first, *others = upstreams
    rejected = here.reverted.union(*(u.reverted for u in upstreams))
    shared = [
        r
        for r in first.verified_releases
        if r.id not in rejected
        and declares(pipeline, r)
        and all(r.id in {o.id for o in u.verified_releases} for u in others)
    ]
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
        match _newest(name, image, seen, standing.get(name)):
            case Artifact() as artifact:
                artifacts.append(artifact)
            case Unknown(reason):
                return Candidate(release=None, reason=reason)
            case asked:
                missing.add(asked)
    if missing:
        return Candidate(release=None, reason="resolving digests", ask=Ask(digests=frozenset(missing)))
    release = Release(artifacts=tuple(artifacts), proposed=first_proposed(here.records, now=seen.now))
    if here.active is not None and release.id == here.active.id:
        return Candidate(release=None, reason=f"runs {here.active.label}, the newest version the declaration admits")
    if release.id in here.reverted:
        return Candidate(release=None, reason=f"{release.label} was taken out of Git by hand; a newer version goes on")
    return Candidate(release=release, reason=f"{release.label} is the newest version the declaration admits")


def _choice(image: ImageSource, tags: Tags) -> Choice:
    return choose(tags.names, rules_of(image))


def _newest(
    name: str, image: ImageSource, seen: Observation, present: Artifact | None
) -> Artifact | Unknown | tuple[str, str]:
    """The image's newest version, or what stands already if that is no older; or the (repository, tag) to resolve."""
    tags = seen.tags.get(name, Unknown("the registry has not been read"))
    if isinstance(tags, Unknown):
        return Unknown(f"{image.repository}: {tags.reason}")
    tag = _choice(image, tags).selected
    if present is not None and (tag is None or not newer(tag, present.tag, rules_of(image))):
        return present
    if tag is None:
        return Unknown(f"no tag of {image.repository} satisfies the declaration")
    if (image.repository, tag) not in seen.digests:
        return (image.repository, tag)
    digest = seen.digests[image.repository, tag]
    if digest is None or isinstance(digest, Unknown):
        why = digest.reason if isinstance(digest, Unknown) else "it is gone from the registry"
        return Unknown(f"{image.repository}:{tag}: {why}")
    return Artifact(name=name, repository=image.repository, tag=tag, digest=digest)


def declares(pipeline: Pipeline, release: Release) -> bool:
    """Whether a release consists of what the pipeline declares now: another set of artifacts is another generation."""
    carried = {(a.name, a.repository) for a in release.artifacts}
    return carried == {(name, image.repository) for name, image in pipeline.images.items()} and (
        (release.source is None) == bool(pipeline.images)
    )


def undeclared(pipeline: Pipeline, release: Release, seen: Observation, here: Standing) -> str | None:
    """Why a release may not enter a root: a tag that the declaration does not admit, or that is not known."""
    standing = {(a.name, a.tag) for a in here.active.artifacts} if here.active else set()
    for artifact in release.artifacts:
        if (artifact.name, artifact.tag) in standing:
            continue
        image = pipeline.images.get(artifact.name)
        tags = seen.tags.get(artifact.name, Unknown("the registry has not been read"))
        if image is None or image.repository != artifact.repository:
            return f"{artifact.repository} is not declared any more"
        if isinstance(tags, Unknown):
            return f"{image.repository}: {tags.reason}"
        if not _choice(image, tags).admits(artifact.tag):
            return f"the declaration does not admit {artifact.repository}:{artifact.tag} any more"
    return None
