"""Requesting reviews and assigning on a pull request of ours.

GitHub refuses a whole request for one name that is no collaborator; then each is asked for by itself, and those that
were refused are named once, in a comment that also tells later passes that all was tried.
"""

from bot.actions import Invite
from bot.github.failures import Refused
from bot.github.write import Client
from bot.messages import uninvited_comment
from bot.model import Repository


async def invite(client: Client, repository: Repository, action: Invite) -> None:
    """One request for all reviewers, one for the assignee (https://docs.github.com/en/rest/pulls/review-requests)."""
    path = f"/repos/{repository.full_name}/pulls/{action.number}/requested_reviewers"
    issue = f"/repos/{repository.full_name}/issues/{action.number}"
    refused: list[str] = []
    if action.users or action.teams:
        # GitHub takes a team by its slug: it is of the repository's organisation.
        slugs = [team.partition("/")[2] for team in action.teams]
        try:
            await client.post(path, {"reviewers": list(action.users), "team_reviewers": slugs})
        except Refused:
            refused += await _one_by_one(client, path, action)
    if action.assignee is not None and not await _assign(client, issue, action.assignee):
        refused.append(action.assignee)
    if refused:
        await client.post(f"{issue}/comments", {"body": uninvited_comment(refused)})


async def _one_by_one(client: Client, path: str, action: Invite) -> list[str]:
    """Request each by itself; those that GitHub refuses."""
    each: list[tuple[str, str, str]] = [
        *(("reviewers", user, user) for user in action.users),
        *(("team_reviewers", team.partition("/")[2], team) for team in action.teams),
    ]
    refused: list[str] = []
    for field, name, shown in each if len(each) > 1 else ():
        try:
            await client.post(path, {field: [name]})
        except Refused:
            refused.append(shown)
    return refused if len(each) > 1 else [shown for _, _, shown in each]


async def _assign(client: Client, issue: str, login: str) -> bool:
    """Whether it was done: GitHub leaves out whoever cannot be assigned, without a word."""
    try:
        answer = await client.post(f"{issue}/assignees", {"assignees": [login]})
    except Refused:
        return False
    found = answer.get("assignees") if isinstance(answer, dict) else None
    return any(isinstance(one, dict) and str(one.get("login")).lower() == login.lower() for one in found or ())
