"""Which release an environment should take next. One predicate for listing, display and enforcement. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.actions import Ask, Outcome, Verdict
from bot.gates.verdicts import passed, waits
from bot.gathering import gather, unmatched
from bot.model import Artifact, Observation, Release, Unknown, short_digest
from bot.selection import Pick, consider, forward, pick, pins, resolved
from bot.standing import Standing, first_proposed
from bot.versions import Choice, Rejection, overtaking
from config.pipeline import Artifacts, Environment, Pipeline

_DECLARATION = "declaration"
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
        return Candidate(release=None, reason=lacking.reason, until=until, picks=picks)
    if ask:
        return Candidate(release=None, reason=next(p.reason for p in picks.values() if p.ask), ask=ask)
    gathered = gather(pipeline, picks, seen, standing)
    if gathered.ask:
        return Candidate(release=None, reason="looking for versions that match", ask=gathered.ask)
    if gathered.waiting is not None:
        until = min((moment for moment in (until, gathered.until) if moment), default=None)
        return Candidate(release=None, reason=gathered.waiting, until=until, picks=picks)
    return _as_release(gathered.picks, seen, here, until=until)


def _as_release(picks: Mapping[str, Pick], seen: Observation, here: Standing, *, until: datetime | None) -> Candidate:
    artifacts = tuple(p.artifact for p in picks.values() if p.artifact is not None)
    release = Release(artifacts=artifacts, proposed=first_proposed(here.records, now=seen.now))
    if here.active is not None and release.id == here.active.id:
        reason = f"runs {here.active.label}, the newest version the declaration admits{_held_back(picks)}"
        return Candidate(release=None, reason=reason, until=until, picks=picks)
    if release.id in here.reverted:
        reason = f"{release.label} was taken out of Git by hand; a newer version goes on"
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


def declares(pipeline: Pipeline, release: Release) -> bool:
    """Whether a release consists of what the pipeline declares now: another set of artifacts is another generation."""
    carried = {(a.name, a.repository) for a in release.artifacts}
    return carried == {(name, source.location) for name, source in pipeline.artifacts.items()} and (
        (release.source is None) == bool(pipeline.artifacts)
    )


def undeclared(
    pipeline: Pipeline, environment: Environment, release: Release, seen: Observation, here: Standing
) -> Verdict:
    """Gate `declaration`: whether a release may enter a root. It waits for a tag that is not admitted, or not known."""
    standing = {a.name: a for a in here.active.artifacts} if here.active else {}
    for artifact in release.artifacts:
        present = standing.get(artifact.name)
        if present is not None and present.tag == artifact.tag and present.digest == artifact.digest:
            continue
        source = pipeline.artifacts.get(artifact.name)
        if source is None or source.location != artifact.repository:
            return waits(_DECLARATION, f"{artifact.repository} is not declared any more")
        if refusal := _unadmitted(artifact, source, seen, present):
            return refusal
    reason = astray(pipeline, environment, release, seen, here) or _unfit(pipeline, release, seen, here)
    if reason:
        return waits(_DECLARATION, reason)
    return passed(_DECLARATION, "admitted by the declaration")


def _unadmitted(artifact: Artifact, source: Artifacts, seen: Observation, present: Artifact | None) -> Verdict | None:
    considered = consider(artifact.name, source, seen, present)
    if isinstance(considered, Unknown):
        return waits(_DECLARATION, considered.reason)
    if isinstance(considered, Ask):
        return waits(_DECLARATION, f"{source.location}: its tags' build times are not known yet")
    shown = f"{artifact.repository}{':' if artifact.tag else '@'}{artifact.label}"
    if considered.admits(artifact.tag):
        if present is None or artifact.tag == present.tag or forward(considered, seen, present)(artifact.tag):
            return None
        return waits(_DECLARATION, f"{shown} comes before {present.label}, which stands")
    refusal = next((r for r in considered.rejected if r.tag == artifact.tag), None)
    why = f": it {refusal.reason}" if refusal else ""
    reason = f"the declaration does not admit {shown} any more{why}"
    return Verdict(gate=_DECLARATION, outcome=Outcome.WAIT, reason=reason, until=considered.until)


def _unfit(pipeline: Pipeline, release: Release, seen: Observation, here: Standing) -> str | None:
    """Why what is proposed is not for the declared platforms, or does not match the declared rule."""
    standing = here.active.artifacts if here.active else ()
    for artifact in release.artifacts:
        if artifact in standing:
            continue
        match resolved(artifact.name, pipeline.artifacts[artifact.name], artifact.tag, seen):
            case Ask():
                return f"for which platforms {artifact.label} is has not been read yet"
            case Unknown(reason):
                return f"for which platforms {artifact.label} is is not known: {reason}"
            case str(lacking):
                return f"{artifact.label} {lacking}"
            case Artifact():
                pass
    return unmatched(pipeline, release.artifacts) if set(release.artifacts) != set(standing) else None


def to_confirm(pipeline: Pipeline, environment: Environment, release: Release, here: Standing) -> tuple[Artifact, ...]:
    """What would change, and must be where its tag points.

    In a root all of it: what a head says of digests is a claim, and there is no record to hold it against. Elsewhere
    what is written as a tag without a digest: what runs then is wherever the tag points.
    """
    standing = here.active.artifacts if here.active else ()
    moving = tuple(a for a in release.artifacts if a.tag and a not in standing and a.name in pipeline.artifacts)
    if environment.is_root:
        return moving
    return tuple(a for a in moving if a.name not in here.pinned and not pins(pipeline.artifacts[a.name]))


def astray(
    pipeline: Pipeline, environment: Environment, release: Release, seen: Observation, here: Standing
) -> str | None:
    """Why a release's tags would not bring what was proposed, signed and approved; None where they would."""
    for artifact in to_confirm(pipeline, environment, release, here):
        shown = f"{artifact.repository}:{artifact.tag}"
        points = seen.digests.get((artifact.repository, artifact.tag), Unknown("it has not been asked yet"))
        if isinstance(points, Unknown):
            return f"where {shown} points is not known: {points.reason}"
        if points is None:
            return f"{shown} is gone from the registry"
        if points != artifact.digest:
            return f"{shown} points at {short_digest(points)}, and {short_digest(artifact.digest)} was proposed"
    return None
