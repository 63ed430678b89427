"""Refs, trees, commits and pushes, as REST and webhooks show them. No I/O."""

from collections.abc import Iterator
from urllib.parse import quote

from sandbox.github.git import CommitObject, Entry, Signature
from sandbox.github.resources.who import Json, api, stamp, user, web
from sandbox.github.state import ZEROS, GitHub, Repository, User


def ref(github: GitHub, which: Repository, name: str, sha: str) -> Json:
    kind = which.git.kind(sha) or "commit"
    target = {"type": kind, "sha": sha, "url": f"{api(github, which)}/git/{kind}s/{sha}"}
    short = name.removeprefix("refs/")
    return {
        "ref": name,
        "node_id": f"REF_{which.id}_{short.replace('/', '_')}",
        "url": f"{api(github, which)}/git/refs/{quote(short)}",
        "object": target,
    }


def tree(github: GitHub, which: Repository, sha: str, *, recursive: bool = False) -> Json:
    """What lies in a tree; with `recursive` in the folders below as well, each folder before what it holds."""
    url = f"{api(github, which)}/git"
    entries = [
        {
            "path": path,
            "mode": entry.mode.rjust(6, "0"),
            "type": entry.kind,
            "sha": entry.sha,
            "url": f"{url}/{entry.kind}s/{entry.sha}",
            **({"size": len(which.git.blob(entry.sha))} if entry.kind == "blob" else {}),
        }
        for path, entry in _entries(which, sha, recursive=recursive)
    ]
    return {"sha": sha, "url": f"{url}/trees/{sha}", "tree": entries, "truncated": False}


def _entries(which: Repository, sha: str, *, recursive: bool, prefix: str = "") -> Iterator[tuple[str, Entry]]:
    for entry in which.git.tree(sha):
        yield prefix + entry.name, entry
        if recursive and entry.kind == "tree":
            yield from _entries(which, entry.sha, recursive=True, prefix=f"{prefix}{entry.name}/")


def comparison(github: GitHub, which: Repository, base: str, head: str, *, shown: int) -> Json:
    """What `head` has since it parted from `base`: at most `shown` commits, and at most 300 files."""
    git = which.git
    parted = git.merge_base(base, head)
    ahead, behind = git.between(base, head), git.between(head, base)
    status = ("diverged" if behind else "ahead") if ahead else ("behind" if behind else "identical")
    before, after = git.files(git.commit(parted).tree), git.files(git.commit(head).tree)
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    url = f"{web(github, which)}/compare/{base}...{head}"
    return {
        "url": f"{api(github, which)}/compare/{base}...{head}",
        "html_url": url,
        "permalink_url": url,
        "diff_url": f"{url}.diff",
        "patch_url": f"{url}.patch",
        "base_commit": commit(github, which, base),
        "merge_base_commit": commit(github, which, parted),
        "status": status,
        "ahead_by": len(ahead),
        "behind_by": len(behind),
        "total_commits": len(ahead),
        "commits": [commit(github, which, one.sha) for one in ahead[:shown]],
        "files": [_compared(github, which, path, before.get(path), after.get(path)) for path in changed[:300]],
    }


def _compared(github: GitHub, which: Repository, path: str, before: Entry | None, after: Entry | None) -> Json:
    """Without counted lines and patches. Renames are shown as what goes and what comes."""
    url = f"{web(github, which)}/blob/{quote(path)}"
    kind = "modified" if before and after else "added" if after else "removed"
    return {
        "sha": (after or before or Entry("", "", "")).sha,
        "filename": path,
        "status": kind,
        "additions": 0,
        "deletions": 0,
        "changes": 0,
        "blob_url": url,
        "raw_url": url,
        "contents_url": f"{api(github, which)}/contents/{quote(path)}",
    }


