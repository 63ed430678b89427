"""What GraphQL answers of git: refs, commits, trees and blobs, and who made them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.github.git import CommitObject, Entry, Signature
from sandbox.github.graphql_fields import Ask, At, Page, answers, page_at, plain
from sandbox.github.resources import stamp
from sandbox.github.state import CheckRun, GitHub, PullRequest, Repository, User

_LARGEST_TEXT = 512_000


@dataclass(frozen=True, slots=True)
class Ref:
    """`name` in full: refs/heads/main."""

    name: str
    sha: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree, and the folder it was reached by ("" at the root), since entries tell their whole path."""

    sha: str
    folder: str


@dataclass(frozen=True, slots=True)
class Blob:
    sha: str
    data: bytes


@dataclass(frozen=True, slots=True)
class TreeEntry:
    entry: Entry
    path: str


@dataclass(frozen=True, slots=True)
class Rollup:
    commit: CommitObject
    runs: Sequence[CheckRun]


@dataclass(frozen=True, slots=True)
class Suite:
    """The check runs of one App (by number) on one commit."""

    sha: str
    app: int


# --- refs and commits -------------------------------------------------------------------------------------------------


@answers("Ref", "name")
def _short_name(at: At[Ref], _: Ask) -> str:
    return at.it.name.removeprefix("refs/heads/").removeprefix("refs/tags/")


@answers("Ref", "target")
def _target(at: At[Ref], _: Ask) -> At[object] | None:
    return at_object(at.repository, at.it.sha)


@answers("Ref", "associatedPullRequests")
def _associated(
    at: At[Ref], ask: Ask, *, first: int | None = None, last: int | None = None, states: Sequence[str] | None = None
) -> Page:
    branch = _short_name(at, ask)
    pulls: list[PullRequest] = [
        pull
        for pull in at.repository.pulls
        if pull.head_repo is at.repository
        and pull.head_ref == branch
        and (states is None or pull.state.upper() in states)
    ]
    return page_at(at.repository, pulls, first=first, last=last, name="associatedPullRequests")


plain("Commit", oid="sha", message="message")


@answers("Commit", "messageBody")
def _message_body(at: At[CommitObject], _: Ask) -> str:
    return at.it.message.partition("\n\n")[2]


@answers("Commit", "committedDate")
def _committed(at: At[CommitObject], _: Ask) -> str | None:
    return stamp(at.it.committer.at)


@answers("Commit", "author")
def _author(at: At[CommitObject], ask: Ask) -> dict[str, object]:
    return _git_actor(ask.github, at.it.author)


def _git_actor(github: GitHub, who: Signature) -> dict[str, object]:
    return {"name": who.name, "email": who.email, "user": github.user_of_email(who.email)}


@answers("Commit", "signature")
def _signature(at: At[CommitObject], _: Ask) -> dict[str, object] | None:
    """The sandbox knows one signer: GitHub itself."""
    if at.it.sha not in at.repository.signed:
        return None
    return {"__typename": "GpgSignature", "isValid": True, "wasSignedByGitHub": True}


@answers("Commit", "tree")
def _tree(at: At[CommitObject], _: Ask) -> At[Tree]:
    return At(at.repository, Tree(at.it.tree, ""))


@answers("Commit", "parents")
def _parents(at: At[CommitObject], _: Ask, *, first: int | None = None, last: int | None = None) -> Page:
    git = at.repository.git
    return page_at(at.repository, [git.commit(sha) for sha in at.it.parents], first=first, last=last, name="parents")


@answers("Commit", "history")
def _history(at: At[CommitObject], _: Ask, *, first: int | None = None, path: str | None = None) -> Page:
    """As `git log`, newest first. One more than asked for is read, to know whether there are more."""
    limit = 1 if first is None else first + 1
    found = at.repository.git.history(at.it.sha, limit=limit, path=path or "")
    return page_at(at.repository, found, first=first, last=None, name="history")


@answers("Commit", "file")
def _file(at: At[CommitObject], _: Ask, *, path: str) -> At[TreeEntry] | None:
    """Below the root only: the root itself is no entry of a tree."""
    entry = at.repository.git.entry(at.it.tree, path) if path.strip("/") else None
    return At(at.repository, TreeEntry(entry, path.strip("/"))) if entry else None


@answers("Commit", "statusCheckRollup")
def _rollup(at: At[CommitObject], _: Ask) -> At[Rollup] | None:
    """Of several runs of one name by one App only the latest shows. No runs, no rollup."""
    runs = {(run.app.id, run.name): run for run in at.repository.check_runs if run.head_sha == at.it.sha}
    return At(at.repository, Rollup(at.it, tuple(runs.values()))) if runs else None


