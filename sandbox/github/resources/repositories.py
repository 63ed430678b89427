"""Repositories, as REST and webhooks show them. No I/O."""

from sandbox.github.resources.who import Json, api, stamp, user, web
from sandbox.github.state import GitHub, Repository

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
