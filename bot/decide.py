"""(pipeline, observation) → plan: what to do now, and why everything else waits. No I/O.

At most one step that moves a promotion is taken per environment and pass; no state is kept between passes. Where a
fact about a candidate is needed that was not observed, the decision is an `Ask` and is made again with the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot import declaration, promotion_text
from bot.actions import (
    Action,
    AddLabels,
    Ask,
    Close,
    DeleteBranch,
    Edits,
    EnvironmentView,
    Merge,
    Outcome,
    Plan,
    PostCheck,
    Propose,
    Retitle,
    SetLabel,
    Verdict,
)
from bot.active import Ground, ground
from bot.answers import Queries, Setting
from bot.candidate import Candidate, candidate
from bot.content import Wanted, branch_name, judge_head, notes_on, proposed_release, stale, wanted
from bot.declaration import declares
from bot.difference import difference
from bot.explanation import explain
from bot.gates import hold
from bot.gates.verdicts import blocks, waits
from bot.invitations import invitation
from bot.judgement import Case, foreseen, heard, may_merge, unasked, verdicts_on, waiting_for
from bot.messages import GATES, gates_check, merge_message, status_reply
from bot.model import CheckStatus, Observation, Place, PullRequest, Release, Unknown
from bot.opinions import opinions
from bot.orders import obey, sticky
from bot.promotion_text import Promotion
from bot.selection import pins
from bot.spans import SOON
from bot.standing import Standing
from config.pipeline import CommandStyle, Environment, Mode, Pipeline, Promote, Supersede, Templates

NO_TEMPLATES = Templates()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one environment comes to. `until`: when time alone may bring it a candidate."""

    view: EnvironmentView
    actions: tuple[Action, ...] = ()
    ask: Ask = Ask()
    verdicts: tuple[Verdict, ...] = ()
    until: datetime | None = None


def decide(
    pipeline: Pipeline,
    seen: Observation,
    *,
    mode: Mode = Mode.MERGE,
    templates: Templates = NO_TEMPLATES,
    last: bool = False,
    style: CommandStyle = CommandStyle.PLAIN,
) -> Plan | Ask:
    """The plan for one pipeline, or the facts still needed to make it.

    `last`: no more facts are to be had in this pass; whatever needs some waits, and the rest goes on.
    """
    grounds = {e.name: ground(pipeline, e, seen) for e in pipeline.environments}
    standings = {name: g.standing for name, g in grounds.items()}
    steps = [
        _step(pipeline, e, seen, grounds[e.name], standings, mode=mode, templates=templates, style=style)
        for e in pipeline.environments
    ]
    ask = Ask()
    for wanting in (*(g.ask for g in grounds.values()), *(s.ask for s in steps)):
        ask |= wanting
    if ask and not last:
        return ask
    actions = [a for g in grounds.values() for a in g.actions] + [a for s in steps for a in s.actions]
    if mode is Mode.OBSERVE:
        actions = []
    moments = [v.until for s in steps for v in s.verdicts] + [s.until for s in steps]
    moments += [seen.now + SOON] if ask else []
    later = [moment for moment in moments if moment is not None and moment > seen.now]
    return Plan(actions=tuple(actions), views=tuple(s.view for s in steps), look_again_at=min(later, default=None))


def _step(
    pipeline: Pipeline,
    environment: Environment,
    seen: Observation,
    here: Ground,
    standings: Mapping[str, Standing],
    *,
    mode: Mode,
    templates: Templates,
    style: CommandStyle,
) -> Step:
    place = seen.places[environment.name]
    standing = here.standing
    if (barred := _barred(pipeline, environment, place, here)) is not None or place.base is None:
        verdicts = (barred,) if barred and barred.outcome is Outcome.BLOCK else ()
        waiting = barred.reason if barred else ""
        view = _view(environment, standing, waiting=waiting, pull=place.pull)
        # While what stands is written down the next pass is near, and says more.
        withdrawn = () if here.ask or here.actions else _withdrawn(pipeline, environment, place, waiting)
        return Step(view=view, actions=withdrawn, verdicts=verdicts)
    newest = candidate(pipeline, environment, seen, standings)
    if newest.ask:
        return Step(view=_view(environment, standing, waiting=newest.reason), ask=newest.ask)
    release = _kept(pipeline, environment, seen, newest, standings)
    if release is None:
        view = _view(environment, standing, waiting=newest.reason, pull=place.pull)
        tidied = (
            *_ending(pipeline, environment, place, standing, newest.reason),
            *_tidy(pipeline, environment, seen, here),
        )
        return Step(view=view, actions=tidied, until=newest.until)
    wish = wanted(pipeline, environment, release, base=place.base, files=here.files)
    if isinstance(wish, str):
        view = _view(environment, standing, waiting=wish, pull=place.pull)
        ending = _ending(pipeline, environment, place, standing, wish)
        return Step(view=view, actions=ending, until=newest.until)
    if unknown := _unknown(pipeline, environment, release, wish=wish, here=standing, seen=seen):
        return Step(view=_view(environment, standing, waiting="reading what the images say"), ask=unknown)
    case = Case(
        pipeline=pipeline,
        environment=environment,
        seen=seen,
        standings=standings,
        release=release,
        wish=wish,
        base=place.base,
        head=place.head,
        pull=place.pull,
        mode=mode,
        templates=templates,
        picks=newest.picks,
        notes=notes_on(pipeline, wish.content, place.base),
        style=style,
    )
    step = _propose(case) if _must_build(case) else _judge(case)
    return replace(step, until=newest.until)


