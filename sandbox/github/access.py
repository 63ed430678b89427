"""Who asks: Apps and their installations, App JWTs, installation and people's tokens. `permissions`: whether they may.

https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
A person's token is `user:<login>`.
"""

import functools
import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import jwt
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.types import Options

from sandbox.github import events, resources
from sandbox.github.permissions import GRAPHQL, LEVELS, READ, Need, accessible, require
from sandbox.github.state import App, Caller, GitHub, GitHubRefusal, Installation, Repository, Token

__all__ = [
    "GRAPHQL",
    "READ",
    "Need",
    "accessible",
    "authenticate",
    "change_repositories",
    "install",
    "issue_token",
    "register_app",
    "require",
    "suspend",
    "token_json",
    "uninstall",
]

_LONGEST_JWT = 600
_JWT_DOTS = 2


# --- Apps and installations -------------------------------------------------------------------------------------------


@functools.cache
def _keys() -> tuple[str, str]:
    """One key pair for the life of the process: making one takes longer than most tests."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def register_app(
    github: GitHub,
    slug: str,
    manifest: Path | Mapping[str, object],
    *,
    owner: str = "org",
    webhook_secret: str,
) -> App:
    """A new App as its app.yml (a path, or the parsed mapping) declares it."""
    declared: Mapping[str, object]
    declared = yaml.safe_load(manifest.read_text()) if isinstance(manifest, Path) else manifest
    permissions, named = declared.get("default_permissions"), declared.get("default_events")
    listened = [str(event) for event in named] if isinstance(named, Sequence) else []
    wrong = [event for event in listened if event.startswith("installation")]
    if wrong:
        raise ValueError(f"default_events may not list {wrong}: they arrive unasked")
    number, node_id = github.identity("A")
    private, public = _keys()
    app = App(
        id=number,
        node_id=node_id,
        slug=slug,
        owner=github.add_user(owner, "Organization"),
        bot=github.add_user(f"{slug}[bot]", "Bot"),
        private_key=private,
        public_key=public,
        webhook_secret=webhook_secret,
        permissions={str(k): str(v) for k, v in permissions.items()} if isinstance(permissions, Mapping) else {},
        events=tuple(listened),
        created=github.now(),
    )
    github.apps[number] = app
    github.register(node_id, app, None)
    return app


def install(github: GitHub, app: App, *repositories: Repository) -> Installation:
    """Install the App on repositories of one owner."""
    owner = repositories[0].owner if repositories else app.owner
    installation = Installation(
        id=github.next_id(),
        app=app,
        account=owner,
        repository_ids={repository.id for repository in repositories},
        created=github.now(),
    )
    github.installations[installation.id] = installation
    shown = {"repositories": _short(*repositories)}
    events.emit_installation(github, installation, "installation", "created", sender=owner, payload=shown)
    return installation


def change_repositories(
    github: GitHub, installation: Installation, *, add: Sequence[Repository] = (), remove: Sequence[Repository] = ()
) -> None:
    """The owner adds repositories to the installation, or takes some away."""
    installation.repository_ids |= {repository.id for repository in add}
    installation.repository_ids -= {repository.id for repository in remove}
    shown = {"repositories_added": _short(*add), "repositories_removed": _short(*remove)}
    action, event = "added" if add else "removed", "installation_repositories"
    events.emit_installation(github, installation, event, action, sender=installation.account, payload=shown)


def suspend(github: GitHub, installation: Installation, *, suspended: bool = True) -> None:
    installation.suspended = suspended
    action = "suspend" if suspended else "unsuspend"
    owner = installation.account
    events.emit_installation(github, installation, "installation", action, sender=owner, payload={})


def uninstall(github: GitHub, installation: Installation) -> None:
    del github.installations[installation.id]
    github.tokens = {value: t for value, t in github.tokens.items() if t.installation is not installation}
    owner = installation.account
    events.emit_installation(github, installation, "installation", "deleted", sender=owner, payload={})


def _short(*repositories: Repository) -> list[dict[str, object]]:
    keys = ("id", "node_id", "name", "full_name", "private")
    return [{key: getattr(repository, key) for key in keys} for repository in repositories]


# --- tokens -----------------------------------------------------------------------------------------------------------


def authenticate(github: GitHub, header: str | None) -> Caller:
    """Who the Authorization header names. Raises 401."""
    _, _, value = (header or "").strip().partition(" ")
    if value.startswith("user:") and value[5:] in github.users:
        return Caller(user=github.users[value[5:]])
    if value.startswith("ghs_"):
        token = github.tokens.get(value)
        if token is None or token.expires <= github.now():
            raise GitHubRefusal(401, "Bad credentials")
        if token.installation.suspended:
            raise GitHubRefusal(403, "This installation has been suspended")
        return Caller(user=token.installation.app.bot, app=token.installation.app, token=token)
    if value.count(".") == _JWT_DOTS:
        app = _app_of_jwt(github, value)
        return Caller(user=app.bot, app=app)
    raise GitHubRefusal(401, "Bad credentials" if header else "Requires authentication")


def _app_of_jwt(github: GitHub, text: str) -> App:
    try:
        issuer = str(jwt.decode(text, options={"verify_signature": False}).get("iss"))
        app = next((app for app in github.apps.values() if str(app.id) == issuer), None)
        if app is None:
            raise GitHubRefusal(404, "Integration not found")
        # The times are judged below, by the world's clock and not the machine's; PyJWT also wants `iss` to be text.
        lenient: Options = {"verify_exp": False, "verify_iat": False, "verify_iss": False}
        claims = jwt.decode(text, app.public_key, algorithms=["RS256"], options=lenient)
    except jwt.PyJWTError as wrong:
        raise GitHubRefusal(401, "A JSON web token could not be decoded") from wrong
    _check_times(claims, github.now().timestamp())
    return app


def _check_times(claims: Mapping[str, object], now: float) -> None:
    """By the world's clock. GitHub allows no minute of drift into the future."""
    expires, issued = claims.get("exp"), claims.get("iat")
    if not isinstance(expires, int) or expires <= now:
        what = "must be a numeric value representing the future time at which the assertion expires"
        raise GitHubRefusal(401, f"'Expiration time' claim ('exp') {what}")
    if expires - now > _LONGEST_JWT:
        raise GitHubRefusal(401, "'Expiration time' claim ('exp') is too far in the future")
    if not isinstance(issued, int) or issued > now:
        what = "must be an Integer representing the time that the assertion was issued"
        raise GitHubRefusal(401, f"'Issued at' claim ('iat') {what}")


