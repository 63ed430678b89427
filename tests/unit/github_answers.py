"""Answers of GitHub in the shape of our query, made by hand: all is ours unless a test says otherwise. No I/O."""

from collections.abc import Mapping
from datetime import UTC, datetime

from bot.github.documents import Place as Where
from bot.github.identity import AppIdentity
from bot.github.read import read_place, read_repository
from bot.model import How, Place, PullRequest, Release, Sha
from bot.release_record import Payload, one_line, payload_to_json

US = AppIdentity(app_id=42, bot_id=99, slug="caisson")
WHERE = Where(branch="main", folder="apps/shop/staging", head="caisson/shop/staging", record="shop/staging")
WHOLE = Where(branch="production", folder="", head="caisson/shop/production", record="shop/production")

JSON = dict[str, object]
OUR_BOT: JSON = {"__typename": "Bot", "login": "caisson", "databaseId": 99}
LOOK_ALIKE: JSON = {"__typename": "User", "login": "caisson", "databaseId": 5}
SAME_NUMBER: JSON = {"__typename": "User", "login": "caisson[bot]", "databaseId": 99}
OTHER_BOT: JSON = {"__typename": "Bot", "login": "caisson", "databaseId": 100}
ALICE: JSON = {"__typename": "User", "login": "alice", "databaseId": 1}
MANNEQUIN: JSON = {"__typename": "Mannequin", "login": "old-alice"}
# Who may be taken for us, by the sentence that says it.
PRETENDERS: dict[str, JSON | None] = {
    "a user who holds our login": LOOK_ALIKE,
    "a user with our bot's number": SAME_NUMBER,
    "another bot with our login": OTHER_BOT,
    "a person": ALICE,
    "a mannequin": MANNEQUIN,
    "somebody who is gone": None,
}
AT = "2026-01-05T09:00:00Z"
RELEASE = Release(source=Sha("a" * 40), proposed=datetime(2026, 1, 5, 9, tzinfo=UTC))
PAYLOAD = payload_to_json(Payload(release=RELEASE, how=How.PROMOTED, pull_request=4, note="n"))


def commit(sha: str = "c1", /, **changed: object) -> JSON:
    """A commit of our App, as GitHub signs it."""
    ours: JSON = {
        "oid": sha,
        "message": "Promote",
        "committedDate": AT,
        "author": {"name": "caisson[bot]", "email": US.email, "user": {"login": "caisson"}},
        "signature": {"isValid": True, "wasSignedByGitHub": True},
        "tree": {"oid": "t1"},
        "parents": {"nodes": [{"oid": "p1"}]},
    }
    return ours | changed


def rollup(*runs: JSON, more: bool = False) -> JSON:
    """The contexts of commit c1."""
    return {"commit": {"oid": "c1"}, "contexts": {"pageInfo": {"hasNextPage": more}, "nodes": list(runs)}}


def latest(checked: JSON | None) -> JSON:
    """A pull request's last commit with its checks."""
    return {"nodes": [{"commit": {"statusCheckRollup": checked}}]}


def run(app: int | None = 42, /, **changed: object) -> JSON:
    """A check run of our App, or of another."""
    suite = {"id": f"CS_{app}", "app": {"databaseId": app, "slug": f"app-{app}"} if app else None}
    named: JSON = {"__typename": "CheckRun", "id": "CR_1", "name": "caisson/gates", "status": "COMPLETED"}
    rest: JSON = {"conclusion": "SUCCESS", "externalId": "x", "startedAt": AT, "title": "t", "checkSuite": suite}
    return named | rest | changed


def listed(*nodes: Mapping[str, object] | None, more: bool = False) -> JSON:
    """A connection, with or without further pages."""
    return {"pageInfo": {"hasPreviousPage": more, "hasNextPage": more}, "nodes": list(nodes)}


def reaction(by: int | None, content: str = "ROCKET") -> JSON:
    """What GitHub shows of one reaction."""
    return {"content": content, "user": {"login": "caisson", "databaseId": by} if by else None}


def comment(**changed: object) -> JSON:
    """Our sticky comment."""
    said: JSON = {"id": "IC_1", "databaseId": 11, "body": "status", "createdAt": AT, "lastEditedAt": None}
    return said | {"author": OUR_BOT, "editor": None, "reactions": {"nodes": []}} | changed


def review(**changed: object) -> JSON:
    """Alice's approval of commit c1."""
    said: JSON = {"id": "PRR_1", "databaseId": 12, "state": "APPROVED", "body": "", "createdAt": AT, "submittedAt": AT}
    rest: JSON = {"lastEditedAt": None, "authorCanPushToRepository": True, "author": ALICE, "commit": {"oid": "c1"}}
    return said | rest | {"reactions": {"nodes": []}} | changed


