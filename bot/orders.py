"""Slash commands as facts: those a pass has not answered yet, what each does, and whose access must be read. No I/O."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import waivers
from bot.actions import Action, Ask, CheckText, PostCheck, Propose, React, Say, SetLabel, Verdict
from bot.command_grammar import Command, Misunderstood, parse_comment
from bot.commands import BY_NAME, CommandSpec, Support, help_text, spelled
from bot.gates.hold import LABEL, Hold
from bot.merge_requests import request_check
from bot.messages import GATES, STICKY, cell, check_text, hold_comment, released_comment, reply_marker
from bot.model import Actor, ActorKind, CheckStatus, Comment, Observation, Permission, PullRequest, Review, Sha
from bot.opinions import APPROVAL_CHECK, approval_id, authors
from config.pipeline import CommandStyle, Environment, Mode

DONE, REFUSED, PUZZLED = "ROCKET", "THUMBS_DOWN", "CONFUSED"
_FINAL = frozenset({DONE, REFUSED, PUZZLED})
# More answers in an hour would be noise: further questions get a thumbs down and no words.
MOST_ANSWERS = 20
_REPLY = reply_marker("").partition(" -->")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One comment or review body that may carry commands."""

    id: str
    author: Actor
    body: str
    at: datetime
    commit: Sha | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticky:
    """Our sticky comment and what it says of the hold."""

    comment: Comment | None = None
    holder: str | None = None
    holder_id: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds a promotion, and may release it. `id` 0: somebody who cannot be told any more."""

    id: int
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """What the answers to questions say, made only when somebody asks. `explain` takes an artifact's name, or None."""

    status: Callable[[], str]
    explain: Callable[[str | None], str]
    diff: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Where commands are heard, and what they may set off.

    `verdicts`: what the gates say before anything is obeyed. `rebuild`: makes our head anew where somebody else's
    commit blocks it, None where nothing does. `repost`: our gates check once more.
    """

    environment: Environment
    mode: Mode
    style: CommandStyle
    verdicts: tuple[Verdict, ...]
    rebuild: Propose | None
    repost: PostCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one command comes to. `reply` is said only on refusal, error or query."""

    reaction: str
    reply: str | None = None
    actions: tuple[Action, ...] = ()
    held: Holder | None = None


def holder(pull: PullRequest, hold: Hold | None) -> Holder | None:
    """Whose hold is in force: the person our sticky comment names where we put the label on, else whoever did."""
    if hold is None:
        return None
    if not hold.by_us:
        return Holder(id=hold.by.id, login=hold.by.login)
    note = sticky(pull)
    return Holder(id=note.holder_id or 0, login=note.holder or hold.by.login)


def sticky(pull: PullRequest) -> Sticky:
    """Our sticky comment; one that somebody else edited is not believed."""
    for comment in pull.comments:
        if comment.ours and comment.body.startswith(STICKY):
            try:
                said = json.loads(comment.body[len(STICKY) :].split(" -->", 1)[0])
            except json.JSONDecodeError:
                said = {}
            return Sticky(
                comment=comment, holder=said.get("by"), holder_id=said.get("id"), reason=said.get("reason") or None
            )
    return Sticky()


def pending(pull: PullRequest) -> tuple[Said, ...]:
    """What people said and we have not finally reacted to, in order. Edited comments, bots and Apps never act."""
    spoken: tuple[Comment | Review, ...] = (*pull.comments, *pull.reviews)
    said = [
        Said(id=c.id, author=c.author, body=c.body, at=c.at, commit=c.commit if isinstance(c, Review) else None)
        for c in spoken
        if c.author.kind is ActorKind.USER and not c.edited and not (c.reactions & _FINAL) and "/" in c.body
    ]
    return tuple(sorted(said, key=lambda s: (s.at, s.id)))


