"""Slash commands as facts: those a pass has not answered yet, what each does, and whose access must be read. No I/O."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.actions import Action, Ask, Propose, React, Say, SetLabel
from bot.answers import DONE, PUZZLED, REFUSED, WAITING, Answer, Holder, Queries, Said, Setting, refused
from bot.command_grammar import Command, Misunderstood, parse_comment
from bot.commands import BY_NAME, CommandSpec, help_text, spelled
from bot.gates.hold import LABEL, Hold
from bot.head_orders import approve, ask_for_merge, opinion, retry, waive
from bot.messages import STICKY, hold_comment, released_comment, reply_marker
from bot.model import ActorKind, Comment, Observation, Permission, PullRequest, Review, Unknown
from bot.opinions import is_author
from config.pipeline import Environment

FINAL = frozenset({DONE, REFUSED, PUZZLED})
# Commands that may be about another environment than the one they are said on: `bot.conversations` answers them.
WIDE = frozenset({"promote", "rollback", "freeze", "unfreeze"})
# More replies in an hour would be noise: what is said then gets its reaction only, and questions a thumbs down.
MOST_ANSWERS = 20
# GitHub takes comments of 65,536 characters (REST, "Create an issue comment").
_LONGEST_REPLY = 60_000
_REPLY = reply_marker("").partition(" -->")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticky:
    """Our sticky comment and what it says of the hold."""

    comment: Comment | None = None
    holder: str | None = None
    holder_id: int | None = None
    reason: str | None = None


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
        Said(
            id=c.id,
            author=c.author,
            body=c.body,
            at=c.at,
            commit=c.commit if isinstance(c, Review) else None,
            accepted=WAITING in c.reactions,
        )
        for c in spoken
        if c.author.kind is ActorKind.USER and not c.edited and not (c.reactions & FINAL) and "/" in c.body
    ]
    # Of one second GitHub's own order counts, which sorting keeps: node ids have none.
    return tuple(sorted(said, key=lambda s: s.at))


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
        wide = [_wide_answer(order, said, place, setting) for place, order in enumerate(understood)]
        if any(answer is None and _is_wide(order) for order, answer in zip(understood, wide, strict=True)):
            continue
        if any(answer is not None and answer.reaction == WAITING for answer in wide):
            # One of its commands is under way: the others are done, and answered, together with it.
            actions += [] if said.accepted else [React(subject=said.id, content=WAITING)]
            continue
        answers: list[Answer] = []
        for order, answered in zip(understood, wide, strict=True):
            if answered is not None:
                answers.append(replace(answered, held=held))
                continue
            answers.append(_answer(order, said, pull, seen, held=held, queries=queries, setting=setting))
            held = answers[-1].held
        rebuilt = [a for answer in answers for a in answer.actions if isinstance(a, Propose)]
        if rebuilt:
            actions.append(rebuilt[0])
            break
        replied = _replies(answers, said, pull) if room > 0 else ()
        room -= len(replied)
        actions += [a for answer in answers for a in answer.actions]
        unanswered = room <= 0 and not replied and all(map(_is_query, understood))
        actions += [*replied, React(subject=said.id, content=REFUSED if unanswered else _worst(answers))]
    said_so = (replace(a, body=spelled(a.body, setting.style)) if isinstance(a, Say) else a for a in actions)
    return tuple(said_so), Ask(permissions=frozenset(needed))


def _worst(answers: list[Answer]) -> str:
    return next((r for r in (REFUSED, PUZZLED) if any(a.reaction == r for a in answers)), DONE)


def _replies(answers: list[Answer], said: Said, pull: PullRequest) -> tuple[Say, ...]:
    """One comment with everything there is to say, unless it stands there already."""
    words = _fitting([answer.reply for answer in answers if answer.reply])
    marker = reply_marker(said.id)
    if not words or any(comment.ours and marker in comment.body for comment in pull.comments):
        return ()
    return (Say(subject=pull.id, comment=None, body="\n\n".join([*words, marker])),)


def _fitting(replies: list[str]) -> list[str]:
    """As many whole replies as a comment takes; each for itself does."""
    room = _LONGEST_REPLY
    for i, reply in enumerate(replies):
        room -= len(reply) + 2
        if room < 0:
            return [*replies[:i], f"{len(replies) - i} more answers do not fit in here; ask for one at a time."]
    return replies


def _answers(pull: PullRequest, *, since: datetime) -> int:
    return sum(1 for comment in pull.comments if comment.ours and _REPLY in comment.body and comment.at > since)


def _wide_answer(order: Command | Misunderstood, said: Said, place: int, setting: Setting) -> Answer | None:
    """What was made of a command that is not about this head alone; across repositories there are none."""
    if setting.home is not None and _is_wide(order) and isinstance(order, Command):
        return refused(said, across_repositories(order.name, setting.environment.name, setting.environment.repository))
    return setting.wide.get((said.id, place))


def across_repositories(command: str, environment: str, repository: str | None) -> str:
    """Why a command that is not about one head does nothing for an environment of another repository."""
    told = f"`/{command}` is not done across repositories, and `{environment}` lives in {repository}"
    return f"{told}: there, `/hold` stops its open promotion, and what stands is reverted in Git."


def _is_wide(order: Command | Misunderstood) -> bool:
    return isinstance(order, Command) and order.name in WIDE


def _is_query(order: Command | Misunderstood) -> bool:
    return isinstance(order, Command) and BY_NAME[order.name].who is Permission.READ


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
    if barred := _barred(order, said, pull, permission, held=held, environment=setting.environment):
        return barred
    match order.name:
        case "approve":
            return approve(said, pull)
        case "unapprove":
            return Answer(reaction=DONE, actions=(opinion(said, pull, approves=False),))
        case "hold":
            return _hold(said, pull, held, order.reason)
        case "unhold":
            return _unhold(said, pull, held)
        case "merge":
            return ask_for_merge(said, pull, setting)
        case "skip" | "emergency":
            return waive(order, said, pull, setting)
        case "retry":
            return retry(said, pull, setting)
        case _:
            return Answer(reaction=DONE, reply=_told(order, queries))


def _barred(
    order: Command,
    said: Said,
    pull: PullRequest,
    permission: Permission | Unknown,
    *,
    held: Holder | None,
    environment: Environment,
) -> Answer | None:
    """Why this person's command is not even looked at; None where it is."""
    spec = BY_NAME[order.name]
    needed = access_needed(spec, environment)
    if not isinstance(permission, Permission):
        return refused(said, f"Your access could not be read, so `/{order.name}` was not done.")
    if not permission.at_least(needed) and not _also_may(order, said, pull, held, permission):
        return refused(said, f"`/{order.name}` needs {needed} access to this repository; you have {permission}.")
    return None