@answers("Commit", "associatedPullRequests")
def _introduced_by(at: At[CommitObject], _: Ask, *, first: int | None = None) -> Page:
    """The pull requests whose merge made it, or that have it among their commits."""
    git = at.repository.git
    pulls = [
        pull
        for pull in at.repository.pulls
        if at.it.sha == pull.merge_commit_sha
        or at.it.sha in {commit.sha for commit in git.between(pull.base_sha, pull.head_sha)}
    ]
    return page_at(at.repository, pulls, first=first, last=None, name="associatedPullRequests")


@answers("Commit", "checkSuites")
def _check_suites(
    at: At[CommitObject], _: Ask, *, first: int | None = None, filter_by: Mapping[str, int] | None = None
) -> Page:
    """Those of one App, where `filterBy` says which."""
    wanted = (filter_by or {}).get("app_id")
    suites = [
        Suite(at.it.sha, app) for app, sha in at.repository.check_suites if sha == at.it.sha and wanted in (None, app)
    ]
    return page_at(at.repository, suites, first=first, last=None, name="checkSuites")


@answers("CheckSuite", "checkRuns")
def _check_runs(at: At[Suite], _: Ask, *, first: int | None = None, filter_by: Mapping[str, str] | None = None) -> Page:
    """In the order of their making; with `LATEST` only the last of each name."""
    runs = [run for run in at.repository.check_runs if (run.head_sha, run.app.id) == (at.it.sha, at.it.app)]
    if (filter_by or {}).get("check_type") == "LATEST":
        runs = list({run.name: run for run in runs}.values())
    return page_at(at.repository, runs, first=first, last=None, name="checkRuns")


# --- trees and blobs --------------------------------------------------------------------------------------------------


def at_object(repository: Repository, sha: str, path: str = "") -> At[object] | None:
    """The git object of that name, as what it is; null where the repository has none."""
    kind, data = repository.git.read(sha) or (None, b"")
    match kind:
        case "commit":
            return At(repository, repository.git.commit(sha))
        case "blob":
            return At(repository, Blob(sha, data))
        case "tree":
            return At(repository, Tree(sha, path))
        case _:
            return None


plain("Tree", oid="sha")


@answers("Tree", "entries")
def _entries(at: At[Tree], _: Ask) -> list[At[TreeEntry]]:
    prefix = f"{at.it.folder}/" if at.it.folder else ""
    found = at.repository.git.tree(at.it.sha)
    return [At(at.repository, TreeEntry(entry, prefix + entry.name)) for entry in found]


plain("TreeEntry", path="path")


@answers("TreeEntry", "name")
def _entry_name(at: At[TreeEntry], _: Ask) -> str:
    return at.it.path.rpartition("/")[2]


@answers("TreeEntry", "oid")
def _entry_oid(at: At[TreeEntry], _: Ask) -> str:
    return at.it.entry.sha


@answers("TreeEntry", "type")
def _entry_type(at: At[TreeEntry], _: Ask) -> str:
    return at.it.entry.kind


@answers("TreeEntry", "mode")
def _entry_mode(at: At[TreeEntry], _: Ask) -> int:
    """Git's octal mode as a number: 100644 is 33188."""
    return int(at.it.entry.mode, 8)


@answers("TreeEntry", "object")
def _entry_object(at: At[TreeEntry], _: Ask) -> At[object] | None:
    """Null for a submodule, whose commit is another repository's."""
    return at_object(at.repository, at.it.entry.sha, at.it.path)


plain("Blob", oid="sha")


@answers("Blob", "byteSize")
def _byte_size(at: At[Blob], _: Ask) -> int:
    return len(at.it.data)


@answers("Blob", "isBinary")
def _is_binary(at: At[Blob], _: Ask) -> bool:
    return _text_of(at.it.data) is None


@answers("Blob", "isTruncated")
def _is_truncated(at: At[Blob], _: Ask) -> bool:
    return len(at.it.data) > _LARGEST_TEXT


@answers("Blob", "text")
def _text(at: At[Blob], _: Ask) -> str | None:
    text = _text_of(at.it.data)
    return text[:_LARGEST_TEXT] if text is not None else None


def _text_of(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


# --- who --------------------------------------------------------------------------------------------------------------


@answers("Bot", "login")
def _bot_login(who: User, _: Ask) -> str:
    """Without the suffix that REST shows, so that a person may bear the same."""
    return who.login.removesuffix("[bot]")


@answers("User", "login")
def _user_login(who: User, _: Ask) -> str:
    return who.login


@answers("Bot", "databaseId")
@answers("User", "databaseId")
def _database_id(who: User, _: Ask) -> int:
    return who.id


def actor(github: GitHub, who: User | None) -> User | None:
    """Who did it; null once the account is gone."""
    return None if who is github.ghost else who
