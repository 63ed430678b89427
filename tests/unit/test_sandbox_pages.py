"""The sandbox's pages, asked over HTTP as a browser asks them: what they show, and what their forms do."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from sandbox.github import access, pulls, records, refs, talk
from sandbox.github.pages import diff, prose, show
from sandbox.github.pages.site import API
from sandbox.github.rest import OPERATIONS
from sandbox.github.server import GitHubServer
from sandbox.github.state import Caller, GitHub, Protection, PullRequest, Repository

MANIFEST = Path(__file__).parents[2] / "app.yml"
PAGE = "/org/shop/pull/1"


@dataclass(kw_only=True)
class Browser:
    """One pull request by the App in org/shop, where alice administers, bob writes and carol reads."""

    github: GitHub
    server: GitHubServer
    session: aiohttp.ClientSession
    repository: Repository
    pull: PullRequest
    bot: Caller

    async def read(self, path: str = PAGE) -> tuple[int, str]:
        async with self.session.get(self.server.url + path) as answer:
            return answer.status, await answer.text()

    async def send(
        self, deed: str, login: str, *, body: str = "", head: str | None = None, origin: str | None = None
    ) -> tuple[int, str, str]:
        """Press a button of the form. Returns status, where it leads, and the page's text."""
        form = {"deed": deed, "as": login, "body": body, "head": self.pull.head_sha if head is None else head}
        headers = {"Origin": origin or self.server.url}
        url = self.server.url + PAGE
        async with self.session.post(url, data=form, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", ""), await answer.text()

    def heard(self) -> list[str]:
        return [f"{delivery.event}.{delivery.action}" for delivery in self.github.outbox]


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    """The App's pull request changes one file and adds one; nothing is waiting to be delivered."""
    github = GitHub(tmp_path, lambda: datetime(2026, 1, 5, 9, tzinfo=UTC))
    app = access.register_app(github, "caisson", MANIFEST, webhook_secret="s3cret")
    repository = github.add_repository("org/shop")
    for login in ("alice", "bob", "carol"):
        github.add_user(login)
    repository.collaborators |= {"alice": "admin", "bob": "write", "carol": "read"}
    refs.commit(github, repository, "main", {"app/version": "1\n"}, "Begin", by=github.users["alice"])
    installation = access.install(github, app, repository)
    token = access.issue_token(github, Caller(user=app.bot, app=app), installation.id)
    bot = Caller(user=app.bot, app=app, token=token)
    changed = {"app/version": "2\n", "page.html": "<script>alert('diff')</script>\n"}
    refs.commit(github, repository, "caisson/shop", changed, "Promote", by=app.bot)
    title = "Promote <script>alert('title')</script>"
    body = "<!-- caisson:hidden -->\nFrom **1** to **2**.\n\n| Gate | Says |\n|---|---|\n| soak | waits |\n"
    pull = pulls.create_pull_request(github, repository, bot, title=title, head="caisson/shop", base="main", body=body)
    github.outbox.clear()
    server = GitHubServer(github)
    await server.start()
    async with aiohttp.ClientSession() as session:
        yield Browser(github=github, server=server, session=session, repository=repository, pull=pull, bot=bot)
    await server.stop()


# --- what is shown ----------------------------------------------------------------------------------------------------


async def test_a_pull_request_shows_its_text_and_diff_with_nothing_to_run(browser: Browser) -> None:
    """Markdown becomes HTML, hidden comments stay hidden, and a script in title or file is text."""
    status, page = await browser.read()
    assert status == 200
    assert "<strong>2</strong>" in page
    assert "<td>soak</td>" in page
    assert "caisson:hidden" not in page
    assert "Promote &lt;script&gt;alert(&#39;title&#39;)" in page
    assert "+&lt;script&gt;alert(&#39;diff&#39;)" in page
    assert "<script" not in page
    assert '<tr class="removed"><td class="number">1</td><td class="number"></td><td class="line">-1</td></tr>' in page


async def test_the_page_forbids_what_it_does_not_need(browser: Browser) -> None:
    """The policy allows its own style sheet, which is there, and forms to itself."""
    async with browser.session.get(browser.server.url + PAGE) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'self'; style-src 'self'; form-action 'self'")
    async with browser.session.get(browser.server.url + "/_pages/style.css") as answer:
        assert (answer.status, answer.content_type) == (200, "text/css")


async def test_checks_comments_reviews_and_reactions_are_shown(browser: Browser) -> None:
    """The latest run of each check with its title, and the conversation with who reacted."""
    github, repository, head = browser.github, browser.repository, browser.pull.head_sha
    for title in ("waiting for an approval", "every gate passes"):
        output = {"title": title}
        records.create_check_run(
            github, repository, browser.bot, name="caisson/gates", head_sha=head, conclusion="success", output=output
        )
    bob = Caller(user=github.users["bob"])
    comment = talk.add_comment(github, repository, bob, 1, "/approve")
    talk.add_reaction(github, repository, browser.bot, comment, "rocket")
    talk.submit_review(github, repository, bob, browser.pull, event="APPROVE", body="looks *right*")
    talk.add_labels(github, repository, browser.bot, browser.pull, "caisson")
    _, page = await browser.read()
    assert "every gate passes" in page
    assert "waiting for an approval" not in page
    assert '<span class="chip" title="caisson[bot]">🚀 1</span>' in page
    assert "bob approved" in page
    assert "looks <em>right</em>" in page
    assert "2026-01-05 09:00:00 UTC" in page


async def test_the_repository_lists_pull_requests_by_state_with_their_checks(browser: Browser) -> None:
    """Title, head and base, labels, the checks in a word, and the newest commits."""
    github, repository = browser.github, browser.repository
    talk.add_labels(github, repository, browser.bot, browser.pull, "production")
    head = browser.pull.head_sha
    records.create_check_run(github, repository, browser.bot, name="caisson/gates", head_sha=head, status="in_progress")
    status, page = await browser.read("/org/shop")
    assert status == 200
    for shown in ("Promote &lt;script&gt;", "caisson/shop", "production", "checks running", "Begin"):
        assert shown in page
    assert '<a class="grow" href="/org/shop">org/shop</a>' in (await browser.read("/"))[1]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/org/none", id="a repository there is not"),
        pytest.param("/org/shop/pull/9", id="a pull request there is not"),
    ],
)
async def test_what_is_not_there_is_404(browser: Browser, path: str) -> None:
    """A page says so, in HTML."""
    status, page = await browser.read(path)
    assert status == 404
    assert page.startswith("<!doctype html>")


