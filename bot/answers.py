"""What commands are heard with and what each comes to: the words between hearing and doing. No I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.actions import Action, PostCheck, Propose, Verdict
from bot.model import Actor, Sha
from config.pipeline import CommandStyle, Environment, Mode

DONE, REFUSED, PUZZLED = "ROCKET", "THUMBS_DOWN", "CONFUSED"
# The one verdict where nothing is judged.
UNJUDGED = "environment"
# Accepted, and under way: no final reaction.
WAITING = "EYES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One comment or review body that may carry commands. `accepted`: we said so, and that it is under way."""

    id: str
    author: Actor
    body: str
    at: datetime
    commit: Sha | None = None
    accepted: bool = False


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
    commit blocks it, None where nothing does. `repost`: our gates check once more. `wide`: the answers to commands that
    are not about this head alone (`bot.conversations`), by (node id of the comment, place in it). `emergency`: how many
    people one takes, None where none is declared. `home`: the repository whose file declares the pipeline, where that
    is another.
    """

    environment: Environment
    mode: Mode
    style: CommandStyle
    verdicts: tuple[Verdict, ...]
    rebuild: Propose | None
    repost: PostCheck
    wide: "Mapping[tuple[str, int], Answer]" = field(default_factory=dict)
    emergency: int | None = None
    home: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one command comes to. `reply` is said only on refusal, error or query."""

    reaction: str
    reply: str | None = None
    actions: tuple[Action, ...] = ()
    held: Holder | None = None


def refused(said: Said, why: str) -> Answer:
    """Not done, and why: the sentence is addressed to whoever asked."""
    return Answer(reaction=REFUSED, reply=f"@{said.author.login} {why}")
