"""Whom to request and to assign when a promotion's pull request opens: once, and never again. No I/O.

Owners by CODEOWNERS are not among them: GitHub requests those by itself.
"""

from bot.actions import Invite
from bot.messages import UNINVITED
from bot.model import PullRequest
from bot.opinions import authors
from config.pipeline import Environment

# GitHub takes at most this many reviewers for a pull request.
_MOST_INVITED = 15


def invitation(environment: Environment, pull: PullRequest, *, organisation: str) -> Invite | None:
    """Everybody whom the approvals name, authors left out; assigned is whoever wrote the newest promoted commit.

    Nobody is asked twice: people may take a request off. That GitHub asked somebody in our name keeps nobody else out.
    """
    asked = pull.invited
    if not asked.complete or any(comment.ours and UNINVITED in comment.body for comment in pull.comments):
        return None
    groups = environment.approvals.groups if environment.approvals else ()
    barred = authors((*pull.commits, *pull.promoted))
    named = {user.lower(): user for group in groups for user in group.users if user.lower() not in barred}
    here = {team.lower() for group in groups for team in group.teams}
    teams = sorted(team for team in here if team.startswith(f"{organisation.lower()}/"))[:_MOST_INVITED]
    users = list(named)[: _MOST_INVITED - len(teams)]
    new_users = tuple(named[user] for user in users if user not in asked.reviewers)
    new_teams = tuple(team for team in teams if team not in asked.reviewers)
    assignee = None if asked.assigned else _newest_author(pull)
    if not (new_users or new_teams or assignee):
        return None
    return Invite(number=pull.number, users=new_users, teams=new_teams, assignee=assignee)


def _newest_author(pull: PullRequest) -> str | None:
    """Whoever wrote the newest of the promoted commits, where GitHub knows them as a person."""
    theirs = [commit for commit in (*pull.commits, *pull.promoted) if not commit.by_us]
    login = theirs[-1].author_login if theirs else None
    return None if login is None or login.endswith("[bot]") else login
