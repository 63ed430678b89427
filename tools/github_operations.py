"""What the sandbox models of GitHub: the one list of REST operations and of GraphQL documents. No I/O."""

from bot.github.documents import (
    BRANCH_RULES,
    CONFIG_HISTORY,
    CONFIG_REVISIONS,
    RECORDS_AFTER,
    Mutation,
    Place,
    brought_query,
    folders_query,
    merged_query,
    mutation_document,
    open_pulls_query,
    repository_query,
)

OPERATIONS = frozenset(
    {
        "GET /app",
        "GET /app/hook/deliveries",
        "POST /app/hook/deliveries/{delivery_id}/attempts",
        "GET /app/installations",
        "POST /app/installations/{installation_id}/access_tokens",
        "GET /installation/repositories",
        "GET /users/{username}",
        "GET /orgs/{org}/teams/{team_slug}/memberships/{username}",
        "GET /repos/{owner}/{repo}",
        "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
        "GET /repos/{owner}/{repo}/compare/{basehead}",
        "POST /repos/{owner}/{repo}/check-runs",
        "PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}",
        "POST /repos/{owner}/{repo}/deployments",
        "POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
        "POST /repos/{owner}/{repo}/git/blobs",
        "POST /repos/{owner}/{repo}/git/commits",
        "GET /repos/{owner}/{repo}/git/commits/{commit_sha}",
        "POST /repos/{owner}/{repo}/git/refs",
        "PATCH /repos/{owner}/{repo}/git/refs/{ref}",
        "DELETE /repos/{owner}/{repo}/git/refs/{ref}",
        "POST /repos/{owner}/{repo}/git/trees",
        "GET /repos/{owner}/{repo}/git/trees/{tree_sha}",
        "POST /repos/{owner}/{repo}/issues",
        "POST /repos/{owner}/{repo}/issues/{issue_number}/assignees",
        "POST /repos/{owner}/{repo}/issues/{issue_number}/comments",
        "PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}",
        "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
        "POST /repos/{owner}/{repo}/issues/{issue_number}/labels",
        "DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}",
        "GET /repos/{owner}/{repo}/rules/branches/{branch}",
        "POST /repos/{owner}/{repo}/merges",
        "POST /repos/{owner}/{repo}/pulls",
        "GET /repos/{owner}/{repo}/pulls/{pull_number}",
        "GET /repos/{owner}/{repo}/pulls/{pull_number}/files",
        "PATCH /repos/{owner}/{repo}/pulls/{pull_number}",
        "PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge",
        "POST /repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers",
        "POST /repos/{owner}/{repo}/pulls/{pull_number}/reviews",
    }
)

# Mutation → what may be selected of its answer, besides `clientMutationId`.
_PAYLOADS = {
    "updateRefs": "",
    "createPullRequest": "pullRequest { id number }",
    "updatePullRequest": "pullRequest { id number }",
    "closePullRequest": "pullRequest { id number }",
    "enqueuePullRequest": "mergeQueueEntry { position }",
    "dequeuePullRequest": "",
    "createCheckRun": "checkRun { id }",
    "updateCheckRun": "checkRun { id }",
    "createDeploymentStatus": "deploymentStatus { id }",
    "updateIssue": "issue { id number }",
    "addComment": "commentEdge { node { id databaseId } }",
    "updateIssueComment": "issueComment { id databaseId }",
    "addReaction": "reaction { content }",
    "removeReaction": "reaction { content }",
    "addLabelsToLabelable": "",
    "removeLabelsFromLabelable": "",
}


def documents() -> tuple[str, ...]:
    """Every document the bot sends, in all the shapes that differ."""
    # A whole tree is read otherwise than a folder.
    places = [Place(branch="b", folder=folder, head="h", record="r", owners=True) for folder in ("f", "", "g")]
    mutations = [
        Mutation(field, f"{field[0].upper()}{field[1:]}Input", {}, f"clientMutationId {payload}")
        for field, payload in _PAYLOADS.items()
    ]
    reads = [repository_query(places[:count])[0] for count in (0, 1, 2, 3)]
    whole, keyed = repository_query(places[1:2])[0], repository_query([], ["k", "l"])[0]
    listed = repository_query(places[:1], folders=["f", ""], into=["main", "production"])[0]
    pulls = (listed, open_pulls_query(), brought_query([1])[0], brought_query([1, 2])[0], merged_query(places)[0])
    talk = repository_query(places[:1], us="u")[0]
    known = (CONFIG_HISTORY, CONFIG_REVISIONS, BRANCH_RULES, RECORDS_AFTER)
    folders = folders_query([("c", "a/b"), ("c", "")])[0]
    return (*reads, whole, keyed, *pulls, talk, folders, *known, mutation_document(mutations)[0])
