"""Whether an open pull request keeps its release although there is a newer one. No I/O.

Only an approval that counts keeps it. What can never merge keeps nothing out, however many approve of it: a tag that is
another image's now, a release that people took out of Git, one that the declaration does not admit any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot import declaration
from bot.actions import Ask
from bot.availability import rejection
from bot.gates.approvers import Evidence, Voice, found
from bot.model import Observation, Permission, PullRequest, Release, Unknown
from bot.opinions import opinions
from bot.selection import pins
from bot.standing import Standing
from bot.waivers import without_skippers
from config.approvals import Approvals, LeastAccess
from config.pipeline import Environment, Pipeline, Supersede


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """Whether it stays, or what must be read of people before that is known."""

    stays: bool
    ask: Ask = Ask()


def judge(
    pipeline: Pipeline,
    environment: Environment,
    proposed: Release,
    pull: PullRequest,
    *,
    seen: Observation,
    standings: Mapping[str, Standing],
) -> Stay:
    """Whether `proposed` stays on the pull request while something newer could be there."""
    here = standings[environment.name]
    gone = rejection(environment, proposed, standings) is not None
    if environment.supersede is Supersede.ALWAYS or gone:
        return Stay(stays=False)
    if _tag_lost(pipeline, proposed, here, seen):
        return Stay(stays=False)
    voices = without_skippers(opinions(pull), pull).approving
    stay = _counts(environment.approvals or Approvals(), voices, seen)
    if not stay.stays:
        return stay
    admitted = declaration.judge(pipeline, environment, proposed, seen=seen, here=here)
    return Stay(stays=False) if admitted.refused else Stay(stays=True, ask=stay.ask | admitted.ask)


def _counts(rule: Approvals, voices: tuple[Voice, ...], seen: Observation) -> Stay:
    """Whether one of the approvals counts for a group of the rule. What cannot be read is not held against it."""
    ask = Ask()
    for group in rule.groups:
        alone = group.model_copy(update={"count": 1, "codeowners": False})
        for voice in voices:
            finding = found(alone, (voice,), _evidence(voice, group, seen))
            if not finding.missing and not finding.ask:
                return Stay(stays=True)
            if _unreadable(voice, group, seen):
                return Stay(stays=True)
            ask |= finding.ask
    # Whoever is only possible stays so far: what is read next decides.
    return Stay(stays=bool(ask), ask=ask)


def _evidence(voice: Voice, group: Approvals, seen: Observation) -> Evidence:
    """A review says already whether its author may write, so that nothing more is read of them in each pass."""
    writes = voice.can_push is True and group.permission is LeastAccess.WRITE
    known = {voice.login: Permission.WRITE} if writes and voice.login not in seen.permissions else {}
    return Evidence(
        organisation=seen.repository.full_name.partition("/")[0],
        permissions={**seen.permissions, **known},
        identities={**seen.identities, **dict.fromkeys(known, voice.id)},
        memberships=seen.memberships,
    )


def _unreadable(voice: Voice, group: Approvals, seen: Observation) -> bool:
    teams = [seen.memberships.get((team.lower(), voice.login.lower())) for team in group.teams]
    return any(isinstance(fact, Unknown) for fact in (seen.permissions.get(voice.login), *teams))


def first_of(proposed: Release, newest: Release) -> Release:
    """The same release again: its order is when it was *first* proposed."""
    return replace(newest, proposed=min(proposed.proposed, newest.proposed))


def _tag_lost(pipeline: Pipeline, release: Release, here: Standing, seen: Observation) -> bool:
    """Whether a tag that would stand without its digest is known to be gone, or to point elsewhere."""
    bare = [a for a in release.artifacts if a.name not in here.pinned and not pins(pipeline.artifacts[a.name])]
    known = ((a, seen.digests[a.repository, a.tag]) for a in bare if (a.repository, a.tag) in seen.digests)
    return any(not isinstance(digest, Unknown) and digest != artifact.digest for artifact, digest in known)
