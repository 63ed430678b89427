"""One repository as it is heard in a pass: what was said there, what that is held against, what it comes to. No I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.actions import Action, Ask
from bot.answers import Answer
from bot.directing import vouched_for
from bot.directives import Directive, DirectiveKind, directed_by
from bot.gates.freeze import Freeze
from bot.merge_trailers import speaker
from bot.model import Comment, Conversation, Issues, Permission, Place, PullRequest, Release, Review, Unknown
from config.pipeline import Configuration, Environment

# (pipeline/environment, what is asked for, the version named) → the release; why not, in a sentence; what must be read
# first; Unknown where it cannot be told yet; None where the pass itself does what is asked for.
Resolve = Callable[[str, DirectiveKind, str | None], Release | Unknown | Ask | str | None]


class Hearing(StrEnum):
    """Which commands are heard in a pass."""

    ALL = "all"
    ROLLBACKS = "rollbacks"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """All that is heard of one repository in a pass, and what it is held against.

    `hearing`: who is heard: nobody where nothing is written. `pulls`: our open promotions, by `pipeline/environment`.
    `carried`: (`pipeline/environment`, node id of a comment) of every directed head of ours, open, merged or closed.
    """

    now: datetime
    declared: Configuration
    conversations: tuple[Conversation, ...] = ()
    issues: Issues = field(default_factory=Issues)
    pulls: Mapping[str, PullRequest] = field(default_factory=dict)
    carried: frozenset[tuple[str, str]] = frozenset()
    permissions: Mapping[str, Permission | Unknown] = field(default_factory=dict)
    identities: Mapping[str, int] = field(default_factory=dict)
    board: int | None = None
    hearing: Hearing = Hearing.ALL

    def said_at(self, comment: str) -> datetime | None:
        """When the comment of that node id was written, where it was read."""
        spoken: list[Comment | Review] = [said for one in self.conversations for said in one.comments]
        spoken += [said for one in self.issues.ours for said in one.comments]
        spoken += [said for one in self.pulls.values() for said in one.comments]
        spoken += [said for one in self.pulls.values() for said in one.reviews]
        return next((said.at for said in spoken if said.id == comment), None)

    @property
    def environments(self) -> dict[str, Environment]:
        return {f"{p.name}/{e.name}": e for p in self.declared.pipelines for e in p.environments}


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What all that was said comes to.

    `freezes`: in force, those of this pass among them. `directives`: by `pipeline/environment`. `answers`: to commands
    on open promotions, by (node id of the comment, place in it).
    """

    freezes: tuple[Freeze, ...] | Unknown = ()
    directives: Mapping[str, Directive] = field(default_factory=dict)
    answers: Mapping[tuple[str, int], Answer] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    ask: Ask = Ask()

    @property
    def over_at(self) -> datetime | None:
        """When the first freeze is over: its issue is closed then."""
        known = () if isinstance(self.freezes, Unknown) else self.freezes
        return min((one.until for one in known if one.until is not None), default=None)

    def directed(self, pipeline: str) -> Mapping[str, Directive]:
        """What is wanted in place of candidates in one pipeline, by the environment's own name."""
        return {one.environment: one for name, one in self.directives.items() if name.partition("/")[0] == pipeline}

    def frozen(self, environment: str) -> tuple[Freeze, ...] | Unknown:
        """The freezes of one environment (`pipeline/environment`)."""
        if isinstance(self.freezes, Unknown):
            return self.freezes
        return tuple(one for one in self.freezes if one.environment == environment)


NOTHING = Heard()


def carried(places: Mapping[str, Place], conversations: Sequence[Conversation]) -> frozenset[tuple[str, str]]:
    """What `Room.carried` says, from our branches (`pipeline/environment` → place) and what was merged or closed.

    The head of an open promotion counts with our check on it only: without, nothing is directed by it, and it is made
    anew for what was asked.
    """
    heads = [(name, speaker(merged)) for name, place in places.items() for merged in place.merged]
    heads += [(name, place.head) for name, place in places.items() if _is_vouched(place)]
    heads += [(one.environment, one.head) for one in conversations if one.environment]
    told = ((name, directed_by(head)) for name, head in heads)
    return frozenset((name, directed.comment) for name, directed in told if directed and directed.comment)


def _is_vouched(place: Place) -> bool:
    pull, head = place.pull, place.head
    return bool(pull and head and pull.by_us and head.sha == pull.head and vouched_for(pull, head))
