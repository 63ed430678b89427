"""Labels, issues, comments, reactions and reviews, as REST and webhooks show them. No I/O."""

from urllib.parse import quote

from sandbox.github.resources.who import Json, api, app, stamp, user, web
from sandbox.github.state import Comment, GitHub, Issue, Label, PullRequest, Reaction, Repository, Review, User


def label(github: GitHub, which: Repository, one: Label) -> Json:
    return {
        "id": one.id,
        "node_id": one.node_id,
        "url": f"{api(github, which)}/labels/{quote(one.name)}",
        "name": one.name,
        "description": None,
        "color": one.color,
        "default": False,
    }


def association(which: Repository, who: User) -> str:
    if who is which.owner:
        return "OWNER"
    return "COLLABORATOR" if who.login in which.collaborators else "NONE"


def issue(github: GitHub, which: Repository, one: Issue) -> Json:
    url = f"{api(github, which)}/issues/{one.number}"
    kind = "pull" if isinstance(one, PullRequest) else "issues"
    place = f"{web(github, which)}/{kind}/{one.number}"
    pull = f"{api(github, which)}/pulls/{one.number}"
    links: Json = {"url": pull, "html_url": place, "diff_url": f"{place}.diff", "patch_url": f"{place}.patch"}
    return {
        "id": one.id,
        "node_id": one.node_id,
        "url": url,
        "repository_url": api(github, which),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": place,
        "number": one.number,
        "state": "open" if one.state == "open" else "closed",
        "title": one.title,
        "body": one.body,
        "user": user(github, one.author),
        "labels": [label(github, which, each) for each in one.labels],
        "assignee": user(github, one.assignees[0]) if one.assignees else None,
        "assignees": [user(github, each) for each in one.assignees],
        "milestone": None,
        "locked": False,
        "comments": len(one.comments),
        "closed_at": stamp(one.closed_at),
        "created_at": stamp(one.created),
        "updated_at": stamp(one.updated),
        "author_association": association(which, one.author),
        "performed_via_github_app": app(github, one.via) if one.via else None,
        **({"pull_request": links} if isinstance(one, PullRequest) else {}),
    }


def comment(github: GitHub, which: Repository, one: Comment) -> Json:
    url = f"{api(github, which)}/issues"
    return {
        "id": one.id,
        "node_id": one.node_id,
        "url": f"{url}/comments/{one.id}",
        "html_url": f"{web(github, which)}/pull/{one.number}#issuecomment-{one.id}",
        "issue_url": f"{url}/{one.number}",
        "body": one.body,
        "user": user(github, one.author),
        "created_at": stamp(one.created),
        "updated_at": stamp(one.updated),
        "author_association": association(which, one.author),
        "performed_via_github_app": app(github, one.via) if one.via else None,
    }


def reaction(github: GitHub, one: Reaction) -> Json:
    return {
        "id": one.id,
        "node_id": one.node_id,
        "user": user(github, one.user),
        "content": one.content,
        "created_at": stamp(one.created),
    }


def review(github: GitHub, which: Repository, one: Review) -> Json:
    pull = f"{api(github, which)}/pulls/{one.number}"
    place = f"{web(github, which)}/pull/{one.number}#pullrequestreview-{one.id}"
    return {
        "id": one.id,
        "node_id": one.node_id,
        "user": user(github, one.author),
        "body": one.body,
        "state": one.state,
        "html_url": place,
        "pull_request_url": pull,
        "_links": {"html": {"href": place}, "pull_request": {"href": pull}},
        "submitted_at": stamp(one.submitted_at),
        "commit_id": one.commit_id,
        "author_association": association(which, one.author),
    }
