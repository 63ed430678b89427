"""Commands that are not about one head: freezes, and which release is to go where, wherever they are said. No I/O.

Heard are our promotions, open, merged and closed, our board issue and our freezes; anywhere else in the repository only
`/caisson …`. What is said on an open promotion is answered there (`bot.orders`); its answer is made here, because such
a command may concern another environment. A command acts at most once: a freeze names the comment that asked for it, a
directed head carries it as a trailer, and the rest changes nothing when it is done again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from bot import freezes
from bot.actions import Action, Ask, React, Say
from bot.answers import DONE, PUZZLED, REFUSED, WAITING, Answer, Said, refused
from bot.command_grammar import Command, Misunderstood, parse_comment
from bot.commands import BY_NAME, help_text, spelled
from bot.directives import Directed, Directive, DirectiveKind
from bot.gates.freeze import Freeze
from bot.messages import reply_marker
from bot.model import (
    ActorKind,
    Comment,
    Conversation,
    Forum,
    Permission,
    Unknown,
)
from bot.named_environments import named_environment
from bot.orders import FINAL, WIDE, access_needed, across_repositories, pending
from bot.room import Heard, Hearing, Resolve, Room
from config.pipeline import CommandStyle

# More of our replies in one conversation within an hour would be noise: then there are reactions only.
MOST_REPLIES = 5
# How many comments of a conversation are read (`bot.github.fragments`).
COMMENTS_READ = 10
_REPLY = reply_marker("").partition(" -->")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Utterance:
    """One comment with commands, and where it stands. `attended`: on an open promotion, which answers it itself."""

    said: Said
    orders: tuple[Command | Misunderstood, ...]
    conversation: Conversation
    attended: bool


def listen(room: Room, *, resolve: Resolve) -> Heard:
    """What everything that is pending comes to, in order of creation. Ask first for what `ask` names."""
    needed = {name: access_needed(BY_NAME["freeze"], one) for name, one in room.environments.items()}
    standing = freezes.read_freezes(
        room.issues, now=room.now, permissions=room.permissions, identities=room.identities, needed=needed
    )
    utterances = tuple(_pending(room))
    unread = {one.said.author.login for one in utterances} - room.permissions.keys()
    ask = standing.ask | Ask(permissions=frozenset(unread))
    session = _Session(room=room, resolve=resolve, standing=standing)
    for one in utterances:
        if one.said.author.login not in unread:
            session.take(one)
    return Heard(
        freezes=session.freezes(),
        directives=session.directives,
        answers=session.answers,
        actions=(*(standing.actions if room.hearing is Hearing.ALL else ()), *session.finished()),
        ask=ask | session.ask,
    )


def _pending(room: Room) -> Iterator[_Utterance]:
    """What people said and we have not finally reacted to, oldest first."""
    if room.hearing is Hearing.NONE:
        return
    found: list[_Utterance] = []
    style = room.declared.commands
    for environment, pull in room.pulls.items():
        place = Conversation(
            id=pull.id, number=pull.number, forum=Forum.PROMOTION, comments=pull.comments, environment=environment
        )
        for said in pending(pull):
            orders = parse_comment(said.body, style=style)
            if any(isinstance(order, Command) and order.name in WIDE for order in orders) and _is_heard(orders, room):
                found.append(_Utterance(said=said, orders=orders, conversation=place, attended=True))
    for place in (*room.conversations, *_on_our_issues(room)):
        heard_as = CommandStyle.PREFIXED if place.forum is Forum.ELSEWHERE else style
        for comment in place.comments:
            if not _acts(comment):
                continue
            accepted = WAITING in comment.reactions
            said = Said(id=comment.id, author=comment.author, body=comment.body, at=comment.at, accepted=accepted)
            if (orders := parse_comment(comment.body, style=heard_as)) and _is_heard(orders, room):
                found.append(_Utterance(said=said, orders=orders, conversation=place, attended=False))
    # Of one second the order in which GitHub lists them counts, which sorting keeps.
    yield from sorted(found, key=lambda one: one.said.at)


def _is_heard(orders: Sequence[Command | Misunderstood], room: Room) -> bool:
    """Whether a comment is heard now; where only rollbacks are, whatever asks for more waits with all it says."""
    only_back = all(isinstance(order, Command) and order.name == "rollback" for order in orders)
    return room.hearing is Hearing.ALL or only_back


def _acts(comment: Comment) -> bool:
    """Edited comments, bots and Apps never act, and nothing acts twice."""
    by_person = comment.author.kind is ActorKind.USER and not comment.edited
    return by_person and not (comment.reactions & FINAL) and "/" in comment.body


def _on_our_issues(room: Room) -> Iterator[Conversation]:
    """The board, and freezes, which speak of their environment."""
    for issue in room.issues.ours:
        environment = freezes.environment_of(issue)
        if environment or issue.number == room.board:
            yield Conversation(
                id=issue.id,
                number=issue.number,
                forum=Forum.BOARD,
                comments=issue.comments,
                environment=environment,
            )


@dataclass(slots=True, kw_only=True)
class _Session:
    """The commands of a pass, taken one after the other: each starts from where the one before left off."""

    room: Room
    resolve: Resolve
    standing: freezes.Standing
    directives: dict[str, Directive] = field(default_factory=dict)
    answers: dict[tuple[str, int], Answer] = field(default_factory=dict)
    fresh: list[Freeze] = field(default_factory=list)
    opened: list[Action] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)
    taken: list[tuple[_Utterance, list[Answer | None]]] = field(default_factory=list)
    ask: Ask = Ask()

    def take(self, utterance: _Utterance) -> None:
        answers: list[Answer | None] = []
        # Noted first: a command may overtake one of an earlier comment.
        self.taken.append((utterance, answers))
        for order in utterance.orders:
            wide = isinstance(order, Command) and order.name in WIDE
            # The rest of what is said on an open promotion is answered where that is attended.
            answers.append(self._answer(order, utterance) if wide or not utterance.attended else None)

    def freezes(self) -> tuple[Freeze, ...] | Unknown:
        """Those that were ended just now count in this pass still: the next sees their issues closed."""
        found = self.standing.freezes
        return found if isinstance(found, Unknown) else (*found, *self.fresh)

    def finished(self) -> tuple[Action, ...]:
        """The writes, with a reaction for each comment that is not attended elsewhere, and what is said to it."""
        actions = list(self.opened)
        for utterance, answers in self.taken:
            if utterance.attended:
                made = {(utterance.said.id, i): answer for i, answer in enumerate(answers) if answer is not None}
                self.answers |= made
            else:
                actions += _closed(utterance, [one for one in answers if one is not None], self.room)
        return tuple(actions)

    def _answer(self, order: Command | Misunderstood, utterance: _Utterance) -> Answer:
        said, place = utterance.said, utterance.conversation
        if isinstance(order, Misunderstood):
            meant = f" Did you mean `/{order.suggestion}`?" if order.suggestion else ""
            return Answer(reaction=PUZZLED, reply=f"I do not know `{order.text}`.{meant} `/help` lists the commands.")
        if order.name not in WIDE:
            return _aside(order, said, place, self.room)
        known = tuple(self.room.environments)
        asked = order.arguments.get("environment")
        if order.name == "unfreeze" and asked is None and not place.environment:
            known = tuple(dict.fromkeys(freezes.environment_of(one) for one in self.standing.issues.values())) or known
        environment, why = named_environment(asked, known=known, here=place.environment)
        if why is not None:
            return refused(said, why)
        if (barred := self._barred(order, said, environment)) is not None:
            return barred
        match order.name:
            case "freeze":
                return self._freeze(order, said, environment)
            case "unfreeze":
                return self._unfreeze(said, environment)
            case _:
                return self._direct(order, said, environment)

    def _barred(self, order: Command, said: Said, environment: str) -> Answer | None:
        spec, permission = BY_NAME[order.name], self.room.permissions[said.author.login]
        declared = self.room.environments.get(environment)
        if declared is None:
            return refused(said, f"`{environment}` is not declared any more.")
        if declared.repository is not None:
            return refused(said, across_repositories(order.name, declared.name, declared.repository))
        needed = access_needed(spec, declared)
        if not isinstance(permission, Permission) or self.room.identities.get(said.author.login) != said.author.id:
            return refused(said, f"Your access could not be read, so `/{order.name}` was not done.")
        if not permission.at_least(needed):
            return refused(said, f"`/{order.name}` needs {needed} access to this repository; you have {permission}.")
        return None

    # --- freezes ------------------------------------------------------------------------------------------------------

    def _freeze(self, order: Command, said: Said, environment: str) -> Answer:
        if self._known_freeze(said, environment):
            return Answer(reaction=DONE)
        if not self.room.issues.enabled:
            return refused(said, "A freeze is kept as an issue, and issues are switched off in this repository.")
        until = order.arguments.get("until")
        end = freezes.parse_until(until, now=self.room.now) if until is not None else None
        if isinstance(end, str):
            return refused(said, f"Not frozen: {end}.")
        by, reason = said.author, order.reason
        self.opened.append(freezes.opened(environment, by=by, until=end, reason=reason, asked=said.id, at=said.at))
        self.fresh.append(Freeze(environment=environment, by=by.login, reason=reason, until=end, asked=said.id))
        # Done when the issue is seen: it may not come to be.
        return Answer(reaction=WAITING)

    def _known_freeze(self, said: Said, environment: str) -> bool:
        """Whether this very comment froze it. One that somebody has edited since may be of this comment."""
        here = (issue for issue in self.room.issues.ours if freezes.environment_of(issue) == environment)
        return any(freezes.asked_by(issue) == said.id if issue.believed else issue.created >= said.at for issue in here)

    def _unfreeze(self, said: Said, environment: str) -> Answer:
        # What was frozen after this was written is not what it means.
        here = (i for i in self.standing.issues.values() if freezes.environment_of(i) == environment)
        meant = [issue for issue in here if freezes.frozen_at(issue) <= said.at]
        for issue in (one for one in meant if one.number not in self.ended):
            self.ended.add(issue.number)
            self.opened.append(freezes.ended(issue))
        if meant or any(freeze.environment == environment for freeze in self.fresh):
            # Done when the issues are seen closed; what was frozen in this very pass has none yet.
            return Answer(reaction=WAITING)
        return Answer(reaction=DONE, reply=None if said.accepted else f"`{environment}` is not frozen.")

    # --- directives ---------------------------------------------------------------------------------------------------

    def _direct(self, order: Command, said: Said, environment: str) -> Answer:
        if (environment, said.id) in self.room.carried:
            return Answer(reaction=DONE)
        later = (self.room.said_at(comment) for name, comment in self.room.carried if name == environment)
        if any(at is not None and at > said.at for at in later):
            return _overtaken(said, environment)
        kind = DirectiveKind.PROMOTE if order.name == "promote" else DirectiveKind.ROLLBACK
        version = order.arguments.get("version") or order.arguments.get("to")
        found = self.resolve(environment, kind, version)
        if found is None:
            return Answer(reaction=DONE)
        if isinstance(found, Unknown | Ask):
            self.ask |= found if isinstance(found, Ask) else Ask()
            return Answer(reaction=WAITING)
        if isinstance(found, str):
            return refused(said, found)
        self._overtake(environment)
        directed = Directed(kind=kind, by=said.author.login, by_id=said.author.id, comment=said.id)
        self.directives[environment] = Directive(
            environment=environment.partition("/")[2], release=found, directed=directed
        )
        return Answer(reaction=WAITING)

    def _overtake(self, environment: str) -> None:
        """Of two that direct the same environment only the later is done."""
        earlier = self.directives.pop(environment, None)
        for utterance, answers in self.taken if earlier else ():
            if earlier and utterance.said.id == earlier.directed.comment:
                late = _overtaken(utterance.said, environment)
                answers[:] = [late if one is not None and one.reaction == WAITING else one for one in answers]


def _overtaken(said: Said, environment: str) -> Answer:
    return refused(said, f"Not done: a later comment wants something else of `{environment}`.")


def _aside(order: Command, said: Said, place: Conversation, room: Room) -> Answer:
    """A command that is about one head, or a question, where there is no open promotion."""
    permission = room.permissions[said.author.login]
    if not isinstance(permission, Permission) or not permission.at_least(Permission.READ):
        return Answer(reaction=REFUSED)
    if order.name == "help":
        return Answer(reaction=DONE, reply=help_text(order.arguments.get("command")))
    pull = room.pulls.get(place.environment)
    where = f"#{pull.number} is the open one of {place.environment}" if pull else "this is none"
    shown = f"; #{room.board} shows where everything stands" if room.board and room.board != place.number else ""
    return refused(said, f"`/{order.name}` is for open promotions, and {where}{shown}.")


def _closed(utterance: _Utterance, answers: Sequence[Answer], room: Room) -> tuple[Action, ...]:
    """What is written under one comment. While one of its commands is under way, only that it was accepted."""
    said, place = utterance.said, utterance.conversation
    if any(answer.reaction == WAITING for answer in answers):
        return () if said.accepted else (React(subject=said.id, content=WAITING),)
    reaction = next((r for r in (REFUSED, PUZZLED) if any(a.reaction == r for a in answers)), DONE)
    return (*_reply(utterance, answers, room, place), React(subject=said.id, content=reaction))


def _reply(utterance: _Utterance, answers: Sequence[Answer], room: Room, place: Conversation) -> tuple[Say, ...]:
    """One comment with everything there is to say, unless it stands there, or there were too many of late."""
    said, marker = utterance.said, reply_marker(utterance.said.id)
    words = [spelled(answer.reply, room.declared.commands) for answer in answers if answer.reply]
    ours = [comment for comment in place.comments if comment.ours and _REPLY in comment.body]
    lately = [comment for comment in ours if comment.at > room.now - timedelta(hours=1)]
    # Where all that was read is of this hour, older replies of it are out of sight.
    crowded = len(place.comments) >= COMMENTS_READ and place.comments[0].at > room.now - timedelta(hours=1)
    many = crowded or len(lately) >= MOST_REPLIES
    if not words or many or any(marker in comment.body for comment in ours):
        return ()
    permission = room.permissions[said.author.login]
    known = isinstance(permission, Permission) and permission.at_least(Permission.TRIAGE)
    if place.forum is Forum.ELSEWHERE and not known:
        # Strangers' words are answered by a reaction only.
        return ()
    return (Say(subject=place.id, comment=None, body="\n\n".join([*words, marker])),)
