"""Asking people: requested reviewers and assignees.

https://docs.github.com/en/rest/pulls/review-requests and https://docs.github.com/en/rest/issues/assignees
"""

from sandbox.github.pulls import tell
from sandbox.github.state import (
    Caller,
    GitHub,
    GitHubRefusal,
    Issue,
    PullRequest,
    Repository,
    Team,
    TimelineEvent,
    User,
)


def request(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    pull: PullRequest,
    *,
    users: tuple[str, ...],
    teams: tuple[str, ...],
) -> None:
    """All or none: one that is no collaborator, or the author, spoils the whole request."""
    people = [github.users.get(login) for login in users]
    if any(user is pull.author for user in people):
        raise GitHubRefusal(422, "Review cannot be requested from pull request author.")
    asked = [user for user in people if user is not None and repository.role(user.login) != "none"]
    owner = repository.owner.login.lower()
    known = [team for slug in teams if (team := github.teams.get((owner, slug.lower()))) is not None]
    if len(asked) < len(users) or len(known) < len(teams):
        told = "One or more of the users or teams you specified is not a collaborator of the"
        text = f"Reviews may only be requested from collaborators. {told} {repository.full_name} repository."
        raise GitHubRefusal(422, text)
    pull.requested += [user for user in asked if user not in pull.requested]
    pull.requested_teams += [team for team in known if team not in pull.requested_teams]
    subjects: tuple[User | Team, ...] = (*asked, *known)
    for one in subjects:
        _note(github, repository, caller, pull, "review_requested", subject=one)
    tell(github, repository, pull, caller.user, "review_requested")


def assign(github: GitHub, repository: Repository, caller: Caller, issue: Issue, *logins: str) -> None:
    """Whoever cannot be assigned is left out without a word."""
    for login in logins:
        user = github.users.get(login)
        if user is None or repository.role(login) == "none" or user in issue.assignees:
            continue
        issue.assignees.append(user)
        _note(github, repository, caller, issue, "assigned", subject=user)
        if isinstance(issue, PullRequest):
            tell(github, repository, issue, caller.user, "assigned")


def _note(
    github: GitHub, repository: Repository, caller: Caller, issue: Issue, kind: str, *, subject: User | Team
) -> None:
    _, node_id = github.identity("RRE" if kind == "review_requested" else "AE")
    entry = TimelineEvent(node_id=node_id, kind=kind, actor=caller.user, created=github.now(), subject=subject)
    issue.timeline.append(entry)
    github.register(node_id, entry, repository)
