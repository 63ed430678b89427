"""Branches and commits: everything that moves a ref, the refusals before it and the consequences after it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sandbox.github import events, pulls, resources
from sandbox.github.git import Git, RefChange, RefConflict, Signature
from sandbox.github.state import ZEROS, Caller, GitHub, GitHubRefusal, Repository, User


@dataclass(frozen=True, slots=True, kw_only=True)
class RefUpdate:
    """GraphQL's RefUpdate. `before` None: no comparison; zeros: must not exist. `after` zeros: delete."""

    name: str
    after: str
    before: str | None = None
    force: bool = False


def create_ref(github: GitHub, repository: Repository, caller: Caller, ref: str, sha: str) -> None:
    if not re.match(r"refs/[^/]+/.", ref):
        raise GitHubRefusal(422, "Reference name must start with 'refs/' and have at least two slashes")
    if ref in repository.git.refs:
        raise GitHubRefusal(422, "Reference already exists")
    if repository.git.kind(sha) is None:
        raise GitHubRefusal(422, "Object does not exist")
    _guard(repository, ref)
    guard_workflows(repository, caller, sha)
    move(github, repository, caller.user, [RefChange(ref, sha, ZEROS)])


def update_ref(
    github: GitHub, repository: Repository, caller: Caller, ref: str, sha: str, *, force: bool = False
) -> None:
    before = repository.git.refs.get(ref)
    if before is None:
        raise GitHubRefusal(422, "Reference does not exist")
    update_refs(github, repository, caller, [RefUpdate(name=ref, after=sha, before=before, force=force)])


def delete_ref(github: GitHub, repository: Repository, caller: Caller, ref: str) -> None:
    before = repository.git.refs.get(ref)
    if before is None:
        raise GitHubRefusal(422, "Reference does not exist")
    _guard(repository, ref)
    move(github, repository, caller.user, [RefChange(ref, ZEROS, before)])


def update_refs(github: GitHub, repository: Repository, caller: Caller, updates: Sequence[RefUpdate]) -> None:
    """GraphQL's updateRefs: all or none, each a compare-and-swap where `before` is given."""
    changes: list[RefChange] = []
    for update in updates:
        now = repository.git.refs.get(update.name, ZEROS)
        if update.before is not None and update.before != now:
            raise GitHubRefusal(422, f"Reference update failed: {update.name} is not at {update.before}")
        if update.after != ZEROS and repository.git.kind(update.after) is None:
            raise GitHubRefusal(422, "Object does not exist")
        if update.after == now:
            continue
        _guard(repository, update.name)
        if update.after != ZEROS:
            guard_workflows(repository, caller, update.after)
        moved = ZEROS not in (now, update.after)
        if moved and not update.force and not repository.git.is_ancestor(now, update.after):
            raise GitHubRefusal(422, "Update is not a fast forward")
        changes.append(RefChange(update.name, update.after, now))
    move(github, repository, caller.user, changes)


def _guard(repository: Repository, ref: str) -> None:
    if ref.removeprefix("refs/heads/") in repository.protection:
        raise GitHubRefusal(422, "Reference update failed")


def guard_workflows(repository: Repository, caller: Caller, after: str) -> None:
    """An App without the `workflows` permission brings no workflow that no branch holds. `after`: commit or tree."""
    granted = caller.token.permissions if caller.token else {}
    git = repository.git
    if caller.app is None or granted.get("workflows") == "write" or git.kind(after) == "tag":
        return
    known = {_workflows(git, tip) for name, tip in git.refs.items() if name.startswith("refs/heads/")}
    found = _workflows(git, after)
    if found and found not in known:
        file = next((entry.name for entry in git.tree(found)), "")
        text = f"refusing to allow a GitHub App to create or update workflow `.github/workflows/{file}`"
        raise GitHubRefusal(403, f"{text} without `workflows` permission")


def _workflows(git: Git, sha: str) -> str | None:
    tree = _tree_of(git, sha)
    entry = git.entry(tree, ".github/workflows") if tree else None
    return entry.sha if entry and entry.kind == "tree" else None


def move(github: GitHub, repository: Repository, by: User, changes: Sequence[RefChange]) -> None:
    """Move refs, past any protection, and let everything follow: events, pull requests, check suites."""
    if not changes:
        return
    try:
        repository.git.update_refs(changes)
    except RefConflict as conflict:
        raise GitHubRefusal(422, "Reference update failed") from conflict
    repository.pushed = github.now()
    for change in changes:
        _tell_push(github, repository, by, change)
        if change.ref.startswith("refs/heads/"):
            pulls.follow(github, repository, by, change)
            _request_suites(github, repository, by, change)


