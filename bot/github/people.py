"""What GitHub says of one person now: their role in a repository, and whether they are of a team.

Read live, and by login, since that is how GitHub is asked; whose login it is at that moment is said along. What GitHub
refuses to tell is `Unknown`.
"""

from typing import Protocol
from urllib.parse import quote

from bot.errors import Permanent
from bot.github.failures import NotFound
from bot.model import Permission, Unknown


class Client(Protocol):
    async def get(self, path: str) -> object: ...


async def permission(client: Client, full_name: str, login: str) -> tuple[Permission | Unknown, int]:
    """The role, and the number of the person who bears the login now; 0 where that is not known.

    `role_name`, since `permission` folds triage into read and maintain into write.
    https://docs.github.com/en/rest/collaborators/collaborators#get-repository-permissions-for-a-user
    """
    try:
        body = await client.get(f"/repos/{full_name}/collaborators/{quote(login, safe='')}/permission")
    except Permanent as error:
        return Unknown(f"{login}'s access could not be read: {error}"), 0
    role = body.get("role_name") if isinstance(body, dict) else None
    user = body.get("user") if isinstance(body, dict) else None
    number = user.get("id") if isinstance(user, dict) else None
    person = number if isinstance(number, int) else 0
    try:
        return Permission(str(role)), person
    except ValueError:
        return Unknown(f"{login} has the custom role {role!r}, which is not understood"), person


async def membership(client: Client, team: str, login: str) -> bool | Unknown:
    """Whether somebody is an active member of `org/team`, or of a team below it. 404 means that they are none.

    https://docs.github.com/en/rest/teams/members#get-team-membership-for-a-user
    """
    organisation, _, slug = team.partition("/")
    path = f"/orgs/{quote(organisation, safe='')}/teams/{quote(slug, safe='')}/memberships/{quote(login, safe='')}"
    try:
        body = await client.get(path)
    except NotFound:
        return False
    except Permanent as error:
        return Unknown(f"whether {login} is of @{team} could not be read: {error}")
    return isinstance(body, dict) and body.get("state") == "active"
