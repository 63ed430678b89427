"""(pipeline, observation) → plan: what to do now, and why everything else waits. No I/O.

At most one step that moves a promotion is taken per environment and pass; no state is kept between passes. Where a
fact about a candidate is needed that was not observed, the decision is an `Ask` and is made again with the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot import declaration, elsewhere, superseding, unattended
from bot.actions import Action, Ask, Close, DeleteBranch, Outcome, Plan, PostCheck, Restored, Verdict, Whole
from bot.active import Ground, ground
from bot.availability import first_known, recorded_upstream
from bot.branch_content import branch_content, on_what_stands
from bot.candidate import Candidate, candidate
from bot.commands import spelled
from bot.content import Wanted, branch_name, notes_on, proposed_release, wanted
from bot.copy_heads import wanted_copy, with_promoted
from bot.declaration import declares
from bot.directing import Commanded, as_directed, degradations, directives, is_rollback, nothing_commanded
from bot.directives import Directed, Directive
from bot.first_proposal import believed_release, carried_on
from bot.gates.verdicts import blocks, waits
from bot.health_check import health_checks
from bot.hydrated_heads import wanted_hydrated, with_dry_authors
from bot.judgement import Case, confirmed
from bot.merge_heads import wanted_merge
from bot.merge_queue import left
from bot.messages import GATES, gates_check
from bot.model import Observation, Place, Release
from bot.open_pull import attend
from bot.proposing import must_build, propose
from bot.room import NOTHING, Heard
from bot.scope import Scope
from bot.sources import source_gone
from bot.spans import SOON
from bot.standing import Standing, rolled_back
from bot.steps import Step, noticed, view_of
from bot.timeouts import lateness
from config.operator import Operator
from config.pipeline import CommandStyle, Emergency, Environment, Mode, OnDegraded, Pipeline, Promote, Templates

NO_TEMPLATES = Templates()
NO_OPERATOR = Operator()


def decide(
    pipeline: Pipeline,
    seen: Observation,
    *,
    mode: Mode = Mode.MERGE,
    templates: Templates = NO_TEMPLATES,
    last: bool = False,
    style: CommandStyle = CommandStyle.PLAIN,
    commanded: Commanded = nothing_commanded,
    heard: Heard = NOTHING,
    operator: Operator = NO_OPERATOR,
    scope: Scope = Scope.ALL,
    emergency: Emergency | None = None,
) -> Plan | Ask:
    """The plan for one pipeline, or the facts still needed to make it.

    `last`: no more facts are to be had in this pass; whatever needs some waits, and the rest goes on. `commanded`:
    which releases people asked for, by environment, as far as nothing carries them yet. `heard`: what was said in the
    repository comes to. `operator`: what is set above the file. `scope`: what may be written at all.
    """
    declared = pipeline
    raised = tuple(operator.raised(environment) for environment in pipeline.environments)
    pipeline = pipeline.model_copy(update={"environments": raised})
    there = {e.name: elsewhere.seen_from(seen, e.name) for e in pipeline.environments}
    rules = {
        e.name: Rules(
            mode=_mode(mode, there[e.name], seen.places[e.name], operator),
            templates=templates,
            style=elsewhere.spoken(style, seen.places[e.name]),
            heard=heard,
            operator=operator,
            emergency=elsewhere.urgent(emergency, seen.places[e.name]),
            declared=declared,
        )
        for e in pipeline.environments
    }
    grounds = {e.name: ground(pipeline, e, there[e.name]) for e in pipeline.environments}
    standings = {name: g.standing for name, g in grounds.items()}
    degraded = degradations(pipeline, seen, standings)
    asked_for = commanded(pipeline, seen, standings)
    directed = directives(pipeline, seen, standings, degraded=degraded, commanded=asked_for)

    def goes_on(environment: Environment) -> bool:
        directive = directed.get(environment.name)
        return scope is Scope.ALL or (directive is not None and is_rollback(directive.directed))

    steps = [
        noticed(
            _step(
                pipeline,
                e,
                there[e.name],
                grounds[e.name],
                standings,
                rules=rules[e.name] if goes_on(e) else replace(rules[e.name], mode=Mode.OBSERVE),
                directive=directed.get(e.name),
                held_since=degraded[e.name].since if e.on_degraded is OnDegraded.HOLD else None,
            ),
            lateness(standings[e.name], e, now=seen.now),
            degraded[e.name].notice,
            rolled_back(standings[e.name]),
        )
        for e in pipeline.environments
    ]
    ask = Ask()
    # Whoever only looks writes nothing down, and so would ask who closed a pull request again in each pass.
    shut = {
        name: g.closings for name, g in grounds.items() if rules[name].mode is not Mode.OBSERVE and scope is Scope.ALL
    }
    for name, step in zip(grounds, steps, strict=True):
        wanting = grounds[name].ask | step.ask | (shut[name].ask if name in shut else Ask())
        ask |= elsewhere.asked_from(wanting, there[name])
    if ask and not last:
        return ask
    done: list[tuple[str, Action]] = [(name, a) for name, g in grounds.items() for a in g.actions]
    done += [(n, replace(a, body=spelled(a.body, rules[n].style))) for n, c in shut.items() for a in c.actions]
    done += [(e.name, a) for e, s in zip(pipeline.environments, steps, strict=True) if goes_on(e) for a in s.actions]
    for e in filter(goes_on, pipeline.environments):
        done += [(e.name, a) for a in health_checks(pipeline, e, seen.places[e.name], standings[e.name])]
    done = [(name, a) for name, a in done if rules[name].mode is not Mode.OBSERVE]
    moments = [g.until for g in grounds.values()] + [d.until for d in degraded.values()]
    moments += [seen.now + SOON] if ask or any(c.unsure for c in shut.values()) else []
    return _plan(seen, done, steps, moments)


def _mode(mode: Mode, there: Observation, place: Place, operator: Operator) -> Mode:
    """How far we may go in an environment: no further than the operator lets us in the repository it lives in."""
    home = there.home or there.repository
    stopped = any(operator.stops_writes(one.full_name) for one in (home, there.repository))
    return Mode.OBSERVE if stopped else elsewhere.limited(mode, place)


def _plan(
    seen: Observation, done: Sequence[tuple[str, Action]], steps: Sequence[Step], moments: Sequence[datetime | None]
) -> Plan:
    """What is done in which environment, sorted by where they live. `moments`: when else to look again."""
    coming = [m for m in (*moments, *(v.until for s in steps for v in s.verdicts), *(s.until for s in steps)) if m]
    actions = elsewhere.by_repository([(seen.repository_of(name), action) for name, action in done])
    at_home = actions.pop(seen.repository.full_name, ())
    return Plan(
        actions=at_home,
        elsewhere=actions,
        views=tuple(elsewhere.shown_at(s.view, seen.places[s.view.name]) for s in steps),
        look_again_at=min((moment for moment in coming if moment > seen.now), default=None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds in one environment. `declared`: the pipeline before the operator raised anything."""

    mode: Mode
    templates: Templates
    style: CommandStyle
    heard: Heard
    operator: Operator
    emergency: Emergency | None
    declared: Pipeline


