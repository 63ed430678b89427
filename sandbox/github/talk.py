"""What people and bots say: issues, comments, reactions, labels and reviews."""

from typing import Literal

from sandbox.github import events, resources
from sandbox.github.mergeability import can_push
from sandbox.github.pulls import tell_review
from sandbox.github.state import (
    Caller,
    Comment,
    GitHub,
    GitHubRefusal,
    Issue,
    Label,
    PullRequest,
    Reaction,
    Repository,
    Review,
    TimelineEvent,
)

CONTENTS = ("+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes")
ReviewEvent = Literal["APPROVE", "REQUEST_CHANGES", "COMMENT"]


def find_issue(repository: Repository, number: int) -> Issue:
    """The issue or pull request of that number."""
    if number not in repository.issues:
        raise GitHubRefusal(404, "Not Found")
    return repository.issues[number]


def find_comment(repository: Repository, identity: int) -> Comment:
    for issue in repository.issues.values():
        for comment in issue.comments:
            if comment.id == identity:
                return comment
    raise GitHubRefusal(404, "Not Found")


def create_issue(
    github: GitHub, repository: Repository, caller: Caller, *, title: str, body: str = "", labels: tuple[str, ...] = ()
) -> Issue:
    if not repository.has_issues:
        raise GitHubRefusal(410, "Issues has been disabled in this repository.")
    identity, node_id = github.identity("I")
    now = github.now()
    issue = Issue(
        id=identity,
        node_id=node_id,
        number=max(repository.issues, default=0) + 1,
        title=title,
        body=body,
        author=caller.user,
        via=caller.app,
        created=now,
        updated=now,
    )
    repository.issues[issue.number] = issue
    github.register(node_id, issue, repository)
    _tell_issue(github, repository, caller, issue, "opened")
    add_labels(github, repository, caller, issue, *labels)
    return issue


def edit_issue(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    issue: Issue,
    *,
    title: str | None = None,
    body: str | None = None,
    state: Literal["open", "closed"] | None = None,
) -> None:
    """Edit, close or reopen an issue (pull requests: `pulls.edit_pull_request`). None leaves as it is."""
    changes: dict[str, object] = {}
    if title is not None and title != issue.title:
        _, event = github.identity("RTE")
        issue.timeline.append(
            TimelineEvent(node_id=event, kind="renamed", actor=caller.user, created=github.now(), previous=issue.title)
        )
        changes["title"], issue.title = {"from": issue.title}, title
    if body is not None and body != issue.body:
        changes["body"], issue.body = {"from": issue.body}, body
        issue.edited_at, issue.editor = github.now(), caller.user
    issue.updated = github.now()
    if changes:
        _tell_issue(github, repository, caller, issue, "edited", changes=changes)
    if state is not None and state != issue.state:
        closing = state == "closed"
        issue.state = state
        issue.closed_at, issue.closed_by = (github.now(), caller.user) if closing else (None, None)
        kind = "closed" if closing else "reopened"
        _, node_id = github.identity("CE" if closing else "REE")
        issue.timeline.append(TimelineEvent(node_id=node_id, kind=kind, actor=caller.user, created=github.now()))
        _tell_issue(github, repository, caller, issue, kind)


def _tell_issue(
    github: GitHub, repository: Repository, caller: Caller, issue: Issue, action: str, **extra: object
) -> None:
    """Issues and pull requests share labels, but not the event that tells of them."""
    if isinstance(issue, PullRequest):
        shown = {"number": issue.number, "pull_request": resources.pull_request(github, repository, issue)}
        events.emit(github, repository, "pull_request", caller.user, shown | extra, action=action)
    else:
        body = {"issue": resources.issue(github, repository, issue)} | extra
        events.emit(github, repository, "issues", caller.user, body, action=action)


# --- comments and reactions -------------------------------------------------------------------------------------------


def add_comment(github: GitHub, repository: Repository, caller: Caller, number: int, body: str) -> Comment:
    issue = find_issue(repository, number)
    if not body.strip():
        missing: dict[str, str] = {"resource": "IssueComment", "code": "missing_field", "field": "body"}
        raise GitHubRefusal(422, "Validation Failed", (missing,))
    identity, node_id = github.identity("IC")
    now = github.now()
    comment = Comment(
        id=identity,
        node_id=node_id,
        number=number,
        body=body,
        author=caller.user,
        via=caller.app,
        created=now,
        updated=now,
    )
    issue.comments.append(comment)
    issue.updated = now
    github.register(node_id, comment, repository)
    _tell_comment(github, repository, caller, comment, "created")
    return comment


def edit_comment(github: GitHub, repository: Repository, caller: Caller, comment: Comment, body: str) -> None:
    """By its author, or by anybody with write; `editor` says who, and everyone can see that it was edited."""
    if comment.author is not caller.user and not can_push(repository, caller.user.login):
        raise GitHubRefusal(403, "Must have admin rights to Repository.")
    changes = {"body": {"from": comment.body}}
    comment.body, comment.editor = body, caller.user
    comment.edited_at = comment.updated = github.now()
    _tell_comment(github, repository, caller, comment, "edited", changes=changes)


