"""One promotion under judgement: what every gate says of its head, and whether it may merge. No I/O."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot import codeowners, declaration, emergency, merge_queue, pace
from bot.actions import Action, Ask, Copy, Edits, Outcome, PostCheck, Verdict
from bot.codeowners import Rule
from bot.commands import spelled
from bot.conditions import Entry, declared_verdicts
from bot.content import MADE_BY_US, Wanted, judge_head
from bot.degradation import still_degraded
from bot.directing import is_directed, is_rollback
from bot.directives import Directed
from bot.gates import approvals, freeze, hold, signature, tag, upstreams
from bot.gates.approvers import Evidence, Voice, found
from bot.gates.verdicts import blocks, passed, waits, worst
from bot.merge_heads import judge_conflict, judge_kept
from bot.merge_requests import ASKED, asked
from bot.messages import NOBODY
from bot.model import Artifact, Base, Check, Commit, Observation, PullRequest, Release, Sha, Unknown
from bot.opinions import opinions
from bot.orders import Sticky, sticky
from bot.room import NOTHING, Heard
from bot.selection import Pick
from bot.standing import Standing
from bot.waivers import waived, without_skippers
from config.operator import Operator
from config.pipeline import CommandStyle, Environment, Mode, Pipeline, Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One promotion under judgement. `directed`: where a person, or `on_degraded`, asked for this very release.

    `environment`: with the gates that apply to it (`bot.directing.as_directed`). `held_since`: from when on what stands
    there has been Degraded, where `on_degraded: hold` says that promotions wait for a person then. `declared`: the
    environment before the operator's floors, with the gates that apply; None: as it is here. `emergency`: how many
    people one takes, None where none is declared.
    """

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
    directed: Directed | None = None
    held_since: datetime | None = None
    heard: Heard = NOTHING
    operator: Operator = field(default_factory=Operator)
    declared: Environment | None = None
    emergency: int | None = None


def foreseen(case: Case) -> tuple[Verdict, ...]:
    """What the gates will say of the head we are about to make: nobody can have approved of it yet.

    So the next pass finds its check and text as they should be, and writes nothing.
    """
    held = standing_hold(case, case.pull)[0] if case.pull else None
    verdicts = [MADE_BY_US, *_freeze(case, decisive=False, vouched=True)[0], *_entry_verdicts(case)]
    verdicts += [*_declared(case, head=None), _hold_verdict(case.pull, held)]
    kept, _ = judge_kept(case.environment, None, base=case.base, seen=case.seen)
    verdicts += [kept] if kept is not None else []
    if case.environment.approvals is not None:
        verdict = approvals.judge(case.environment.approvals, approvals.Opinions(), evidence(case, case.pull))[0]
        verdicts.append(_by_rule(case, verdict))
    return _worded(case, verdicts)


def _entry_verdicts(case: Case) -> tuple[Verdict, ...]:
    """Whether the release may come from where it comes: the declaration for roots, the upstreams' gates for others."""
    here = case.standings[case.environment.name]
    if is_rollback(case.directed):
        return (*_stops(case), *_automatic(case, here), *_artifact_verdicts(case))
    verdicts = [*_stops(case)]
    named = case.directed is not None
    rejection = None if named else here.rejection(case.release)
    if rejection is not None:
        verdicts.append(waits("rejected", rejection))
    declared = declaration.judge(case.pipeline, case.environment, case.release, seen=case.seen, here=here, named=named)
    verdicts.append(declared.verdict)
    verdicts += _artifact_verdicts(case)
    verdicts += upstreams.judge(case.environment, case.release, case.standings, now=case.seen.now)
    if case.environment.completes and not named:
        verdicts.append(pace.judge(case.pipeline, case.environment, case.standings, now=case.seen.now))
    return tuple(verdicts)


def _automatic(case: Case, here: Standing) -> Iterator[Verdict]:
    """What nobody asked for goes on only while its cause is seen."""
    if case.directed is None or case.directed.by:
        return
    why = still_degraded(here, case.directed)
    yield waits("degraded", why) if why else passed("degraded", here.health.reason)


def confirmed(
    environment: Environment, release: Release, here: Standing, *, wish: Wanted, directed: Directed | None
) -> tuple[Artifact, ...]:
    """The artifacts that must be where their tags point. What is restored was recorded with its digests."""
    found = declaration.to_confirm(environment, release, here, by_tag=wish.by_tag)
    return tuple(a for a in found if a.name in wish.by_tag) if is_rollback(directed) else found


