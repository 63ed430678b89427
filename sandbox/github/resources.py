"""The state as REST answers and webhooks show it: every field that GitHub's description requires, from real facts.

Fields that the sandbox has no notion of (stars, milestones, …) hold their empty value. https://docs.github.com/en/rest
"""

from datetime import datetime
from http import HTTPStatus
from urllib.parse import quote

from sandbox.github.git import CommitObject, Signature
from sandbox.github.mergeability import merge_state, mergeable
from sandbox.github.state import (
    ZEROS,
    App,
    CheckRun,
    Comment,
    Delivery,
    Deployment,
    DeploymentStatus,
    GitHub,
    Installation,
    Issue,
    Label,
    PullRequest,
    Reaction,
    Repository,
    Review,
    User,
)

Json = dict[str, object]


def stamp(at: datetime | None) -> str | None:
    """GitHub's times: UTC, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def api(github: GitHub, repository: Repository) -> str:
    return f"{github.url}/repos/{repository.full_name}"


def web(github: GitHub, repository: Repository) -> str:
    return f"{github.url}/{repository.full_name}"


# --- who --------------------------------------------------------------------------------------------------------------

_USER_LINKS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def user(github: GitHub, who: User) -> Json:
    url = f"{github.url}/users/{quote(who.login)}"
    return {
        "login": who.login,
        "id": who.id,
        "node_id": who.node_id,
        "avatar_url": f"{github.url}/avatars/{who.id}",
        "gravatar_id": "",
        "url": url,
        "html_url": f"{github.url}/{quote(who.login)}",
        **{key: url + tail for key, tail in _USER_LINKS.items()},
        "type": who.type,
        "site_admin": False,
    }


def public_user(github: GitHub, who: User) -> Json:
    """GET /users/{login}."""
    empty = ("name", "company", "location", "email", "hireable", "bio")
    since = "2020-01-01T00:00:00Z"
    return {
        **user(github, who),
        **dict.fromkeys(empty),
        "blog": "",
        "public_repos": 0,
        "public_gists": 0,
        "followers": 0,
        "following": 0,
        "created_at": since,
        "updated_at": since,
    }


def app(github: GitHub, which: App) -> Json:
    return {
        "id": which.id,
        "slug": which.slug,
        "node_id": which.node_id,
        "client_id": f"Iv23{which.id:016d}",
        "owner": user(github, which.owner),
        "name": which.slug,
        "description": "",
        "external_url": f"{github.url}/apps/{which.slug}",
        "html_url": f"{github.url}/apps/{which.slug}",
        "created_at": stamp(which.created),
        "updated_at": stamp(which.created),
        "permissions": dict(which.permissions),
        "events": list(which.events),
    }


def installation(github: GitHub, which: Installation) -> Json:
    url = f"{github.url}/app/installations/{which.id}"
    return {
        "id": which.id,
        "account": user(github, which.account),
        "repository_selection": "selected",
        "access_tokens_url": f"{url}/access_tokens",
        "repositories_url": f"{github.url}/installation/repositories",
        "html_url": f"{github.url}/settings/installations/{which.id}",
        "app_id": which.app.id,
        "app_slug": which.app.slug,
        "target_id": which.account.id,
        "target_type": which.account.type,
        "permissions": dict(which.app.permissions),
        "events": list(which.app.events),
        "single_file_name": None,
        "created_at": stamp(which.created),
        "updated_at": stamp(which.created),
        "suspended_by": user(github, which.account) if which.suspended else None,
        "suspended_at": stamp(which.created) if which.suspended else None,
    }


def delivery(one: Delivery) -> Json:
    """An entry of GET /app/hook/deliveries; 0 stands for a delivery that reached nobody."""
    status = one.answered or 0
    fine = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    found = one.payload.get("repository")
    return {
        "id": one.id,
        "guid": one.guid,
        "delivered_at": stamp(one.at),
        "redelivery": one.redelivery,
        "duration": 0.1,
        "status": "OK" if fine else f"Invalid HTTP Response: {status}",
        "status_code": status,
        "event": one.event,
        "action": one.action,
        "installation_id": one.installation.id,
        "repository_id": found["id"] if isinstance(found, dict) else None,
        "throttled_at": None,
    }


# --- repositories -----------------------------------------------------------------------------------------------------

_REPOSITORY_LINKS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}


def minimal_repository(github: GitHub, which: Repository) -> Json:
    url = api(github, which)
    return {
        "id": which.id,
        "node_id": which.node_id,
        "name": which.name,
        "full_name": which.full_name,
        "private": which.private,
        "owner": user(github, which.owner),
        "html_url": web(github, which),
        "description": None,
        "fork": False,
        "url": url,
        **{key: url + tail for key, tail in _REPOSITORY_LINKS.items()},
    }


def repository(github: GitHub, which: Repository) -> Json:
    issues = sum(issue.state == "open" for issue in which.issues.values())
    place = web(github, which)
    return {
        **minimal_repository(github, which),
        "clone_url": f"{place}.git",
        "git_url": f"{place}.git",
        "ssh_url": f"{place}.git",
        "svn_url": place,
        **dict.fromkeys(("mirror_url", "homepage", "language", "license")),
        **dict.fromkeys(("forks", "forks_count", "watchers", "watchers_count", "stargazers_count", "size"), 0),
        "default_branch": which.default_branch,
        "open_issues": issues,
        "open_issues_count": issues,
        **dict.fromkeys(("is_template", "has_pages", "has_discussions", "disabled"), False),
        **dict.fromkeys(("has_issues", "has_projects", "has_wiki", "has_downloads", "allow_forking"), True),
        "topics": [],
        "web_commit_signoff_required": False,
        "archived": which.archived,
        "visibility": "private" if which.private else "public",
        "pushed_at": stamp(which.pushed or which.created),
        "created_at": stamp(which.created),
        "updated_at": stamp(which.pushed or which.created),
        "allow_merge_commit": "merge" in which.merge_methods,
        "allow_squash_merge": "squash" in which.merge_methods,
        "allow_rebase_merge": "rebase" in which.merge_methods,
        "delete_branch_on_merge": which.delete_branch_on_merge,
    }


def full_repository(github: GitHub, which: Repository) -> Json:
    """GET /repositories/{id}: a repository with its network counts."""
    return {**repository(github, which), "network_count": 0, "subscribers_count": 0}


def ref(github: GitHub, which: Repository, name: str, sha: str) -> Json:
    kind = which.git.kind(sha) or "commit"
    target = {"type": kind, "sha": sha, "url": f"{api(github, which)}/git/{kind}s/{sha}"}
    short = name.removeprefix("refs/")
    return {
        "ref": name,
        "node_id": f"REF_{which.id}_{short.replace('/', '_')}",
        "url": f"{api(github, which)}/git/refs/{quote(short)}",
        "object": target,
    }


def tree(github: GitHub, which: Repository, sha: str) -> Json:
    url = f"{api(github, which)}/git"
    entries = [
        {
            "path": entry.name,
            "mode": entry.mode.rjust(6, "0"),
            "type": entry.kind,
            "sha": entry.sha,
            "url": f"{url}/{entry.kind}s/{entry.sha}",
            **({"size": len(which.git.blob(entry.sha))} if entry.kind == "blob" else {}),
        }
        for entry in which.git.tree(sha)
    ]
    return {"sha": sha, "url": f"{url}/trees/{sha}", "tree": entries, "truncated": False}


def git_commit(github: GitHub, which: Repository, sha: str) -> Json:
    """A commit as the git database endpoints show it."""
    commit = which.git.commit(sha)
    url = f"{api(github, which)}/git"
    signed = sha in which.signed
    proof: Json = {
        "verified": signed,
        "reason": "valid" if signed else "unsigned",
        "signature": "-----BEGIN PGP SIGNATURE-----" if signed else None,
        "payload": f"tree {commit.tree}" if signed else None,
        "verified_at": stamp(commit.committer.at) if signed else None,
    }
    return {
        "sha": sha,
        "node_id": f"C_{sha}",
        "url": f"{url}/commits/{sha}",
        "html_url": f"{web(github, which)}/commit/{sha}",
        "author": _signature(commit.author),
        "committer": _signature(commit.committer),
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": f"{url}/trees/{commit.tree}"},
        "parents": [
            {"sha": p, "url": f"{url}/commits/{p}", "html_url": f"{web(github, which)}/commit/{p}"}
            for p in commit.parents
        ],
        "verification": proof,
    }


def commit(github: GitHub, which: Repository, sha: str) -> Json:
    """A commit as the repository endpoints show it, with the users its addresses belong to."""
    inner = git_commit(github, which, sha)
    parsed = which.git.commit(sha)
    url = f"{api(github, which)}/commits/{sha}"
    by, through = github.user_of_email(parsed.author.email), _committer(github, parsed)
    return {
        "sha": sha,
        "node_id": inner["node_id"],
        "url": url,
        "html_url": inner["html_url"],
        "comments_url": f"{url}/comments",
        "commit": {
            **{key: inner[key] for key in ("author", "committer", "message", "tree", "verification")},
            "url": inner["url"],
            "comment_count": 0,
        },
        "author": user(github, by) if by else None,
        "committer": user(github, through) if through else None,
        "parents": inner["parents"],
    }


def _committer(github: GitHub, which: CommitObject) -> User | None:
    if which.committer.email == "noreply@github.com":
        return github.web_flow
    return github.user_of_email(which.committer.email)


def _signature(who: Signature) -> Json:
    return {"name": who.name, "email": who.email, "date": stamp(who.at)}


def push(github: GitHub, which: Repository, by: User, name: str, *, before: str, after: str) -> Json:
    """The body of a push event; at most 20 commits, as in GitHub's own."""
    git = which.git
    fresh: tuple[CommitObject, ...] = ()
    is_commit = after != ZEROS and git.kind(after) == "commit"
    if is_commit:
        known = before if before != ZEROS else which.branch(which.default_branch)
        fresh = git.between(known, after)[-20:] if known and known != after else ()
    moved = ZEROS not in (before, after)
    return {
        "ref": name,
        "before": before,
        "after": after,
        "created": before == ZEROS,
        "deleted": after == ZEROS,
        "forced": moved and is_commit and not git.is_ancestor(before, after),
        "base_ref": None,
        "compare": f"{web(github, which)}/compare/{before[:12]}...{after[:12]}",
        "commits": [_pushed(github, which, one) for one in fresh],
        "head_commit": _pushed(github, which, git.commit(after)) if is_commit else None,
        "pusher": {"name": by.login, "email": by.email},
    }


