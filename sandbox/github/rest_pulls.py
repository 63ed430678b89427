"""REST: pull requests, their merges and reviews; comments, labels and reactions."""

from typing import Literal

from sandbox.github import merging, pulls, resources, reviewing, talk
from sandbox.github.access import Need
from sandbox.github.changed_files import ChangedFile, changed_files
from sandbox.github.rest import Answer, Ask, operation
from sandbox.github.state import GitHubRefusal, PullRequest

_PULLS = Need("pull_requests", "write", "write")
_REVIEW = Need("pull_requests", "write", "read")
_MERGE = Need("contents", "write", "write")
_TALK = Need("issues", "write", "read")
_LABEL = Need("issues", "write", "triage")


@operation("POST", "/repos/{owner}/{repo}/pulls", _PULLS)
def create(ask: Ask) -> Answer:
    pull = pulls.create_pull_request(
        ask.github,
        ask.repository,
        ask.caller,
        title=ask.text("title"),
        head=ask.text("head"),
        base=ask.text("base"),
        body=ask.maybe("body") or "",
        draft=ask.flag("draft", default=False),
    )
    return Answer(201, resources.pull_request(ask.github, ask.repository, pull))


def _pull(ask: Ask) -> PullRequest:
    return pulls.find(ask.repository, ask.number("pull_number"))


@operation("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", Need("pull_requests", "read", "read"))
def get(ask: Ask) -> Answer:
    return Answer(200, resources.pull_request(ask.github, ask.repository, _pull(ask), judge=True))


@operation("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/files", Need("pull_requests", "read", "read"))
def files(ask: Ask) -> Answer:
    """A page of thirty, unless more are asked for."""
    pull = _pull(ask)
    found = changed_files(ask.repository.git, pull.base_sha, pull.head_sha)
    size = min(int(ask.query.get("per_page", "30")), 100)
    start = (int(ask.query.get("page", "1")) - 1) * size
    return Answer(200, [_changed(ask, pull, one) for one in found[start : start + size]])


def _changed(ask: Ask, pull: PullRequest, one: ChangedFile) -> dict[str, object]:
    at = f"https://github.com/{ask.repository.full_name}"
    contents = f"https://api.github.com/repos/{ask.repository.full_name}/contents/{one.path}?ref={pull.head_sha}"
    told: dict[str, object] = {
        "sha": one.sha,
        "filename": one.path,
        "status": one.status,
        "additions": 0,
        "deletions": 0,
        "changes": 0,
        "blob_url": f"{at}/blob/{pull.head_sha}/{one.path}",
        "raw_url": f"{at}/raw/{pull.head_sha}/{one.path}",
        "contents_url": contents,
    }
    return told | ({"previous_filename": one.previous} if one.previous else {})


@operation("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", _PULLS)
def edit(ask: Ask) -> Answer:
    pull, wanted = _pull(ask), ask.maybe("state")
    states: dict[str | None, Literal["open", "closed"] | None] = {"open": "open", "closed": "closed", None: None}
    if wanted not in states:
        raise pulls.invalid("state is not included in the list")
    pulls.edit_pull_request(
        ask.github,
        ask.repository,
        ask.caller,
        pull,
        title=ask.maybe("title"),
        body=ask.maybe("body"),
        state=states[wanted],
        base=ask.maybe("base"),
    )
    return Answer(200, resources.pull_request(ask.github, ask.repository, pull))


