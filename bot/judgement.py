"""One promotion under judgement: what every gate says of its head, and whether it may merge. No I/O."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot import codeowners, declaration, emergency, merge_queue, pace
from bot.actions import Action, Ask, Copy, Edits, Outcome, PostCheck, Verdict
from bot.codeowners import Rule
from bot.commands import spelled
from bot.conditions import Entry, declared_verdicts
from bot.content import MADE_BY_US, Wanted, judge_head
from bot.gates import approvals, hold, signature, tag, upstreams
from bot.gates.approvers import Evidence, Voice, found
from bot.gates.verdicts import waits, worst
from bot.merge_heads import judge_conflict, judge_kept
from bot.merge_requests import ASKED, asked
from bot.model import Base, Check, Commit, Observation, PullRequest, Release, Sha, Unknown
from bot.opinions import opinions
from bot.orders import Sticky, sticky
from bot.selection import Pick
from bot.standing import Standing
from bot.waivers import waived, without_skippers
from config.pipeline import CommandStyle, Environment, Mode, Pipeline, Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One promotion under judgement. `emergency`: how many people one takes, None where none is declared."""

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
    style: CommandStyle = CommandStyle.PLAIN
    emergency: int | None = None


def foreseen(case: Case) -> tuple[Verdict, ...]:
    """What the gates will say of the head we are about to make: nobody can have approved of it yet.

    So the next pass finds its check and text as they should be, and writes nothing.
    """
    held = (
        hold.standing_hold(case.pull, case.seen.permissions, holder_id=sticky(case.pull).holder_id)[0]
        if case.pull
        else None
    )
    verdicts = [MADE_BY_US, *_entry_verdicts(case), *_declared(case, head=None), _hold_verdict(case.pull, held)]
    kept, _ = judge_kept(case.environment, None, base=case.base, seen=case.seen)
    verdicts += [kept] if kept is not None else []
    if case.environment.approvals is not None:
        verdicts.append(approvals.judge(case.environment.approvals, approvals.Opinions(), evidence(case, case.pull))[0])
    return _worded(case, verdicts)


def _entry_verdicts(case: Case) -> tuple[Verdict, ...]:
    """Whether the release may come from where it comes: the declaration for roots, the upstreams' gates for others."""
    verdicts: list[Verdict] = []
    here = case.standings[case.environment.name]
    if case.release.id in here.reverted:
        verdicts.append(waits("revert", f"{case.release.label} was taken out of {case.environment.name} by hand"))
    verdicts.append(declaration.judge(case.pipeline, case.environment, case.release, seen=case.seen, here=here).verdict)
    verdicts += _artifact_verdicts(case)
    verdicts += upstreams.judge(case.environment, case.release, case.standings, now=case.seen.now)
    if case.environment.completes:
        verdicts.append(pace.judge(case.pipeline, case.environment, case.standings, now=case.seen.now))
    return tuple(verdicts)


def _artifact_verdicts(case: Case) -> Iterator[Verdict]:
    """What is known of each artifact's tag and signature."""
    seen, here = case.seen, case.standings[case.environment.name]
    for artifact in declaration.to_confirm(case.environment, case.release, here, by_tag=case.wish.by_tag):
        pointing = (artifact.repository, artifact.tag)
        asked = pointing in seen.digests
        yield tag.judge(artifact, seen.digests.get(pointing), asked=asked, now=seen.now)
    for artifact in case.release.artifacts:
        source = case.pipeline.artifacts.get(artifact.name)
        if source is not None and source.verify is not None:
            known = seen.signatures.get((artifact.name, artifact.digest))
            yield signature.judge(artifact, known, now=seen.now)


def _declared(case: Case, *, head: Sha | None) -> tuple[Verdict, ...]:
    """The gates that the environment declares for itself."""
    entry = Entry(
        pipeline=case.pipeline,
        environment=case.environment,
        seen=case.seen,
        standings=case.standings,
        release=case.release,
        pull=case.pull,
        head=head,
    )
    return declared_verdicts(entry)


def _hold_verdict(pull: PullRequest | None, held: hold.Hold | None) -> Verdict:
    note = sticky(pull) if pull else Sticky()
    by_us = held is not None and held.by_us
    return hold.judge(held, holder=note.holder if by_us else None, reason=note.reason if by_us else None)


