"""Whether a caller may: the permissions of app.yml for Apps, roles for people. No I/O.

https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.github.state import ROLES, Caller, GitHubRefusal, Repository, Role

LEVELS = ("none", "read", "write", "admin")
_NOT_ACCESSIBLE = "Resource not accessible by integration"


@dataclass(frozen=True, slots=True)
class Need:
    """What an operation asks: an App's permission at a level, and of a person a role in the repository."""

    permission: str
    level: str
    role: Role


READ = Need("metadata", "read", "read")

# GraphQL's fields, by mutation or by field of a type. REST states its needs beside each operation.
GRAPHQL: Mapping[str, Need] = {
    "createRef": Need("contents", "write", "write"),
    "updateRef": Need("contents", "write", "write"),
    "updateRefs": Need("contents", "write", "write"),
    "deleteRef": Need("contents", "write", "write"),
    "createCommitOnBranch": Need("contents", "write", "write"),
    "mergeBranch": Need("contents", "write", "write"),
    "mergePullRequest": Need("contents", "write", "write"),
    "createPullRequest": Need("pull_requests", "write", "write"),
    "updatePullRequest": Need("pull_requests", "write", "write"),
    "closePullRequest": Need("pull_requests", "write", "write"),
    "reopenPullRequest": Need("pull_requests", "write", "write"),
    "convertPullRequestToDraft": Need("pull_requests", "write", "write"),
    "markPullRequestReadyForReview": Need("pull_requests", "write", "write"),
    "addPullRequestReview": Need("pull_requests", "write", "read"),
    "dismissPullRequestReview": Need("pull_requests", "write", "write"),
    "addComment": Need("issues", "write", "read"),
    "updateIssueComment": Need("issues", "write", "read"),
    "deleteIssueComment": Need("issues", "write", "read"),
    "addReaction": Need("issues", "write", "read"),
    "removeReaction": Need("issues", "write", "read"),
    "addLabelsToLabelable": Need("issues", "write", "triage"),
    "removeLabelsFromLabelable": Need("issues", "write", "triage"),
    "createLabel": Need("issues", "write", "write"),
    "createIssue": Need("issues", "write", "read"),
    "updateIssue": Need("issues", "write", "triage"),
    "closeIssue": Need("issues", "write", "triage"),
    "reopenIssue": Need("issues", "write", "triage"),
    "enqueuePullRequest": Need("contents", "write", "write"),
    "dequeuePullRequest": Need("contents", "write", "write"),
    "createCheckRun": Need("checks", "write", "write"),
    "updateCheckRun": Need("checks", "write", "write"),
    "createDeployment": Need("deployments", "write", "write"),
    "createDeploymentStatus": Need("deployments", "write", "write"),
    "Repository.ref": Need("contents", "read", "read"),
    "Repository.refs": Need("contents", "read", "read"),
    "Repository.object": Need("contents", "read", "read"),
    "Repository.defaultBranchRef": Need("contents", "read", "read"),
    "Repository.pullRequest": Need("pull_requests", "read", "read"),
    "Repository.pullRequests": Need("pull_requests", "read", "read"),
    "Ref.associatedPullRequests": Need("pull_requests", "read", "read"),
    "Repository.issue": Need("issues", "read", "read"),
    "Repository.issues": Need("issues", "read", "read"),
    "Repository.deployments": Need("deployments", "read", "read"),
    "PullRequest.mergeQueue": Need("merge_queues", "read", "read"),
    "PullRequest.mergeQueueEntry": Need("merge_queues", "read", "read"),
    "Commit.statusCheckRollup": Need("checks", "read", "read"),
    "Commit.checkSuites": Need("checks", "read", "read"),
}


def accessible(caller: Caller, repository: Repository) -> bool:
    """Whether the caller's grant covers the repository at all (an App by JWT covers none)."""
    if caller.app is None:
        return repository.role(caller.user.login) != "none"
    token = caller.token
    if token is None or repository.id not in token.installation.repository_ids:
        return False
    return token.repository_ids is None or repository.id in token.repository_ids


def require(caller: Caller, repository: Repository, need: Need) -> None:
    """Raise as GitHub does unless the caller may: 404 where it must not even know, else 403."""
    writes = need.level != "read"
    if not accessible(caller, repository) and (repository.private or not writes):
        if repository.private:
            raise GitHubRefusal(404, "Not Found")
        return
    if caller.app is None:
        if ROLES.index(repository.role(caller.user.login)) < ROLES.index(need.role):
            raise GitHubRefusal(403, "Must have admin rights to Repository.")
    else:
        granted = caller.token.permissions.get(need.permission, "none") if caller.token else "none"
        outside = not accessible(caller, repository)
        if outside or LEVELS.index(granted) < LEVELS.index(need.level):
            raise GitHubRefusal(403, _NOT_ACCESSIBLE)
    if writes and repository.archived:
        raise GitHubRefusal(403, "Repository was archived so is read-only.")
