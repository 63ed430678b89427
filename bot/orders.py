"""Slash commands as facts: those a pass has not answered yet, what each does, and whose access must be read. No I/O."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.actions import Action, Ask, CheckText, PostCheck, React, Say, SetLabel
from bot.commands import COMMANDS, Command, Misunderstood, help_text, parse_comment
from bot.gates.hold import LABEL, Hold
from bot.messages import GATES, STICKY, check_text, hold_comment, released_comment, reply_marker
from bot.model import Actor, ActorKind, CheckStatus, Comment, Observation, Permission, PullRequest, Review, Sha
from bot.opinions import APPROVAL_CHECK, approval_id, is_author

DONE, REFUSED, PUZZLED = "ROCKET", "THUMBS_DOWN", "CONFUSED"
_FINAL = frozenset({DONE, REFUSED, PUZZLED})


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
    pull: PullRequest,
    seen: Observation,
    *,
    hold: Hold | None,
    queries: Queries,
    approver: Permission = Permission.WRITE,
) -> tuple[tuple[Action, ...], Ask]:
    """The actions that the pending commands come to, and the permissions to read first.

    `approver`: the access that the environment asks of its approvers at least.
    """
    actions: list[Action] = []
    needed: set[str] = set()
    held = holder(pull, hold)
    for said in pending(pull):
        understood = parse_comment(said.body)
        if not understood:
            continue
        if said.author.login not in seen.permissions:
            needed.add(said.author.login)
            continue
        answers: list[Answer] = []
        for order in understood:
            answers.append(_answer(order, said, pull, seen, held=held, queries=queries, approver=approver))
            held = answers[-1].held
        worst = next((r for r in (REFUSED, PUZZLED) if any(a.reaction == r for a in answers)), DONE)
        replies = [a.reply for a in answers if a.reply]
        for answer in answers:
            actions.extend(answer.actions)
        marker = reply_marker(said.id)
        if replies and not any(c.ours and marker in c.body for c in pull.comments):
            actions.append(Say(pull=pull, comment=None, body="\n\n".join([*replies, marker])))
        actions.append(React(subject=said.id, content=worst))
    return tuple(actions), Ask(permissions=frozenset(needed))


def _answer(
    order: Command | Misunderstood,
    said: Said,
    pull: PullRequest,
    seen: Observation,
    *,
    held: Holder | None,
    queries: Queries,
    approver: Permission,
) -> Answer:
    """What one command comes to, and who holds afterwards: the next command of the pass starts from there."""
    answer = _obeyed(order, said, pull, seen, held=held, queries=queries, approver=approver)
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
    approver: Permission,
) -> Answer:
    if isinstance(order, Misunderstood):
        meant = f" Did you mean `/{order.suggestion}`?" if order.suggestion else ""
        return Answer(reaction=PUZZLED, reply=f"I do not know `{order.text}`.{meant} `/help` lists the commands.")
    permission = seen.permissions[said.author.login]
    opines = order.name in ("approve", "unapprove")
    needed = approver if opines else next(spec.who for spec in COMMANDS if spec.name == order.name)
    own_hold = order.name == "unhold" and held is not None and held.id == said.author.id
    if not isinstance(permission, Permission):
        return Answer(
            reaction=REFUSED,
            reply=f"@{said.author.login} Your access could not be read, so `/{order.name}` was not done.",
        )
    if not permission.at_least(needed) and not own_hold:
        why = f"`/{order.name}` needs {needed} access to this repository; you have {permission}."
        return Answer(reaction=REFUSED, reply=f"@{said.author.login} {why}")
    match order.name:
        case "approve":
            return _approve(said, pull)
        case "unapprove":
            return Answer(reaction=DONE, actions=(_opinion(said, pull, approves=False),))
        case "hold":
            return _hold(said, pull, held, order.reason)
        case "unhold":
            return _unhold(said, pull, held)
        case "status" | "explain" | "help":
            return Answer(reaction=DONE, reply=_told(order, queries))
        case _:
            return Answer(reaction=PUZZLED, reply=f"`/{order.name}` is not supported by this version yet.")


def _told(order: Command, queries: Queries) -> str:
    """The answer to a question."""
    asked = next(iter(order.arguments.values()), None)
    match order.name:
        case "status":
            return queries.status()
        case "explain":
            return queries.explain(asked)
        case _:
            return help_text(asked)


def _approve(said: Said, pull: PullRequest) -> Answer:
    shown = next((c for c in pull.checks if c.name == GATES and c.commit == pull.head), None)
    if is_author(said.author.id, said.author.login, pull):
        return Answer(
            reaction=REFUSED,
            reply=f"@{said.author.login} You are an author of what is promoted here; somebody else must approve.",
        )
    # An approval is of the head its author could see: ours was shown when our gates check appeared on it.
    if shown is None or shown.started is None or shown.started >= said.at or said.commit not in (None, pull.head):
        why = f"the head is now `{pull.head[:7]}`, which was not there when you wrote; look at it and approve again"
        return Answer(reaction=REFUSED, reply=f"@{said.author.login} Not counted: {why}.")
    return Answer(reaction=DONE, actions=(_opinion(said, pull, approves=True),))


def _opinion(said: Said, pull: PullRequest, *, approves: bool) -> PostCheck:
    name = f"{APPROVAL_CHECK} ({said.author.login})"
    existing = next((c for c in pull.checks if c.name == name and c.commit == pull.head), None)
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
    return PostCheck(commit=pull.head, existing=existing, text=_with_id(text, kept))


def _with_id(text: CheckText, external_id: str) -> CheckText:
    return replace(text, external_id=external_id)


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