async def test_the_api_keeps_its_paths_and_its_log(browser: Browser) -> None:
    """No page answers where REST does, and looking at pages is no call of the API."""
    taken = {operation.template.split("/")[1] for operation in OPERATIONS}
    assert taken <= set(API.split("|"))
    for path in ("/", "/org/shop", PAGE, "/favicon.ico"):
        await browser.read(path)
    assert browser.server.calls == []
    async with browser.session.get(browser.server.url + "/app/installations") as answer:
        assert (answer.status, answer.content_type) == (401, "application/json")


# --- what the form does -----------------------------------------------------------------------------------------------


async def test_a_comment_is_the_persons_and_is_told_of(browser: Browser) -> None:
    """303 back to the page, the comment by who was chosen, lines as GitHub keeps them, one webhook."""
    status, where, _ = await browser.send("comment", "carol", body="/status\r\nplease")
    assert (status, where) == (303, f"{PAGE}?as=carol#latest")
    assert [(c.author.login, c.body) for c in browser.pull.comments] == [("carol", "/status\nplease")]
    assert browser.heard() == ["issue_comment.created"]
    assert '<option value="carol" selected>carol (read)</option>' in (await browser.read(where))[1]


@pytest.mark.parametrize(
    ("deed", "state"),
    [
        pytest.param("approve", "APPROVED", id="an approval"),
        pytest.param("request-changes", "CHANGES_REQUESTED", id="a request for changes"),
    ],
)
async def test_a_review_is_of_the_commit_that_was_looked_at(browser: Browser, deed: str, state: str) -> None:
    """The head moved while the page was open: the review stays with what was read."""
    read = browser.pull.head_sha
    refs.commit(browser.github, browser.repository, "caisson/shop", {"more": "x\n"}, "More", by=browser.bot.user)
    browser.github.outbox.clear()
    status, _, _ = await browser.send(deed, "bob", body="as discussed", head=read)
    assert status == 303
    assert [(r.author.login, r.state, r.commit_id) for r in browser.pull.reviews] == [("bob", state, read)]
    assert browser.heard() == ["pull_request_review.submitted"]


