"""What a pass's writes cost of GitHub's allowance, and which of them can wait when it runs short. No I/O.

Everything here may wait: passes look at how things stand, so what was left out is decided again. But what belongs
together stays together: a reaction says that a command was obeyed, so it never goes without what the command does, and
never stays behind it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum

from bot.actions import (
    Action,
    AddLabels,
    Close,
    DeleteBranch,
    Dequeue,
    EditIssue,
    Enqueue,
    Invite,
    Merge,
    OpenIssue,
    PostCheck,
    Propose,
    React,
    RecordRelease,
    RecordStatusChange,
    Retitle,
    Say,
    SetLabel,
)
from bot.directives import TRAILER, DirectiveKind
from bot.model import CheckStatus, Sha
from bot.release_record import decoded, trailers


class Importance(IntEnum):
    """What must not wait for what.

    `ADORNMENT`: texts, labels, invitations, tidying, checks on people's own pull requests. `NEWS`: proposals, checks,
    answers. `ESSENTIAL`: merges, what is recorded of them, rollbacks, holds, and a success that is taken back.
    """

    ADORNMENT = 0
    NEWS = 1
    ESSENTIAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Actions that go together or wait together. `positions`: where they stand in the plan.

    `in_turn`: it may not overtake an earlier one that is in turn. `cost`: how much it writes, at most.
    """

    importance: Importance
    actions: tuple[Action, ...]
    positions: tuple[int, ...] = ()
    in_turn: bool = False

    @property
    def cost(self) -> int:
        return sum(map(_cost, self.actions))


def errands(actions: Sequence[Action], *, checks: Importance = Importance.NEWS) -> tuple[Errand, ...]:
    """The actions of one plan, most important first, each in one errand.

    `checks`: how much those matter that neither go before a merge nor take a success back.

    Where commands are answered, each answer is an errand with what its command does, and they go in turn: people's
    words count in the order in which they were said. So do the checks and merges that were decided on top of them.
    """
    merging = {action.head for action in actions if isinstance(action, Merge | Enqueue)}
    answering = any(isinstance(action, React) for action in actions)
    talk: list[int] = []
    found: list[Errand] = []
    for i, action in enumerate(actions):
        if answering and isinstance(action, React | Say | SetLabel | PostCheck | Merge | Enqueue):
            talk.append(i)
        else:
            found.append(Errand(importance=_importance(action, merging, checks), actions=(action,), positions=(i,)))
    most = max((_importance(actions[i], merging, checks) for i in talk), default=Importance.NEWS)
    found += [
        Errand(importance=most, actions=tuple(actions[i] for i in part), positions=tuple(part), in_turn=True)
        for part in _up_to_each_reaction(talk, actions)
    ]
    return tuple(sorted(found, key=lambda errand: -errand.importance))


def _up_to_each_reaction(talk: Sequence[int], actions: Sequence[Action]) -> list[list[int]]:
    """A command's effects and words come before the reaction on it; what follows the last is decided upon them all."""
    parts: list[list[int]] = [[]]
    for i in talk:
        parts[-1].append(i)
        if isinstance(actions[i], React):
            parts.append([])
    return [part for part in parts if part]


def _importance(action: Action, merging: Collection[Sha], checks: Importance) -> Importance:
    match action:
        case Merge() | Enqueue() | Dequeue() | RecordRelease() | RecordStatusChange() | SetLabel():
            return Importance.ESSENTIAL
        case Propose():
            return Importance.ESSENTIAL if _is_rollback(action) else Importance.NEWS
        case PostCheck():
            essential = action.commit in merging or takes_back(action)
            return Importance.ESSENTIAL if essential else checks
        case Close() | React() | Say() | OpenIssue() | EditIssue():
            return Importance.NEWS
        case Retitle() | AddLabels() | Invite() | DeleteBranch():
            return Importance.ADORNMENT


def takes_back(action: PostCheck) -> bool:
    """A success that would go on letting people merge."""
    shown = action.existing.conclusion if action.existing else None
    return shown == "SUCCESS" and not (action.text.status is CheckStatus.COMPLETED and action.text.conclusion == shown)


def _is_rollback(action: Propose) -> bool:
    said = decoded(trailers(action.message).get(TRAILER))
    return isinstance(said, dict) and said.get("kind") == DirectiveKind.ROLLBACK.value


def _cost(action: Action) -> int:
    match action:
        case Propose():
            # Tree, commit and branch; pull request and check.
            return 5
        case Invite() | SetLabel():
            # Reviewers, assignee, and a word on who cannot be asked; a label that must be put on to be taken off.
            return 3
        case _:
            return 1
