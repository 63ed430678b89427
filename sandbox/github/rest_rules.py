"""REST: the rules of a branch that rulesets make. Classic branch protection is not among them."""

from sandbox.github.rest import Answer, Ask, operation


@operation("GET", "/repos/{owner}/{repo}/rules/branches/{branch}")
def get_rules(ask: Ask) -> Answer:
    """Whoever may read the repository may read them."""
    branch, repository = ask.path["branch"], ask.repository
    rules = repository.protection.get(branch)
    if rules is None or not rules.ruleset:
        return Answer(200, [])
    home = {"ruleset_source_type": "Repository", "ruleset_source": repository.full_name, "ruleset_id": 1}
    found: list[dict[str, object]] = []
    if rules.required_approvals:
        asked = {
            "dismiss_stale_reviews_on_push": rules.dismiss_stale_reviews,
            "require_code_owner_review": False,
            "require_last_push_approval": False,
            "required_approving_review_count": rules.required_approvals,
            "required_review_thread_resolution": False,
        }
        found.append({"type": "pull_request", "parameters": asked, **home})
    if rules.required_checks:
        named = [{"context": name} for name in rules.required_checks]
        checks = {"required_status_checks": named, "strict_required_status_checks_policy": False}
        found.append({"type": "required_status_checks", "parameters": checks, **home})
    if rules.signed:
        found.append({"type": "required_signatures", **home})
    return Answer(200, found)
