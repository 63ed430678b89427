"""The state as REST answers and webhooks show it: every field that GitHub's description requires, from real facts.

Fields that the sandbox has no notion of (stars, milestones, …) hold their empty value. https://docs.github.com/en/rest
"""

from sandbox.github.resources.commits import commit, comparison, git_commit, push, ref, tree
from sandbox.github.resources.pulls import pull_request, simple_pull_request
from sandbox.github.resources.records import check_run, check_suite, deployment, deployment_status
from sandbox.github.resources.repositories import full_repository, minimal_repository, repository
from sandbox.github.resources.talk import comment, issue, label, reaction, review
from sandbox.github.resources.who import Json, api, app, delivery, installation, public_user, stamp, user, web

__all__ = [
    "Json",
    "api",
    "app",
    "check_run",
    "check_suite",
    "comment",
    "commit",
    "comparison",
    "delivery",
    "deployment",
    "deployment_status",
    "full_repository",
    "git_commit",
    "installation",
    "issue",
    "label",
    "minimal_repository",
    "public_user",
    "pull_request",
    "push",
    "reaction",
    "ref",
    "repository",
    "review",
    "simple_pull_request",
    "stamp",
    "tree",
    "user",
    "web",
]