def issue_token(
    github: GitHub,
    caller: Caller,
    installation_id: int,
    *,
    repository_ids: Sequence[int] | None = None,
    repositories: Sequence[str] | None = None,
    permissions: Mapping[str, str] | None = None,
) -> Token:
    """An installation token for one hour, narrowed as asked; asking for more than was granted is refused."""
    installation = github.installations.get(installation_id)
    if caller.token is not None or installation is None or installation.app is not caller.app:
        raise GitHubRefusal(404, "Not Found")
    if installation.suspended:
        raise GitHubRefusal(403, "This installation has been suspended")
    wanted = set(repository_ids or ())
    if repositories is not None:
        named = {github.repositories[i].name: i for i in installation.repository_ids}
        wanted |= {named.get(name, -1) for name in repositories}
    if not wanted <= installation.repository_ids:
        what = "There is at least one repository that does not exist or is not accessible to the parent installation."
        raise GitHubRefusal(422, what)
    granted = installation.app.permissions
    asked = dict(permissions or granted)
    if any(LEVELS.index(level) > LEVELS.index(granted.get(name, "none")) for name, level in asked.items()):
        raise GitHubRefusal(422, "The permissions requested are not granted to this installation.")
    narrowed = repository_ids is not None or repositories is not None
    token = Token(
        # Long and opaque, as GitHub's stateless tokens are: nobody may assume a length.
        value=f"ghs_{installation.app.id}_{secrets.token_urlsafe(240)}",
        installation=installation,
        expires=github.now() + timedelta(hours=1),
        permissions={"metadata": "read", **asked},
        repository_ids=frozenset(wanted) if narrowed else None,
    )
    github.tokens[token.value] = token
    return token


def token_json(github: GitHub, token: Token) -> dict[str, object]:
    narrowed = token.repository_ids
    shown = [resources.repository(github, github.repositories[i]) for i in sorted(narrowed or ())]
    return {
        "token": token.value,
        "expires_at": resources.stamp(token.expires),
        "permissions": dict(token.permissions),
        "repository_selection": "selected",
        **({"repositories": shown} if narrowed is not None else {}),
    }
