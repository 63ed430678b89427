"""REST: git's trees, commits and refs, and merging one branch into another."""

import base64
from datetime import UTC, datetime

from sandbox.github import merging, refs, resources
from sandbox.github.access import Need
from sandbox.github.git import Signature
from sandbox.github.rest import Answer, Ask, operation
from sandbox.github.state import GitHubRefusal

_READ = Need("contents", "read", "read")
_WRITE = Need("contents", "write", "write")


@operation("POST", "/repos/{owner}/{repo}/git/trees", _WRITE)
def create_tree(ask: Ask) -> Answer:
    entries = ask.body.get("tree")
    if not isinstance(entries, list) or not entries:
        raise GitHubRefusal(422, "Invalid tree info")
    sha = refs.create_tree(ask.repository, entries, ask.maybe("base_tree"))
    return Answer(201, resources.tree(ask.github, ask.repository, sha))


@operation("GET", "/repos/{owner}/{repo}/git/trees/{tree_sha}", _READ)
def get_tree(ask: Ask) -> Answer:
    git, sha = ask.repository.git, _named(ask)
    if git.kind(sha) == "commit":
        sha = git.commit(sha).tree
    if git.kind(sha) != "tree":
        raise GitHubRefusal(404, "Not Found")
    # GitHub takes any value for yes (REST, "Get a tree").
    return Answer(200, resources.tree(ask.github, ask.repository, sha, recursive="recursive" in ask.query))


@operation("GET", "/repos/{owner}/{repo}/compare/{basehead}", _READ)
def compare(ask: Ask) -> Answer:
    git = ask.repository.git
    base, _, head = ask.path["basehead"].partition("...")
    found = [git.resolve(name) for name in (base, head)]
    if any(sha is None or git.kind(sha) != "commit" for sha in found):
        raise GitHubRefusal(404, "Not Found")
    shown = int(ask.query.get("per_page", "250"))
    return Answer(200, resources.comparison(ask.github, ask.repository, str(found[0]), str(found[1]), shown=shown))


def _named(ask: Ask) -> str:
    """The object that the path's `tree_sha` (an id or a ref) names."""
    return ask.repository.git.resolve(ask.path["tree_sha"]) or ""


@operation("POST", "/repos/{owner}/{repo}/git/blobs", _WRITE)
def create_blob(ask: Ask) -> Answer:
    content = ask.text("content")
    data = base64.b64decode(content) if ask.maybe("encoding") == "base64" else content.encode()
    sha = ask.repository.git.write("blob", data)
    url = f"{resources.api(ask.github, ask.repository)}/git/blobs/{sha}"
    return Answer(201, {"sha": sha, "url": url})


@operation("POST", "/repos/{owner}/{repo}/git/commits", _WRITE)
def create_commit(ask: Ask) -> Answer:
    parents = ask.body.get("parents")
    sha = refs.create_commit(
        ask.github,
        ask.repository,
        ask.caller,
        message=ask.text("message"),
        tree=ask.text("tree"),
        parents=[str(parent) for parent in parents] if isinstance(parents, list) else [],
        author=_signature(ask, "author"),
        committer=_signature(ask, "committer"),
    )
    return Answer(201, resources.git_commit(ask.github, ask.repository, sha))


def _signature(ask: Ask, name: str) -> Signature | None:
    given = ask.body.get(name)
    if not isinstance(given, dict):
        return None
    at = datetime.fromisoformat(str(given["date"])).astimezone(UTC) if "date" in given else ask.github.now()
    return Signature(str(given["name"]), str(given["email"]), at)


@operation("GET", "/repos/{owner}/{repo}/git/commits/{commit_sha}", _READ)
def get_commit(ask: Ask) -> Answer:
    sha = ask.path["commit_sha"]
    if ask.repository.git.kind(sha) != "commit":
        raise GitHubRefusal(404, "Not Found")
    return Answer(200, resources.git_commit(ask.github, ask.repository, sha))


@operation("POST", "/repos/{owner}/{repo}/git/refs", _WRITE)
def create_ref(ask: Ask) -> Answer:
    ref, sha = ask.text("ref"), ask.text("sha")
    refs.create_ref(ask.github, ask.repository, ask.caller, ref, sha)
    return Answer(201, resources.ref(ask.github, ask.repository, ref, sha))


@operation("PATCH", "/repos/{owner}/{repo}/git/refs/{ref}", _WRITE)
def update_ref(ask: Ask) -> Answer:
    ref, sha = f"refs/{ask.path['ref']}", ask.text("sha")
    refs.update_ref(ask.github, ask.repository, ask.caller, ref, sha, force=ask.flag("force", default=False))
    return Answer(200, resources.ref(ask.github, ask.repository, ref, sha))


@operation("DELETE", "/repos/{owner}/{repo}/git/refs/{ref}", _WRITE)
def delete_ref(ask: Ask) -> Answer:
    refs.delete_ref(ask.github, ask.repository, ask.caller, f"refs/{ask.path['ref']}")
    return Answer(204)


@operation("POST", "/repos/{owner}/{repo}/merges", _WRITE)
def merge_branch(ask: Ask) -> Answer:
    sha = merging.merge_branch(
        ask.github,
        ask.repository,
        ask.caller,
        base=ask.text("base"),
        head=ask.text("head"),
        message=ask.maybe("commit_message"),
    )
    return Answer(201, resources.commit(ask.github, ask.repository, sha)) if sha else Answer(204)
