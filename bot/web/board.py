"""The board: every pipeline and its environments on one page, with what each waits for. Plain HTML, no script.

The texts come from pull requests, tags and clusters: templates escape all of them, and the page may load nothing from
elsewhere (Content-Security-Policy).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.errors import StoreUnavailable

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_TONES = {
    "healthy": "good",
    "succeeded": "good",
    "degraded": "bad",
    "timed out": "bad",
    "timedout": "bad",
    "missing": "bad",
    "progressing": "busy",
    "promoting": "busy",
    "verifying": "busy",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardEnvironment:
    """One environment. `active`: merged in Git; `proposed`: in the open pull request; `live`: running in the cluster.

    `waiting`: why the proposed release has not entered, as shown on the pull request. None: nothing of the kind.
    """

    name: str
    active: str | None = None
    proposed: str | None = None
    proposed_url: str | None = None
    live: str | None = None
    health: str | None = None
    waiting: str | None = None

    @property
    def tone(self) -> str:
        """The colour of its health: good, bad, busy or quiet."""
        return _TONES.get((self.health or "").lower(), "quiet")

    @property
    def link(self) -> str | None:
        """Where the pull request is, if that is a web address."""
        url = self.proposed_url or ""
        return url if url.startswith(("https://", "http://")) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPipeline:
    """`problem`: what keeps the whole pipeline from moving, such as a broken configuration."""

    repository: str
    name: str
    problem: str | None = None
    environments: tuple[BoardEnvironment, ...] = ()

    def __getitem__(self, environment: str) -> BoardEnvironment:
        """The environment of that name; KeyError where there is none."""
        return {row.name: row for row in self.environments}[environment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What the page shows, in this order."""

    repositories: tuple[BoardPipeline, ...] = ()


class BoardPage:
    """`board` gathers what is shown, at each request."""

    def __init__(self, board: Callable[[], Awaitable[Board]]) -> None:
        self._board = board
        templates = Environment(
            loader=PackageLoader("bot.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._template = templates.get_template("board.html")
        self._style = files("bot.web").joinpath("static", "board.css").read_bytes()

    async def page(self, _: web.Request) -> web.Response:
        try:
            board = await self._board()
        except StoreUnavailable as error:
            return web.Response(status=503, text=f"the board cannot be read: {error}\n", headers=_HEADERS)
        html = self._template.render(pipelines=board.repositories)
        return web.Response(text=html, content_type="text/html", headers={**_HEADERS, "Cache-Control": "no-store"})

    async def style(self, _: web.Request) -> web.Response:
        headers = {**_HEADERS, "Cache-Control": "max-age=300"}
        return web.Response(body=self._style, content_type="text/css", charset="utf-8", headers=headers)
