"""Freezes as issues of our App: how one is written down, which are in force, and how one ends. No I/O.

Such an issue says in its title what is frozen and until when. What it was called when it was opened stays in GitHub's
timeline, and who closed it too, so neither an edit of the text, nor of the title, nor a lost label ends a freeze: only
our App does, or somebody who closes the issue and may freeze. What ended properly loses our label, and is not read
again.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from bot.actions import Action, AddLabels, Ask, EditIssue, OpenIssue, Say
from bot.gates.freeze import Freeze, dated
from bot.messages import plain
from bot.model import Actor, ActorKind, IssueChange, IssueEvent, Issues, OurIssue, Permission, Unknown

LABEL = "caisson/freeze"
_MARKER = "<!-- caisson:freeze "
_REOPENED = "<!-- caisson:still-frozen -->"
_TITLE = re.compile(r"Freeze ([a-z0-9-]+/[a-z0-9-]+)(?: until (\d{4}-\d\d-\d\d \d\d:\d\d) UTC)?")
_LONGEST = timedelta(days=3660)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the issues come to. `actions`: what brings them in order; `ask`: whose access must be read to tell."""

    freezes: tuple[Freeze, ...] | Unknown = ()
    issues: Mapping[int, OurIssue] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    ask: Ask = Ask()


def title(environment: str, until: datetime | None) -> str:
    return f"Freeze {environment}" + (f" until {dated(until)}" if until else "")


def is_freeze(issue: OurIssue) -> bool:
    return _TITLE.fullmatch(issue.title) is not None


def environment_of(issue: OurIssue) -> str:
    """`pipeline/environment`; "" where the issue is no freeze."""
    match = _TITLE.fullmatch(issue.title)
    return match[1] if match else ""


def opened(environment: str, *, by: Actor, until: datetime | None, reason: str, asked: str, at: datetime) -> OpenIssue:
    """The issue that keeps a freeze. `asked`: the node id of the comment, written `at`."""
    said = {"by": by.login, "id": by.id, "reason": reason, "asked": asked, "at": at.isoformat()}
    marker = json.dumps(said, separators=(",", ":")).replace(">", "\\u003e")
    ends = f"until {dated(until)}" if until else "until somebody ends it"
    body = (
        f"{_MARKER}{marker} -->\n⛔ **{environment} is frozen** by {plain(by.login)}: {plain(reason)}\n\n"
        f"Nothing is promoted into it {ends}; only a rollback asked for by somebody with maintain access may go in. "
        "Whoever may freeze ends it, with `/unfreeze` or by closing this issue. Editing this text changes nothing."
    )
    return OpenIssue(title=title(environment, until), body=body, labels=(LABEL,))


def ended(issue: OurIssue) -> EditIssue:
    """Close a freeze and put it away: without our label it is not read again."""
    return EditIssue(issue=issue.id, open=False, labels=_without_label(issue))


def _without_label(issue: OurIssue) -> tuple[str, ...]:
    return tuple(identity for name, identity in issue.labels.items() if name.lower() != LABEL)


def read_freezes(
    issues: Issues,
    *,
    now: datetime,
    permissions: Mapping[str, Permission | Unknown],
    identities: Mapping[str, int],
    needed: Mapping[str, Permission],
) -> Standing:
    """Which freezes are in force. `needed`: by `pipeline/environment`, the access that may end one.

    A freeze counts on although whoever asked for it has left. One whose end has come is closed by us.
    """
    in_force: dict[int, OurIssue] = {}
    actions: list[Action] = []
    unread: set[str] = set()
    for issue in (one for one in issues.ours if is_freeze(one)):
        closer = _closer(issue)
        if closer is not None and closer not in permissions:
            unread.add(closer)
        access = needed.get(environment_of(issue), Permission.MAINTAIN)
        closing = _judged(issue, permissions, identities, access)
        over = _until(issue)
        if closing is _Closing.COUNTS:
            actions += _put_away(issue)
        elif over is not None and over <= now:
            actions.append(ended(issue))
        else:
            in_force[issue.number] = issue
            actions += _kept(issue, closing)
    found: tuple[Freeze, ...] | Unknown = tuple(_freeze(issue) for issue in in_force.values())
    if not issues.complete:
        found = Unknown(
            f"more issues carry the label {LABEL} than are read; take it off those that Caisson did not open"
        )
    return Standing(freezes=found, issues=in_force, actions=tuple(actions), ask=Ask(permissions=frozenset(unread)))


class _Closing(StrEnum):
    """What the state of a freeze's issue means."""

    NONE = "open"
    COUNTS = "closed by us, or by somebody who may"
    REFUSED = "closed by somebody who may not"
    UNSURE = "closed, and whether by somebody who may is not known"


