"""Gate `approvals`: enough people who may write, and who are not authors, approve of exactly this head. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.actions import Verdict
from bot.gates.verdicts import blocks, passed, waits
from bot.model import Permission, Unknown
from config.pipeline import Approvals


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """Latest opinion per person on this head; logins, authors and bots already left out."""

    approving: tuple[str, ...] = ()
    objecting: tuple[str, ...] = ()


def judge(
    rule: Approvals, opinions: Opinions, permissions: Mapping[str, Permission | Unknown]
) -> tuple[Verdict, frozenset[str]]:
    """The verdict, and the logins whose live permission must be read before it may pass."""
    eligible = [login for login in opinions.approving if not rule.users or login.lower() in _lower(rule.users)]
    if opinions.objecting:
        return blocks("approvals", f"changes requested by {', '.join(opinions.objecting)}"), frozenset()
    # Access is read afresh whenever it could open the gate, never before: an idle pass asks nothing.
    unknown = frozenset(login for login in eligible if login not in permissions)
    if len(eligible) >= rule.count and unknown:
        return waits("approvals", "reading the approvers' access"), unknown
    able = [login for login in eligible if login in unknown or _may_write(permissions[login])]
    asked = f" of {', '.join(rule.users)}" if rule.users else ""
    if len(able) >= rule.count and not unknown:
        return passed("approvals", f"approved by {', '.join(able)}"), frozenset()
    so_far = f" (so far {', '.join(able)})" if able else ""
    noun = "approval" if rule.count == 1 else "approvals"
    missing = f"needs {rule.count} {noun}{asked} at this head, {len(able)} given{so_far}"
    return waits("approvals", f"{missing}; review it or comment `/approve`"), frozenset()


def _may_write(permission: Permission | Unknown) -> bool:
    return isinstance(permission, Permission) and permission.at_least(Permission.WRITE)


def _lower(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)