def pull(number: int = 7, /, **changed: object) -> JSON:
    """An open pull request of our App from our branch."""
    opened: JSON = {
        "id": f"PR_{number}",
        "number": number,
        "title": "Promote",
        "body": "",
        "isDraft": False,
        "isCrossRepository": False,
        "createdAt": AT,
        "author": OUR_BOT,
        "headRefName": WHERE.head,
        "headRefOid": "c1",
        "baseRefName": "main",
        "mergeable": "MERGEABLE",
        "mergeStateStatus": "CLEAN",
        "reviewDecision": None,
        "isMergeQueueEnabled": False,
        "mergeQueue": None,
        "mergeQueueEntry": None,
        "changedFiles": 1,
        "files": {"nodes": [{"path": "apps/shop/staging/kustomization.yaml"}]},
        "labels": {"nodes": [{"name": "hold"}]},
        "queueing": listed(),
        "labelling": listed(),
        "invited": listed(),
        "comments": listed(),
        "reviews": listed(),
        "commits": {"totalCount": 1, "nodes": [{"commit": commit()}]},
        "latest": latest(None),
    }
    return opened | changed


def merged(number: int = 3, /, **changed: object) -> JSON:
    """A merged pull request of our App from our branch."""
    entries = [blob()]
    done: JSON = {
        "number": number,
        "title": "Promote",
        "isCrossRepository": False,
        "createdAt": AT,
        "headRefName": WHERE.head,
        "headRefOid": "c1",
        "baseRefName": "main",
        "mergedAt": AT,
        "author": OUR_BOT,
        "mergedBy": OUR_BOT,
        "queued": listed(),
        "mergeCommit": commit("m1", statusCheckRollup=None) | {"folder": {"oid": "f1", "object": {"entries": entries}}},
        "commits": {"nodes": [{"commit": commit()}]},
    }
    return done | changed


def status(state: str = "SUCCESS", at: str = AT, by: JSON | None = OUR_BOT) -> JSON:
    """A status of a deployment."""
    return {"state": state, "description": state.lower(), "createdAt": at, "creator": by}


def deployment(number: int = 1, /, **changed: object) -> JSON:
    """One of our records."""
    made: JSON = {
        "id": f"DE_{number}",
        "databaseId": number,
        "commitOid": "m1",
        "commit": {"tree": {"oid": "t-m1"}},
        "task": "deploy",
        "payload": one_line(PAYLOAD),
        "createdAt": AT,
        "environment": WHERE.record,
        "originalEnvironment": WHERE.record,
        "creator": OUR_BOT,
        "statuses": listed(),
    }
    return made | changed


def entry(name: str = "kustomization.yaml", /, **changed: object) -> JSON:
    """A file in a tree; `changed` goes into its blob."""
    blob: JSON = {"oid": "b1", "byteSize": 3, "isBinary": False, "isTruncated": False, "text": "a\n"}
    return {"name": name, "path": name, "type": "blob", "mode": 0o100644, "oid": "b1", "object": blob | changed}


def folder(name: str, /, *entries: JSON) -> JSON:
    """A folder in a tree, with what was read below it."""
    return {
        "name": name,
        "path": name,
        "type": "tree",
        "mode": 0o040000,
        "oid": "t1",
        "object": {"entries": list(entries)},
    }


def blob(name: str = "kustomization.yaml", oid: str = "b1") -> JSON:
    """What is asked of a tree's entry where only its content's id matters."""
    return {"name": name, "oid": oid, "object": {}}


def answer(**changed: object) -> dict[str, JSON]:
    """The repository with one environment, of which nothing is there but its base branch."""
    target: JSON = {"oid": "d1", "file": None, "configured": {"nodes": []}}
    base_target: JSON = {
        "oid": "d1",
        "committedDate": AT,
        "tree": {"oid": "t0"},
        "history": {"nodes": [{"oid": "d1"}, {"oid": "d0"}]},
        "touched": {"nodes": [{"oid": "d0"}]},
        "reverts": {"nodes": []},
    }
    repository: JSON = {
        "id": "R_7",
        "databaseId": 7,
        "nameWithOwner": "org/shop",
        "isArchived": False,
        "defaultBranchRef": {"name": "main", "target": target},
        "base0": {"name": "main", "target": base_target},
        "files0": {"__typename": "Tree", "oid": "f0", "entries": [entry()]},
        "head0": None,
        "merged0": {"nodes": []},
        "closed0": {"nodes": []},
        "talk0": {"nodes": []},
        "hasIssuesEnabled": True,
        "boards": listed(),
        "freezes": listed(),
        "created": listed(),
        "issues": listed(),
        "pulls": listed(),
        "deployments0": listed(),
    }
    return {"repository": repository | changed}


def head(*pulls: JSON, **changed: object) -> JSON:
    """Our branch, and the pull requests opened from it."""
    folder = {"oid": "f1", "object": {"entries": [blob()]}}
    target = commit(**changed) | {"folder": folder}
    return {
        "name": WHERE.head,
        "target": target,
        "associatedPullRequests": {"nodes": list(pulls)},
        "grouped": {"nodes": []},
    }


def place(where: Where = WHERE, **changed: object) -> Place:
    """The environment as read from such an answer."""
    data = answer(**changed)
    return read_place(data, 0, where, identity=US, repository=read_repository(data, identity=US))


def the_pull(**changed: object) -> PullRequest:
    """Our one open pull request as read."""
    found = place(head0=head(pull(**changed))).pull
    if found is None:
        raise AssertionError("the pull request was not taken for ours")
    return found
