"""Who approves of a head: reviews and `/approve`, the latest opinion of each person, authors and bots left out.

No I/O.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from bot.directives import directed_by
from bot.gates.approvals import Opinions
from bot.gates.approvers import Voice
from bot.model import ActorKind, Commit, PullRequest, ReviewState, Sha

APPROVAL_CHECK = "caisson/approval"
_CO_AUTHOR = re.compile(r"^co-authored-by:\s*(.*?)\s*<([^>]*)>\s*$", re.IGNORECASE | re.MULTILINE)
_NOREPLY = re.compile(r"^(?:\d+\+)?([A-Za-z0-9-]+)@users\.noreply\.github\.com$", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\d{1,18})\+[A-Za-z0-9-]+@users\.noreply\.github\.com$", re.IGNORECASE)
_RANKS = ("approve", "none", "object")


def approval_id(person: int, login: str, *, at: datetime) -> str:
    """The external id of the check run that keeps an `/approve`: person and moment, written by our App only."""
    return f"v1:approve:{person}:{login}:{int(at.timestamp())}"


def opinions(pull: PullRequest) -> Opinions:
    """The standing opinions on the pull request's present head. Older heads' reviews do not count."""
    latest: dict[int, tuple[datetime, int, Voice]] = {}

    def hear(voice: Voice, at: datetime, opinion: str) -> None:
        # Of one second's opinions the stricter wins.
        rank = _RANKS.index(opinion)
        if voice.id not in latest or latest[voice.id][:2] <= (at, rank):
            latest[voice.id] = (at, rank, voice)

    for review in pull.reviews:
        if review.author.kind is not ActorKind.USER or review.state in (ReviewState.COMMENTED, ReviewState.PENDING):
            continue
        voice = Voice(review.author.id, review.author.login, review.can_push)
        if review.state is ReviewState.CHANGES_REQUESTED and review.can_push:
            # An objection stands until its author thinks better of it, whatever was pushed since.
            hear(voice, review.at, "object")
        elif review.state is ReviewState.APPROVED and review.commit == pull.head:
            hear(voice, review.at, "approve")
        else:
            hear(voice, review.at, "none")
    logins = _present_logins(pull)
    for check in pull.checks:
        parts = check.external_id.split(":")
        if not check.name.startswith(APPROVAL_CHECK) or check.commit != pull.head or parts[:2] != ["v1", "approve"]:
            continue
        person, at = int(parts[2]), datetime.fromtimestamp(int(parts[4]), UTC)
        voice = Voice(person, logins.get(person, parts[3]))
        hear(voice, at, "approve" if check.conclusion == "SUCCESS" else "none")
    heard = sorted(latest.values(), key=lambda said: (*said[:2], said[2].login))
    return Opinions(
        approving=tuple(v for _, rank, v in heard if _RANKS[rank] == "approve" and not is_author(v.id, v.login, pull)),
        objecting=tuple(v.login for _, rank, v in heard if _RANKS[rank] == "object"),
    )


def _present_logins(pull: PullRequest) -> dict[int, str]:
    """What people are called now, by number: whoever was renamed since an `/approve` is found by what they wrote."""
    authors_here = (*(c.author for c in pull.comments), *(r.author for r in pull.reviews))
    return {who.id: who.login for who in authors_here if who.kind is ActorKind.USER}


def is_author(person: int, login: str, pull: PullRequest) -> bool:
    """Whether somebody wrote part of what is promoted, or asked for it: by login, or by number."""
    asked = {said.by_id for commit in pull.commits if (said := directed_by(commit)) is not None}
    promoted = (*pull.commits, *pull.promoted)
    return login.lower() in authors(promoted) or person in _author_ids(promoted) or person in asked


def _author_ids(commits: Iterable[Commit]) -> frozenset[int]:
    emails = [email for commit in commits if not commit.by_us for email in _emails(commit)]
    return frozenset(int(found[1]) for email in emails if (found := _NUMBERED.match(email)))


def _emails(commit: Commit) -> list[str]:
    return [commit.author_email, *(m.group(2) for m in _CO_AUTHOR.finditer(commit.message))]


def authors(commits: Iterable[Commit]) -> frozenset[str]:
    """Logins (lower case) that may not approve: the promoted commits' authors and co-authors, where known."""
    found: set[str] = set()
    for commit in commits:
        if commit.by_us:
            continue
        if commit.author_login:
            found.add(commit.author_login.lower())
        found |= {m.group(1).lower() for e in _emails(commit) if (m := _NOREPLY.match(e))}
    return frozenset(found)


def strangers(pull: PullRequest, head: Sha) -> tuple[str, ...]:
    """Who else's commit is the head of our branch, in words; empty when it is ours."""
    return tuple(f"{c.author} ({c.sha[:7]})" for c in pull.commits if c.sha == head and not c.by_us)
