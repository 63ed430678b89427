"""Gate `declaration`: whether a release is one that the file, as it stands now, lets into an environment. No I/O.

What was chosen may not be chosen any more when it comes to the merge: the declaration changed, a tag was taken back or
pushed again, a rule holds no longer. So whatever the choice looked at is looked at again here, for the very release.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.actions import Ask, Outcome, Verdict
from bot.gates.verdicts import passed, waits
from bot.gathering import unmatched
from bot.model import Artifact, ImageDetails, Observation, Release, Unknown
from bot.selection import consider, forward, lacking_platforms
from bot.standing import Standing
from config.pipeline import Artifacts, Environment, ImageSource, Pipeline

_GATE = "declaration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The verdict, or what must be known first. `refused`: time will not mend it, nor will what is not known yet."""

    verdict: Verdict
    ask: Ask = Ask()
    refused: bool = False


def declares(pipeline: Pipeline, release: Release) -> bool:
    """Whether a release consists of what the pipeline declares now: another set of artifacts is another generation."""
    carried = {(a.name, a.repository) for a in release.artifacts}
    return carried == {(name, source.location) for name, source in pipeline.artifacts.items()} and (
        (release.source is None) == bool(pipeline.artifacts)
    )


def judge(
    pipeline: Pipeline,
    environment: Environment,
    release: Release,
    *,
    seen: Observation,
    here: Standing,
    named: bool = False,
) -> Declared:
    """A root takes what the choice admits; every environment takes only what the pipeline is made of.

    `named`: a person asked for this very release, which may come before what stands.
    """
    if not declares(pipeline, release):
        return Declared(verdict=waits(_GATE, _foreign(pipeline, release)), refused=True)
    if not environment.is_root:
        return Declared(verdict=passed(_GATE, "made of what is declared"))
    standing = {a.name: a for a in here.active.artifacts} if here.active else {}
    ask, reading = Ask(), ""
    for artifact in release.artifacts:
        source, present = pipeline.artifacts[artifact.name], standing.get(artifact.name)
        if artifact == present:
            continue
        judged = _admitted(artifact, source, seen, present, named=named)
        if judged.verdict.outcome is not Outcome.PASS and not judged.ask:
            return judged
        ask |= judged.ask
        reading = reading or judged.verdict.reason
    if ask:
        return Declared(verdict=waits(_GATE, reading), ask=ask)
    moved = set(release.artifacts) != set(standing.values())
    refusal = unmatched(pipeline, release.artifacts) if moved else None
    if refusal:
        return Declared(verdict=waits(_GATE, refusal), refused=True)
    return Declared(verdict=passed(_GATE, "admitted by the declaration"))


def _foreign(pipeline: Pipeline, release: Release) -> str:
    declared = {(name, source.location) for name, source in pipeline.artifacts.items()}
    gone = next((a.repository for a in release.artifacts if (a.name, a.repository) not in declared), None)
    return f"{gone} is not declared any more" if gone else f"{release.label} is not all that is declared now"


def _admitted(
    artifact: Artifact, source: Artifacts, seen: Observation, present: Artifact | None, *, named: bool
) -> Declared:
    considered = consider(artifact.name, source, seen, present)
    if isinstance(considered, Unknown):
        return Declared(verdict=waits(_GATE, considered.reason))
    if isinstance(considered, Ask):
        reading = f"{source.location}: its tags' build times are not known yet"
        return Declared(verdict=waits(_GATE, reading), ask=considered)
    shown = f"{artifact.repository}{':' if artifact.tag else '@'}{artifact.label}"
    if not considered.admits(artifact.tag):
        refusal = considered.refusal(artifact.tag) if artifact.tag in considered.tags else None
        why = f": it {refusal}" if refusal else ""
        reason = f"the declaration does not admit {shown} any more{why}"
        return Declared(verdict=_until(reason, considered.until), refused=considered.until is None)
    back = present is not None and artifact.tag != present.tag and not forward(considered, seen, present)(artifact.tag)
    if present is not None and back and not named:
        return Declared(verdict=waits(_GATE, f"{shown} comes before {present.label}, which stands"), refused=True)
    return _built_for(artifact, source, seen)


def to_confirm(
    environment: Environment, release: Release, here: Standing, *, by_tag: frozenset[str]
) -> tuple[Artifact, ...]:
    """The artifacts that move and must be where their tags point. `by_tag`: names of those that stand by tag alone.

    In a root all of them: what a head says of digests is a claim, and there is no record to hold it against.
    """
    standing = here.active.artifacts if here.active else ()
    moving = (a for a in release.artifacts if a.tag and a not in standing)
    return tuple(a for a in moving if environment.is_root or a.name in by_tag)


def _until(reason: str, until: datetime | None) -> Verdict:
    return Verdict(gate=_GATE, outcome=Outcome.WAIT, reason=reason, until=until)


def _built_for(artifact: Artifact, source: Artifacts, seen: Observation) -> Declared:
    """Every declared platform, of the digest that is promoted, wherever its tag points by now."""
    fine = Declared(verdict=passed(_GATE, "admitted by the declaration"))
    if not isinstance(source, ImageSource) or not source.platforms:
        return fine
    details = seen.details.get((artifact.repository, artifact.digest))
    if details is None:
        ask = Ask(details=frozenset({(artifact.repository, str(artifact.digest))}))
        return Declared(verdict=waits(_GATE, f"for which platforms {artifact.label} is has not been read yet"), ask=ask)
    if not isinstance(details, ImageDetails):
        reason = f"for which platforms {artifact.label} is is not known: {details.reason}"
        return Declared(verdict=waits(_GATE, reason))
    lacking = lacking_platforms(source, details)
    if lacking:
        return Declared(verdict=waits(_GATE, f"{artifact.label} has no image for {', '.join(lacking)}"), refused=True)
    return fine
