"""Pull requests, as REST and webhooks show them. No I/O."""

from sandbox.github.mergeability import merge_state, mergeable
from sandbox.github.resources.repositories import repository
from sandbox.github.resources.talk import association, label
from sandbox.github.resources.who import Json, api, stamp, team, user, web
from sandbox.github.state import GitHub, PullRequest, Repository


def _end(github: GitHub, which: Repository, branch: str, sha: str) -> Json:
    return {
        "label": f"{which.owner.login}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": user(github, which.owner),
        "repo": repository(github, which),
    }


def simple_pull_request(github: GitHub, which: Repository, one: PullRequest) -> Json:
    url = f"{api(github, which)}/pulls/{one.number}"
    issues = f"{api(github, which)}/issues/{one.number}"
    place = f"{web(github, which)}/pull/{one.number}"
    links = {
        "self": url,
        "html": place,
        "issue": issues,
        "comments": f"{issues}/comments",
        "review_comments": f"{url}/comments",
        "review_comment": f"{api(github, which)}/pulls/comments{{/number}}",
        "commits": f"{url}/commits",
        "statuses": f"{api(github, which)}/statuses/{one.head_sha}",
    }
    return {
        "url": url,
        "id": one.id,
        "node_id": one.node_id,
        "html_url": place,
        "diff_url": f"{place}.diff",
        "patch_url": f"{place}.patch",
        "issue_url": issues,
        "commits_url": links["commits"],
        "review_comments_url": links["review_comments"],
        "review_comment_url": links["review_comment"],
        "comments_url": links["comments"],
        "statuses_url": links["statuses"],
        "number": one.number,
        "state": "open" if one.state == "open" else "closed",
        "locked": False,
        "title": one.title,
        "user": user(github, one.author),
        "body": one.body,
        "labels": [label(github, which, each) for each in one.labels],
        "milestone": None,
        "created_at": stamp(one.created),
        "updated_at": stamp(one.updated),
        "closed_at": stamp(one.closed_at),
        "merged_at": stamp(one.merged_at),
        "merge_commit_sha": one.merge_commit_sha,
        "assignee": user(github, one.assignees[0]) if one.assignees else None,
        "assignees": [user(github, each) for each in one.assignees],
        "requested_reviewers": [user(github, each) for each in one.requested],
        "requested_teams": [team(github, each) for each in one.requested_teams],
        "head": _end(github, one.head_repo, one.head_ref, one.head_sha),
        "base": _end(github, which, one.base_ref, one.base_sha),
        "_links": {key: {"href": link} for key, link in links.items()},
        "author_association": association(which, one.author),
        "auto_merge": None,
        "draft": one.draft,
    }


def pull_request(github: GitHub, which: Repository, one: PullRequest, *, judge: bool = False) -> Json:
    """`judge` only when somebody asked: showing a pull request in an event must not count as the first read."""
    known = one.judged == (one.head_sha, one.base_sha) and one.state == "open"
    state = merge_state(github, which, one) if judge or known else "UNKNOWN"
    verdict = mergeable(github, which, one) if (judge and state != "UNKNOWN") or known else "UNKNOWN"
    commits = which.git.between(one.base_sha, one.head_sha) if one.state == "open" else ()
    lines = _changed(which, one)
    return {
        **simple_pull_request(github, which, one),
        "merged": one.state == "merged",
        "mergeable": {"MERGEABLE": True, "CONFLICTING": False}.get(verdict),
        "rebaseable": None,
        "mergeable_state": state.lower(),
        "merged_by": user(github, one.merged_by) if one.merged_by else None,
        "comments": len(one.comments),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": len(commits),
        "additions": lines[0],
        "deletions": lines[1],
        "changed_files": lines[2],
    }


def _changed(which: Repository, one: PullRequest) -> tuple[int, int, int]:
    """Lines added, lines removed, files changed, against the base as it is."""
    git = which.git
    old, new = git.files(git.commit(one.base_sha).tree), git.files(git.commit(one.head_sha).tree)
    paths = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    added = removed = 0
    for path in paths:
        before = git.blob(old[path].sha).splitlines() if path in old and old[path].kind == "blob" else []
        after = git.blob(new[path].sha).splitlines() if path in new and new[path].kind == "blob" else []
        added += len([line for line in after if line not in before])
        removed += len([line for line in before if line not in after])
    return added, removed, len(paths)
