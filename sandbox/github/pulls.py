"""Pull requests: opening, editing, closing, and following their branches. Merging is in `merging`."""

from typing import Literal

from sandbox.github import events, resources
from sandbox.github.git import RefChange
from sandbox.github.state import Caller, GitHub, GitHubRefusal, PullRequest, Repository, TimelineEvent, User


def find(repository: Repository, number: int) -> PullRequest:
    found = repository.issues.get(number)
    if not isinstance(found, PullRequest):
        raise GitHubRefusal(404, "Not Found")
    return found


def create_pull_request(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    *,
    title: str,
    head: str,
    base: str,
    body: str = "",
    draft: bool = False,
) -> PullRequest:
    """`head` is a branch, or `owner:branch` of this repository or a fork of the same name."""
    head_repo, head_ref, head_sha, base_sha = _ends(github, repository, head, base)
    for other in repository.pulls:
        if (
            other.state == "open"
            and other.head_repo is head_repo
            and (other.head_ref, other.base_ref)
            == (
                head_ref,
                base,
            )
        ):
            label = f"{head_repo.owner.login}:{head_ref}"
            raise invalid(f"A pull request already exists for {label}.")
    number = max(repository.issues, default=0) + 1
    if head_repo is not repository:
        repository.git.fetch(head_repo.git, f"refs/heads/{head_ref}", f"refs/pull/{number}/head")
    if repository.git.is_ancestor(head_sha, base_sha):
        raise invalid(f"No commits between {base} and {head}")
    identity, node_id = github.identity("PR")
    now = github.now()
    pull = PullRequest(
        id=identity,
        node_id=node_id,
        number=number,
        title=title,
        body=body,
        author=caller.user,
        via=caller.app,
        created=now,
        updated=now,
        head_ref=head_ref,
        head_repo=head_repo,
        head_sha=head_sha,
        base_ref=base,
        base_sha=base_sha,
        draft=draft,
    )
    repository.issues[number] = pull
    github.register(node_id, pull, repository)
    tell(github, repository, pull, caller.user, "opened")
    return pull


def _ends(github: GitHub, repository: Repository, head: str, base: str) -> tuple[Repository, str, str, str]:
    owner, colon, head_ref = head.rpartition(":")
    named = github.repository(f"{owner}/{repository.name}") if colon else repository
    head_sha = named.branch(head_ref) if named else None
    base_sha = repository.branch(base)
    if base_sha is None:
        raise _invalid_field("base")
    if named is None or head_sha is None:
        raise _invalid_field("head")
    return named, head_ref, head_sha, base_sha


def invalid(message: str) -> GitHubRefusal:
    error: dict[str, str] = {"resource": "PullRequest", "code": "custom", "message": message}
    return GitHubRefusal(422, "Validation Failed", (error,))


def _invalid_field(field: str) -> GitHubRefusal:
    error: dict[str, str] = {"resource": "PullRequest", "field": field, "code": "invalid"}
    return GitHubRefusal(422, "Validation Failed", (error,))


def edit_pull_request(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    pull: PullRequest,
    *,
    title: str | None = None,
    body: str | None = None,
    state: Literal["open", "closed"] | None = None,
    base: str | None = None,
) -> None:
    """What PATCH changes. Absent (None) stays as it is."""
    changes: dict[str, object] = {}
    if base is not None and base != pull.base_ref:
        tip = repository.branch(base)
        if tip is None:
            raise _invalid_field("base")
        changes["base"] = {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}
        pull.base_ref, pull.base_sha = base, tip
    if title is not None and title != pull.title:
        changes["title"] = {"from": pull.title}
        pull.title = title
    if body is not None and body != pull.body:
        changes["body"] = {"from": pull.body}
        pull.body, pull.edited_at, pull.editor = body, github.now(), caller.user
    if changes:
        pull.updated = github.now()
        tell(github, repository, pull, caller.user, "edited", changes=changes)
    if state == "closed":
        close_pull_request(github, repository, caller.user, pull)
    elif state == "open":
        reopen_pull_request(github, repository, caller.user, pull)


def set_draft(github: GitHub, repository: Repository, caller: Caller, pull: PullRequest, *, draft: bool) -> None:
    """Convert to draft, or mark as ready for review."""
    if pull.draft != draft:
        pull.draft, pull.updated = draft, github.now()
        tell(github, repository, pull, caller.user, "converted_to_draft" if draft else "ready_for_review")


def close_pull_request(github: GitHub, repository: Repository, by: User, pull: PullRequest) -> None:
    if pull.state != "open":
        return
    pull.state, pull.closed_by = "closed", by
    pull.closed_at = pull.updated = github.now()
    note(github, repository, pull, by, "closed")
    tell(github, repository, pull, by, "closed")