def _pushed(github: GitHub, which: Repository, one: CommitObject) -> Json:
    parent = which.git.commit(one.parents[0]).tree if one.parents else None
    old = which.git.files(parent) if parent else {}
    new = which.git.files(one.tree) if parent != one.tree else old
    return {
        "id": one.sha,
        "tree_id": one.tree,
        "distinct": True,
        "message": one.message,
        "timestamp": stamp(one.committer.at),
        "url": f"{web(github, which)}/commit/{one.sha}",
        "author": _person(github, one.author),
        "committer": _person(github, one.committer),
        "added": sorted(new.keys() - old.keys()),
        "removed": sorted(old.keys() - new.keys()),
        "modified": sorted(path for path in new.keys() & old.keys() if new[path] != old[path]),
    }


def _person(github: GitHub, who: Signature) -> Json:
    known = github.user_of_email(who.email)
    return {"name": who.name, "email": who.email, **({"username": known.login} if known else {})}


# --- conversations ----------------------------------------------------------------------------------------------------


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


def _association(which: Repository, who: User) -> str:
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
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "comments": len(one.comments),
        "closed_at": stamp(one.closed_at),
        "created_at": stamp(one.created),
        "updated_at": stamp(one.updated),
        "author_association": _association(which, one.author),
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
        "author_association": _association(which, one.author),
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
        "author_association": _association(which, one.author),
    }