async def test_a_merge_squashes_as_the_person(browser: Browser) -> None:
    """One parent, merged by bob, and the page says so and offers no further merge."""
    assert (await browser.send("merge", "bob"))[0] == 303
    tip = browser.repository.branch("main")
    assert tip == browser.pull.merge_commit_sha
    assert browser.pull.merged_by is browser.github.users["bob"]
    _, page = await browser.read()
    assert "bob merged this" in page
    assert 'value="merge"' not in page
    assert "app/version" in page


async def test_a_pull_request_is_closed_with_a_comment_and_reopened(browser: Browser) -> None:
    """The text goes with the close, as GitHub's own button does."""
    await browser.send("close", "bob", body="not this one")
    assert (browser.pull.state, browser.pull.comments[0].body) == ("closed", "not this one")
    await browser.send("reopen", "bob")
    assert browser.pull.state == "open"
    assert browser.heard() == ["issue_comment.created", "pull_request.closed", "pull_request.reopened"]


@pytest.mark.parametrize(
    ("deed", "login", "head", "words"),
    [
        pytest.param("merge", "carol", None, "Must have admin rights", id="a reader does not merge"),
        pytest.param("close", "carol", None, "Must have admin rights", id="a reader does not close"),
        pytest.param("merge", "bob", None, "At least 1 approving review", id="protection holds here too"),
        pytest.param("merge", "alice", "0" * 40, "Head branch was modified", id="the head is pinned"),
        pytest.param("approve", "bob", "what I saw", "Say which commit", id="a review is of a commit"),
        pytest.param("reopen", "mallory", None, "Say who acts", id="a stranger is nobody"),
        pytest.param("approve", "caisson[bot]", None, "Say who acts", id="nobody acts as a bot"),
        pytest.param("delete", "alice", None, "Say who acts", id="a deed there is not"),
    ],
)
async def test_a_refusal_is_shown_and_nothing_typed_is_lost(
    browser: Browser, deed: str, login: str, head: str | None, words: str
) -> None:
    """422 with GitHub's words on the page, the text still in the form, nothing done and nothing told."""
    browser.repository.protection["main"] = Protection(required_approvals=1)
    status, _, page = await browser.send(deed, login, body="kept <b>", head=head)
    assert status == 422
    assert words in page
    assert 'role="alert"' in page
    assert "kept &lt;b&gt;</textarea>" in page
    assert (browser.pull.state, browser.pull.comments, browser.pull.reviews) == ("open", [], [])
    assert browser.heard() == []


async def test_an_empty_comment_is_refused_by_its_field(browser: Browser) -> None:
    """GitHub's message says only "Validation Failed"; the field says what."""
    status, _, page = await browser.send("comment", "bob", body="  ")
    assert (status, "Validation Failed: body" in page) == (422, True)