def access_needed(spec: CommandSpec, environment: Environment) -> Permission:
    """The access a command needs in an environment: its `approvals` or its `roles` decide, where they speak of it."""
    if spec.name in ("approve", "unapprove", "emergency") and environment.approvals is not None:
        return Permission(environment.approvals.least_access.value)
    return Permission(environment.roles.of(spec.role).value) if spec.role else spec.who


def _also_may(order: Command, said: Said, pull: PullRequest, held: Holder | None, permission: Permission) -> bool:
    """Whoever holds may release, whatever their access; an author of what is promoted may stop it."""
    if order.name == "unhold":
        return held is not None and held.id == said.author.id
    wrote = is_author(said.author.id, said.author.login, pull)
    return order.name == "hold" and wrote and permission.at_least(Permission.READ)


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
            Say(subject=pull.id, comment=comment.id if comment else None, body=body),
        ),
    )


def _unhold(said: Said, pull: PullRequest, held: Holder | None) -> Answer:
    if held is None:
        return Answer(reaction=DONE, reply="This promotion is not held.")
    note = sticky(pull).comment
    said_so: tuple[Action, ...] = ()
    if note:
        said_so = (Say(subject=pull.id, comment=note.id, body=released_comment(said.author.login)),)
    return Answer(reaction=DONE, actions=(SetLabel(number=pull.number, label=LABEL, present=False), *said_so))
