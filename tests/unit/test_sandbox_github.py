"""The sandbox's GitHub, asked over HTTP as the bot asks it: its texts, access, merges and webhooks are GitHub's."""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import jwt
import pytest
from aiohttp import web

from sandbox.github import access, events, refs
from sandbox.github.git import RefChange, RefConflict
from sandbox.github.server import Fault, GitHubServer
from sandbox.github.state import ZEROS, App, Caller, GitHub, Installation, Protection, Repository, User

MANIFEST = Path(__file__).parents[2] / "app.yml"


@dataclass
class Manual:
    """A clock that stands until it is moved."""

    at: datetime = datetime(2026, 1, 5, 9, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@dataclass(kw_only=True)
class Desk:
    """A GitHub with one App, one installed repository and two people, and a way to ask it."""

    clock: Manual
    github: GitHub
    server: GitHubServer
    session: aiohttp.ClientSession
    app: App
    installation: Installation
    repository: Repository
    alice: User
    bob: User
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def ask(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, by: str | None = None
    ) -> tuple[int, dict[str, object]]:
        """Ask by a credential (the App's token unless given) and return status and body."""
        headers = {"Authorization": f"Bearer {by or self.token}"} | self.headers
        async with self.session.request(method, self.server.url + path, json=body, headers=headers) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else {}

    async def made(
        self, method: str, path: str, body: Mapping[str, object] | None = None, *, by: str | None = None
    ) -> dict[str, object]:
        """Ask for what must succeed."""
        status, answer = await self.ask(method, path, body, by=by)
        assert status < 300, answer
        return answer

    def jwt(self, *, lasts: float = 300, issued: float = -10) -> str:
        now = self.clock.now().timestamp()
        claims = {"iss": str(self.app.id), "iat": int(now + issued), "exp": int(now + lasts)}
        return jwt.encode(claims, self.app.private_key, algorithm="RS256")

    async def sign_in(self, **narrowed: object) -> dict[str, object]:
        path = f"/app/installations/{self.installation.id}/access_tokens"
        token = await self.made("POST", path, narrowed, by=self.jwt())
        self.token = str(token["token"])
        return token

    async def propose(self, *, branch: str = "caisson/shop/staging", text: str = "2\n") -> int:
        """A pull request by the App that changes `app/version`: tree, commit, ref, pull request."""
        at = f"/repos/{self.repository.full_name}"
        tip = self.repository.branch("main")
        entries = [{"path": "app/version", "mode": "100644", "type": "blob", "content": text}]
        tree = await self.made("POST", f"{at}/git/trees", {"base_tree": tip, "tree": entries})
        commit = await self.made(
            "POST", f"{at}/git/commits", {"message": "Promote", "tree": tree["sha"], "parents": [tip]}
        )
        await self.made("POST", f"{at}/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit["sha"]})
        pull = await self.made("POST", f"{at}/pulls", {"title": "Promote shop", "head": branch, "base": "main"})
        number = pull["number"]
        assert isinstance(number, int)
        return number

    def heard(self) -> list[str]:
        """The queued events as `event.action`, taken from the outbox."""
        names = [f"{d.event}.{d.action}" if d.action else d.event for d in self.github.outbox]
        self.github.outbox.clear()
        return names


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """One App installed on org/shop, where alice writes and bob writes."""
    clock = Manual()
    github = GitHub(tmp_path, clock.now)
    app = access.register_app(github, "caisson", MANIFEST, webhook_secret="s3cret")
    repository = github.add_repository("org/shop")
    alice, bob = github.add_user("alice"), github.add_user("bob")
    repository.collaborators |= {"alice": "write", "bob": "maintain"}
    refs.commit(github, repository, "main", {"app/version": "1\n", "README.md": "shop\n"}, "Begin", by=alice)
    installation = access.install(github, app, repository)
    server = GitHubServer(github)
    await server.start()
    async with aiohttp.ClientSession() as session:
        one = Desk(
            clock=clock,
            github=github,
            server=server,
            session=session,
            app=app,
            installation=installation,
            repository=repository,
            alice=alice,
            bob=bob,
        )
        await one.sign_in()
        github.outbox.clear()
        yield one
    await server.stop()


AT = "/repos/org/shop"


# --- the road of a promotion ------------------------------------------------------------------------------------------


async def test_a_promotion_travels_from_tree_to_merge(desk: Desk) -> None:
    """Tree, commit, ref, pull request and a merge pinned to the head, with the events of each."""
    number = await desk.propose()
    assert desk.heard() == ["create", "push", "check_suite.requested", "pull_request.opened"]
    pull = desk.repository.pulls[0]
    before = desk.repository.branch("main")
    done = await desk.made("PUT", f"{AT}/pulls/{number}/merge", {"sha": pull.head_sha})
    assert done["merged"] is True
    merged = desk.repository.git.commit(str(done["sha"]))
    assert merged.parents == (before, pull.head_sha)
    entry = desk.repository.git.entry(merged.tree, "app/version")
    assert entry is not None
    assert desk.repository.git.blob(entry.sha) == b"2\n"
    assert desk.heard() == ["pull_request.closed", "push", "check_suite.requested"]
    assert (pull.state, pull.merged_by) == ("merged", desk.app.bot)


async def test_a_commit_by_the_app_is_its_bots_and_signed_by_github(desk: Desk) -> None:
    """Without author and committer GitHub signs; with an author it does not, whatever name that author takes."""
    tip = desk.repository.branch("main")
    tree = desk.repository.git.commit(str(tip)).tree
    body = {"message": "Ours", "tree": tree, "parents": [tip]}
    ours = await desk.made("POST", f"{AT}/git/commits", body)
    bot = desk.app.bot
    assert ours["author"] == {
        "name": "caisson[bot]",
        "email": f"{bot.id}+caisson[bot]@users.noreply.github.com",
        "date": "2026-01-05T09:00:00Z",
    }
    assert str(ours["sha"]) in desk.repository.signed
    forged = await desk.made(
        "POST", f"{AT}/git/commits", body | {"author": {"name": "caisson[bot]", "email": bot.email}}
    )
    assert str(forged["sha"]) not in desk.repository.signed


async def test_a_squash_is_the_pull_requests_authors(desk: Desk) -> None:
    """One parent, the message given, the author of the pull request, GitHub's signature."""
    number = await desk.propose()
    body = {"merge_method": "squash", "commit_title": "Promote", "commit_message": "Caisson-Release: {}"}
    done = await desk.made("PUT", f"{AT}/pulls/{number}/merge", body, by="user:bob")
    commit = desk.repository.git.commit(str(done["sha"]))
    assert (len(commit.parents), commit.message) == (1, "Promote\n\nCaisson-Release: {}")
    assert (commit.author.name, commit.committer.name) == ("caisson[bot]", "GitHub")


async def test_mergeable_is_unknown_until_somebody_asked_once(desk: Desk) -> None:
    """Null at the first read, the truth at the second, null again after the base moved, false on a conflict."""
    number = await desk.propose()
    seen = [(await desk.made("GET", f"{AT}/pulls/{number}"))["mergeable"] for _ in range(2)]
    refs.commit(desk.github, desk.repository, "main", {"app/version": "9\n"}, "Elsewhere", by=desk.alice)
    seen += [(await desk.made("GET", f"{AT}/pulls/{number}"))["mergeable"] for _ in range(2)]
    assert seen == [None, True, None, False]


@pytest.mark.parametrize(
    ("spoil", "status", "message"),
    [
        pytest.param("conflict", 405, "Pull Request is not mergeable", id="a conflict is not mergeable"),
        pytest.param("draft", 405, "Pull Request is still a draft", id="a draft is not merged"),
        pytest.param("merged", 405, "Pull Request is not mergeable", id="what is merged is not merged again"),
        pytest.param(
            "moved", 409, "Head branch was modified. Review and try the merge again.", id="the head is pinned by sha"
        ),
        pytest.param("check", 405, 'Required status check "build" is expected.', id="a required check is missing"),
        pytest.param(
            "review",
            405,
            "At least 1 approving review is required by reviewers with write access.",
            id="a required review is missing",
        ),
    ],
)
async def test_a_merge_is_refused_in_githubs_words(desk: Desk, spoil: str, status: int, message: str) -> None:
    """Each reason has its own status and text."""
    number = await desk.propose()
    pull = desk.repository.pulls[0]
    head = pull.head_sha
    match spoil:
        case "conflict":
            refs.commit(desk.github, desk.repository, "main", {"app/version": "9\n"}, "Elsewhere", by=desk.alice)
        case "draft":
            pull.draft = True
        case "merged":
            await desk.made("PUT", f"{AT}/pulls/{number}/merge")
        case "moved":
            refs.commit(desk.github, desk.repository, pull.head_ref, {"more": "x"}, "More", by=desk.alice)
        case "check":
            desk.repository.protection["main"] = Protection(required_checks=("build",))
        case _:
            desk.repository.protection["main"] = Protection(required_approvals=1)
    answered, body = await desk.ask("PUT", f"{AT}/pulls/{number}/merge", {"sha": head})
    assert (answered, body["message"]) == (status, message)


async def test_protection_is_met_by_the_latest_check_and_a_writers_review(desk: Desk) -> None:
    """The latest run of the required name counts, and an approval of somebody with write."""
    number = await desk.propose()
    desk.repository.protection["main"] = Protection(required_checks=("build",), required_approvals=1)
    head = desk.repository.pulls[0].head_sha
    for conclusion in ("failure", "success"):
        await desk.made("POST", f"{AT}/check-runs", {"name": "build", "head_sha": head, "conclusion": conclusion})
    await desk.made("POST", f"{AT}/pulls/{number}/reviews", {"event": "APPROVE"}, by="user:bob")
    assert (await desk.made("PUT", f"{AT}/pulls/{number}/merge"))["merged"] is True


# --- refusals ---------------------------------------------------------------------------------------------------------


REFUSALS = [
    pytest.param(
        "POST",
        "/git/refs",
        {"ref": "refs/heads/main", "sha": "{main}"},
        422,
        "Reference already exists",
        id="a ref is made once",
    ),
    pytest.param(
        "POST",
        "/git/refs",
        {"ref": "refs/heads/x", "sha": "1" * 40},
        422,
        "Object does not exist",
        id="a ref names an object",
    ),
    pytest.param(
        "PATCH",
        "/git/refs/heads/x",
        {"sha": "{main}"},
        422,
        "Reference does not exist",
        id="what is moved must exist",
    ),
    pytest.param("DELETE", "/git/refs/heads/x", None, 422, "Reference does not exist", id="what is deleted must exist"),
    pytest.param(
        "PATCH",
        "/git/refs/heads/main",
        {"sha": "{side}"},
        422,
        "Update is not a fast forward",
        id="without force a branch only moves forward",
    ),
    pytest.param(
        "POST",
        "/git/trees",
        {"base_tree": "1" * 40, "tree": [{"path": "a", "mode": "100644", "content": "x"}]},
        422,
        "base_tree is not a valid tree oid",
        id="a base tree must exist",
    ),
    pytest.param(
        "POST",
        "/git/commits",
        {"message": "x", "tree": "1" * 40, "parents": []},
        422,
        "Tree SHA does not exist",
        id="a commit's tree must exist",
    ),
    pytest.param("POST", "/merges", {"base": "main", "head": "side"}, 409, "Merge conflict", id="branches conflict"),
    pytest.param("POST", "/merges", {"base": "x", "head": "main"}, 404, "Base does not exist", id="a base must exist"),
    pytest.param(
        "POST",
        "/pulls",
        {"title": "x", "head": "main", "base": "main"},
        422,
        "Validation Failed",
        id="a pull request needs commits of its own",
    ),
    pytest.param("POST", "/issues/99/comments", {"body": "hi"}, 404, "Not Found", id="comments need an issue"),
    pytest.param(
        "POST",
        "/deployments",
        {"ref": "nowhere", "auto_merge": False, "required_contexts": []},
        422,
        "No ref found for: nowhere",
        id="a deployment needs a ref",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "message"), REFUSALS)
async def test_refusals_carry_githubs_words(
    desk: Desk, *, method: str, path: str, body: dict[str, object] | None, status: int, message: str
) -> None:
    """`{main}` and `{side}` stand for the tips of two branches that conflict."""
    github, repository = desk.github, desk.repository
    side = refs.commit(github, repository, "side", {"app/version": "side\n"}, "Side", by=desk.alice)
    main = refs.commit(github, repository, "main", {"app/version": "main\n"}, "Main", by=desk.alice)
    names = {"{main}": main, "{side}": side}
    filled = {k: names.get(v, v) if isinstance(v, str) else v for k, v in body.items()} if body else None
    answered, text = await desk.ask(method, AT + path, filled)
    assert (answered, text["message"]) == (status, message)


async def test_a_second_pull_request_of_a_branch_is_refused(desk: Desk) -> None:
    """The text sits in errors[0].message, the code is `custom`."""
    await desk.propose()
    body = {"title": "Again", "head": "caisson/shop/staging", "base": "main"}
    status, answer = await desk.ask("POST", f"{AT}/pulls", body)
    assert (status, answer["message"]) == (422, "Validation Failed")
    assert answer["errors"] == [
        {
            "resource": "PullRequest",
            "code": "custom",
            "message": "A pull request already exists for org:caisson/shop/staging.",
        }
    ]


async def test_nobody_approves_their_own_pull_request(desk: Desk) -> None:
    """GitHub's errors are plain strings here."""
    number = await desk.propose()
    status, answer = await desk.ask("POST", f"{AT}/pulls/{number}/reviews", {"event": "APPROVE"})
    assert (status, answer["errors"]) == (422, ["Can not approve your own pull request"])


async def test_a_workflow_is_not_ours_to_bring(desk: Desk) -> None:
    """Without the `workflows` permission no push of the App may touch .github/workflows."""
    tip = desk.repository.branch("main")
    entries = [{"path": ".github/workflows/ci.yml", "mode": "100644", "content": "on: push"}]
    tree = await desk.made("POST", f"{AT}/git/trees", {"base_tree": tip, "tree": entries})
    commit = await desk.made("POST", f"{AT}/git/commits", {"message": "x", "tree": tree["sha"], "parents": [tip]})
    status, _ = await desk.ask("POST", f"{AT}/git/refs", {"ref": "refs/heads/x", "sha": commit["sha"]})
    assert status == 403


# --- access -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lasts", "issued", "status"),
    [
        pytest.param(300, -10, 200, id="five minutes are fine"),
        pytest.param(601, -10, 401, id="more than ten minutes are too far"),
        pytest.param(-1, -10, 401, id="an expired one is refused"),
        pytest.param(300, 5, 401, id="one from the future is refused"),
    ],
)
async def test_a_jwt_is_judged_by_the_worlds_clock(desk: Desk, lasts: float, issued: float, status: int) -> None:
    """`exp` at most ten minutes ahead, `iat` not ahead."""
    answered, _ = await desk.ask("GET", "/app", by=desk.jwt(lasts=lasts, issued=issued))
    assert answered == status


async def test_an_installation_token_lasts_an_hour(desk: Desk) -> None:
    """Then it is bad credentials."""
    assert (await desk.ask("GET", "/installation/repositories"))[0] == 200
    desk.clock.at += timedelta(hours=1)
    status, answer = await desk.ask("GET", "/installation/repositories")
    assert (status, answer["message"]) == (401, "Bad credentials")


async def test_a_token_may_be_narrowed_and_never_widened(desk: Desk) -> None:
    """Fewer permissions bind; more than app.yml grants is 422."""
    await desk.sign_in(permissions={"contents": "read"}, repository_ids=[desk.repository.id])
    tip = desk.repository.branch("main")
    status, answer = await desk.ask("POST", f"{AT}/git/refs", {"ref": "refs/heads/x", "sha": tip})
    assert (status, answer["message"]) == (403, "Resource not accessible by integration")
    path = f"/app/installations/{desk.installation.id}/access_tokens"
    assert (await desk.ask("POST", path, {"permissions": {"workflows": "write"}}, by=desk.jwt()))[0] == 422
    assert (await desk.ask("POST", path, {"repository_ids": [1]}, by=desk.jwt()))[0] == 422


async def test_outside_the_installation_a_private_repository_is_not_there(desk: Desk) -> None:
    """A public one is read, but not written."""
    private, public = desk.github.add_repository("org/secret"), desk.github.add_repository("org/open", private=False)
    for one in (private, public):
        refs.commit(desk.github, one, "main", {"a": "b"}, "Begin", by=desk.alice)
    assert (await desk.ask("GET", f"/repositories/{private.id}"))[0] == 404
    assert (await desk.ask("GET", f"/repositories/{public.id}"))[0] == 200
    body = {"ref": "refs/heads/x", "sha": public.branch("main")}
    assert (await desk.ask("POST", "/repos/org/open/git/refs", body))[0] == 403
    assert (await desk.ask("POST", "/repos/org/secret/git/refs", body))[0] == 404


async def test_suspended_and_archived_refuse(desk: Desk) -> None:
    """Archived: writes only. Suspended: everything."""
    desk.repository.archived = True
    body = {"ref": "refs/heads/x", "sha": desk.repository.branch("main")}
    assert (await desk.ask("POST", f"{AT}/git/refs", body))[0] == 403
    access.suspend(desk.github, desk.installation)
    status, answer = await desk.ask("GET", "/installation/repositories")
    assert (status, answer["message"]) == (403, "This installation has been suspended")


@pytest.mark.parametrize(
    ("login", "permission", "role"),
    [
        pytest.param("alice", "write", "write", id="write is write"),
        pytest.param("bob", "write", "maintain", id="maintain folds into write"),
        pytest.param("eve", "none", "none", id="a stranger has none"),
        pytest.param("tess", "read", "triage", id="triage folds into read"),
    ],
)
async def test_role_name_tells_the_truth(desk: Desk, login: str, permission: str, role: str) -> None:
    """`permission` maps triage to read and maintain to write."""
    desk.github.add_user(login)
    desk.repository.collaborators["tess"] = "triage"
    answer = await desk.made("GET", f"{AT}/collaborators/{login}/permission")
    assert (answer["permission"], answer["role_name"]) == (permission, role)


# --- talk and records -------------------------------------------------------------------------------------------------


async def test_comments_labels_and_reactions(desk: Desk) -> None:
    """A reaction repeated is 200 and the same one; label names are quoted in paths."""
    number = await desk.propose()
    desk.heard()
    comment = await desk.made("POST", f"{AT}/issues/{number}/comments", {"body": "/approve"}, by="user:alice")
    one = f"{AT}/issues/comments/{comment['id']}"
    assert [(await desk.ask("POST", f"{one}/reactions", {"content": "eyes"}))[0] for _ in range(2)] == [201, 200]
    await desk.made("PATCH", one, {"body": "/hold"}, by="user:alice")
    await desk.made("POST", f"{AT}/issues/{number}/labels", {"labels": ["caisson: hold"]})
    await desk.made("DELETE", f"{AT}/issues/{number}/labels/caisson%3A%20hold")
    assert desk.heard() == [
        "issue_comment.created",
        "issue_comment.edited",
        "pull_request.labeled",
        "pull_request.unlabeled",
    ]
    pull = desk.repository.pulls[0]
    assert [entry.kind for entry in pull.timeline] == ["labeled", "unlabeled"]
    assert pull.comments[0].editor is desk.alice


async def test_several_labels_at_once_are_made_put_on_and_told_one_by_one(desk: Desk) -> None:
    """Those that the repository lacked are made; each labelling is our App's; what is on already is passed over."""
    number = await desk.propose()
    await desk.made("POST", f"{AT}/issues/{number}/labels", {"labels": ["image"]}, by="user:alice")
    desk.heard()
    await desk.made("POST", f"{AT}/issues/{number}/labels", {"labels": ["caisson", "Image", "web-app"]})
    assert [one.name for one in desk.repository.pulls[0].labels] == ["image", "caisson", "web-app"]
    assert set(desk.repository.labels) == {"image", "caisson", "web-app"}
    assert desk.heard() == ["pull_request.labeled", "pull_request.labeled"]
    put = [(entry.label.name, entry.actor) for entry in desk.repository.pulls[0].timeline if entry.label]
    assert put == [("image", desk.alice), ("caisson", desk.app.bot), ("web-app", desk.app.bot)]


async def test_check_runs_are_their_apps_own(desk: Desk) -> None:
    """People may not write them; a conclusion completes the run and says so."""
    head = desk.repository.branch("main")
    body = {"name": "caisson/config", "head_sha": head, "status": "in_progress", "external_id": "7"}
    run = await desk.made("POST", f"{AT}/check-runs", body)
    await desk.made("PATCH", f"{AT}/check-runs/{run['id']}", {"conclusion": "success"})
    assert desk.heard() == ["check_run.created", "check_run.completed"]
    assert desk.repository.check_runs[0].status == "completed"
    assert (await desk.ask("POST", f"{AT}/check-runs", body, by="user:alice"))[0] == 403


async def test_deployments_wait_for_checks_unless_told_not_to(desk: Desk) -> None:
    """409 while a check runs, 201 with empty contexts; a status of ours says how it went."""
    head = desk.repository.branch("main")
    await desk.made("POST", f"{AT}/check-runs", {"name": "build", "head_sha": head, "status": "in_progress"})
    assert (await desk.ask("POST", f"{AT}/deployments", {"ref": head}))[0] == 409
    body: dict[str, object]
    body = {"ref": head, "environment": "shop/staging", "auto_merge": False, "required_contexts": [], "payload": "{}"}
    made = await desk.made("POST", f"{AT}/deployments", body)
    await desk.made("POST", f"{AT}/deployments/{made['id']}/statuses", {"state": "success", "auto_inactive": False})
    assert desk.heard()[-2:] == ["deployment.created", "deployment_status.created"]
    assert desk.repository.deployments[0].creator is desk.app.bot


# --- branches and what follows ----------------------------------------------------------------------------------------


async def test_pull_requests_follow_their_branches(desk: Desk) -> None:
    """A push to the head is `synchronize`; a deleted head closes; a reopened one needs its branch."""
    number = await desk.propose()
    desk.heard()
    refs.commit(desk.github, desk.repository, "caisson/shop/staging", {"x": "y"}, "Meddle", by=desk.alice)
    assert desk.heard() == ["push", "pull_request.synchronize", "check_suite.requested"]
    await desk.made("DELETE", f"{AT}/git/refs/heads/caisson/shop/staging")
    assert desk.heard() == ["push", "delete", "pull_request.closed"]
    assert (await desk.ask("PATCH", f"{AT}/pulls/{number}", {"state": "open"}))[0] == 422


async def test_stale_approvals_are_dismissed_where_protection_says_so(desk: Desk) -> None:
    """Otherwise reviews survive pushes, bound to the commit they saw."""
    number = await desk.propose()
    await desk.made("POST", f"{AT}/pulls/{number}/reviews", {"event": "APPROVE"}, by="user:bob")
    review = desk.repository.pulls[0].reviews[0]
    refs.commit(desk.github, desk.repository, "caisson/shop/staging", {"x": "y"}, "More", by=desk.alice)
    assert review.state == "APPROVED"
    desk.repository.protection["main"] = Protection(dismiss_stale_reviews=True)
    refs.commit(desk.github, desk.repository, "caisson/shop/staging", {"x": "z"}, "More", by=desk.alice)
    assert review.state == "DISMISSED"


async def test_several_refs_move_together_or_not_at_all(desk: Desk) -> None:
    """`before` is a compare-and-swap; zeros mean "must not exist" before and "delete" after."""
    github, repository = desk.github, desk.repository
    caller = Caller(user=desk.app.bot, app=desk.app)
    tip = str(repository.branch("main"))
    two = [
        refs.RefUpdate(name="refs/heads/a", before=ZEROS, after=tip),
        refs.RefUpdate(name="refs/heads/main", before="1" * 40, after=tip),
    ]
    with pytest.raises(Exception, match="Reference update failed"):
        refs.update_refs(github, repository, caller, two)
    assert repository.branch("a") is None
    refs.update_refs(github, repository, caller, two[:1])
    refs.update_refs(github, repository, caller, [refs.RefUpdate(name="refs/heads/a", before=tip, after=ZEROS)])
    assert repository.branch("a") is None
    with pytest.raises(RefConflict):
        repository.git.update_refs([RefChange("refs/heads/main", tip, "1" * 40)])


async def test_git_itself_reads_what_the_sandbox_wrote(desk: Desk) -> None:
    """The bare repository is whole: git's own check finds nothing wrong, and its log tells the same story."""
    number = await desk.propose()
    await desk.made("PUT", f"{AT}/pulls/{number}/merge")
    desk.repository.git.run("fsck", "--strict", "--no-dangling")
    told = desk.repository.git.run("log", "--format=%H", "refs/heads/main")[1].decode().split()
    walked = [commit.sha for commit in desk.repository.git.walk(str(desk.repository.branch("main")))]
    assert sorted(told) == sorted(walked)


# --- the door ---------------------------------------------------------------------------------------------------------


async def test_deliveries_are_signed_and_name_their_installation(desk: Desk) -> None:
    """What arrives verifies against the App's secret; its sender is our bot for our own writes."""
    arrived: list[tuple[Mapping[str, str], bytes]] = []

    async def receive(request: web.Request) -> web.Response:
        arrived.append((request.headers.copy(), await request.read()))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/webhooks/github", receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    await desk.propose()
    delivery = desk.github.outbox[-1]
    assert await events.deliver(delivery, f"http://{host}:{port}/webhooks/github", desk.session) == 202
    await runner.cleanup()
    headers, body = arrived[0]
    assert headers["X-Hub-Signature-256"] == events.sign("s3cret", body)
    assert (headers["X-GitHub-Event"], headers["X-GitHub-Delivery"]) == ("pull_request", delivery.guid)
    told = json.loads(body)
    assert told["installation"]["id"] == desk.installation.id
    assert told["sender"]["type"] == "Bot"


async def test_what_is_not_modelled_fails_loudly(desk: Desk) -> None:
    """501, and remembered."""
    status, _ = await desk.ask("GET", f"{AT}/traffic/views")
    assert (status, desk.server.unmodelled) == (501, [f"GET {AT}/traffic/views"])


async def test_an_unchanged_answer_is_304_and_costs_nothing(desk: Desk) -> None:
    """`If-None-Match` with the ETag of before."""
    url = f"{desk.server.url}/repositories/{desk.repository.id}"
    headers = {"Authorization": f"Bearer {desk.token}"}
    async with desk.session.get(url, headers=headers) as first:
        tag, left = first.headers["ETag"], first.headers["x-ratelimit-remaining"]
    async with desk.session.get(url, headers=headers | {"If-None-Match": tag}) as second:
        assert (second.status, second.headers["x-ratelimit-remaining"]) == (304, left)


async def test_faults_come_before_or_after_the_effect(desk: Desk) -> None:
    """One shot each, and the log keeps what was answered."""
    tip = desk.repository.branch("main")
    desk.server.faults += [
        Fault(method="POST", path="/git/refs$", status=502),
        Fault(method="POST", path="/git/refs$", status=504, when="after"),
    ]
    desk.server.calls.clear()
    body = {"ref": "refs/heads/x", "sha": tip}
    assert (await desk.ask("POST", f"{AT}/git/refs", body))[0] == 502
    assert desk.repository.branch("x") is None
    assert (await desk.ask("POST", f"{AT}/git/refs", body))[0] == 504
    assert desk.repository.branch("x") == tip
    assert (await desk.ask("POST", f"{AT}/git/refs", body))[0] == 422
    assert [(call.status, call.kind, call.writes) for call in desk.server.calls] == [
        (502, "rest", True),
        (504, "rest", True),
        (422, "rest", True),
    ]


async def test_the_bot_finds_its_own_user(desk: Desk) -> None:
    """The bot's user id is another number than the App's."""
    found = await desk.made("GET", "/users/caisson[bot]")
    assert (found["id"], found["type"]) == (desk.app.bot.id, "Bot")
    assert found["id"] != (await desk.made("GET", "/app", by=desk.jwt()))["id"]


async def test_a_tampered_jwt_is_refused(desk: Desk) -> None:
    """The signature is checked with the App's public key."""
    head, claims, proof = desk.jwt().split(".")
    wrong = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"exp": int(desk.clock.now().timestamp()) + 500}
    forged = base64.urlsafe_b64encode(json.dumps(wrong).encode()).decode().rstrip("=")
    assert (await desk.ask("GET", "/app", by=f"{head}.{forged}.{proof}"))[0] == 401