@pytest.mark.parametrize("origin", ["http://elsewhere.example", "null"])
async def test_another_sites_form_does_nothing(browser: Browser, origin: str) -> None:
    """A browser names the page a form came from."""
    status, _, _ = await browser.send("comment", "bob", body="/merge", origin=origin)
    assert (status, browser.pull.comments) == (403, [])


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a <!-- b --> c", "<p>a  c</p>\n", id="a comment within a line is hidden"),
        pytest.param("<!-- a\n\nb -->\nc", "<p>c</p>\n", id="a comment over several lines is hidden"),
        pytest.param("<!-- a --> b", "<p>b</p>\n", id="what follows a comment is shown"),
        pytest.param("<!-- never closed\nb", "", id="an open comment hides the rest"),
        pytest.param("`<!-- a -->`", "<p><code>&lt;!-- a --&gt;</code></p>\n", id="code keeps its comment"),
        pytest.param("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>\n", id="a block of HTML is text"),
        pytest.param("a <img onerror=x>", "<p>a &lt;img onerror=x&gt;</p>\n", id="HTML in a line is text"),
        pytest.param("<!--><b>-->", "", id="a comment that looks closed early hides to its end"),
        pytest.param("[a](javascript:x)", "<p>[a](javascript:x)</p>\n", id="a link that would run is no link"),
        pytest.param('[a](/b"onclick=x)', '<p><a href="/b%22onclick=x">a</a></p>\n', id="a link ends in its quotes"),
    ],
)
def test_markdown_becomes_html_that_runs_nothing(text: str, shown: str) -> None:
    """HTML in Markdown is text; its comments are not shown."""
    assert prose.html(text) == shown


def test_a_diff_is_cut_into_files_and_numbered_lines() -> None:
    """Lines that look like headers are content within a hunk; names with spaces and files that went are named."""
    text = (
        "diff --git a/a b b/a b\nindex 1..2 100644\n--- a/a b\t\n+++ b/a b\t\n@@ -3,2 +3,2 @@ x\n"
        " same\n--- old\n+++ new\n"
        "\\ No newline at end of file\n"
        "diff --git a/gone b/gone\ndeleted file mode 100644\nindex 1..0\n--- a/gone\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-x\r\n"
        "diff --git a/old.png b/new.png\nsimilarity index 90%\nrename from old.png\nrename to new.png\n"
        "Binary files a/old.png and b/new.png differ\n"
    )
    first, gone, moved = diff.parse(text)
    assert (first.path, gone.path, moved.path) == ("a b", "gone", "new.png")
    assert [(line.kind, line.text, line.old, line.new) for line in first.lines] == [
        ("hunk", "@@ -3,2 +3,2 @@ x", None, None),
        ("same", "same", 3, 3),
        ("removed", "-- old", 4, None),
        ("added", "++ new", None, 4),
        ("note", "\\ No newline at end of file", None, None),
    ]
    assert (gone.notes, gone.lines[-1].text) == (("deleted file mode 100644",), "x\r")
    assert (moved.lines, moved.notes[-1]) == ((), "Binary files a/old.png and b/new.png differ")


@pytest.mark.parametrize(
    ("runs", "word"),
    [
        pytest.param([], None, id="no checks, no word"),
        pytest.param([("completed", "success")], "checks passing", id="all passed"),
        pytest.param([("completed", "success"), ("queued", None)], "checks running", id="one is still to come"),
        pytest.param([("queued", None), ("completed", "failure")], "checks failing", id="a failure outweighs"),
        pytest.param([("completed", "neutral")], "checks passing", id="neutral counts as passing"),
    ],
)
async def test_checks_are_summed_up_in_a_word(
    browser: Browser, runs: list[tuple[str, str | None]], word: str | None
) -> None:
    """The worst of them speaks."""
    github, repository, head = browser.github, browser.repository, browser.pull.head_sha
    for at, (status, conclusion) in enumerate(runs):
        records.create_check_run(
            github, repository, browser.bot, name=f"c{at}", head_sha=head, status=status, conclusion=conclusion
        )
    found = show.sum_up(show.checks(repository, head))
    assert (found[1] if found else None) == word
