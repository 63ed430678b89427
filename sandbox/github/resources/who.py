"""Users, Apps, installations and deliveries, as REST and webhooks show them. No I/O."""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from sandbox.github.state import App, Delivery, GitHub, Installation, Repository, Team, User

Json = dict[str, object]


def stamp(at: datetime | None) -> str | None:
    """GitHub's times: UTC, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def api(github: GitHub, repository: Repository) -> str:
    return f"{github.url}/repos/{repository.full_name}"


def web(github: GitHub, repository: Repository) -> str:
    return f"{github.url}/{repository.full_name}"


_USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def user(github: GitHub, who: User) -> Json:
    url = f"{github.url}/users/{quote(who.login)}"
    return {
        "login": who.login,
        "id": who.id,
        "node_id": who.node_id,
        "avatar_url": f"{github.url}/avatars/{who.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{github.url}/{quote(who.login)}",
        **{key: url + tail for key, tail in _USER_LINKS.items()},
        "type": who.type,
        "site_admin": False,
    }


def public_user(github: GitHub, who: User) -> Json:
    """GET /users/{login}."""
    empty = ("name", "company", "location", "email", "hireable", "bio")
    since = "2020-01-01T00:00:00Z"
    return {
        **user(github, who),
        **dict.fromkeys(empty),
        "blog": "",
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": since,
        "updated_at": since,
    }


def app(github: GitHub, which: App) -> Json:
    return {
        "id": which.id,
        "slug": which.slug,
        "node_id": which.node_id,
        "client_id": f"Iv23{which.id:016d}",
        "owner": user(github, which.owner),
        "name": which.slug,
        "description": "",
        "external_url": f"{github.url}/apps/{which.slug}",
        "html_url": f"{github.url}/apps/{which.slug}",
        "created_at": stamp(which.created),
        "updated_at": stamp(which.created),
        "permissions": dict(which.permissions),
        "events": list(which.events),
    }


def installation(github: GitHub, which: Installation) -> Json:
    url = f"{github.url}/app/installations/{which.id}"
    return {
        "id": which.id,
        "account": user(github, which.account),
        "repository_selection": "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{github.url}/installation/repositories",
        "html_url": f"{github.url}/settings/installations/{which.id}",
        "app_id": which.app.id,
        "app_slug": which.app.slug,
        "target_id": which.account.id,
        "target_type": which.account.type,
        "permissions": dict(which.app.permissions),
        "events": list(which.app.events),
        "single_file_name": None,
        "created_at": stamp(which.created),
        "updated_at": stamp(which.created),
        "suspended_by": user(github, which.account) if which.suspended else None,
        "suspended_at": stamp(which.created) if which.suspended else None,
    }


def delivery(one: Delivery) -> Json:
    """An entry of GET /app/hook/deliveries; 0 stands for a delivery that reached nobody."""
    status = one.answered or 0
    fine = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    found = one.payload.get("repository")
    return {
        "id": one.id,
        "guid": one.guid,
        "delivered_at": stamp(one.at),
        "redelivery": one.redelivery,
        "duration": 0.1,
        "status": "OK" if fine else f"Invalid HTTP Response: {status}",
        "status_code": status,
        "event": one.event,
        "action": one.action,
        "installation_id": one.installation.id,
        "repository_id": found["id"] if isinstance(found, dict) else None,
        "throttled_at": None,
    }


def team(github: GitHub, which: Team) -> Json:
    """A team as a pull request names it."""
    url = f"{github.url}/organizations/{which.organisation.id}/team/{which.id}"
    return {
        "id": which.id,
        "node_id": which.node_id,
        "name": which.slug,
        "slug": which.slug,
        "description": None,
        "privacy": "closed",
        "notification_setting": "notifications_enabled",
        "permission": "push",
        "url": url,
        "html_url": f"{github.url}/orgs/{which.organisation.login}/teams/{which.slug}",
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "type": "organization",
        "organization_id": which.organisation.id,
        "parent": None,
    }
