"""REST: the App itself, its installations and tokens, users, and repositories by number."""

from sandbox.github import access, events, resources
from sandbox.github.rest import Answer, Ask, operation
from sandbox.github.state import App, GitHubRefusal, Repository


@operation("GET", "/app", need=None)
def get_app(ask: Ask) -> Answer:
    app = _by_jwt(ask)
    count = sum(one.app is app for one in ask.github.installations.values())
    return Answer(200, {**resources.app(ask.github, app), "installations_count": count})


@operation("GET", "/app/installations", need=None)
def list_installations(ask: Ask) -> Answer:
    app = _by_jwt(ask)
    mine = [one for one in ask.github.installations.values() if one.app is app]
    return Answer(200, [resources.installation(ask.github, one) for one in mine])


def _by_jwt(ask: Ask) -> App:
    if ask.caller.app is None or ask.caller.token is not None:
        raise GitHubRefusal(401, "A JSON web token could not be decoded")
    return ask.caller.app


@operation("POST", "/app/installations/{installation_id}/access_tokens", need=None)
def create_token(ask: Ask) -> Answer:
    ids, names, permissions = (ask.body.get(k) for k in ("repository_ids", "repositories", "permissions"))
    token = access.issue_token(
        ask.github,
        ask.caller,
        ask.number("installation_id"),
        repository_ids=[int(i) for i in ids] if isinstance(ids, list) else None,
        repositories=[str(name) for name in names] if isinstance(names, list) else None,
        permissions={str(k): str(v) for k, v in permissions.items()} if isinstance(permissions, dict) else None,
    )
    return Answer(201, access.token_json(ask.github, token))


@operation("GET", "/app/hook/deliveries", need=None)
def list_deliveries(ask: Ask) -> Answer:
    """Newest first. `cursor` is the id of the last one seen; the Link header names the next page."""
    app = _by_jwt(ask)
    size = min(int(ask.query.get("per_page", "30")), 100)
    upto = int(ask.query.get("cursor", "0")) or ask.github.next_id()
    mine = [one for one in reversed(ask.github.deliveries) if one.app is app and one.id < upto]
    shown = [resources.delivery(one) for one in mine[:size]]
    if len(mine) <= size:
        return Answer(200, shown)
    following = f"{ask.github.url}/app/hook/deliveries?per_page={size}&cursor={mine[size - 1].id}"
    return Answer(200, shown, {"Link": f'<{following}>; rel="next"'})


@operation("POST", "/app/hook/deliveries/{delivery_id}/attempts", need=None)
def attempt_again(ask: Ask) -> Answer:
    app, wanted = _by_jwt(ask), ask.number("delivery_id")
    found = next((one for one in ask.github.deliveries if one.app is app and one.id == wanted), None)
    if found is None:
        raise GitHubRefusal(404, "Not Found")
    events.redeliver(ask.github, found)
    return Answer(202, {})


@operation("GET", "/installation/repositories", need=None)
def list_repositories(ask: Ask) -> Answer:
    if ask.caller.token is None:
        raise GitHubRefusal(403, "You must authenticate with an installation access token in order to list them.")
    mine = [one for one in ask.github.repositories.values() if access.accessible(ask.caller, one)]
    shown = [resources.repository(ask.github, one) for one in mine]
    return Answer(200, {"total_count": len(shown), "repositories": shown, "repository_selection": "selected"})


@operation("GET", "/users/{username}", need=None)
def get_user(ask: Ask) -> Answer:
    wanted = ask.path["username"].lower()
    found = next((user for user in ask.github.users.values() if user.login.lower() == wanted), None)
    if found is None:
        raise GitHubRefusal(404, "Not Found")
    return Answer(200, resources.public_user(ask.github, found))


@operation("GET", "/repositories/{repository_id}", need=None)
def get_repository_by_id(ask: Ask) -> Answer:
    return _repository(ask, ask.github.repositories.get(ask.number("repository_id")))


@operation("GET", "/repos/{owner}/{repo}", need=None)
def get_repository(ask: Ask) -> Answer:
    return _repository(ask, ask.found)


def _repository(ask: Ask, found: Repository | None) -> Answer:
    if found is None:
        raise GitHubRefusal(404, "Not Found")
    access.require(ask.caller, found, access.READ)
    return Answer(200, resources.full_repository(ask.github, found))


@operation("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission")
def get_permission(ask: Ask) -> Answer:
    """`permission` folds triage into read and maintain into write; only `role_name` tells the truth."""
    wanted = ask.path["username"].lower()
    found = next((user for user in ask.github.users.values() if user.login.lower() == wanted), None)
    if found is None:
        raise GitHubRefusal(404, f"{ask.path['username']} is not a user")
    role = ask.repository.role(found.login)
    folded = {"triage": "read", "maintain": "write"}.get(role, role)
    ranks = ("read", "triage", "write", "maintain", "admin")
    held = ranks.index(role) if role in ranks else -1
    may = {("pull", "triage", "push", "maintain", "admin")[i]: i <= held for i in range(len(ranks))}
    user = {**resources.user(ask.github, found), "role_name": role, "permissions": may}
    return Answer(200, {"permission": folded, "role_name": role, "user": user})


@operation("GET", "/orgs/{org}/teams/{team_slug}/memberships/{username}", need=None)
def get_membership(ask: Ask) -> Answer:
    """An App reads the teams of the organisation it is installed on, with `members`; whoever is none answers 404."""
    token, organisation = ask.caller.token, ask.path["org"].lower()
    if token is None or token.installation.account.login.lower() != organisation:
        raise GitHubRefusal(404, "Not Found")
    if token.permissions.get("members", "none") == "none":
        raise GitHubRefusal(403, "Resource not accessible by integration")
    team = ask.github.teams.get((organisation, ask.path["team_slug"].lower()))
    members = {login.lower(): state for login, state in team.members.items()} if team else {}
    login = ask.path["username"].lower()
    if login not in members:
        raise GitHubRefusal(404, "Not Found")
    url = f"{ask.github.url}/organizations/1/team/1/memberships/{login}"
    return Answer(200, {"url": url, "role": "member", "state": members[login]})