def _unknown(
    pipeline: Pipeline, environment: Environment, release: Release, *, wish: Wanted, here: Standing, seen: Observation
) -> Ask:
    """What the registry must be asked about this release.

    What its images say of themselves, who signed them, where its tags point, and what the declaration asks of it.
    """
    shown = (*release.artifacts, *(here.active.artifacts if here.active else ()))
    details = frozenset((a.repository, str(a.digest)) for a in shown) - seen.details.keys()
    signed = [a for a in release.artifacts if a.name in pipeline.artifacts and pipeline.artifacts[a.name].verify]
    signatures = frozenset((a.name, str(a.digest)) for a in signed) - seen.signatures.keys()
    confirmed = declaration.to_confirm(environment, release, here, by_tag=wish.by_tag)
    tags = frozenset((a.repository, a.tag) for a in confirmed) - seen.digests.keys()
    asked = declaration.judge(pipeline, environment, release, seen=seen, here=here).ask
    return Ask(digests=tags, details=details, signatures=signatures) | asked


def _barred(pipeline: Pipeline, environment: Environment, place: Place, here: Ground) -> Verdict | None:
    """Why nothing at all may be proposed into an environment in this pass."""
    if pipeline.is_source(environment) or place.base is None or here.standing.problem:
        return waits("environment", here.standing.problem or "its branch tip is the release")
    if here.ask:
        return waits("environment", "resolving what stands in Git")
    if here.actions and here.standing.record is None:
        return waits("environment", "recording what stands in Git")
    if place.foreign_pull:
        return blocks("head", place.foreign_pull)
    pull = place.pull
    if pull is not None and pull.base_branch != place.base.branch:
        told = f"#{pull.number} was retargeted to {pull.base_branch}"
        return blocks("head", f"{told}; set its base back to {place.base.branch}")
    return None


def _kept(
    pipeline: Pipeline,
    environment: Environment,
    seen: Observation,
    newest: Candidate,
    standings: Mapping[str, Standing],
) -> Release | None:
    """The release to promote: the candidate, or the one already proposed where it may not be moved.

    What a head says of its release is only a claim: an upstream's record must know it, and into a root the gate
    `declaration` must let it. What can never merge, since its tag is another image's now, does not stay for its
    approvals.
    """
    place = seen.places[environment.name]
    here, pull = standings[environment.name], place.pull
    proposed = proposed_release(place.head) if pull else None
    if proposed is None or pull is None or not declares(pipeline, proposed):
        return newest.release
    if newest.release is not None and proposed.id == newest.release.id:
        # The same release again: its order is when it was *first* proposed.
        first = min(proposed.proposed, newest.release.proposed)
        return replace(newest.release, proposed=first) if environment.is_root else newest.release
    if here.active and proposed.order <= here.active.order:
        return newest.release
    if not environment.is_root:
        record = standings[environment.after[0]].record_of(proposed)
        if record is None or record.release.artifacts != proposed.artifacts:
            return newest.release
        proposed = record.release
    if newest.release is None:
        return proposed
    approved = environment.supersede is Supersede.UNAPPROVED and any(
        # A reader's approval counts for nothing, and so must not keep a newer release out.
        voice.can_push is not False
        for voice in opinions(pull).approving
    )
    return proposed if approved and not _tag_lost(pipeline, proposed, here, seen) else newest.release


def _tag_lost(pipeline: Pipeline, release: Release, here: Standing, seen: Observation) -> bool:
    """Whether a tag that would stand without its digest is known to be gone, or to point elsewhere."""
    bare = [a for a in release.artifacts if a.name not in here.pinned and not pins(pipeline.artifacts[a.name])]
    known = ((a, seen.digests[a.repository, a.tag]) for a in bare if (a.repository, a.tag) in seen.digests)
    return any(not isinstance(digest, Unknown) and digest != artifact.digest for artifact, digest in known)