@operation("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", _MERGE)
def merge(ask: Ask) -> Answer:
    sha = merging.merge_pull_request(
        ask.github,
        ask.repository,
        ask.caller,
        _pull(ask),
        method=ask.maybe("merge_method") or "merge",
        sha=ask.maybe("sha"),
        title=ask.maybe("commit_title"),
        message=ask.maybe("commit_message"),
    )
    return Answer(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@operation("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/reviews", _REVIEW)
def review(ask: Ask) -> Answer:
    event = ask.maybe("event") or "COMMENT"
    if event not in ("APPROVE", "REQUEST_CHANGES", "COMMENT"):
        raise GitHubRefusal(422, "Unprocessable Entity", (f"Variable $event has an invalid value {event}",))
    made = talk.submit_review(
        ask.github,
        ask.repository,
        ask.caller,
        _pull(ask),
        event=event,
        body=ask.maybe("body") or "",
        commit_id=ask.maybe("commit_id"),
    )
    return Answer(200, resources.review(ask.github, ask.repository, made))


@operation("POST", "/repos/{owner}/{repo}/pulls/{pull_number}/requested_reviewers", _PULLS)
def request_reviewers(ask: Ask) -> Answer:
    pull = _pull(ask)
    users, teams = _names(ask, "reviewers"), _names(ask, "team_reviewers")
    reviewing.request(ask.github, ask.repository, ask.caller, pull, users=users, teams=teams)
    return Answer(201, resources.simple_pull_request(ask.github, ask.repository, pull))


@operation("POST", "/repos/{owner}/{repo}/issues", _TALK)
def _open_issue(ask: Ask) -> Answer:
    """Labels that do not exist yet are made."""
    labels = ask.body.get("labels")
    made = talk.create_issue(
        ask.github,
        ask.repository,
        ask.caller,
        title=ask.text("title"),
        body=ask.text("body"),
        labels=tuple(str(name) for name in labels) if isinstance(labels, list) else (),
    )
    return Answer(201, resources.issue(ask.github, ask.repository, made))


@operation("POST", "/repos/{owner}/{repo}/issues/{issue_number}/assignees", _LABEL)
def assign(ask: Ask) -> Answer:
    issue = talk.find_issue(ask.repository, ask.number("issue_number"))
    reviewing.assign(ask.github, ask.repository, ask.caller, issue, *_names(ask, "assignees"))
    return Answer(201, resources.issue(ask.github, ask.repository, issue))


def _names(ask: Ask, field: str) -> tuple[str, ...]:
    found = ask.body.get(field)
    return tuple(str(name) for name in found) if isinstance(found, list) else ()


@operation("POST", "/repos/{owner}/{repo}/issues/{issue_number}/comments", _TALK)
def comment(ask: Ask) -> Answer:
    made = talk.add_comment(ask.github, ask.repository, ask.caller, ask.number("issue_number"), ask.text("body"))
    return Answer(201, resources.comment(ask.github, ask.repository, made))


@operation("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment_id}", _TALK)
def edit_comment(ask: Ask) -> Answer:
    found = talk.find_comment(ask.repository, ask.number("comment_id"))
    talk.edit_comment(ask.github, ask.repository, ask.caller, found, ask.text("body"))
    return Answer(200, resources.comment(ask.github, ask.repository, found))


@operation("POST", "/repos/{owner}/{repo}/issues/comments/{comment_id}/reactions", _TALK)
def react(ask: Ask) -> Answer:
    found = talk.find_comment(ask.repository, ask.number("comment_id"))
    reaction, fresh = talk.add_reaction(ask.github, ask.repository, ask.caller, found, ask.text("content"))
    return Answer(201 if fresh else 200, resources.reaction(ask.github, reaction))


@operation("POST", "/repos/{owner}/{repo}/issues/{issue_number}/labels", _LABEL)
def add_labels(ask: Ask) -> Answer:
    issue = talk.find_issue(ask.repository, ask.number("issue_number"))
    names = ask.body.get("labels")
    if not isinstance(names, list):
        raise GitHubRefusal(422, 'Invalid request.\n\n"labels" wasn\'t supplied.')
    talk.add_labels(ask.github, ask.repository, ask.caller, issue, *(str(name) for name in names))
    return Answer(200, [resources.label(ask.github, ask.repository, one) for one in issue.labels])


@operation("DELETE", "/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}", _LABEL)
def remove_label(ask: Ask) -> Answer:
    issue = talk.find_issue(ask.repository, ask.number("issue_number"))
    talk.remove_label(ask.github, ask.repository, ask.caller, issue, ask.path["name"])
    return Answer(200, [resources.label(ask.github, ask.repository, one) for one in issue.labels])
