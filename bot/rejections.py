"""Releases that people turned away from an environment by closing our pull request. No I/O.

A rejection bans one release from one environment, and what was verified there counts no more. It only ever makes things
wait. Whoever closed a pull request must have had write access: that is read once, and our comment there keeps it. What
was taken back instead is told by our records (`bot.displacement`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from bot.actions import Ask, Say
from bot.content import proposed_release
from bot.directives import DirectiveKind, directed_by
from bot.merge_trailers import speaker
from bot.messages import closed_comment, closed_marker
from bot.model import (
    Actor,
    ActorKind,
    Closed,
    Closing,
    ClosingKind,
    Observation,
    Permission,
    Place,
    Release,
    Unknown,
)

# --- closed by a person -----------------------------------------------------------------------------------------------


# A branch's deletion closes its pull request: by GitHub, a moment later at most, or noted in the other order.
_SAME_DEED, _BELATED = timedelta(seconds=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closings:
    """What closed pull requests come to.

    `reasons`: release id → why it is turned away. `ask`: whose access must be read to tell. `actions`: what is to be
    written down of it. `unsure`: somebody's access could not be read.
    """

    reasons: Mapping[str, str] = field(default_factory=dict)
    ask: Ask = field(default_factory=Ask)
    actions: tuple[Say, ...] = ()
    unsure: bool = False


def closings(place: Place, seen: Observation, *, environment: str, active: Release | None) -> Closings:
    """The releases whose pull request a person closed, and nobody reopened or opened again since.

    Closes by us, by another App, or by the deletion of our branch turn nothing away. While it is not known whether
    somebody may, the release waits.
    """
    reasons: dict[str, str] = {}
    unread: set[str] = set()
    actions: list[Say] = []
    unsure = False
    decided = _numbers(place)
    for closed in place.closed:
        release = proposed_release(closed.head)
        if release is None or decided.get(release.id, 0) > closed.number:
            continue
        decided[release.id] = closed.number
        by = closed_by(closed)
        if by is None or _is_rollback(closed) or (active is not None and release.order <= active.order):
            continue
        told = f"{by.actor.login} closed #{closed.number}"
        marker = closed_marker(by.at)
        if any(marker in said for said in closed.said):
            reasons[release.id] = told
            continue
        match _may_reject(by.actor, seen):
            case True:
                reasons[release.id] = told
                body = closed_comment(by.actor.login, release, environment, at=by.at)
                actions.append(Say(subject=closed.id, comment=None, body=body))
            case str() as why:
                reasons[release.id] = f"{told}, and {why}"
                unread |= {by.actor.login} - seen.permissions.keys() if by.actor.kind is ActorKind.USER else set()
                unsure = unsure or isinstance(seen.permissions.get(by.actor.login), Unknown)
            case _:
                continue
    return Closings(reasons=reasons, ask=Ask(permissions=frozenset(unread)), actions=tuple(actions), unsure=unsure)


def _numbers(place: Place) -> dict[str, int]:
    """Release id → the newest pull request that carries it and was not closed."""
    heads = [(m.number, speaker(m)) for m in place.merged] + ([(place.pull.number, place.head)] if place.pull else [])
    found: dict[str, int] = {}
    for number, head in heads:
        release = proposed_release(head)
        if release is not None:
            found[release.id] = max(number, found.get(release.id, 0))
    return found


def closed_by(closed: Closed) -> Closing | None:
    """The person who closed it; None where we did, an App did, or the branch was deleted under it.

    Where a branch is deleted GitHub notes both, one soon after the other and in no order that it promises; people tidy
    up a branch some time after they closed its pull request.
    """
    shut = next((c for c in reversed(closed.closings) if c.kind is ClosingKind.CLOSED), None)
    if shut is None or shut.by_us or shut.actor.kind is ActorKind.BOT:
        return None
    gone = [c.at for c in closed.closings if c.kind is ClosingKind.BRANCH_DELETED]
    return None if any(-_SAME_DEED <= shut.at - at <= _BELATED for at in gone) else shut


def _is_rollback(closed: Closed) -> bool:
    """Whoever closes a rollback keeps what stands; the older release is not turned away by it."""
    directed = directed_by(closed.head)
    return directed is not None and directed.kind is DirectiveKind.ROLLBACK


def _may_reject(who: Actor, seen: Observation) -> bool | str:
    """Whether somebody has write access now, or why that is not known."""
    if who.kind is not ActorKind.USER:
        return "their account is gone"
    permission = seen.permissions.get(who.login)
    if permission is None:
        return "whether they may turn it away has not been read yet"
    if not isinstance(permission, Permission):
        return f"whether they may turn it away is not known: {permission.reason}"
    if seen.identities.get(who.login) != who.id:
        return "their account changed hands"
    return permission.at_least(Permission.WRITE)