def verdicts_on(case: Case, pull: PullRequest, held: hold.Hold | None) -> tuple[tuple[Verdict, ...], Ask]:
    """What every gate says of this head, and what must be read of people before what they said may open it."""
    verdicts = [
        judge_head(pull, case.head, case.wish.content),
        *_entry_verdicts(case),
        *_declared(case, head=pull.head),
        _hold_verdict(pull, held),
    ]
    kept, compared = judge_kept(case.environment, case.head, base=case.base, seen=case.seen)
    conflict, clashes = judge_conflict(case.pipeline, case.environment, case.head, base=case.base, seen=case.seen)
    if conflict is None and pull.mergeable == "CONFLICTING":
        conflict = waits("merge", f"GitHub reports a conflict with {case.base.branch}")
    against = merge_queue.method_against(case.environment, pull)
    verdicts += [verdict for verdict in (kept, conflict, against) if verdict is not None]
    shown, skippers = waived(verdicts, pull, case.environment, case.seen)
    verdict, unread = _said_by_people(case, pull)
    known = evidence(case, pull)
    called = emergency.waive(
        [*shown, *([verdict] if verdict else [])], pull, case.environment, people=case.emergency, evidence=known
    )
    # Access is read only when it could decide: all else passes already.
    if called.in_force:
        needed = called.ask if worst(called.verdicts) is Outcome.PASS else Ask()
    else:
        needed = unread if worst(shown) is Outcome.PASS else Ask()
    needed |= Ask(permissions=skippers if worst(called.verdicts) is Outcome.PASS else frozenset())
    return _worded(case, called.verdicts), needed | compared | clashes


def _said_by_people(case: Case, pull: PullRequest) -> tuple[Verdict | None, Ask]:
    """The approvals that are declared, or that somebody asked for a merge which nothing else asks for."""
    environment = case.environment
    if environment.approvals is not None:
        return approvals.judge(environment.approvals, without_skippers(opinions(pull), pull), evidence(case, pull))
    return (None, Ask()) if environment.auto else asked(pull, case.seen, needed=environment.roles.merge)


def approvers_of(case: Case, pull: PullRequest) -> tuple[Voice, ...]:
    """Whose approvals opened the gate; nobody's where none is declared."""
    if case.environment.approvals is None:
        return ()
    voices = without_skippers(opinions(pull), pull).approving
    counted = found(case.environment.approvals, voices, evidence(case, pull)).by
    return tuple(voice for voice in voices if voice.login in counted)


def source_of(case: Case) -> dict[str, Sha]:
    """Upstream environment → the commit at which the release stood there."""
    upstream = ((name, case.standings[name].record_of(case.release)) for name in case.environment.upstreams)
    return {name: record.commit for name, record in upstream if record is not None}


def _worded(case: Case, verdicts: Iterable[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts, naming commands as this repository wants them written."""
    return tuple(replace(verdict, reason=spelled(verdict.reason, case.style)) for verdict in verdicts)


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
    if isinstance(case.wish.content, Edits | Copy):
        changed = case.wish.content.entries if isinstance(case.wish.content, Copy) else case.wish.blobs
        return codeowners.needed(text, changed)
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
            title=order.text.title,
        )
        for order in orders
        if isinstance(order, PostCheck)
    ]
    names = {check.name for check in new}
    return replace(pull, checks=(*(c for c in pull.checks if c.name not in names), *new))


def may_merge(case: Case, verdicts: tuple[Verdict, ...]) -> bool:
    asked_for = case.environment.auto or case.environment.approvals is not None or _asked(verdicts)
    return case.mode is Mode.MERGE and asked_for and worst(verdicts) is Outcome.PASS


def _asked(verdicts: tuple[Verdict, ...]) -> bool:
    return any(verdict.gate in (ASKED, emergency.GATE) for verdict in verdicts)


def unasked(case: Case, verdicts: tuple[Verdict, ...]) -> str:
    if case.mode is not Mode.MERGE:
        whose = f" of {case.seen.repository.full_name}" if case.seen.home else ""
        return f"every gate passes; mode: {case.mode}{whose} never merges"
    if not case.environment.auto and case.environment.approvals is None and not _asked(verdicts):
        how = spelled("`/merge`", case.style).strip("`")
        return f"every gate passes; a person merges it, or says {how} (auto: false, no approvals declared)"
    return ""


def waiting_for(verdicts: tuple[Verdict, ...]) -> str:
    # The board shows plain text: code spans are for GitHub.
    return "; ".join(v.reason.replace("`", "") for v in verdicts if v.outcome is not Outcome.PASS)
