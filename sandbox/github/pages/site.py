"""The pages' routes, beside those of REST and GraphQL on the same port, and the headers every page carries."""

from importlib.resources import files
from urllib.parse import quote, urlsplit

from aiohttp import web

from sandbox.github import pulls
from sandbox.github.pages.deeds import carry_out
from sandbox.github.pages.show import Said, Show
from sandbox.github.state import GitHub, GitHubRefusal, PullRequest, Repository

# First segments of paths that belong to GitHub's API, modelled here or not: no page may answer there.
API = (
    "_pages|advisories|app|apps|enterprises|events|feeds|gists|graphql|installation|issues|licenses|markdown|meta|"
    "networks|notifications|organizations|orgs|projects|rate_limit|repos|repositories|search|teams|user|users|versions"
)
_REPOSITORY = rf"/{{owner:(?!(?:{API})/)[A-Za-z0-9][A-Za-z0-9-]*}}/{{repo:[A-Za-z0-9._-]+}}"
_PULL_REQUEST = _REPOSITORY + r"/pull/{number:[0-9]{1,9}}"
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": browsers then hide the origin of a form, which is checked below.
    "Referrer-Policy": "same-origin",
}


def mount(app: web.Application, github: GitHub) -> None:
    """Add the pages of `github` to a server."""
    site = _Site(github)
    app.router.add_get("/", site.repositories)
    app.router.add_get("/_pages/style.css", site.style)
    app.router.add_get("/favicon.ico", site.icon)
    app.router.add_get(_REPOSITORY, site.repository)
    app.router.add_get(_PULL_REQUEST, site.pull_request)
    app.router.add_post(_PULL_REQUEST, site.act)


def _page(html: str, status: int = 200) -> web.Response:
    headers = {**_HEADERS, "Cache-Control": "no-store"}
    return web.Response(status=status, text=html, content_type="text/html", headers=headers)


def _require_same_origin(request: web.Request) -> None:
    """A form must have been sent by a page of ours; programs send no Origin at all."""
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise GitHubRefusal(403, "This form was sent from another site.")


class _Site:
    def __init__(self, github: GitHub) -> None:
        self._github = github
        self._show = Show(github)
        self._style = files("sandbox.github.pages").joinpath("style.css").read_bytes()

    async def style(self, _: web.Request) -> web.Response:
        return web.Response(body=self._style, content_type="text/css", charset="utf-8", headers=_HEADERS)

    async def icon(self, _: web.Request) -> web.Response:
        """Browsers ask for one unbidden; it must not count as a call of the API."""
        return web.Response(status=204, headers=_HEADERS)

    async def repositories(self, _: web.Request) -> web.Response:
        return _page(self._show.repositories())

    async def repository(self, request: web.Request) -> web.Response:
        try:
            return _page(self._show.repository(self._repository(request)))
        except GitHubRefusal as refusal:
            return self._refused(refusal)

    async def pull_request(self, request: web.Request) -> web.Response:
        try:
            repository, pull = self._pull_request(request)
        except GitHubRefusal as refusal:
            return self._refused(refusal)
        return _page(self._show.pull_request(repository, pull, Said(login=request.query.get("as", ""))))

    async def act(self, request: web.Request) -> web.Response:
        """Post, then redirect to the page, so that reloading it repeats nothing. A refusal stands on the page (422)."""
        try:
            _require_same_origin(request)
            repository, pull = self._pull_request(request)
        except GitHubRefusal as refusal:
            return self._refused(refusal)
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        login = form.get("as", "")
        try:
            carry_out(self._github, repository, pull, form)
        except GitHubRefusal as refusal:
            said = Said(login=login, body=form.get("body", ""), refusal=_words(refusal))
            return _page(self._show.pull_request(repository, pull, said), 422)
        where = f"/{repository.full_name}/pull/{pull.number}?as={quote(login, safe='')}#latest"
        return web.Response(status=303, headers={**_HEADERS, "Location": where})

    def _repository(self, request: web.Request) -> Repository:
        full_name = f"{request.match_info['owner']}/{request.match_info['repo']}"
        found = self._github.repository(full_name)
        if found is None:
            raise GitHubRefusal(404, f"There is no repository {full_name}.")
        return found

    def _pull_request(self, request: web.Request) -> tuple[Repository, PullRequest]:
        repository = self._repository(request)
        return repository, pulls.find(repository, int(request.match_info["number"]))

    def _refused(self, refusal: GitHubRefusal) -> web.Response:
        return _page(self._show.refused(refusal.status, _words(refusal)), refusal.status)


def _words(refusal: GitHubRefusal) -> str:
    """The message, and what the errors add to it."""
    more = [error if isinstance(error, str) else error.get("message", "") for error in refusal.errors]
    fields = [error["field"] for error in refusal.errors if isinstance(error, dict) and "field" in error]
    detail = "; ".join(text for text in (*more, ", ".join(fields)) if text)
    return f"{refusal.message}: {detail}" if detail else refusal.message
