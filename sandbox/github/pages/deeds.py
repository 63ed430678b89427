"""What a person can do on a pull request's page, with the role each deed asks of them. The rules are GitHub's own."""

from collections.abc import Mapping

from sandbox.github import merging, pulls, talk
from sandbox.github.access import GRAPHQL, require
from sandbox.github.state import Caller, GitHub, GitHubRefusal, PullRequest, Repository

_NEEDS = {
    "comment": "addComment",
    "approve": "addPullRequestReview",
    "request-changes": "addPullRequestReview",
    "merge": "mergePullRequest",
    "close": "closePullRequest",
    "reopen": "reopenPullRequest",
}


def carry_out(github: GitHub, repository: Repository, pull: PullRequest, form: Mapping[str, str]) -> None:
    """Do what the form says, as the person it names. Raises GitHubRefusal as the API would.

    `head` is the commit the person was looking at: a merge is pinned to it, and a review is of it.
    """
    deed, login, body = form.get("deed", ""), form.get("as", ""), form.get("body", "").replace("\r\n", "\n")
    head = form.get("head", "")
    user = github.users.get(login)
    if deed not in _NEEDS or user is None or user.type != "User":
        raise GitHubRefusal(422, "Say who acts, and what they do.")
    caller = Caller(user=user)
    require(caller, repository, GRAPHQL[_NEEDS[deed]])
    match deed:
        case "comment":
            talk.add_comment(github, repository, caller, pull.number, body)
        case "merge":
            merging.merge_pull_request(github, repository, caller, pull, method="squash", sha=head)
        case "approve" | "request-changes":
            _review(github, repository, caller, pull, approve=deed == "approve", body=body, head=head)
        case _:
            _close_or_reopen(github, repository, caller, pull, close=deed == "close", body=body)


def _review(
    github: GitHub, repository: Repository, caller: Caller, pull: PullRequest, *, approve: bool, body: str, head: str
) -> None:
    if pull.state != "open":
        raise GitHubRefusal(422, "A pull request that is closed is reviewed no more.")
    if repository.git.kind(head) != "commit":
        raise GitHubRefusal(422, "Say which commit was reviewed.")
    if not approve and not body.strip():
        raise GitHubRefusal(422, "Say which changes are requested.")
    event = "APPROVE" if approve else "REQUEST_CHANGES"
    talk.submit_review(github, repository, caller, pull, event=event, body=body, commit_id=head)


def _close_or_reopen(
    github: GitHub, repository: Repository, caller: Caller, pull: PullRequest, *, close: bool, body: str
) -> None:
    """With a text, GitHub's button reads "Close with comment". A reopening that is refused leaves no comment behind."""
    if not close:
        pulls.reopen_pull_request(github, repository, caller.user, pull)
    if body.strip():
        talk.add_comment(github, repository, caller, pull.number, body)
    if close:
        pulls.close_pull_request(github, repository, caller.user, pull)
