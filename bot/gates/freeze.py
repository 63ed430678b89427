"""Gate `freeze`: nothing is promoted into a frozen environment until every freeze of it is over. No I/O.

The home of a freeze is an issue of our App (`bot.freezes`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.actions import Ask, Outcome, Verdict
from bot.directives import Directed, DirectiveKind
from bot.gates.verdicts import passed, waits
from bot.model import Permission, Unknown

GATE = "freeze"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """One freeze of one environment (`pipeline/environment`).

    `by`, `reason`: "" where they cannot be told any more. `until`: when it is over by itself. `number`: of its issue,
    None while that is being opened. `asked`: node id of the comment that asked for it, "" where it cannot be told.
    """

    environment: str
    by: str
    reason: str
    until: datetime | None = None
    number: int | None = None
    asked: str = ""


def judge(freezes: Sequence[Freeze] | Unknown, *, now: datetime, yields: bool = False) -> Verdict:
    """Block while any of the freezes of this environment lasts; `until` tells when the first of them is over.

    `yields`: this is a rollback asked for by somebody with maintain, the one thing that a freeze lets pass. Where it is
    not known what is frozen, it waits, rollback or not.

        freezes                        verdict   until
        not known                      wait      -
        none, or all over              pass      -
        one without end                block     -
        one with an end to come        block     its end
        several                        block     the first end
        any, but it yields             pass      -
    """
    if isinstance(freezes, Unknown):
        return waits(GATE, f"what is frozen is not known: {freezes.reason}")
    lasting = [one for one in freezes if one.until is None or one.until > now]
    if not lasting:
        return passed(GATE, "not frozen")
    said = "; ".join(_told(one) for one in lasting)
    if yields:
        return passed(GATE, f"{said}; it yields to this rollback")
    ends = [one.until for one in lasting if one.until is not None]
    reason = f"{said}; `/unfreeze` ends it"
    return Verdict(gate=GATE, outcome=Outcome.BLOCK, reason=reason, until=min(ends, default=None))


def yields_to(
    directed: Directed | None, *, permissions: Mapping[str, Permission | Unknown], identities: Mapping[str, int]
) -> tuple[bool, Ask]:
    """Whether a freeze lets this promotion pass: a rollback that somebody with maintain asked for, and has it still.

    The directive must have been established as ours before. Ask first for what is returned; until then it does not.
    """
    if directed is None or directed.kind is not DirectiveKind.ROLLBACK or directed.by_id is None:
        return False, Ask()
    if directed.by not in permissions:
        return False, Ask(permissions=frozenset({directed.by}))
    permission = permissions[directed.by]
    # The person asked, not the login: it may have changed hands.
    same = identities.get(directed.by) == directed.by_id
    return same and isinstance(permission, Permission) and permission.at_least(Permission.MAINTAIN), Ask()


def _told(freeze: Freeze) -> str:
    by = f" by {freeze.by}" if freeze.by else ""
    # Always with its date: a text that changes at midnight would be written anew.
    until = f" until {dated(freeze.until)}" if freeze.until else ""
    why = f": {freeze.reason}" if freeze.reason else ""
    where = f" (#{freeze.number})" if freeze.number else ""
    return f"frozen{by}{until}{why}{where}"


def dated(moment: datetime) -> str:
    """An aware UTC moment in full, whatever day it is: `2026-12-27 09:00 UTC`."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")
