"""What `/emergency` establishes: several of an environment's approvers together waive the gates that only cost time.

No I/O. Each call is kept as a check run of ours on the head it was made for, so it is void when the head moves. It
never touches what says that the head is ours and untampered, a hold, a signature, or an objection that somebody raised.
A new gate is not waived by it until it is listed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions import Ask, CheckText, Outcome, Verdict
from bot.gates.approvers import Evidence, Finding, Voice, found
from bot.gates.verdicts import passed
from bot.messages import plain
from bot.model import CheckStatus, PullRequest, Sha
from bot.opinions import is_author
from bot.waivers import kind
from config.approvals import Approvals
from config.pipeline import Environment

CHECK = "caisson/emergency"
# How the verdicts tell of one that is in force; it never makes anything wait.
GATE = "emergency"
_CALLED = "emergency (called)"
_WAIVED = frozenset(
    {"approvals", "checks", "expressions", "freeze", "health", "minimum_age", "pace", "scan", "soak", "windows"}
)
_KEPT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Somebody's word that it is an emergency. `reason`: one printable line, in their words."""

    person: int
    login: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """The verdicts with what the emergency waives, and whose access must be read before it may open anything.

    `in_force`: enough people called it.
    """

    verdicts: tuple[Verdict, ...]
    ask: Ask = Ask()
    in_force: bool = False


def emergency_check(*, reason: str, login: str, person: int, head: Sha, at: datetime) -> CheckText:
    """The check run that keeps one person's call. Its title is read back, and nobody but our App can change it."""
    return CheckText(
        name=f"{CHECK} ({login})",
        external_id=f"v1:emergency:{person}:{login}:{int(at.timestamp())}",
        status=CheckStatus.COMPLETED,
        conclusion="NEUTRAL",
        title=f"{login} calls an emergency: {reason}",
        summary=f"For {head[:7]}, and for no other head. Access is checked again when the pull request merges.",
    )


def calls(pull: PullRequest) -> tuple[Call, ...]:
    """Those on the present head: one of each person, none of an author of what is promoted."""
    made: dict[int, Call] = {}
    for check in pull.checks:
        parts = check.external_id.split(":")
        if check.commit != pull.head or not check.name.startswith(CHECK) or parts[:2] != ["v1", "emergency"]:
            continue
        if len(parts) != _KEPT or not parts[2].isdigit() or is_author(int(parts[2]), parts[3], pull):
            continue
        reason = check.title.removeprefix(f"{parts[3]} calls an emergency: ")
        made[int(parts[2])] = Call(person=int(parts[2]), login=parts[3], reason=reason)
    return tuple(sorted(made.values(), key=lambda call: call.login))


def waive(
    verdicts: Sequence[Verdict],
    pull: PullRequest,
    environment: Environment,
    *,
    people: int | None,
    evidence: Evidence,
) -> Waived:
    """The verdicts as they are when the emergency counts. `people`: how many it takes, None where none is declared.

    What was not read yet of a caller is taken as it was when they called, and asked for.
    """
    called = calls(pull) if people is not None else ()
    judged = [(call, _approver(call, environment, evidence)) for call in called]
    fitting = [(call, finding) for call, finding in judged if not finding.missing]
    if people is None or not fitting:
        return Waived(verdicts=tuple(verdicts))
    names = ", ".join(call.login for call, _ in fitting)
    if len(fitting) < people:
        more = people - len(fitting)
        whom = "one more of the approvers" if more == 1 else f"{more} more of the approvers"
        told = f"called by {names}: {plain(fitting[0][0].reason)}; it takes {whom}"
        return Waived(verdicts=(*verdicts, replace(passed(_CALLED, told), skipped_by=names)))
    why = "; ".join(f"{call.login}: {plain(call.reason)}" for call, _ in fitting)
    shown = [_waived(verdict, names) for verdict in verdicts]
    ask = Ask()
    # As many as it takes are enough: nobody else's access need be read.
    for _, finding in sorted(fitting, key=lambda pair: bool(pair[1].ask))[:people]:
        ask |= finding.ask
    return Waived(
        verdicts=(*shown, replace(passed(GATE, f"called by {why}"), skipped_by=names)), ask=ask, in_force=True
    )


def _waived(verdict: Verdict, names: str) -> Verdict:
    """Waiting is waived; somebody's objection is not, nor what is none of an emergency's gates."""
    objected = verdict.outcome is Outcome.BLOCK and kind(verdict) == "approvals"
    if verdict.outcome is Outcome.PASS or objected or kind(verdict) not in _WAIVED:
        return verdict
    reason = f"waived by the emergency of {names} (it said: {verdict.reason})"
    return replace(verdict, outcome=Outcome.PASS, reason=reason, until=None, skipped_by=names)


def _approver(call: Call, environment: Environment, evidence: Evidence) -> Finding:
    """Whether a caller would satisfy one of the environment's groups of approvers, alone and for one."""
    voice = Voice(call.person, call.login)
    groups = (environment.approvals or Approvals()).groups
    findings = [found(group.model_copy(update={"count": 1}), (voice,), evidence) for group in groups]
    ask = Ask()
    for finding in findings:
        if not finding.missing and not finding.ask:
            return finding
        ask |= finding.ask
    return Finding(ask=ask) if ask else findings[0]