def _step(
    pipeline: Pipeline,
    environment: Environment,
    seen: Observation,
    here: Ground,
    standings: Mapping[str, Standing],
    *,
    rules: Rules,
    directive: Directive | None,
    held_since: datetime | None,
) -> Step:
    place = seen.places[environment.name]
    standing = here.standing
    if (barred := _barred(pipeline, environment, place, here)) is not None or place.base is None:
        step = _shut(pipeline, environment, place, here, barred)
        return _heard(pipeline, environment, seen, step, rules=rules)
    newest, release, unread = _chosen(pipeline, environment, seen, standings, directive)
    if newest.ask:
        return _asking(pipeline, environment, place, standing, newest.ask, why=newest.reason)
    if unread:
        return _asking(pipeline, environment, place, standing, unread, why="reading who approves of what is proposed")
    if release is None:
        # A copied folder, or a hydrated branch, that people changed: nothing else would tell of it.
        by_hand = environment.promote is Promote.TREE and standing.active is not None and standing.record is None
        why = f"{newest.reason}; {standing.health.reason}" if by_hand or standing.drift else newest.reason
        step = _nothing(pipeline, environment, place, standing, newest, why=why)
        step = replace(step, actions=(*step.actions, *_tidy(pipeline, environment, seen, here)))
        return _heard(pipeline, environment, seen, step, rules=rules)
    said = directive.directed if directive is not None else None
    environment = as_directed(environment, said)
    wish = _wish(pipeline, environment, release, seen=seen, here=here, directed=said)
    if isinstance(wish, Ask):
        return _asking(pipeline, environment, place, standing, wish, why="reading what its folders hold")
    if isinstance(wish, str):
        step = (
            _nothing(pipeline, environment, place, standing, newest, why=wish)
            if directive is None
            else _impossible(pipeline, environment, place, standing, directive, why=wish)
        )
        return _heard(pipeline, environment, seen, step, rules=rules)
    if unknown := _unknown(pipeline, environment, release, wish=wish, here=standing, seen=seen, directed=said):
        return _asking(pipeline, environment, place, standing, unknown, why="reading what the images say")
    pull = place.pull
    if environment.promote is Promote.TREE and not is_rollback(said):
        pull = with_promoted(pipeline.source, release, pull, active=standing.active, seen=seen)
    if isinstance(wish.content, Whole):
        release = replace(release, hydrated=wish.content.source)
        pull = with_dry_authors(release, pull, active=standing.active, seen=seen)
    case = Case(
        pipeline=pipeline,
        environment=environment,
        seen=seen,
        standings=standings,
        release=release,
        wish=wish,
        base=place.base,
        head=place.head,
        pull=pull,
        mode=rules.mode,
        templates=rules.templates,
        picks=newest.picks,
        notes=notes_on(pipeline, wish.content, place.base),
        style=rules.style,
        heard=rules.heard,
        operator=rules.operator,
        declared=as_directed(rules.declared.environment(environment.name), said),
        directed=said,
        held_since=held_since if directive is None else None,
        emergency=rules.emergency.people if rules.emergency else None,
    )
    step = propose(case) if must_build(case) else attend(case)
    return replace(step, until=min((m for m in (step.until, newest.until) if m is not None), default=None))


