"""What `/merge` establishes: that somebody who may wants this head merged as soon as every gate passes. No I/O.

Its home is a check run of ours on that head. It opens no gate: it stands for the person who would press the button.
"""

from datetime import datetime

from bot.actions import Ask, CheckText, Verdict
from bot.gates.verdicts import passed
from bot.model import CheckStatus, Observation, Permission, PullRequest, Sha, Unknown
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


def askers(pull: PullRequest) -> dict[str, int]:
    """The logins, and the numbers, of those who asked to merge the present head."""
    found: dict[str, int] = {}
    for check in pull.checks:
        parts = check.external_id.split(":")
        if check.commit == pull.head and check.name.startswith(CHECK) and parts[:2] == ["v1", "merge"]:
            found |= {parts[3]: int(parts[2])} if len(parts) == _KEPT else {}
    return dict(sorted(found.items()))


def asked(pull: PullRequest, seen: Observation, *, needed: Access) -> tuple[Verdict | None, Ask]:
    """Who asked, as a verdict that passes, and whose access must be read before that counts; None: nobody who may."""
    able: list[str] = []
    unread: set[str] = set()
    for login, person in askers(pull).items():
        permission = seen.permissions.get(login)
        if permission is None:
            unread.add(login)
        # The person asked, not the login: it may have changed hands.
        elif seen.identities.get(login) == person and _may(permission, needed):
            able.append(login)
    wanting = [*able, *sorted(unread)]
    if not wanting:
        return None, Ask()
    # One who may is enough: the others' access need not be read.
    ask = Ask() if able else Ask(permissions=frozenset(unread))
    return passed(ASKED, f"{', '.join(wanting)} asked for the merge"), ask


def _may(permission: Permission | Unknown, needed: Access) -> bool:
    return isinstance(permission, Permission) and permission.at_least(Permission(needed.value))
