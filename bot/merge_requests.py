"""What `/merge` establishes: that somebody who may wants this head merged as soon as every gate passes. No I/O.

Its home is a check run of ours on that head. It opens no gate: it stands for the person who would press the button.
"""

from collections.abc import Mapping
from datetime import datetime

from bot.actions import CheckText, Verdict
from bot.gates.verdicts import passed
from bot.model import CheckStatus, Permission, PullRequest, Sha, Unknown
from config.pipeline import Access

CHECK = "caisson/merge"
# How the verdicts tell of it; it never makes anything wait.
ASKED = "asked"
_KEPT = 5


def request_check(*, login: str, person: int, head: Sha, at: datetime) -> CheckText:
    """The check run that keeps the wish."""
    return CheckText(
        name=f"{CHECK} ({login})",
        external_id=f"v1:merge:{person}:{login}:{int(at.timestamp())}",
        status=CheckStatus.COMPLETED,
        conclusion="NEUTRAL",
        title=f"{login} asked to merge {head[:7]}",
        summary="It merges as soon as every gate passes. Access is checked again then; another head must be asked for.",
    )


def askers(pull: PullRequest) -> tuple[str, ...]:
    """The logins of those who asked to merge the present head."""
    found: set[str] = set()
    for check in pull.checks:
        parts = check.external_id.split(":")
        if check.commit == pull.head and check.name.startswith(CHECK) and parts[:2] == ["v1", "merge"]:
            found |= {parts[3]} if len(parts) == _KEPT else set()
    return tuple(sorted(found))


def asked(
    pull: PullRequest, permissions: Mapping[str, Permission | Unknown], *, needed: Access
) -> tuple[Verdict | None, frozenset[str]]:
    """Who asked, as a verdict that passes, and whose access must be read before that counts; None: nobody who may."""
    able: list[str] = []
    unread: set[str] = set()
    for login in askers(pull):
        permission = permissions.get(login)
        if permission is None:
            unread.add(login)
        elif isinstance(permission, Permission) and permission.at_least(Permission(needed.value)):
            able.append(login)
    wanting = [*able, *sorted(unread)]
    if not wanting:
        return None, frozenset()
    # One who may is enough: the others' access need not be read.
    return passed(ASKED, f"{', '.join(wanting)} asked for the merge"), frozenset() if able else frozenset(unread)
