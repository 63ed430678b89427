"""Facts of what our App keeps as issues of a repository: the board, and freezes. No I/O."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.github import Actor, Comment


class IssueChange(StrEnum):
    """What became of an issue, or of a label of ours on it."""

    CLOSED = "closed"
    REOPENED = "reopened"
    LABELLED = "labelled"
    UNLABELLED = "unlabelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueEvent:
    """`label`: which one was put on or taken off, "" for the others. `by_us`: by our App."""

    change: IssueChange
    actor: Actor
    by_us: bool
    at: datetime
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OurIssue:
    """An issue that our App opened.

    `title`: as it was opened, whatever it was renamed to since: GitHub's timeline keeps it, and people cannot change
    that. `believed`: nobody else has edited the body. `labels`: name → node id. `events`: oldest first.
    """

    id: str
    number: int
    title: str
    body: str
    believed: bool
    open: bool
    created: datetime
    labels: dict[str, str]
    events: tuple[IssueEvent, ...]
    comments: tuple[Comment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """`complete`: False where more issues carry our label of freezes than are read, so that one may be missing.

    `enabled`: whether the repository has issues at all.
    """

    ours: tuple[OurIssue, ...] = ()
    complete: bool = True
    enabled: bool = True
