"""Gate `approvals`: enough people who may, and who are not authors, approve of exactly this head. No I/O."""

from dataclasses import dataclass

from bot.actions import Ask, Verdict
from bot.gates.approvers import Evidence, Voice, found
from bot.gates.verdicts import blocks, passed, waits
from config.approvals import Approvals


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinions:
    """Latest opinion per person on this head; authors and bots already left out. `objecting`: logins."""

    approving: tuple[Voice, ...] = ()
    objecting: tuple[str, ...] = ()


def judge(
    rule: Approvals, opinions: Opinions, evidence: Evidence, *, remedy: str = "review it or comment `/approve`"
) -> tuple[Verdict, Ask]:
    """The verdict, and what must be read live of the approvers before it may pass.

    Access and membership are read afresh whenever they could open the gate, never before: an idle pass asks nothing.
    `remedy`: how one approves here.
    """
    if opinions.objecting:
        return blocks("approvals", f"changes requested by {', '.join(opinions.objecting)}"), Ask()
    finding = found(rule, opinions.approving, evidence)
    if finding.missing:
        return waits("approvals", f"{'; '.join(finding.missing)}; {remedy}"), Ask()
    if finding.ask:
        # Seen while other gates wait: nobody is asked about before that could decide.
        given = f"approved by {', '.join(finding.by)}" if finding.by else "approved"
        return waits("approvals", f"{given}; who may approve is read as soon as every other gate passes"), finding.ask
    return passed("approvals", f"approved by {', '.join(finding.by)}"), Ask()