def _ending(
    pipeline: Pipeline, environment: Environment, place: Place, here: Standing, reason: str
) -> tuple[Action, ...]:
    """Nothing is to be proposed: close our pull request when what it carries is in, or behind, what is active."""
    pull, proposed = place.pull, proposed_release(place.head)
    if pull is None or not pull.by_us or proposed is None:
        return ()
    if here.active is not None and proposed.order <= here.active.order:
        return (Close(pull=pull),)
    return _withdrawn(pipeline, environment, place, reason)


def _withdrawn(pipeline: Pipeline, environment: Environment, place: Place, reason: str) -> tuple[Action, ...]:
    """Our pull request stays open, and a check that said success once must not go on saying so."""
    pull, proposed = place.pull, proposed_release(place.head)
    if pull is None or not pull.by_us or proposed is None:
        return ()
    existing = next((c for c in pull.checks if c.name == GATES and c.commit == pull.head), None)
    text = gates_check(pipeline, environment, proposed, (waits("environment", reason),))
    if existing is None or existing.external_id == text.external_id:
        return ()
    return (PostCheck(commit=pull.head, existing=existing, text=text),)


def _tidy(pipeline: Pipeline, environment: Environment, seen: Observation, here: Ground) -> tuple[Action, ...]:
    """Delete our branch after its merge, riding along when something else is written anyway."""
    place = seen.places[environment.name]
    if place.pull or place.head is None or not here.actions:
        return ()
    if any(m.head is not None and m.head.sha == place.head.sha for m in place.merged):
        return (DeleteBranch(branch=branch_name(pipeline, environment), head=place.head.sha),)
    return ()


def _must_build(case: Case) -> bool:
    """Whether our head must be made (anew). A head with somebody else's commit is never overwritten: it blocks."""
    if case.pull is None:
        return True
    if (
        case.head is None
        or case.head.sha != case.pull.head
        or judge_head(case.pull, case.head).outcome is Outcome.BLOCK
    ):
        return False
    if isinstance(case.wish.content, Edits) and case.pull.changed is None:
        # GitHub did not name all the changed files: more than we ever change, or not read; nothing to build on.
        return False
    files = case.seen.places[case.environment.name].head_files
    return stale(case.wish, case.head, case.release, base=case.base, pull=case.pull, files=files)


def _propose(case: Case) -> Step:
    environment, release = case.environment, case.release
    standing = case.standings[environment.name]
    head = case.head
    if case.pull is None and head is not None and not head.by_us:
        branch = branch_name(case.pipeline, environment)
        reason = f"{head.author} pushed {head.sha[:7]} onto our branch {branch}; delete that branch"
        return Step(view=_view(environment, standing, waiting=reason), verdicts=(blocks("head", reason),))
    verdicts = foreseen(case)
    view = _view(
        environment, standing, waiting=waiting_for(verdicts), proposed=release, pull=case.pull, verdicts=verdicts
    )
    return Step(view=view, actions=(_proposal(case, verdicts),), verdicts=verdicts)


def _proposal(case: Case, verdicts: tuple[Verdict, ...]) -> Propose:
    """Our head as it is to be, with its pull request and its check."""
    pipeline, environment = case.pipeline, case.environment
    told = _told(case)
    blobs, base = dict(case.wish.blobs), dict(case.wish.base)
    return Propose(
        environment=environment.name,
        branch=branch_name(pipeline, environment),
        base_branch=case.base.branch,
        parent=case.base.tip,
        head_before=case.head.sha if case.head else None,
        content=case.wish.content,
        message=promotion_text.commit_message(told, blobs=blobs, base=base),
        title=promotion_text.title(told),
        body=promotion_text.body(told, verdicts),
        pull=case.pull,
        check=gates_check(pipeline, environment, case.release, verdicts),
    )


def _told(case: Case) -> Promotion:
    """The promotion as its pull request tells of it."""
    return Promotion(
        pipeline=case.pipeline,
        environment=case.environment,
        release=case.release,
        active=case.standings[case.environment.name].active,
        templates=case.templates,
        details=case.seen.details,
        signatures=case.seen.signatures,
        picks=case.picks,
        notes=case.notes,
        signer=case.seen.signer,
        style=case.style,
    )


