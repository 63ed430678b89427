"""One promotion under judgement: what every gate says of its head, and whether it may merge. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot import codeowners
from bot.actions import Action, Ask, Edits, Outcome, PostCheck, Verdict
from bot.candidate import undeclared
from bot.codeowners import Rule
from bot.content import MADE_BY_US, Wanted, judge_head
from bot.gates import approvals, health, hold, signature, soak
from bot.gates.approvers import Evidence
from bot.gates.verdicts import waits, worst
from bot.messages import GATES
from bot.model import Base, Check, Commit, Observation, PullRequest, Release, Unknown
from bot.opinions import opinions
from bot.orders import Sticky, sticky
from bot.selection import Pick
from bot.standing import Standing
from config.pipeline import Environment, Mode, Pipeline, Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One promotion under judgement."""

    pipeline: Pipeline
    environment: Environment
    seen: Observation
    standings: Mapping[str, Standing]
    release: Release
    wish: Wanted
    base: Base
    head: Commit | None
    pull: PullRequest | None
    mode: Mode
    templates: Templates = field(default_factory=Templates)
    picks: Mapping[str, Pick] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def foreseen(case: Case) -> tuple[Verdict, ...]:
    """What the gates will say of the head we are about to make: nobody can have approved of it yet.

    So the next pass finds its check and text as they should be, and writes nothing.
    """
    held = (
        hold.standing_hold(case.pull, case.seen.permissions, holder_id=sticky(case.pull).holder_id)[0]
        if case.pull
        else None
    )
    verdicts = [MADE_BY_US, *_entry_verdicts(case), _hold_verdict(case.pull, held)]
    if case.environment.approvals is not None:
        verdicts.append(approvals.judge(case.environment.approvals, approvals.Opinions(), evidence(case, case.pull))[0])
    return tuple(verdicts)


def _entry_verdicts(case: Case) -> tuple[Verdict, ...]:
    """Whether the release may come from where it comes: the declaration for roots, the upstreams' gates for others."""
    verdicts: list[Verdict] = []
    if case.release.id in case.standings[case.environment.name].reverted:
        verdicts.append(waits("revert", f"{case.release.label} was taken out of {case.environment.name} by hand"))
    if case.environment.is_root:
        here = case.standings[case.environment.name]
        verdicts.append(undeclared(case.pipeline, case.release, case.seen, here))
    for artifact in case.release.artifacts:
        source = case.pipeline.artifacts.get(artifact.name)
        if source is not None and source.verify is not None:
            known = case.seen.signatures.get((artifact.name, artifact.digest))
            verdicts.append(signature.judge(artifact, known, now=case.seen.now))
    for name in case.environment.after:
        upstream = case.standings[name]
        verdicts.append(health.judge(case.release, upstream))
        if case.environment.gates.soak is not None:
            verdicts.append(soak.judge(case.release, upstream, needed=case.environment.gates.soak, now=case.seen.now))
    return tuple(verdicts)


def _hold_verdict(pull: PullRequest | None, held: hold.Hold | None) -> Verdict:
    note = sticky(pull) if pull else Sticky()
    by_us = held is not None and held.by_us
    return hold.judge(held, holder=note.holder if by_us else None, reason=note.reason if by_us else None)


def verdicts_on(case: Case, pull: PullRequest, held: hold.Hold | None) -> tuple[tuple[Verdict, ...], Ask]:
    """What every gate says of this head, and what must be read of people before the approvals may pass."""
    verdicts = [judge_head(pull, case.head), *_entry_verdicts(case), _hold_verdict(pull, held)]
    if pull.mergeable == "CONFLICTING":
        verdicts.append(waits("merge", f"GitHub reports a conflict with {case.base.branch}"))
    if case.environment.approvals is None:
        return tuple(verdicts), Ask()
    verdict, unread = approvals.judge(case.environment.approvals, opinions(pull), evidence(case, pull))
    # Access is read only when it could decide: all else passes already.
    needed = unread if worst(verdicts) is Outcome.PASS else Ask()
    return (*verdicts, verdict), needed


def evidence(case: Case, pull: PullRequest | None) -> Evidence:
    """What is known of whoever may approve, and which owners the change needs."""
    return Evidence(
        organisation=case.seen.repository.full_name.partition("/")[0],
        permissions=case.seen.permissions,
        identities=case.seen.identities,
        memberships=case.seen.memberships,
        owned=_owned(case, pull),
    )


def _owned(case: Case, pull: PullRequest | None) -> tuple[Rule, ...] | Unknown:
    """The CODEOWNERS rules of every path that the promotion changes, in the file of the branch it goes into."""
    rule, text = case.environment.approvals, case.seen.places[case.environment.name].owners
    if rule is None or not rule.reads_owners:
        return ()
    if text is None:
        return Unknown("CODEOWNERS has not been read yet")
    if isinstance(text, Unknown):
        return text
    if isinstance(case.wish.content, Edits):
        return codeowners.needed(text, case.wish.blobs)
    if pull is None or pull.changed is None:
        return Unknown("which files change is not known, so nobody can be known to own them all")
    return codeowners.needed(text, pull.changed)


def heard(pull: PullRequest, orders: tuple[Action, ...]) -> PullRequest:
    """The pull request as it will stand when the approvals among these orders are written down."""
    new = [
        Check(
            id="",
            name=order.text.name,
            commit=order.commit,
            status=order.text.status,
            conclusion=order.text.conclusion,
            external_id=order.text.external_id,
            started=None,
        )
        for order in orders
        if isinstance(order, PostCheck)
    ]
    names = {check.name for check in new}
    return replace(pull, checks=(*(c for c in pull.checks if c.name not in names), *new))


def may_merge(case: Case, verdicts: tuple[Verdict, ...]) -> bool:
    asked_for = case.environment.auto or case.environment.approvals is not None
    if case.mode is not Mode.MERGE or not asked_for or worst(verdicts) is not Outcome.PASS:
        return False
    assert case.pull is not None
    # GitHub refused once although our own check had passed (a branch protection of its own): people must act there.
    refused = case.pull.merge_state in ("BLOCKED", "BEHIND") and any(
        c.name == GATES and c.commit == case.pull.head and c.conclusion == "SUCCESS" for c in case.pull.checks
    )
    return not refused


def unasked(case: Case) -> str:
    if case.mode is not Mode.MERGE:
        return f"every gate passes; mode: {case.mode} never merges"
    if not case.environment.auto and case.environment.approvals is None:
        return "every gate passes; a person merges it (auto: false, no approvals declared)"
    if case.pull is not None and case.pull.merge_state in ("BLOCKED", "BEHIND"):
        return "every gate passes; GitHub's branch protection asks for more"
    return ""


def waiting_for(verdicts: tuple[Verdict, ...]) -> str:
    # The board shows plain text: code spans are for GitHub.
    return "; ".join(v.reason.replace("`", "") for v in verdicts if v.outcome is not Outcome.PASS)