# --- pull requests ----------------------------------------------------------------------------------------------------


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
        "assignee": None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "head": _end(github, one.head_repo, one.head_ref, one.head_sha),
        "base": _end(github, which, one.base_ref, one.base_sha),
        "_links": {key: {"href": link} for key, link in links.items()},
        "author_association": _association(which, one.author),
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


# --- records ----------------------------------------------------------------------------------------------------------


def check_suite(github: GitHub, which: Repository, owner: App, sha: str, name: str) -> Json:
    suite = which.check_suites[(owner.id, sha)]
    return {
        "id": suite,
        "node_id": f"CS_{suite}",
        "head_branch": name.removeprefix("refs/heads/"),
        "head_sha": sha,
        "status": "queued",
        "conclusion": None,
        "url": f"{api(github, which)}/check-suites/{suite}",
        "before": None,
        "after": sha,
        "pull_requests": _pulls_at(github, which, sha),
        "app": app(github, owner),
        "created_at": stamp(github.now()),
        "updated_at": stamp(github.now()),
    }


def _pulls_at(github: GitHub, which: Repository, sha: str) -> list[Json]:
    short: Json = {"id": which.id, "url": api(github, which), "name": which.name}
    return [
        {
            "id": pull.id,
            "number": pull.number,
            "url": f"{api(github, which)}/pulls/{pull.number}",
            "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": short},
            "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": short},
        }
        for pull in which.pulls
        if pull.state == "open" and pull.head_sha == sha
    ]


