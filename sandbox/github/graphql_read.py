"""What GraphQL answers at the root and of a repository. Git objects are in `graphql_git`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sandbox.github.access import accessible
from sandbox.github.graphql_fields import Ask, At, Page, Refused, answers, page_at, plain
from sandbox.github.graphql_git import Ref, at_object
from sandbox.github.resources import stamp
from sandbox.github.state import Deployment, PullRequest, Repository


@answers("Query", "rateLimit")
def _rate_limit(_: object, ask: Ask) -> dict[str, object]:
    now = ask.github.now()
    reset = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return {"cost": ask.points, "remaining": 5000 - ask.points, "resetAt": stamp(reset)}


@answers("Query", "repository")
def _repository(_: object, ask: Ask, *, owner: str, name: str) -> At[Repository]:
    found = ask.github.repository(f"{owner}/{name}")
    if found is None or (found.private and not accessible(ask.caller, found)):
        raise Refused("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
    return At(found, found)


plain("Repository", id="node_id", databaseId="id", nameWithOwner="full_name", isArchived="archived")


@answers("Repository", "defaultBranchRef")
def _default_branch(at: At[Repository], ask: Ask) -> At[Ref] | None:
    return _ref(at, ask, qualified_name=f"refs/heads/{at.it.default_branch}")


@answers("Repository", "ref")
def _ref(at: At[Repository], _: Ask, *, qualified_name: str) -> At[Ref] | None:
    refs = at.repository.git.refs
    names = (qualified_name, f"refs/{qualified_name}", f"refs/heads/{qualified_name}", f"refs/tags/{qualified_name}")
    name = next((name for name in names if name in refs), None)
    return At(at.repository, Ref(name, refs[name])) if name else None


@answers("Ref", "refUpdateRule")
def _update_rule(at: At[Ref], _: Ask) -> dict[str, object] | None:
    """The part of classic branch protection that everybody may read; rulesets are not among it."""
    rules = at.repository.protection.get(at.it.name.removeprefix("refs/heads/"))
    if rules is None or rules.ruleset:
        return None
    return {
        "requiredApprovingReviewCount": rules.required_approvals or None,
        "requiresCodeOwnerReviews": False,
        "requiresConversationResolution": False,
        "requiresSignatures": rules.signed,
        "requiresLinearHistory": False,
        "requiredStatusCheckContexts": list(rules.required_checks),
    }


@answers("Repository", "object")
def _object(at: At[Repository], _: Ask, *, expression: str = "HEAD") -> At[object] | None:
    sha = at.repository.git.resolve(expression)
    return at_object(at.repository, sha, expression.partition(":")[2].strip("/")) if sha else None


@answers("Repository", "pullRequests")
def _pull_requests(
    at: At[Repository],
    _: Ask,
    *,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    states: Sequence[str] | None = None,
    head_ref_name: str | None = None,
    base_ref_name: str | None = None,
    order_by: dict[str, str] | None = None,
) -> Page:
    """`headRefName` is the branch's name wherever it lives: forks match too."""
    found = [
        pull
        for pull in at.repository.pulls
        if (states is None or pull.state.upper() in states)
        and head_ref_name in (None, pull.head_ref)
        and base_ref_name in (None, pull.base_ref)
    ]
    order = order_by or {"field": "CREATED_AT", "direction": "ASC"}
    keys = {
        "CREATED_AT": lambda pull: (pull.created, pull.number),
        "UPDATED_AT": lambda pull: (pull.updated, pull.number),
        "COMMENTS": lambda pull: (len(pull.comments), pull.number),
    }
    found.sort(key=keys[order["field"]], reverse=order["direction"] == "DESC")
    numbers = [str(pull.number) for pull in found]
    found = found[numbers.index(after) + 1 :] if after in numbers else found
    shown = page_at(at.repository, found, first=first, last=last, name="pullRequests")
    return replace(shown, end=str(found[len(shown.nodes) - 1].number) if shown.nodes else None)


@answers("Repository", "pullRequest")
def _pull_request(at: At[Repository], _: Ask, *, number: int) -> At[PullRequest]:
    found = at.it.issues.get(number)
    if not isinstance(found, PullRequest):
        raise Refused("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
    return At(at.it, found)


@answers("Repository", "hasIssuesEnabled")
def _has_issues(at: At[Repository], _: Ask) -> bool:
    return at.it.has_issues


@answers("Repository", "issues")
def _issues(
    at: At[Repository],
    _: Ask,
    *,
    first: int | None = None,
    last: int | None = None,
    states: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
    order_by: dict[str, str] | None = None,
    filter_by: dict[str, object] | None = None,
) -> Page:
    """Pull requests are none. One of the labels is enough; names that differ in case are one."""
    creator = (filter_by or {}).get("created_by")
    wanted = None if labels is None else {name.lower() for name in labels}
    found = [
        one
        for one in at.repository.issues.values()
        if not isinstance(one, PullRequest)
        and (states is None or one.state.upper() in states)
        and (wanted is None or any(label.name.lower() in wanted for label in one.labels))
        and creator in (None, one.author.login)
    ]
    order = order_by or {"field": "CREATED_AT", "direction": "ASC"}
    keys = {"CREATED_AT": lambda one: (one.created, one.number), "UPDATED_AT": lambda one: (one.updated, one.number)}
    found.sort(key=keys[order["field"]], reverse=order["direction"] == "DESC")
    return page_at(at.repository, found, first=first, last=last, name="issues")


@answers("Repository", "deployments")
def _deployments(
    at: At[Repository],
    _: Ask,
    *,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    environments: Sequence[str] | None = None,
    order_by: dict[str, str] | None = None,
) -> Page:
    """By the environment as it is now: a status may have renamed it."""
    found: list[Deployment] = [
        one for one in at.repository.deployments if environments is None or one.environment in environments
    ]
    newest = order_by is not None and order_by["direction"] == "DESC"
    found.sort(key=lambda one: (one.created, one.id), reverse=newest)
    return page_at(at.repository, found, first=first, last=last, name="deployments", after=after)