def _chosen(
    pipeline: Pipeline,
    environment: Environment,
    seen: Observation,
    standings: Mapping[str, Standing],
    directive: Directive | None,
) -> tuple[Candidate, Release | None, Ask]:
    """The candidate, and which release is promoted; or what must be read of people before that is known."""
    if directive is not None:
        # What somebody asked for is no candidate: nothing needs to be chosen for it.
        told = f"{directive.release.label} was asked for"
        return Candidate(release=directive.release, reason=told), directive.release, Ask()
    newest = candidate(pipeline, environment, seen, standings)
    if newest.ask:
        return newest, newest.release, Ask()
    return newest, *_kept(pipeline, environment, seen, newest, standings)


def _wish(
    pipeline: Pipeline,
    environment: Environment,
    release: Release,
    *,
    seen: Observation,
    here: Ground,
    directed: Directed | None,
) -> Wanted | Ask | str:
    """What its head must contain, by the way in which content moves into the environment; else why it cannot be."""
    place = seen.places[environment.name]
    assert place.base is not None
    if environment.hydrated is not None:
        return wanted_hydrated(environment, release, place=place, active=here.standing.active, seen=seen)
    # What was here once may come back, although its branch was written anew since.
    if release.source is not None and not is_rollback(directed) and (gone := source_gone(pipeline, release, seen)):
        return gone
    match environment.promote:
        case Promote.TREE:
            return wanted_copy(pipeline, environment, release, place=place, seen=seen)
        case Promote.MERGE:
            instead = branch_content(pipeline, environment, release, base=place.base, here=here.standing)
            if isinstance(instead, str) or (instead is not None and isinstance(instead.content, Restored)):
                return instead
            plain = wanted_merge(pipeline, environment, release, place=place, seen=seen)
            return on_what_stands(plain, instead) if instead is not None else plain
        case Promote.VERSIONS:
            return wanted(pipeline, environment, release, base=place.base, files=here.files)


def _heard(pipeline: Pipeline, environment: Environment, seen: Observation, step: Step, *, rules: Rules) -> Step:
    """The step with what people said on our pull request, although nothing is judged there now."""
    actions, ask = unattended.hear(
        pipeline,
        environment,
        seen.places[environment.name],
        seen,
        rules.heard,
        why=step.view.waiting,
        mode=rules.mode,
        style=rules.style,
        emergency=rules.emergency,
    )
    return replace(step, actions=(*actions, *step.actions), ask=step.ask | ask)


def _shut(pipeline: Pipeline, environment: Environment, place: Place, here: Ground, barred: Verdict | None) -> Step:
    """Where nothing at all may be proposed in this pass."""
    verdicts = (barred,) if barred and barred.outcome is Outcome.BLOCK else ()
    waiting = barred.reason if barred else ""
    view = view_of(environment, here.standing, waiting=waiting, pull=place.pull)
    # While what stands is written down the next pass is near, and says more.
    withdrawn = () if here.ask or here.actions else _withdrawn(pipeline, environment, place, waiting)
    return Step(view=view, actions=withdrawn, verdicts=verdicts)