def check_run(github: GitHub, which: Repository, one: CheckRun) -> Json:
    url = f"{api(github, which)}/check-runs/{one.id}"
    place = f"{web(github, which)}/runs/{one.id}"
    return {
        "id": one.id,
        "name": one.name,
        "node_id": one.node_id,
        "head_sha": one.head_sha,
        "external_id": one.external_id,
        "url": url,
        "html_url": place,
        "details_url": one.details_url or place,
        "status": one.status,
        "conclusion": one.conclusion,
        "started_at": stamp(one.started),
        "completed_at": stamp(one.completed),
        "output": {
            "title": one.title,
            "summary": one.summary,
            "text": one.text,
            "annotations_count": 0,
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": one.suite_id},
        "app": app(github, one.app),
        "pull_requests": _pulls_at(github, which, one.head_sha),
    }


def deployment(github: GitHub, which: Repository, one: Deployment) -> Json:
    url = f"{api(github, which)}/deployments/{one.id}"
    return {
        "url": url,
        "id": one.id,
        "node_id": one.node_id,
        "task": one.task,
        "original_environment": one.original_environment,
        "environment": one.environment,
        "description": one.description,
        "created_at": stamp(one.created),
        "updated_at": stamp(one.updated),
        "statuses_url": f"{url}/statuses",
        "repository_url": api(github, which),
        "creator": user(github, one.creator),
        "sha": one.sha,
        "ref": one.ref,
        "payload": one.payload,
        "transient_environment": False,
        "production_environment": one.original_environment == "production",
        "performed_via_github_app": app(github, one.via) if one.via else None,
    }


def deployment_status(github: GitHub, which: Repository, parent: Deployment, one: DeploymentStatus) -> Json:
    url = f"{api(github, which)}/deployments/{parent.id}"
    return {
        "url": f"{url}/statuses/{one.id}",
        "id": one.id,
        "node_id": one.node_id,
        "state": one.state,
        "creator": user(github, one.creator),
        "description": one.description,
        "environment": one.environment,
        # GitHub says "" where there is no address, against its own description; we name the page instead.
        "target_url": one.log_url or f"{web(github, which)}/deployments",
        **({"log_url": one.log_url} if one.log_url else {}),
        **({"environment_url": one.environment_url} if one.environment_url else {}),
        "created_at": stamp(one.created),
        "updated_at": stamp(one.created),
        "deployment_url": url,
        "repository_url": api(github, which),
        "performed_via_github_app": app(github, one.via) if one.via else None,
    }