def _tell_push(github: GitHub, repository: Repository, by: User, change: RefChange) -> None:
    before, after = change.before or ZEROS, change.after
    short = change.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    kind = {"ref": short, "ref_type": "tag" if change.ref.startswith("refs/tags/") else "branch"}
    more = {"pusher_type": "user"}
    if before == ZEROS:
        payload = kind | more | {"master_branch": repository.default_branch}
        events.emit(github, repository, "create", by, payload)
    pushed = resources.push(github, repository, by, change.ref, before=before, after=after)
    events.emit(github, repository, "push", by, pushed)
    if after == ZEROS:
        events.emit(github, repository, "delete", by, kind | more)


def _request_suites(github: GitHub, repository: Repository, by: User, change: RefChange) -> None:
    """GitHub opens a check suite for every new head commit, per App that may write checks."""
    for installation in list(github.installations.values()):
        app = installation.app
        key = (app.id, change.after)
        listens = repository.id in installation.repository_ids and app.permissions.get("checks") == "write"
        if change.after == ZEROS or key in repository.check_suites or not listens:
            continue
        repository.check_suites[key] = github.next_id()
        suite = resources.check_suite(github, repository, app, change.after, change.ref)
        events.emit(github, repository, "check_suite", by, {"check_suite": suite}, action="requested", only=app)


# --- commits ----------------------------------------------------------------------------------------------------------


def create_tree(repository: Repository, entries: Sequence[Mapping[str, object]], base: str | None) -> str:
    """POST git/trees: entries carry path, mode, and `content` or `sha` (null deletes)."""
    git = repository.git
    if not git.refs:
        raise GitHubRefusal(409, "Git Repository is empty.")
    start = _tree_of(git, base) if base else None
    if base and start is None:
        raise GitHubRefusal(422, "base_tree is not a valid tree oid")
    changes: dict[str, tuple[str, str] | None] = {}
    for entry in entries:
        path, mode = str(entry["path"]), str(entry.get("mode", "100644"))
        if "content" in entry:
            changes[path] = (mode, git.write("blob", str(entry["content"]).encode()))
        elif entry.get("sha") is None:
            if start is None or git.entry(start, path) is None:
                raise GitHubRefusal(422, "GitRPC::BadObjectState")
            changes[path] = None
        elif git.kind(str(entry["sha"])) is None and mode != "160000":
            raise GitHubRefusal(422, f"tree.sha {entry['sha']} is not a valid {entry.get('type', 'blob')}")
        else:
            changes[path] = (mode, str(entry["sha"]))
    return git.edit_tree(start, changes)


def _tree_of(git: Git, sha: str) -> str | None:
    kind = git.kind(sha)
    return git.commit(sha).tree if kind == "commit" else sha if kind == "tree" else None


def create_commit(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    *,
    message: str,
    tree: str,
    parents: Sequence[str],
    author: Signature | None = None,
    committer: Signature | None = None,
) -> str:
    """POST git/commits. An App that names no author gets its bot as author, GitHub as committer, and a signature."""
    git = repository.git
    if not git.refs:
        raise GitHubRefusal(409, "Git Repository is empty.")
    if git.kind(tree) != "tree":
        raise GitHubRefusal(422, "Tree SHA does not exist")
    if any(git.kind(parent) != "commit" for parent in parents):
        raise GitHubRefusal(422, "Parent SHA does not exist or is not a commit object")
    signed = caller.app is not None and author is None and committer is None
    who = author or signature(github, caller.user)
    by = signature(github, None) if signed else committer or who
    sha = git.write_commit(tree, parents, message, author=who, committer=by)
    if signed:
        repository.signed.add(sha)
    return sha


def signature(github: GitHub, user: User | None) -> Signature:
    """A user's identity in a commit, now; None is GitHub itself."""
    if user is None:
        return Signature("GitHub", "noreply@github.com", github.now())
    return Signature(user.login, user.email, github.now())


def commit(
    github: GitHub,
    repository: Repository,
    branch: str,
    files: Mapping[str, str | bytes | None],
    message: str,
    *,
    by: User,
    co_authors: Sequence[User] = (),
    start: str | None = None,
    executable: frozenset[str] = frozenset(),
    modes: Mapping[str, str] | None = None,
) -> str:
    """A person edits files (None deletes) and pushes, past protection. A new one starts at `start` or the default.

    `modes`: of paths that are no plain files; a submodule's (160000) content is its commit.
    """
    git = repository.git
    before = repository.branch(branch)
    parent = before or start or repository.branch(repository.default_branch)
    changes: dict[str, tuple[str, str] | None] = {}
    for path, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        mode = (modes or {}).get(path, "100755" if path in executable else "100644")
        sha = data.decode() if data and mode == "160000" else git.write("blob", data or b"")
        changes[path] = None if data is None else (mode, sha)
    tree = git.edit_tree(git.commit(parent).tree if parent else None, changes)
    trailers = "".join(f"\nCo-authored-by: {user.login} <{user.email}>" for user in co_authors)
    who = signature(github, by)
    text = f"{message}\n{trailers}" if trailers else message
    sha = git.write_commit(tree, [parent] if parent else [], text, author=who, committer=who)
    move(github, repository, by, [RefChange(f"refs/heads/{branch}", sha, before or ZEROS)])
    return sha
