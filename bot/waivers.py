"""Waivers: what `/skip` establishes. A gate that a maintainer waived, for one head and with a reason. No I/O.

The home of a waiver is a check run of ours on that head, so it is void when the head moves. Whoever waived must have
the access still when it counts, and does not count as an approver besides: one person must not be two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions import CheckText, Outcome, Verdict
from bot.commands import BY_NAME
from bot.gates.approvals import Opinions
from bot.messages import code
from bot.model import CheckStatus, Observation, Permission, PullRequest, Sha
from config.pipeline import Environment, Skippable

CHECK = "caisson/skip"
_NEEDED = BY_NAME["skip"].who
_KEPT = 6
_GATES = frozenset(one.value for one in Skippable)
# Of these the file has a list, under a name in the plural; each verdict is of one.
_LISTED = {"check": Skippable.CHECKS.value, "expression": Skippable.EXPRESSIONS.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """`reason`: one printable line, in its author's words."""

    gate: Skippable
    person: int
    login: str
    reason: str


def kind(verdict: Verdict) -> str:
    """Which gate it is of, as the file names it: `soak (staging)` is of `soak`, `check (ci)` of `checks`."""
    gate = verdict.gate.partition(" ")[0]
    return _LISTED.get(gate, gate)


def refusal(gate: str, environment: Environment, verdicts: Iterable[Verdict]) -> str | None:
    """Why a gate cannot be skipped here, in a sentence; None where it can."""
    allowed = [one.value for one in environment.skippable]
    if gate not in allowed:
        listed = ", ".join(f"`{name}`" for name in allowed) or "none"
        return f"{code(gate)} cannot be skipped in {environment.name}; skippable here: {listed}."
    of_kind = [verdict for verdict in verdicts if kind(verdict) == gate]
    if not of_kind:
        return f"There is no gate `{gate}` on the way into {environment.name}."
    if all(verdict.outcome is Outcome.PASS and not verdict.skipped_by for verdict in of_kind):
        return f"`{gate}` passes: there is nothing to skip."
    return None


def waiver_check(
    gate: str, *, reason: str, login: str, person: int, head: Sha, at: datetime, waits: Iterable[str]
) -> CheckText:
    """The check run that keeps a waiver. Its title is read back, and nobody but our App can change it."""
    said = "\n".join(f"- {line}" for line in waits)
    return CheckText(
        name=f"{CHECK} {gate} ({login})",
        external_id=f"v1:skip:{gate}:{person}:{login}:{int(at.timestamp())}",
        status=CheckStatus.COMPLETED,
        conclusion="NEUTRAL",
        title=f"skipped by {login}: {reason}",
        summary=f"The gate `{gate}` is waived for {head[:7]}, and for no other head. It said:\n\n{said}\n",
    )


def waivers(pull: PullRequest) -> tuple[Waiver, ...]:
    """Those on the pull request's present head."""
    found: list[Waiver] = []
    for check in pull.checks:
        parts = check.external_id.split(":")
        if check.commit != pull.head or parts[:2] != ["v1", "skip"] or len(parts) != _KEPT:
            continue
        if not check.name.startswith(CHECK) or parts[2] not in _GATES:
            continue
        reason = check.title.removeprefix(f"skipped by {parts[4]}: ")
        found.append(Waiver(gate=Skippable(parts[2]), person=int(parts[3]), login=parts[4], reason=reason))
    return tuple(sorted(found, key=lambda waiver: (waiver.gate, waiver.login)))


def waived(
    verdicts: Sequence[Verdict],
    pull: PullRequest,
    environment: Environment,
    seen: Observation,
) -> tuple[tuple[Verdict, ...], frozenset[str]]:
    """The verdicts with the waivers in force, and whose access must be read before these may open anything."""
    given = [w for w in waivers(pull) if w.gate in environment.skippable and _may(w, seen)]
    shown: list[Verdict] = []
    used: set[str] = set()
    for verdict in verdicts:
        fitting = [w for w in given if w.gate == kind(verdict)]
        if not fitting or verdict.outcome is Outcome.PASS:
            shown.append(verdict)
            continue
        # Whose access is known comes first; else everybody's is read at once, since one of them may have lost it.
        waiver = next((w for w in fitting if w.login in seen.permissions), fitting[0])
        if waiver.login not in seen.permissions:
            used |= {w.login for w in fitting}
        reason = f"skipped by {waiver.login}: {waiver.reason} (it said: {verdict.reason})"
        shown.append(replace(verdict, outcome=Outcome.PASS, reason=reason, until=None, skipped_by=waiver.login))
    return tuple(shown), frozenset(used)


def _may(waiver: Waiver, seen: Observation) -> bool:
    """Whether the person, not the login, has the access.

    What was not read yet is shown as it was when it was given; it is read before it counts.
    """
    permission = seen.permissions.get(waiver.login)
    if permission is None:
        return True
    same = seen.identities.get(waiver.login) == waiver.person
    return same and isinstance(permission, Permission) and permission.at_least(_NEEDED)


def without_skippers(opinions: Opinions, pull: PullRequest) -> Opinions:
    """The opinions but for approvals of those who waived a gate of this head."""
    skippers = {waiver.person for waiver in waivers(pull)}
    return replace(opinions, approving=tuple(voice for voice in opinions.approving if voice.id not in skippers))
