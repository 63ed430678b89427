"""When the newest artifacts of a pipeline make one release: `release: {when, settle}`. No I/O.

Without a rule they do so at once. `when` waits until versions match, and takes the newest that do; `settle` gives
siblings that are pushed one after the other the time to arrive, so that they travel together.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from bot.actions import Ask
from bot.model import Artifact, Digest, Observation, Tags, Unknown
from bot.release_rule import Rule, compile_rule, matching
from bot.selection import Pick, appeared, forward, resolved
from bot.spans import clock_time
from config.pipeline import Artifacts, Pipeline, ReleaseRule

# How many versions of each artifact a rule is tried with.
_MOST_OF_EACH = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """`picks`: what goes into the release.

    `waiting`: why it is none yet, with `until` where time alone may change it.
    """

    picks: Mapping[str, Pick]
    waiting: str | None = None
    until: datetime | None = None
    ask: Ask = Ask()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Siblings:
    """The artifacts of one pipeline. `present`: what stands, by name."""

    pipeline: Pipeline
    picks: Mapping[str, Pick]
    seen: Observation
    present: Mapping[str, Artifact]

    def source(self, name: str) -> Artifacts:
        return self.pipeline.artifacts[name]


def gather(
    pipeline: Pipeline, picks: Mapping[str, Pick], seen: Observation, present: Mapping[str, Artifact]
) -> Gathered:
    """The picks as a release. Each has its artifact; `present`: what stands, by name."""
    rule = pipeline.release
    if rule is None or all(p.artifact == present.get(name) for name, p in picks.items()):
        return Gathered(picks=picks)
    siblings = _Siblings(pipeline=pipeline, picks=picks, seen=seen, present=present)
    gathered = _matching(rule.when, siblings) if rule.when else Gathered(picks=picks)
    return gathered if gathered.waiting or gathered.ask else _settled(rule, gathered, siblings)


def _matching(when: str, siblings: _Siblings) -> Gathered:
    """The newest versions for which the rule holds."""
    picks, present = siblings.picks, siblings.present
    rule = rule_of(when, tuple(picks))
    refusal = rule.refusal({name: p.artifact for name, p in picks.items() if p.artifact is not None})
    if refusal is None:
        return Gathered(picks=picks)
    choices = {name: _tags(name, siblings) for name in picks}
    digests = _digests(siblings)
    repositories = {name: siblings.source(name).location for name in picks}
    wanted = frozenset((repositories[name], tag) for name, tags in choices.items() for tag in tags) - digests.keys()
    if rule.reads_digests and wanted:
        return Gathered(picks=picks, ask=Ask(digests=wanted))
    found = matching(rule, choices, repositories=repositories, digests=digests)
    if found is None or all(name in present and found[name] == present[name].tag for name in picks):
        return Gathered(picks=picks, waiting=refusal)
    return _taken(found, when, siblings)


def unmatched(pipeline: Pipeline, artifacts: tuple[Artifact, ...]) -> str | None:
    """Why these artifacts make no release by the rule that is declared now; None where they do."""
    if pipeline.release is None or not pipeline.release.when:
        return None
    rule = rule_of(pipeline.release.when, tuple(pipeline.artifacts))
    return rule.refusal({artifact.name: artifact for artifact in artifacts})


@lru_cache(maxsize=256)
def rule_of(when: str, names: tuple[str, ...]) -> Rule:
    """The rule of a declaration, read once."""
    return compile_rule(when, names)


def _tags(name: str, siblings: _Siblings) -> tuple[str, ...]:
    """The versions an artifact might take, newest first: the one picked, those between it and what stands, and that."""
    pick, present = siblings.picks[name], siblings.present.get(name)
    assert pick.artifact is not None
    newest = pick.artifact.tag
    if pick.choice is None or not pick.choice.admits(newest):
        return (newest,)
    onward = forward(pick.choice, siblings.seen, present)
    from_newest = itertools.dropwhile(lambda tag: tag != newest, pick.choice.descending())
    earlier = itertools.takewhile(onward, itertools.islice(from_newest, 1, None))
    standing = (present.tag,) if present is not None and present.tag else ()
    return tuple(dict.fromkeys((newest, *itertools.islice(earlier, _MOST_OF_EACH - 2), *standing)))


def _digests(siblings: _Siblings) -> Mapping[tuple[str, str], Digest | Unknown | None]:
    """Where tags point. What would go into the release counts: a tag that stands may have been moved since."""
    picked = [pick.artifact for pick in siblings.picks.values() if pick.artifact is not None]
    certain = {(a.repository, a.tag): a.digest for a in (*siblings.present.values(), *picked)}
    return {**siblings.seen.digests, **certain}


def _taken(found: Mapping[str, str], when: str, siblings: _Siblings) -> Gathered:
    """The versions found, each as an artifact; one that the registry's facts rule out makes the release wait."""
    taken: dict[str, Pick] = {}
    ask = Ask()
    for name, pick in siblings.picks.items():
        standing, tag = siblings.present.get(name), found[name]
        if pick.artifact is not None and tag == pick.artifact.tag:
            taken[name] = pick
            continue
        if standing is not None and tag == standing.tag:
            taken[name] = replace(pick, artifact=standing, reason=f"{tag} stands")
            continue
        match resolved(name, siblings.source(name), tag, siblings.seen):
            case Artifact() as artifact:
                reason = f"{tag} is the newest version for which {when} holds"
                taken[name] = replace(pick, artifact=artifact, reason=reason)
            case Ask() as asked:
                ask |= asked
            case refused:
                why = refused if isinstance(refused, str) else f"is not known: {refused.reason}"
                waiting = f"{name} {tag} {why}, and the release rule {when} needs it"
                return Gathered(picks=siblings.picks, waiting=waiting)
    return Gathered(picks=siblings.picks if ask else taken, ask=ask)


def _settled(rule: ReleaseRule, gathered: Gathered, siblings: _Siblings) -> Gathered:
    """Wait until the newest of the versions that move has been there for `settle`."""
    latest: tuple[datetime, str] | None = None
    for name, pick in gathered.picks.items():
        artifact, tags = pick.artifact, siblings.seen.tags.get(name)
        if artifact is None or artifact == siblings.present.get(name):
            continue
        at = appeared(tags).get(artifact.tag) if isinstance(tags, Tags) else None
        if at is None:
            return replace(gathered, waiting=f"when {name} {artifact.label} appeared is not known yet")
        latest = max(latest or (at, ""), (at, f"{name} {artifact.label}"))
    now = siblings.seen.now
    if latest is None or latest[0] + rule.settle <= now:
        return gathered
    until = latest[0] + rule.settle
    waiting = f"{latest[1]} settles until {clock_time(until, now)}, so that siblings travel with it"
    return replace(gathered, waiting=waiting, until=until)
