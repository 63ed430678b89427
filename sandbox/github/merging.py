"""Merging: pull requests, and branches without one. Merges are git's; their commits are signed by GitHub."""

from typing import Literal

from sandbox.github import pulls, refs
from sandbox.github.git import RefChange, Signature
from sandbox.github.mergeability import mergeable, rule_against
from sandbox.github.state import ZEROS, Caller, GitHub, GitHubRefusal, PullRequest, Repository

Method = Literal["merge", "squash"]


def merge_pull_request(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    pull: PullRequest,
    *,
    method: str = "merge",
    sha: str | None = None,
    title: str | None = None,
    message: str | None = None,
) -> str:
    """Merge, and return the new commit on the base branch. `sha` pins the head; nothing pins the base."""
    _refuse(github, repository, pull, method, sha)
    _keep_rules(repository, caller, pull)
    tree = repository.git.merge_trees(pull.base_sha, pull.head_sha)
    if tree is None:
        raise GitHubRefusal(405, "Pull Request is not mergeable")
    refs.guard_workflows(repository, caller, tree)
    merged = _write(github, repository, caller, pull, tree=tree, squash=method == "squash", title=title, body=message)
    repository.signed.add(merged)
    before = pull.base_sha
    # Marked first: the base's move would otherwise be taken for a merge made with git.
    pulls.mark_merged(github, repository, caller.user, pull, merged)
    refs.move(github, repository, caller.user, [RefChange(f"refs/heads/{pull.base_ref}", merged, before)])
    head = pull.head_repo.branch(pull.head_ref)
    if repository.delete_branch_on_merge and pull.head_repo is repository and head is not None:
        refs.move(github, repository, caller.user, [RefChange(f"refs/heads/{pull.head_ref}", ZEROS, head)])
    return merged


def _refuse(github: GitHub, repository: Repository, pull: PullRequest, method: str, sha: str | None) -> None:
    if pull.state != "open":
        raise GitHubRefusal(405, "Pull Request is not mergeable")
    if pull.draft:
        raise GitHubRefusal(405, "Pull Request is still a draft")
    if sha is not None and sha != pull.head_sha:
        raise GitHubRefusal(409, "Head branch was modified. Review and try the merge again.")
    if method not in repository.merge_methods:
        names = {"merge": "Merge commits are", "squash": "Squash merges are", "rebase": "Rebase merges are"}
        raise GitHubRefusal(405, f"{names.get(method, method)} not allowed on this repository.")
    mergeable(github, repository, pull)
    if not pull.mergeable:
        raise GitHubRefusal(405, "Pull Request is not mergeable")


def _keep_rules(repository: Repository, caller: Caller, pull: PullRequest) -> None:
    """The branch's own rules, but for whoever may bypass them."""
    rules = repository.protection.get(pull.base_ref)
    if rules is not None and caller.user.login in rules.bypass:
        return
    if pull.base_ref in repository.queues:
        raise GitHubRefusal(405, "Repository rule violations found\n\nChanges must be made through the merge queue")
    if rule := rule_against(repository, pull):
        raise GitHubRefusal(405, f"Repository rule violations found\n\n{rule}" if rules and rules.ruleset else rule)


def _write(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    pull: PullRequest,
    *,
    tree: str,
    squash: bool,
    title: str | None,
    body: str | None,
) -> str:
    """A merge is authored by who merges; a squash by the pull request's author. The committer is GitHub."""
    if squash:
        head = title or f"{pull.title} (#{pull.number})"
        commits = repository.git.between(pull.base_sha, pull.head_sha)
        rest = "\n\n".join(f"* {commit.message}" for commit in commits) if body is None else body
        author, parents = pull.author, [pull.base_sha]
    else:
        head = title or f"Merge pull request #{pull.number} from {pull.head_repo.owner.login}/{pull.head_ref}"
        rest = pull.title if body is None else body
        author, parents = caller.user, [pull.base_sha, pull.head_sha]
    text = f"{head}\n\n{rest}" if rest else head
    return repository.git.write_commit(
        tree, parents, text, author=refs.signature(github, author), committer=refs.signature(github, None)
    )


def merge_branch(
    github: GitHub, repository: Repository, caller: Caller, *, base: str, head: str, message: str | None = None
) -> str | None:
    """POST merges: the new commit on `base`, or None where it holds `head` already."""
    tip = repository.branch(base)
    other = repository.git.resolve(head)
    if tip is None or other is None:
        raise GitHubRefusal(404, "Base does not exist" if tip is None else "Head does not exist")
    if repository.git.is_ancestor(other, tip):
        return None
    if base in repository.protection:
        raise GitHubRefusal(422, "Reference update failed")
    tree = repository.git.merge_trees(tip, other)
    if tree is None:
        raise GitHubRefusal(409, "Merge conflict")
    refs.guard_workflows(repository, caller, tree)
    by = caller.user
    committer: Signature = refs.signature(github, None)
    text = message or f"Merge {head} into {base}"
    author = refs.signature(github, by)
    sha = repository.git.write_commit(tree, [tip, other], text, author=author, committer=committer)
    repository.signed.add(sha)
    refs.move(github, repository, by, [RefChange(f"refs/heads/{base}", sha, tip)])
    return sha
