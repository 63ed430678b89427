"""Who approves of a head: reviews and `/approve`, the latest opinion of each person, authors and bots left out.

No I/O.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from bot.gates.approvals import Opinions
from bot.model import ActorKind, Commit, PullRequest, ReviewState, Sha

APPROVAL_CHECK = "caisson/approval"
_CO_AUTHOR = re.compile(r"^co-authored-by:\s*(.*?)\s*<([^>]*)>\s*$", re.IGNORECASE | re.MULTILINE)
_NOREPLY = re.compile(r"^(?:\d+\+)?([A-Za-z0-9-]+)@users\.noreply\.github\.com$", re.IGNORECASE)


def approval_id(person: int, login: str, *, at: datetime) -> str:
    """The external id of the check run that keeps an `/approve`: person and moment, written by our App only."""
    return f"v1:approve:{person}:{login}:{int(at.timestamp())}"


def opinions(pull: PullRequest) -> Opinions:
    """The standing opinions on the pull request's present head. Older heads' reviews do not count."""
    latest: dict[int, tuple[datetime, int, str, str]] = {}

    def hear(person: int, login: str, at: datetime, opinion: str) -> None:
        # Of one second's opinions the stricter wins.
        rank = {"approve": 0, "none": 1, "object": 2}[opinion]
        if person not in latest or latest[person][:2] <= (at, rank):
            latest[person] = (at, rank, login, opinion)

    for review in pull.reviews:
        if review.author.kind is not ActorKind.USER or review.state in (ReviewState.COMMENTED, ReviewState.PENDING):
            continue
        on_head = review.commit == pull.head
        if review.state is ReviewState.CHANGES_REQUESTED and review.can_push:
            # An objection stands until its author thinks better of it, whatever was pushed since.
            hear(review.author.id, review.author.login, review.at, "object")
        elif review.state is ReviewState.APPROVED and on_head and review.can_push:
            hear(review.author.id, review.author.login, review.at, "approve")
        else:
            hear(review.author.id, review.author.login, review.at, "none")
    for check in pull.checks:
        parts = check.external_id.split(":")
        if not check.name.startswith(APPROVAL_CHECK) or check.commit != pull.head or parts[:2] != ["v1", "approve"]:
            continue
        at = datetime.fromtimestamp(int(parts[4]), UTC)
        hear(int(parts[2]), parts[3], at, "approve" if check.conclusion == "SUCCESS" else "none")
    barred = authors(pull.commits)
    voices = sorted(latest.values())
    return Opinions(
        approving=tuple(v[2] for v in voices if v[3] == "approve" and v[2].lower() not in barred),
        objecting=tuple(v[2] for v in voices if v[3] == "object"),
    )


def authors(commits: Iterable[Commit]) -> frozenset[str]:
    """Logins (lower case) that may not approve: the promoted commits' authors and co-authors, where known."""
    found: set[str] = set()
    for commit in commits:
        if commit.by_us:
            continue
        emails = [commit.author_email, *(m.group(2) for m in _CO_AUTHOR.finditer(commit.message))]
        if commit.author_login:
            found.add(commit.author_login.lower())
        found |= {m.group(1).lower() for e in emails if (m := _NOREPLY.match(e))}
    return frozenset(found)


def strangers(pull: PullRequest, head: Sha) -> tuple[str, ...]:
    """Who else's commit is the head of our branch, in words; empty when it is ours."""
    return tuple(f"{c.author} ({c.sha[:7]})" for c in pull.commits if c.sha == head and not c.by_us)