def obey(
    pull: PullRequest, seen: Observation, *, hold: Hold | None, queries: Queries, setting: Setting
) -> tuple[tuple[Action, ...], Ask]:
    """The actions that the pending commands come to, and the permissions to read first.

    A head that is made anew ends the pass: the comment that asked for it is heard, and answered, on the new head.
    """
    actions: list[Action] = []
    needed: set[str] = set()
    held = holder(pull, hold)
    room = MOST_ANSWERS - _answers(pull, since=seen.now - timedelta(hours=1))
    for said in pending(pull):
        understood = parse_comment(said.body, style=setting.style)
        if not understood:
            continue
        if said.author.login not in seen.permissions:
            needed.add(said.author.login)
            continue
        answers: list[Answer] = []
        for order in understood:
            answers.append(_answer(order, said, pull, seen, held=held, queries=queries, setting=setting))
            held = answers[-1].held
        rebuilt = [a for answer in answers for a in answer.actions if isinstance(a, Propose)]
        if rebuilt:
            actions.append(rebuilt[0])
            break
        if room <= 0 and all(isinstance(order, Command) and _is_query(order) for order in understood):
            actions.append(React(subject=said.id, content=REFUSED))
            continue
        worst = next((r for r in (REFUSED, PUZZLED) if any(a.reaction == r for a in answers)), DONE)
        replies = [a.reply for a in answers if a.reply]
        for answer in answers:
            actions.extend(answer.actions)
        marker = reply_marker(said.id)
        if replies and not any(c.ours and marker in c.body for c in pull.comments):
            actions.append(Say(pull=pull, comment=None, body="\n\n".join([*replies, marker])))
            room -= 1
        actions.append(React(subject=said.id, content=worst))
    said_so = (replace(a, body=spelled(a.body, setting.style)) if isinstance(a, Say) else a for a in actions)
    return tuple(said_so), Ask(permissions=frozenset(needed))


def _answers(pull: PullRequest, *, since: datetime) -> int:
    return sum(1 for comment in pull.comments if comment.ours and _REPLY in comment.body and comment.at > since)


def _is_query(order: Command) -> bool:
    return BY_NAME[order.name].who is Permission.READ


def _answer(
    order: Command | Misunderstood,
    said: Said,
    pull: PullRequest,
    seen: Observation,
    *,
    held: Holder | None,
    queries: Queries,
    setting: Setting,
) -> Answer:
    """What one command comes to, and who holds afterwards: the next command of the pass starts from there."""
    answer = _obeyed(order, said, pull, seen, held=held, queries=queries, setting=setting)
    if isinstance(order, Misunderstood) or answer.reaction != DONE or order.name not in ("hold", "unhold"):
        return replace(answer, held=held)
    return answer


def _obeyed(
    order: Command | Misunderstood,
    said: Said,
    pull: PullRequest,
    seen: Observation,
    *,
    held: Holder | None,
    queries: Queries,
    setting: Setting,
) -> Answer:
    if isinstance(order, Misunderstood):
        meant = f" Did you mean `/{order.suggestion}`?" if order.suggestion else ""
        return Answer(reaction=PUZZLED, reply=f"I do not know `{order.text}`.{meant} `/help` lists the commands.")
    permission = seen.permissions[said.author.login]
    spec = BY_NAME[order.name]
    needed = access_needed(spec, setting.environment)
    if not isinstance(permission, Permission):
        return _refused(said, f"Your access could not be read, so `/{order.name}` was not done.")
    if not permission.at_least(needed) and not _also_may(order, said, pull, held, permission):
        return _refused(said, f"`/{order.name}` needs {needed} access to this repository; you have {permission}.")
    if spec.support is Support.LATER:
        return Answer(reaction=PUZZLED, reply=f"`/{order.name}` is not supported by this version yet.")
    match order.name:
        case "approve":
            return _approve(said, pull)
        case "unapprove":
            return Answer(reaction=DONE, actions=(_opinion(said, pull, approves=False),))
        case "hold":
            return _hold(said, pull, held, order.reason)
        case "unhold":
            return _unhold(said, pull, held)
        case "merge":
            return _merge(said, pull, setting)
        case "skip":
            return _skip(order, said, pull, setting)
        case "retry":
            return _retry(said, pull, setting)
        case _:
            return Answer(reaction=DONE, reply=_told(order, queries))


def access_needed(spec: CommandSpec, environment: Environment) -> Permission:
    """The access a command needs in an environment: its `roles` decide, where the command has one."""
    return Permission(environment.roles.of(spec.role).value) if spec.role else spec.who


def _also_may(order: Command, said: Said, pull: PullRequest, held: Holder | None, permission: Permission) -> bool:
    """Whoever holds may release, whatever their access; an author of what is promoted may stop it."""
    if order.name == "unhold":
        return held is not None and held.id == said.author.id
    is_author = said.author.login.lower() in authors(pull.commits)
    return order.name == "hold" and is_author and permission.at_least(Permission.READ)


def _refused(said: Said, why: str) -> Answer:
    return Answer(reaction=REFUSED, reply=f"@{said.author.login} {why}")


def _told(order: Command, queries: Queries) -> str:
    """The answer to a question."""
    asked = next(iter(order.arguments.values()), None)
    match order.name:
        case "status":
            return queries.status()
        case "diff":
            return queries.diff()
        case "explain":
            return queries.explain(asked)
        case _:
            return help_text(asked)


