"""Gate `hold`: a held promotion stays where it is until its holder, write access, or we release it. No I/O.

The home of a hold is the label, read through its events: a label taken off by somebody who may not release it still
holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.actions import Verdict
from bot.gates.verdicts import blocks, passed
from bot.model import Actor, Permission, PullRequest, Unknown

LABEL = "caisson/hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """`by`: who put the label on; `by_us`: our App did, for the person named in our sticky comment."""

    by: Actor
    by_us: bool


def standing_hold(
    pull: PullRequest, permissions: Mapping[str, Permission | Unknown], *, holder_id: int | None = None
) -> tuple[Hold | None, str | None]:
    """The hold in force, and the login whose permission must be known to tell (None when nobody's must).

    `holder_id`: whose hold it is where our App put the label on, as our sticky comment says.
    """
    hold: Hold | None = None
    for event in pull.labelling:
        if event.label != LABEL:
            continue
        if event.added:
            hold = hold or Hold(by=event.actor, by_us=event.by_us)
            continue
        if hold is None or event.by_us or event.actor.id == (holder_id if hold.by_us else hold.by.id):
            hold = None
            continue
        permission = permissions.get(event.actor.login)
        if permission is None:
            return hold, event.actor.login
        if isinstance(permission, Permission) and permission.at_least(Permission.WRITE):
            hold = None
    if hold is None and LABEL in pull.labels:
        # The label stands but its event lies beyond what we read: still a hold, by somebody unknown.
        hold = Hold(by=pull.author, by_us=True)
    return hold, None


def judge(hold: Hold | None, *, holder: str | None, reason: str | None) -> Verdict:
    """Block while held; `holder` and `reason` as our sticky comment tells them."""
    if hold is None:
        return passed("hold", "not held")
    who = holder or hold.by.login
    said = f": {reason}" if reason else ""
    return blocks("hold", f"held by {who}{said}; `/unhold` releases it")