def _closed(issue: OurIssue) -> IssueEvent | None:
    """How it came to be closed, where it is and GitHub tells."""
    if issue.open:
        return None
    return next((e for e in reversed(issue.events) if e.change is IssueChange.CLOSED), None)


def _closer(issue: OurIssue) -> str | None:
    """The login of the person whose access decides; None where nobody's does."""
    closing = _closed(issue)
    if closing is None or closing.actor.kind is not ActorKind.USER or _put_away_by_us(issue, closing.at):
        return None
    return closing.actor.login


def _put_away_by_us(issue: OurIssue, since: datetime) -> bool:
    taken = (e for e in issue.events if e.change is IssueChange.UNLABELLED and e.label.lower() == LABEL)
    return any(e.by_us and e.at >= since for e in taken)


def _judged(
    issue: OurIssue,
    permissions: Mapping[str, Permission | Unknown],
    identities: Mapping[str, int],
    needed: Permission,
) -> _Closing:
    closing = _closed(issue)
    if issue.open or closing is None:
        return _Closing.NONE if issue.open else _Closing.UNSURE
    if closing.by_us or _put_away_by_us(issue, closing.at):
        return _Closing.COUNTS
    if closing.actor.kind is not ActorKind.USER:
        return _Closing.REFUSED
    permission = permissions.get(closing.actor.login)
    if not isinstance(permission, Permission):
        return _Closing.UNSURE
    # The person closed it, not the login: it may have changed hands.
    same = identities.get(closing.actor.login) == closing.actor.id
    return _Closing.COUNTS if same and permission.at_least(needed) else _Closing.REFUSED


def _put_away(issue: OurIssue) -> tuple[Action, ...]:
    """Write down that somebody's closing counted, once: they may lose their access later."""
    kept = _without_label(issue)
    return (EditIssue(issue=issue.id, labels=kept),) if len(kept) < len(issue.labels) else ()


def _kept(issue: OurIssue, closing: _Closing) -> tuple[Action, ...]:
    """What puts a freeze right that somebody closed, or took the label off, who may not."""
    actions: list[Action] = []
    if not any(name.lower() == LABEL for name in issue.labels):
        actions.append(AddLabels(number=issue.number, labels=(LABEL,)))
    if closing is _Closing.REFUSED:
        actions.append(EditIssue(issue=issue.id, open=True))
        if not any(comment.ours and _REOPENED in comment.body for comment in issue.comments):
            words = "Still frozen: only somebody who may freeze ends it, with `/unfreeze` or by closing this issue."
            actions.append(Say(subject=issue.id, comment=None, body=f"{_REOPENED}\n{words}"))
    return tuple(actions)


def _freeze(issue: OurIssue) -> Freeze:
    said = _said(issue)
    by, reason = said.get("by"), said.get("reason")
    return Freeze(
        environment=environment_of(issue),
        by=by if isinstance(by, str) else "",
        reason=reason if isinstance(reason, str) else "",
        until=_until(issue),
        number=issue.number,
        asked=asked_by(issue),
    )


def asked_by(issue: OurIssue) -> str:
    """The node id of the comment that a freeze was asked for in; "" where that cannot be told."""
    asked = _said(issue).get("asked")
    return asked if isinstance(asked, str) else ""


def frozen_at(issue: OurIssue) -> datetime:
    """When the comment was written that asked for it; when the issue was opened, where that cannot be told."""
    at = _said(issue).get("at")
    try:
        asked = datetime.fromisoformat(at) if isinstance(at, str) else issue.created
    except ValueError:
        return issue.created
    return asked if asked.tzinfo else issue.created


def _said(issue: OurIssue) -> dict[str, object]:
    """What its text says of who, why and in which comment: nothing once somebody else has edited it."""
    if not issue.believed or not issue.body.startswith(_MARKER):
        return {}
    try:
        said = json.loads(issue.body[len(_MARKER) :].split(" -->", 1)[0])
    except json.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _until(issue: OurIssue) -> datetime | None:
    match = _TITLE.fullmatch(issue.title)
    return datetime.strptime(match[2], "%Y-%m-%d %H:%M").replace(tzinfo=UTC) if match and match[2] else None


def parse_until(text: str, *, now: datetime) -> datetime | str:
    """When a freeze is to end, or why that cannot be: a date (its beginning) or a date and time, in UTC unless it says.

    Rounded up to whole minutes.
    """
    try:
        moment = datetime.combine(date.fromisoformat(text), time()) if len(text) == len("2026-12-27") else None
        moment = moment or datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return "write `until=2026-12-27` or `until=2026-12-27T09:00`, in UTC, or with an offset such as `+01:00`"
    if moment.second or moment.microsecond:
        moment = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    if moment <= now:
        return f"{dated(moment)} is over already"
    if moment > now + _LONGEST:
        return "that is more than ten years ahead; leave `until` out, and end it when the time has come"
    return moment