def _judge(case: Case) -> Step:
    """Verdicts on the open pull request's head, and the merge if all of them pass."""
    assert case.pull is not None
    environment, standing, pull = case.environment, case.standings[case.environment.name], case.pull
    held, unsure = hold.standing_hold(pull, case.seen.permissions, holder_id=sticky(pull).holder_id)
    before, _ = verdicts_on(case, pull, held)
    orders, wants = obey(
        pull,
        case.seen,
        hold=held,
        queries=Queries(
            status=lambda: status_reply(case.pipeline, environment, case.release, before, case.seen.now),
            explain=lambda artifact: explain(case.pipeline, case.seen, case.release, artifact),
            diff=lambda: difference(case.wish, case.base.files, pull),
        ),
        setting=_setting(case, pull, before),
    )
    # An `/approve` counts from the pass that accepts it: its check run is written before the merge is asked for.
    verdicts, needed = verdicts_on(case, heard(pull, orders), held)
    ask = needed | wants | Ask(permissions=frozenset({unsure} if unsure else set()))
    actions = orders
    # A hold set or lifted, or a head made anew, comes first: the next pass judges again by what GitHub then says.
    if not any(isinstance(order, SetLabel | Propose) for order in orders):
        actions = _once((*orders, *_publish(case, verdicts)))
        if not ask and may_merge(case, verdicts):
            actions = (*actions, _merge(case, verdicts))
    waiting = waiting_for(verdicts) or unasked(case, verdicts)
    view = _view(environment, standing, waiting=waiting, proposed=case.release, pull=case.pull, verdicts=verdicts)
    return Step(view=view, actions=actions, ask=ask, verdicts=verdicts)


def _setting(case: Case, pull: PullRequest, verdicts: tuple[Verdict, ...]) -> Setting:
    """Where the commands on a pull request are heard."""
    blocked = case.head is not None and judge_head(pull, case.head).outcome is Outcome.BLOCK
    return Setting(
        environment=case.environment,
        mode=case.mode,
        style=case.style,
        verdicts=verdicts,
        rebuild=_proposal(case, foreseen(case)) if blocked else None,
        repost=_gates_posted(case, pull, verdicts),
    )


def _once(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Of several checks of one name on one head only the last is posted."""
    last = {(a.commit, a.text.name): i for i, a in enumerate(actions) if isinstance(a, PostCheck)}
    return tuple(a for i, a in enumerate(actions) if not isinstance(a, PostCheck) or last[a.commit, a.text.name] == i)


def _gates_posted(case: Case, pull: PullRequest, verdicts: tuple[Verdict, ...]) -> PostCheck:
    """The gates check on the head, written over the one that is there."""
    text = gates_check(case.pipeline, case.environment, case.release, verdicts)
    existing = next((c for c in pull.checks if c.name == GATES and c.commit == pull.head), None)
    return PostCheck(commit=pull.head, existing=existing, text=text)


def _merge(case: Case, verdicts: tuple[Verdict, ...]) -> Merge:
    assert case.pull is not None and case.head is not None
    return Merge(
        environment=case.environment.name,
        pull=case.pull,
        head=case.head.sha,
        method="merge" if case.environment.promote is Promote.MERGE else case.environment.merge_method.value,
        title=f"{promotion_text.title(_told(case))} (#{case.pull.number})",
        message=merge_message(case.head.message, verdicts),
    )


def _publish(case: Case, verdicts: tuple[Verdict, ...]) -> tuple[Action, ...]:
    """The gates check on the head, and the pull request's text while it waits; each only when it changed."""
    assert case.pull is not None
    actions: list[Action] = []
    posted = _gates_posted(case, case.pull, verdicts)
    text = posted.text
    if posted.existing is None or posted.existing.external_id != text.external_id:
        actions.append(posted)
    told = _told(case)
    title, body = promotion_text.title(told), promotion_text.body(told, verdicts)
    # A registry that does not answer for a moment takes nothing out of the text that stood there.
    known = not any(
        isinstance(case.seen.details.get((a.repository, a.digest)), Unknown) for a in case.release.artifacts
    )
    if text.status is not CheckStatus.COMPLETED and (
        case.pull.title != title or (known and case.pull.body.strip() != body.strip())
    ):
        actions.append(Retitle(pull=case.pull, title=title, body=body))
    if labels := _missing_labels(case.pull, case.templates):
        actions.append(AddLabels(number=case.pull.number, labels=labels))
    organisation = case.seen.repository.full_name.partition("/")[0]
    if invited := invitation(case.environment, case.pull, organisation=organisation):
        actions.append(invited)
    return tuple(actions)


def _missing_labels(pull: PullRequest, templates: Templates) -> tuple[str, ...]:
    """Declared labels that it lacks; one that we put on once and somebody took off stays off."""
    ours = {event.label.lower() for event in pull.labelling if event.added and event.by_us}
    # GitHub's names of labels ignore case.
    there = ours | {label.lower() for label in pull.labels}
    return tuple(label for label in templates.labels if label.lower() not in there)


def _view(
    environment: Environment,
    standing: Standing,
    *,
    waiting: str,
    proposed: Release | None = None,
    pull: PullRequest | None = None,
    verdicts: tuple[Verdict, ...] = (),
) -> EnvironmentView:
    return EnvironmentView(
        name=environment.name,
        active=standing.active.label if standing.active else None,
        proposed=proposed.label if proposed else None,
        pull_request=pull.number if pull else None,
        live=standing.active.label if standing.active and standing.health.live else None,
        health=standing.health.state.value,
        waiting=waiting,
        verdicts=verdicts,
    )