def reopen_pull_request(github: GitHub, repository: Repository, by: User, pull: PullRequest) -> None:
    """Refused where a branch is gone, or where another pull request has taken its place."""
    if pull.state == "open":
        return
    if pull.state == "merged":
        raise invalid("state cannot be changed. The pull request is already merged.")
    tip, base = pull.head_repo.branch(pull.head_ref), repository.branch(pull.base_ref)
    if tip is None or base is None:
        gone = pull.head_ref if tip is None else pull.base_ref
        raise invalid(f"state cannot be changed. The {gone} branch has been deleted.")
    for other in repository.pulls:
        if other.state == "open" and (other.head_ref, other.base_ref) == (pull.head_ref, pull.base_ref):
            raise invalid(f"state cannot be changed. There is already an open pull request from {pull.head_ref}.")
    pull.state, pull.closed_at, pull.closed_by = "open", None, None
    pull.head_sha, pull.base_sha, pull.updated = tip, base, github.now()
    note(github, repository, pull, by, "reopened")
    tell(github, repository, pull, by, "reopened")


def mark_merged(github: GitHub, repository: Repository, by: User, pull: PullRequest, sha: str) -> None:
    """The pull request's own part of a merge; the base branch has moved already."""
    pull.state, pull.merge_commit_sha = "merged", sha
    pull.merged_by = pull.closed_by = by
    pull.merged_at = pull.closed_at = pull.updated = github.now()
    note(github, repository, pull, by, "merged")
    note(github, repository, pull, by, "closed")
    tell(github, repository, pull, by, "closed")


def note(github: GitHub, repository: Repository, pull: PullRequest, by: User, kind: str) -> None:
    """Put a closing, reopening, merging or the branch's deletion on the pull request's timeline."""
    _, node_id = github.identity({"closed": "CE", "reopened": "REE", "merged": "ME", "head_ref_deleted": "HRDE"}[kind])
    pull.timeline.append(TimelineEvent(node_id=node_id, kind=kind, actor=by, created=github.now()))
    github.register(node_id, pull.timeline[-1], repository)


def tell(github: GitHub, repository: Repository, pull: PullRequest, by: User, action: str, **extra: object) -> None:
    payload = {"number": pull.number, "pull_request": resources.pull_request(github, repository, pull), **extra}
    events.emit(github, repository, "pull_request", by, payload, action=action)


# --- following branches -----------------------------------------------------------------------------------------------


def follow(github: GitHub, repository: Repository, by: User, change: RefChange) -> None:
    """A branch of `repository` moved (or went): what GitHub then does with the pull requests that name it."""
    branch = change.ref.removeprefix("refs/heads/")
    gone = not change.after.strip("0")
    for home in list(github.repositories.values()):
        for pull in home.pulls:
            if pull.state != "open":
                continue
            is_head = pull.head_repo is repository and pull.head_ref == branch
            is_base = home is repository and pull.base_ref == branch
            if gone and (is_head or is_base):
                close_pull_request(github, home, by, pull)
                if is_head:
                    note(github, home, pull, by, "head_ref_deleted")
            elif is_head:
                _head_moved(github, home, by, pull, change.after)
            elif is_base:
                _base_moved(github, home, by, pull, change.after)


def _head_moved(github: GitHub, repository: Repository, by: User, pull: PullRequest, after: str) -> None:
    before, pull.head_sha, pull.updated = pull.head_sha, after, github.now()
    if pull.head_repo is not repository:
        repository.git.fetch(pull.head_repo.git, f"refs/heads/{pull.head_ref}", f"refs/pull/{pull.number}/head")
    rules = repository.protection.get(pull.base_ref)
    tell(github, repository, pull, by, "synchronize", before=before, after=after)
    if rules and rules.dismiss_stale_reviews:
        for review in pull.reviews:
            if review.state == "APPROVED":
                review.state = "DISMISSED"
                shown = resources.review(github, repository, review)
                tell_review(github, repository, pull, by, "dismissed", review=shown)
    if repository.git.is_ancestor(after, pull.base_sha):  # a head without commits of its own closes its pull request
        close_pull_request(github, repository, by, pull)


def _base_moved(github: GitHub, repository: Repository, by: User, pull: PullRequest, after: str) -> None:
    pull.base_sha = after
    if repository.git.is_ancestor(pull.head_sha, after):  # merged with git itself: GitHub notices
        mark_merged(github, repository, by, pull, after)


def tell_review(
    github: GitHub, repository: Repository, pull: PullRequest, by: User, action: str, *, review: dict[str, object]
) -> None:
    payload = {"review": review, "pull_request": resources.pull_request(github, repository, pull)}
    events.emit(github, repository, "pull_request_review", by, payload, action=action)