def _stops(case: Case) -> Iterator[Verdict]:
    """What the operator stops: named only where it does."""
    names = [one.full_name for one in (case.seen.repository, case.seen.home) if one is not None]
    if any(case.operator.stops_merges(name) for name in names):
        what = "writes" if any(case.operator.stops_writes(name) for name in names) else "merges"
        yield blocks("operator", f"the operator has stopped all {what} (CAISSON_STOP_{what.upper()})")


def _freeze(case: Case, *, decisive: bool, vouched: bool) -> tuple[tuple[Verdict, ...], Ask]:
    """What a freeze of the environment says: named only where there is one; and whose access must be read to tell.

    `decisive`: all else passes. `vouched`: our check on the head says what directs it; else it is no rollback to go by.
    """
    frozen = case.heard.frozen(f"{case.pipeline.name}/{case.environment.name}")
    verdict = freeze.judge(frozen, now=case.seen.now)
    if verdict.outcome is Outcome.PASS:
        return (), Ask()
    directed = case.directed if vouched and is_rollback(case.directed) else None
    if directed is None or directed.by_id is None or isinstance(frozen, Unknown):
        return (verdict,), Ask()
    if not decisive:
        told = f"it yields to this rollback if {directed.by} has maintain, which is read when all else passes"
        return (replace(verdict, reason=f"{verdict.reason}; {told}"),), Ask()
    yields, ask = freeze.yields_to(directed, permissions=case.seen.permissions, identities=case.seen.identities)
    return (freeze.judge(frozen, now=case.seen.now, yields=yields),), ask


def _by_rule(case: Case, verdict: Verdict) -> Verdict:
    """What the approvals say, naming the operator's rule where it asks for more than is declared."""
    floor = case.operator.floor(case.declared) if case.declared is not None else None
    return replace(verdict, reason=f"{verdict.reason} (the operator's rule {floor})") if floor else verdict


def _artifact_verdicts(case: Case) -> Iterator[Verdict]:
    """What is known of each artifact's tag and signature."""
    seen, here = case.seen, case.standings[case.environment.name]
    for artifact in confirmed(case.environment, case.release, here, wish=case.wish, directed=case.directed):
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


def standing_hold(case: Case, pull: PullRequest) -> tuple[hold.Hold | None, str | None]:
    """The hold that binds this head, and whose access must be read to tell.

    Where `on_degraded` holds, what somebody asked for by name is not meant: it is what a person decided then.
    """
    note = sticky(pull)
    held, unsure = hold.standing_hold(pull, case.seen.permissions, holder_id=note.holder_id)
    meant = case.directed is None or held is None or not held.by_us or note.holder != NOBODY
    return (held, unsure) if meant else (None, None)


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
    if rival := case.seen.rivals.get(pull.head):
        # A check run is of a commit: what says success here would say so there.
        verdicts.append(waits("head", f"{rival}, where it may not go; close that one"))
    kept, compared = judge_kept(case.environment, case.head, base=case.base, seen=case.seen)
    conflict, clashes = judge_conflict(case.pipeline, case.environment, case.head, base=case.base, seen=case.seen)
    if conflict is None and pull.mergeable == "CONFLICTING":
        conflict = waits("merge", f"GitHub reports a conflict with {case.base.branch}")
    against = merge_queue.method_against(case.environment, pull)
    verdicts += [verdict for verdict in (kept, conflict, against) if verdict is not None]
    shown, skippers = waived(verdicts, pull, case.environment, case.seen)
    verdict, unread = _said_by_people(case, pull)
    # What is missing of people is not known to be missing before their access is read.
    agreed = verdict is None or verdict.outcome is Outcome.PASS or bool(unread)
    vouched = is_directed(pull, case.head, case.directed) if case.head else False
    frozen, unsure = _freeze(case, decisive=agreed and worst(shown) is Outcome.PASS, vouched=vouched)
    shown = (shown[0], *frozen, *shown[1:])
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
    return _worded(case, called.verdicts), needed | unsure | compared | clashes


def _said_by_people(case: Case, pull: PullRequest) -> tuple[Verdict | None, Ask]:
    """The approvals that are declared, or that somebody asked for a merge which nothing else asks for."""
    environment = case.environment
    if environment.approvals is not None:
        given = without_skippers(opinions(pull), pull)
        verdict, ask = approvals.judge(environment.approvals, given, evidence(case, pull))
        return _by_rule(case, verdict), ask
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
