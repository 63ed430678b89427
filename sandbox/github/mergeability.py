"""May this pull request be merged now? One judgement for REST, GraphQL, the pages and the merge itself."""

from typing import Literal

from sandbox.github.state import ROLES, CheckRun, GitHub, PullRequest, Repository, Review

Mergeable = Literal["MERGEABLE", "CONFLICTING", "UNKNOWN"]
MergeState = Literal["CLEAN", "DIRTY", "BLOCKED", "DRAFT", "UNKNOWN"]
PASSING = ("success", "neutral", "skipped")


def mergeable(github: GitHub, repository: Repository, pull: PullRequest) -> Mergeable:
    """UNKNOWN at the first read after head or base moved (GitHub computes it in the background), later the truth."""
    at = (pull.head_sha, pull.base_sha)
    if pull.state != "open":
        return "UNKNOWN"
    if pull.judged != at:
        pull.judged = at
        pull.mergeable = repository.git.merge_trees(pull.base_sha, pull.head_sha) is not None
        if github.lazy_mergeable:
            return "UNKNOWN"
    return "MERGEABLE" if pull.mergeable else "CONFLICTING"


def merge_state(github: GitHub, repository: Repository, pull: PullRequest) -> MergeState:
    """GraphQL's mergeStateStatus, of which BEHIND, UNSTABLE and HAS_HOOKS are not modelled."""
    match mergeable(github, repository, pull):
        case "UNKNOWN":
            return "UNKNOWN"
        case "CONFLICTING":
            return "DIRTY"
        case "MERGEABLE":
            if pull.draft:
                return "DRAFT"
            return "BLOCKED" if rule_against(repository, pull) else "CLEAN"


def rule_against(repository: Repository, pull: PullRequest) -> str | None:
    """The branch protection that forbids the merge, in GitHub's words, or None."""
    rules = repository.protection.get(pull.base_ref)
    if rules is None:
        return None
    for name in rules.required_checks:
        run = latest_run(repository, pull.head_sha, name)
        if run is None:
            return f'Required status check "{name}" is expected.'
        if run.status != "completed":
            return f'Required status check "{name}" is in progress.'
        if run.conclusion not in PASSING:
            return f'Required status check "{name}" is failing.'
    if len(approvals(repository, pull)) < rules.required_approvals:
        wanted = rules.required_approvals
        plural = "review is" if wanted == 1 else "reviews are"
        return f"At least {wanted} approving {plural} required by reviewers with write access."
    commits = repository.git.between(pull.base_sha, pull.head_sha)
    if rules.signed and any(commit.sha not in repository.signed for commit in commits):
        return "Commits must have verified signatures."
    return None


def review_decision(repository: Repository, pull: PullRequest) -> str | None:
    """GraphQL's reviewDecision; null where nothing asks for reviews."""
    rules = repository.protection.get(pull.base_ref)
    if rules is None or not rules.required_approvals:
        return None
    return "APPROVED" if len(approvals(repository, pull)) >= rules.required_approvals else "REVIEW_REQUIRED"


def latest_run(repository: Repository, sha: str, name: str) -> CheckRun | None:
    return next((run for run in reversed(repository.check_runs) if run.head_sha == sha and run.name == name), None)


def approvals(repository: Repository, pull: PullRequest) -> list[Review]:
    """The approvals that count: each writer's last opinion. They survive pushes unless protection dismissed them."""
    latest: dict[str, Review] = {}
    for review in pull.reviews:
        if review.state in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED") and can_push(repository, review.author.login):
            latest[review.author.login] = review
    return [review for review in latest.values() if review.state == "APPROVED"]


def can_push(repository: Repository, login: str) -> bool:
    return ROLES.index(repository.role(login)) >= ROLES.index("write")