def _nothing(
    pipeline: Pipeline, environment: Environment, place: Place, standing: Standing, newest: Candidate, *, why: str
) -> Step:
    """Where there is nothing to propose, or no way to write it."""
    view = view_of(environment, standing, waiting=why, pull=place.pull)
    return Step(view=view, actions=_ending(pipeline, environment, place, standing, why), until=newest.until)


def _impossible(
    pipeline: Pipeline, environment: Environment, place: Place, standing: Standing, directive: Directive, *, why: str
) -> Step:
    """What was asked for cannot be written; a pull request that carries it already stays, and waits."""
    waiting = f"{directive.release.label} was asked for, but {why}"
    view = view_of(environment, standing, waiting=waiting, proposed=directive.release, pull=place.pull)
    return Step(view=view, actions=_withdrawn(pipeline, environment, place, waiting))


def _asking(
    pipeline: Pipeline, environment: Environment, place: Place, standing: Standing, ask: Ask, *, why: str
) -> Step:
    """Where facts must be asked for first; what is withdrawn counts only where none are to be had in this pass."""
    view = view_of(environment, standing, waiting=why, pull=place.pull)
    return Step(view=view, actions=_withdrawn(pipeline, environment, place, why), ask=ask)


def _unknown(
    pipeline: Pipeline,
    environment: Environment,
    release: Release,
    *,
    wish: Wanted,
    here: Standing,
    seen: Observation,
    directed: Directed | None,
) -> Ask:
    """What the registry must be asked about this release.

    What its images say of themselves, who signed them, where its tags point, and what the declaration asks of it.
    """
    shown = (*release.artifacts, *(here.active.artifacts if here.active else ()))
    details = frozenset((a.repository, str(a.digest)) for a in shown) - seen.details.keys()
    signed = [a for a in release.artifacts if a.name in pipeline.artifacts and pipeline.artifacts[a.name].verify]
    signatures = frozenset((a.name, str(a.digest)) for a in signed) - seen.signatures.keys()
    bare = confirmed(environment, release, here, wish=wish, directed=directed)
    tags = frozenset((a.repository, a.tag) for a in bare) - seen.digests.keys()
    named = directed is not None
    asked = declaration.judge(pipeline, environment, release, seen=seen, here=here, named=named).ask
    asked = Ask() if is_rollback(directed) else asked
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
) -> tuple[Release | None, Ask]:
    """The release to promote: the candidate, or the one already proposed where it may not be moved.

    What a head says of its release is only a claim: an upstream's record must know it, and into a root the gate
    `declaration` must let it.
    """
    place = seen.places[environment.name]
    here, pull = standings[environment.name], place.pull
    active = here.active
    proposed = believed_release(place.head, pull)
    if proposed is None or pull is None or not declares(pipeline, proposed):
        return newest.release, Ask()
    if newest.release is not None and proposed.id == newest.release.id:
        return superseding.first_of(proposed, newest.release) if environment.is_root else newest.release, Ask()
    if not environment.is_root:
        # Also its order is the record's: a head that shows a conflict carries no seal of it.
        recorded = recorded_upstream(environment, proposed, standings)
        if recorded is None:
            return newest.release, Ask()
        proposed = recorded
        active = first_known(here.active, standings) if here.active else None
    if active and proposed.order <= active.order:
        return newest.release, Ask()
    if newest.release is None:
        return proposed, Ask()
    if environment.promote is Promote.TREE:
        pull = with_promoted(pipeline.source, proposed, pull, active=here.active, seen=seen) or pull
    if environment.hydrated is not None:
        pull = with_dry_authors(proposed, pull, active=here.active, seen=seen) or pull
    stay = superseding.judge(pipeline, environment, proposed, pull, seen=seen, standings=standings)
    return proposed if stay.stays else newest.release, stay.ask


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
    text = carried_on(gates_check(pipeline, environment, proposed, (waits("environment", reason),)), existing)
    if existing is None or existing.external_id == text.external_id:
        return left(pull)
    return (PostCheck(commit=pull.head, existing=existing, text=text), *left(pull))


def _tidy(pipeline: Pipeline, environment: Environment, seen: Observation, here: Ground) -> tuple[Action, ...]:
    """Delete our branch after its merge, riding along when something else is written anyway."""
    place = seen.places[environment.name]
    if place.pull or place.head is None or not here.actions:
        return ()
    if any(m.head is not None and m.head.sha == place.head.sha for m in place.merged):
        return (DeleteBranch(branch=branch_name(pipeline, environment), head=place.head.sha),)
    return ()