def git_commit(github: GitHub, which: Repository, sha: str) -> Json:
    """A commit as the git database endpoints show it."""
    commit = which.git.commit(sha)
    url = f"{api(github, which)}/git"
    signed = sha in which.signed
    proof: Json = {
        "verified": signed,
        "reason": "valid" if signed else "unsigned",
        "signature": "-----BEGIN PGP SIGNATURE-----" if signed else None,
        "payload": f"tree {commit.tree}" if signed else None,
        "verified_at": stamp(commit.committer.at) if signed else None,
    }
    return {
        "sha": sha,
        "node_id": f"C_{sha}",
        "url": f"{url}/commits/{sha}",
        "html_url": f"{web(github, which)}/commit/{sha}",
        "author": _signature(commit.author),
        "committer": _signature(commit.committer),
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": f"{url}/trees/{commit.tree}"},
        "parents": [
            {"sha": p, "url": f"{url}/commits/{p}", "html_url": f"{web(github, which)}/commit/{p}"}
            for p in commit.parents
        ],
        "verification": proof,
    }


def commit(github: GitHub, which: Repository, sha: str) -> Json:
    """A commit as the repository endpoints show it, with the users its addresses belong to."""
    inner = git_commit(github, which, sha)
    parsed = which.git.commit(sha)
    url = f"{api(github, which)}/commits/{sha}"
    by, through = github.user_of_email(parsed.author.email), _committer(github, parsed)
    return {
        "sha": sha,
        "node_id": inner["node_id"],
        "url": url,
        "html_url": inner["html_url"],
        "comments_url": f"{url}/comments",
        "commit": {
            **{key: inner[key] for key in ("author", "committer", "message", "tree", "verification")},
            "url": inner["url"],
            "comment_count": 0,
        },
        "author": user(github, by) if by else None,
        "committer": user(github, through) if through else None,
        "parents": inner["parents"],
    }


def _committer(github: GitHub, which: CommitObject) -> User | None:
    if which.committer.email == "noreply@github.com":
        return github.web_flow
    return github.user_of_email(which.committer.email)


def _signature(who: Signature) -> Json:
    return {"name": who.name, "email": who.email, "date": stamp(who.at)}


def push(github: GitHub, which: Repository, by: User, name: str, *, before: str, after: str) -> Json:
    """The body of a push event; at most 20 commits, as in GitHub's own."""
    git = which.git
    fresh: tuple[CommitObject, ...] = ()
    is_commit = after != ZEROS and git.kind(after) == "commit"
    if is_commit:
        known = before if before != ZEROS else which.branch(which.default_branch)
        fresh = git.between(known, after)[-20:] if known and known != after else ()
    moved = ZEROS not in (before, after)
    return {
        "ref": name,
        "before": before,
        "after": after,
        "created": before == ZEROS,
        "deleted": after == ZEROS,
        "forced": moved and is_commit and not git.is_ancestor(before, after),
        "base_ref": None,
        "compare": f"{web(github, which)}/compare/{before[:12]}...{after[:12]}",
        "commits": [_pushed(github, which, one) for one in fresh],
        "head_commit": _pushed(github, which, git.commit(after)) if is_commit else None,
        "pusher": {"name": by.login, "email": by.email},
    }


def _pushed(github: GitHub, which: Repository, one: CommitObject) -> Json:
    parent = which.git.commit(one.parents[0]).tree if one.parents else None
    old = which.git.files(parent) if parent else {}
    new = which.git.files(one.tree) if parent != one.tree else old
    return {
        "id": one.sha,
        "tree_id": one.tree,
        "distinct": True,
        "message": one.message,
        "timestamp": stamp(one.committer.at),
        "url": f"{web(github, which)}/commit/{one.sha}",
        "author": _person(github, one.author),
        "committer": _person(github, one.committer),
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "modified": sorted(path for path in new.keys() & old.keys() if new[path] != old[path]),
    }


def _person(github: GitHub, who: Signature) -> Json:
    known = github.user_of_email(who.email)
    return {"name": who.name, "email": who.email, **({"username": known.login} if known else {})}