def delete_comment(github: GitHub, repository: Repository, caller: Caller, comment: Comment) -> None:
    find_issue(repository, comment.number).comments.remove(comment)
    github.nodes.pop(comment.node_id)
    _tell_comment(github, repository, caller, comment, "deleted")


def _tell_comment(
    github: GitHub, repository: Repository, caller: Caller, comment: Comment, action: str, **extra: object
) -> None:
    issue = find_issue(repository, comment.number)
    payload = {
        "issue": resources.issue(github, repository, issue),
        "comment": resources.comment(github, repository, comment),
    }
    events.emit(github, repository, "issue_comment", caller.user, payload | extra, action=action)


def add_reaction(
    github: GitHub, repository: Repository, caller: Caller, subject: Comment | Review, content: str
) -> tuple[Reaction, bool]:
    """The caller's reaction, and whether it is new: the same again is the one there was. No webhook tells of it."""
    if content not in CONTENTS:
        wrong: dict[str, str] = {"resource": "Reaction", "code": "invalid", "field": "content"}
        raise GitHubRefusal(422, "Validation Failed", (wrong,))
    for reaction in subject.reactions:
        if reaction.user is caller.user and reaction.content == content:
            return reaction, False
    identity, node_id = github.identity("REA")
    fresh = Reaction(id=identity, node_id=node_id, content=content, user=caller.user, created=github.now())
    subject.reactions.append(fresh)
    github.register(node_id, fresh, repository)
    return fresh, True


def remove_reaction(caller: Caller, subject: Comment | Review, content: str) -> None:
    subject.reactions = [r for r in subject.reactions if (r.user, r.content) != (caller.user, content)]


# --- labels -----------------------------------------------------------------------------------------------------------


def label(github: GitHub, repository: Repository, name: str) -> Label:
    """The repository's label of that name, made on first use as GitHub does; names that differ in case are one."""
    found = next((one for known, one in repository.labels.items() if known.lower() == name.lower()), None)
    if found is None:
        identity, node_id = github.identity("LA")
        found = repository.labels[name] = Label(id=identity, node_id=node_id, name=name)
        github.register(node_id, found, repository)
    return found


def add_labels(github: GitHub, repository: Repository, caller: Caller, issue: Issue, *names: str) -> None:
    for name in names:
        found = label(github, repository, name)
        if found not in issue.labels:
            issue.labels.append(found)
            _note_label(github, repository, caller, issue, kind="labeled", which=found)


def remove_label(github: GitHub, repository: Repository, caller: Caller, issue: Issue, name: str) -> None:
    found = next((one for one in issue.labels if one.name == name), None)
    if found is None:
        raise GitHubRefusal(404, "Label does not exist")
    issue.labels.remove(found)
    _note_label(github, repository, caller, issue, kind="unlabeled", which=found)


def _note_label(
    github: GitHub, repository: Repository, caller: Caller, issue: Issue, *, kind: str, which: Label
) -> None:
    _, node_id = github.identity("LE" if kind == "labeled" else "UNLE")
    entry = TimelineEvent(node_id=node_id, kind=kind, actor=caller.user, created=github.now(), label=which)
    issue.timeline.append(entry)
    github.register(node_id, entry, repository)
    issue.updated = github.now()
    _tell_issue(github, repository, caller, issue, kind, label=resources.label(github, repository, which))


# --- reviews ----------------------------------------------------------------------------------------------------------


def submit_review(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    pull: PullRequest,
    *,
    event: str,
    body: str = "",
    commit_id: str | None = None,
) -> Review:
    """`event`: APPROVE, REQUEST_CHANGES or COMMENT. A review belongs to one commit: the head unless named."""
    states = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}
    if caller.user is pull.author and event != "COMMENT":
        verb = "approve" if event == "APPROVE" else "request changes on"
        raise GitHubRefusal(422, "Unprocessable Entity", (f"Can not {verb} your own pull request",))
    identity, node_id = github.identity("PRR")
    now = github.now()
    review = Review(
        id=identity,
        node_id=node_id,
        number=pull.number,
        state=states[event],
        body=body,
        author=caller.user,
        commit_id=commit_id or pull.head_sha,
        created=now,
        submitted_at=now,
    )
    pull.reviews.append(review)
    pull.updated = now
    github.register(node_id, review, repository)
    tell_review(github, repository, pull, caller.user, "submitted", review=resources.review(github, repository, review))
    return review


def dismiss_review(github: GitHub, repository: Repository, caller: Caller, pull: PullRequest, review: Review) -> None:
    review.state, pull.updated = "DISMISSED", github.now()
    tell_review(github, repository, pull, caller.user, "dismissed", review=resources.review(github, repository, review))


def edit_review(
    github: GitHub, repository: Repository, caller: Caller, pull: PullRequest, review: Review, *, body: str
) -> None:
    review.body, review.edited_at = body, github.now()
    tell_review(github, repository, pull, caller.user, "edited", review=resources.review(github, repository, review))