def _approve(said: Said, pull: PullRequest) -> Answer:
    if said.author.login.lower() in authors(pull.commits):
        return _refused(said, "You are an author of what is promoted here; somebody else must approve.")
    if not _was_shown(said, pull):
        return _unseen(said, pull, "approve")
    return Answer(reaction=DONE, actions=(_opinion(said, pull, approves=True),))


def _was_shown(said: Said, pull: PullRequest) -> bool:
    """Whether the author could see the present head: it was shown when our gates check appeared on it."""
    shown = next((c for c in pull.checks if c.name == GATES and c.commit == pull.head), None)
    return (
        shown is not None and shown.started is not None and shown.started < said.at and said.commit in (None, pull.head)
    )


def _unseen(said: Said, pull: PullRequest, deed: str) -> Answer:
    why = f"the head is now `{pull.head[:7]}`, which was not there when you wrote; look at it and {deed} again"
    return _refused(said, f"Not counted: {why}.")


def _merge(said: Said, pull: PullRequest, setting: Setting) -> Answer:
    if setting.mode is not Mode.MERGE:
        return _refused(said, f"`mode: {setting.mode}` never merges; a person may do so on GitHub.")
    if not _was_shown(said, pull):
        return _unseen(said, pull, "ask for the merge")
    author = said.author
    text = request_check(login=author.login, person=author.id, head=pull.head, at=said.at)
    return Answer(reaction=DONE, actions=(_kept_on_head(pull, text),))


def _skip(order: Command, said: Said, pull: PullRequest, setting: Setting) -> Answer:
    gate = order.arguments["gate"]
    why = waivers.refusal(gate, setting.environment, setting.verdicts)
    if why is not None:
        return _refused(said, why)
    if not _was_shown(said, pull):
        return _unseen(said, pull, "skip the gate")
    text = waivers.waiver_check(
        gate,
        reason=order.reason,
        login=said.author.login,
        person=said.author.id,
        head=pull.head,
        at=said.at,
        waits=[cell(v.reason) for v in setting.verdicts if waivers.kind(v) == gate],
    )
    return Answer(reaction=DONE, actions=(_kept_on_head(pull, text),))


def _kept_on_head(pull: PullRequest, text: CheckText) -> PostCheck:
    """A check run on the present head, written over the one of the same name."""
    existing = next((c for c in pull.checks if c.name == text.name and c.commit == pull.head), None)
    return PostCheck(commit=pull.head, existing=existing, text=text)


def _retry(said: Said, pull: PullRequest, setting: Setting) -> Answer:
    if setting.rebuild is None:
        return Answer(reaction=DONE, actions=(setting.repost,))
    # Somebody's commit is thrown away: only one that could be seen.
    if not _was_shown(said, pull):
        return _unseen(said, pull, "retry")
    return Answer(reaction=DONE, actions=(setting.rebuild,))


def _opinion(said: Said, pull: PullRequest, *, approves: bool) -> PostCheck:
    name = f"{APPROVAL_CHECK} ({said.author.login})"
    verb = "approves of" if approves else "withdrew the approval of"
    text = check_text(
        name,
        said.author.login,
        f"{said.author.login} {verb} {pull.head[:7]}",
        f"By a comment of {said.at:%Y-%m-%d %H:%M} UTC. Access is checked again when the pull request merges.",
        status=CheckStatus.COMPLETED,
        conclusion="SUCCESS" if approves else "NEUTRAL",
    )
    kept = approval_id(said.author.id, said.author.login, at=said.at)
    return _kept_on_head(pull, replace(text, external_id=kept))


def _hold(said: Said, pull: PullRequest, held: Holder | None, reason: str) -> Answer:
    if held is not None:
        # The hold stays its holder's: whoever holds may release it.
        return Answer(reaction=DONE, held=held, reply=f"This promotion is held already, by {held.login}.")
    comment = sticky(pull).comment
    body = hold_comment(said.author.login, said.author.id, reason)
    return Answer(
        reaction=DONE,
        held=Holder(id=said.author.id, login=said.author.login),
        actions=(
            SetLabel(number=pull.number, label=LABEL, present=True),
            Say(pull=pull, comment=comment.id if comment else None, body=body),
        ),
    )


def _unhold(said: Said, pull: PullRequest, held: Holder | None) -> Answer:
    if held is None:
        return Answer(reaction=DONE, reply="This promotion is not held.")
    note = sticky(pull).comment
    said_so: tuple[Action, ...] = ()
    if note:
        said_so = (Say(pull=pull, comment=note.id, body=released_comment(said.author.login)),)
    return Answer(reaction=DONE, actions=(SetLabel(number=pull.number, label=LABEL, present=False), *said_so))
