"""An open pull request of ours: what was said on it, what its check and text become, and its merge. No I/O."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot import promotion_text
from bot.actions import (
    Action,
    AddLabels,
    Ask,
    Copy,
    Enqueue,
    Merge,
    Outcome,
    PostCheck,
    Propose,
    Retitle,
    SetLabel,
    Verdict,
)
from bot.answers import Queries, Setting
from bot.commands import spelled
from bot.content import judge_head
from bot.copy_heads import wanted_copy
from bot.difference import difference
from bot.explanation import explain
from bot.first_proposal import carried_on
from bot.gates import hold
from bot.gates.verdicts import waits, worst
from bot.invitations import invitation
from bot.judgement import (
    Case,
    approvers_of,
    foreseen,
    heard,
    may_merge,
    source_of,
    standing_hold,
    unasked,
    verdicts_on,
    waiting_for,
)
from bot.merge_queue import ejected, group_check, judge_group, left, position
from bot.merge_trailers import merge_message
from bot.messages import GATES, cell, gates_check, status_reply
from bot.model import CheckStatus, PullRequest, Queued, Unknown
from bot.orders import obey
from bot.proposing import heading, proposal, told_of
from bot.refusals import resistance
from bot.standstill import hold_degraded
from bot.steps import Step, view_of
from bot.story import in_short, story
from config.pipeline import Mode, Promote, Templates


def attend(case: Case) -> Step:
    """Verdicts on the open pull request's head, and the merge if all of them pass."""
    assert case.pull is not None
    environment, standing, pull = case.environment, case.standings[case.environment.name], case.pull
    held, unsure = standing_hold(case, pull)
    before, _ = verdicts_on(case, pull, held)
    orders, wants = _obeyed(case, pull, held, before)
    # An `/approve` counts from the pass that accepts it: its check run is written before the merge is asked for.
    verdicts, needed = verdicts_on(case, heard(pull, orders), held)
    ask = needed | wants | Ask(permissions=frozenset({unsure} if unsure else set()))
    if ask and worst(verdicts) is Outcome.PASS:
        # Seen where no more can be read in this pass: a green check lets GitHub, or a person, merge.
        verdicts = (*verdicts, _unread(ask))
    # Said again is what holds now, not what held before anybody was obeyed.
    posted = _gates_posted(case, pull, verdicts)
    orders = tuple(posted if isinstance(one, PostCheck) and one.text.name == GATES else one for one in orders)
    if (holding := hold_degraded(case, pull, held)) and case.mode is not Mode.OBSERVE:
        orders = (*orders, *holding)
    actions = orders
    # A hold set or lifted, or a head made anew, comes first: the next pass judges again by what GitHub then says.
    landing = Landing(actions=left(pull))
    if not any(isinstance(order, SetLabel | Propose) for order in orders):
        actions = _once((*orders, *_publish(case, verdicts)))
        landing = NOT_YET
        if pull.queued is not None:
            landing = _in_queue(case, pull, pull.queued, verdicts)
        elif not ask:
            landing = _land(case, pull, verdicts)
    waiting = waiting_for(verdicts) or landing.waiting or unasked(case, verdicts)
    view = view_of(environment, standing, waiting=waiting, proposed=case.release, pull=case.pull, verdicts=verdicts)
    return Step(
        view=view, actions=(*actions, *landing.actions), ask=ask | landing.ask, verdicts=verdicts, until=landing.until
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """What is done about the merge of a head whose gates all pass, or why it must wait although they do."""

    actions: tuple[Action, ...] = ()
    waiting: str = ""
    ask: Ask = Ask()
    until: datetime | None = None


NOT_YET = Landing()


def _in_queue(case: Case, pull: PullRequest, queued: Queued, verdicts: tuple[Verdict, ...]) -> Landing:
    """In the merge queue: judged again for the group that it tries, and taken out where a gate does not hold."""
    out = () if may_merge(case, verdicts) else left(pull)
    if case.head is None:
        return Landing(actions=out, waiting=position(queued))
    differs, compared = judge_group(
        case.pipeline, case.environment, case.release, queued=queued, head=(case.wish, case.head), seen=case.seen
    )
    of_group = (*verdicts, *([differs] if differs else []))
    checked = group_check(case.pipeline, case.environment, case.release, of_group, queued=queued, heading=heading(case))
    return Landing(actions=(*checked, *out), waiting=position(queued), ask=compared)


def _land(case: Case, pull: PullRequest, verdicts: tuple[Verdict, ...]) -> Landing:
    """The merge, the queue, or why neither."""
    if not may_merge(case, verdicts):
        return NOT_YET
    if case.head is not None and (out := ejected(pull, case.head, now=case.seen.now)) is not None:
        return Landing(waiting=out[0], until=out[1])
    branch = case.base.branch
    against = resistance(pull, branch, rules=case.seen.rules.get(branch), now=case.seen.now)
    if against is None and pull.queue_method is not None:
        entering = Enqueue(environment=case.environment.name, pull=pull, head=pull.head)
        return Landing(actions=(entering,), waiting="every gate passes; it goes into GitHub's merge queue")
    if against is None:
        return Landing(actions=(_merge(case, verdicts),))
    # The board shows plain text.
    waiting = spelled(against.reason, case.style).replace("`", "")
    noted = (against.note,) if against.note else ()
    return Landing(actions=noted, waiting=waiting, ask=against.ask, until=against.until)


def _obeyed(
    case: Case, pull: PullRequest, held: hold.Hold | None, before: tuple[Verdict, ...]
) -> tuple[tuple[Action, ...], Ask]:
    """What the pending commands come to; nothing where nothing is written, so that no access is read in vain."""
    if case.mode is Mode.OBSERVE:
        return (), Ask()
    orders, unread = obey(
        pull,
        case.seen,
        hold=held,
        queries=Queries(
            status=lambda: _status(case, before),
            explain=lambda artifact: explain(case.pipeline, case.seen, case.release, artifact),
            diff=lambda: difference(case.wish, case.base.files, pull),
        ),
        setting=_setting(case, pull, before),
    )
    return _onto_the_tip(case, orders, unread)


def _onto_the_tip(case: Case, orders: tuple[Action, ...], unread: Ask) -> tuple[tuple[Action, ...], Ask]:
    """A copy that is made anew because somebody asked for it is made on the branch as it is now.

    Nothing else makes it anew while only commits beside it came: its approvals would be lost to each of them.
    """
    content = case.wish.content
    if not isinstance(content, Copy) or content.parent == case.base.tip:
        return orders, unread
    if not any(isinstance(order, Propose) for order in orders):
        return orders, unread
    place = replace(case.seen.places[case.environment.name], head=None)
    wish = wanted_copy(case.pipeline, case.environment, case.release, place=place, seen=case.seen)
    if isinstance(wish, Ask):
        return (), unread | wish
    if isinstance(wish, str):
        return orders, unread
    made = replace(case, wish=wish)
    made_anew = proposal(made, foreseen(made))
    return tuple(made_anew if isinstance(order, Propose) else order for order in orders), unread


def _status(case: Case, before: tuple[Verdict, ...]) -> str:
    """What `/status` says: every gate, and the release's way so far."""
    now = case.seen.now
    told = status_reply(case.pipeline, case.environment, case.release, before, now)
    so_far = in_short(story(case.pipeline, case.release, case.seen.places, now=now))
    return f"{told}\n\nSo far: {cell(so_far)}." if so_far else told


def _unread(ask: Ask) -> Verdict:
    """What everybody who reads the check is told while it is not known who may do what they asked for."""
    return waits("access", f"not read yet: the access of {', '.join(sorted(ask.permissions))}")


def _setting(case: Case, pull: PullRequest, verdicts: tuple[Verdict, ...]) -> Setting:
    """Where the commands on a pull request are heard."""
    behind = pull.merge_state == "BEHIND"
    blocked = case.head is not None and (behind or judge_head(pull, case.head).outcome is Outcome.BLOCK)
    return Setting(
        environment=case.environment,
        mode=case.mode,
        style=case.style,
        verdicts=verdicts,
        rebuild=proposal(case, foreseen(case)) if blocked else None,
        repost=_gates_posted(case, pull, verdicts),
        wide=case.heard.answers,
        emergency=case.emergency,
        home=case.seen.home.full_name if case.seen.home else None,
    )


def _once(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    """Of several checks of one name on one head only the last is posted."""
    last = {(a.commit, a.text.name): i for i, a in enumerate(actions) if isinstance(a, PostCheck)}
    return tuple(a for i, a in enumerate(actions) if not isinstance(a, PostCheck) or last[a.commit, a.text.name] == i)


def _gates_posted(case: Case, pull: PullRequest, verdicts: tuple[Verdict, ...]) -> PostCheck:
    """The gates check on the head, written over the one that is there."""
    text = gates_check(case.pipeline, case.environment, case.release, verdicts, heading=heading(case))
    existing = next((c for c in pull.checks if c.name == GATES and c.commit == pull.head), None)
    return PostCheck(commit=pull.head, existing=existing, text=carried_on(text, existing))


def _merge(case: Case, verdicts: tuple[Verdict, ...]) -> Merge:
    assert case.pull is not None and case.head is not None
    return Merge(
        environment=case.environment.name,
        pull=case.pull,
        head=case.head.sha,
        method="merge" if case.environment.promote is Promote.MERGE else case.environment.merge_method.value,
        title=f"{promotion_text.title(told_of(case))} (#{case.pull.number})",
        message=merge_message(
            case.head.message, verdicts, source=source_of(case), approvers=approvers_of(case, case.pull)
        ),
    )


def _publish(case: Case, verdicts: tuple[Verdict, ...]) -> tuple[Action, ...]:
    """The gates check on the head, and the pull request's text while it waits; each only when it changed."""
    assert case.pull is not None
    actions: list[Action] = []
    posted = _gates_posted(case, case.pull, verdicts)
    text = posted.text
    if posted.existing is None or posted.existing.external_id != text.external_id:
        actions.append(posted)
    told = told_of(case)
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
