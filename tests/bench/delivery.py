"""One GitHub delivery of a push, as large as a common one, to be sent over and over under fresh ids. No I/O."""

import hashlib
import hmac
import json

SECRET = b"the benchmark's own webhook secret"
# The size of a push to a small repository as GitHub sends it: most of it is the repository's addresses.
SIZE = 7678
_WHERE = "https://api.github.com/repos/acme/deploy"
_ADDRESSES = (
    "forks",
    "keys",
    "collaborators",
    "teams",
    "hooks",
    "issue_events",
    "events",
    "assignees",
    "branches",
    "tags",
    "blobs",
    "git_tags",
    "git_refs",
    "trees",
    "statuses",
    "languages",
    "stargazers",
    "contributors",
    "subscribers",
    "subscription",
    "commits",
    "git_commits",
    "comments",
    "issue_comment",
    "contents",
    "compare",
    "merges",
    "archive",
    "downloads",
    "issues",
    "pulls",
    "milestones",
    "notifications",
    "labels",
    "releases",
    "deployments",
)


def push(size: int = SIZE) -> bytes:
    """The body, exactly `size` bytes: the commit's message is as long as that takes."""
    rest = len(_encoded(_payload("")))
    return _encoded(_payload("x" * (size - rest)))


def head(body: bytes, host: str) -> tuple[bytes, bytes]:
    """The request's head before and after the delivery's id. The signature is the body's, so it serves them all."""
    signature = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    before = (
        f"POST /webhooks/github HTTP/1.1\r\nHost: {host}\r\nUser-Agent: GitHub-Hookshot/bench\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nX-GitHub-Event: push\r\n"
        f"X-GitHub-Hook-ID: 1\r\nX-Hub-Signature-256: sha256={signature}\r\nX-GitHub-Delivery: "
    )
    return before.encode(), b"\r\n\r\n"


def _payload(message: str) -> dict[str, object]:
    person = {"name": "Alice", "email": "alice@example.com", "username": "alice"}
    sha = "5f2a" * 10
    commit: dict[str, object] = {
        "id": sha,
        "tree_id": "0c1d" * 10,
        "distinct": True,
        "message": message,
        "timestamp": "2026-11-23T12:00:00Z",
        "url": f"https://github.com/acme/deploy/commit/{sha}",
        "author": person,
        "committer": person,
        "added": [],
        "removed": [],
        "modified": ["applications/web-app/development/kustomization.yaml"],
    }
    owner = {
        "login": "acme",
        "id": 7,
        "type": "Organization",
        "site_admin": False,
        "url": "https://api.github.com/users/acme",
    }
    repository = {
        "id": 42,
        "name": "deploy",
        "full_name": "acme/deploy",
        "private": True,
        "owner": owner,
        **{f"{name}_url": f"{_WHERE}/{name}{{/{name}}}" for name in _ADDRESSES},
        "default_branch": "main",
    }
    return {
        "ref": "refs/heads/main",
        "before": "77ab" * 10,
        "after": sha,
        "repository": repository,
        "pusher": person,
        "organization": owner,
        "sender": owner,
        "installation": {"id": 3, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uMw=="},
        "created": False,
        "deleted": False,
        "forced": False,
        "commits": [commit],
        "head_commit": {**commit, "message": ""},
    }


def _encoded(payload: dict[str, object]) -> bytes:
    return json.dumps(payload, separators=(",", ":")).encode()
