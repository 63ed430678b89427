"""What GitHub's own rules of a branch ask before a merge, read with what an App without administration may read.

Rulesets by REST (https://docs.github.com/en/rest/repos/rules#get-rules-for-a-branch), which asks for `metadata: read`
only; classic branch protection as `refUpdateRule`, the part of it that GitHub shows to those who do not administer
(https://docs.github.com/en/graphql/reference/objects#refupdaterule).
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol
from urllib.parse import quote

from bot.errors import CaissonError
from bot.github.documents import BRANCH_RULES
from bot.github.failures import RateLimited
from bot.model import BranchRules, Unknown

# What a pull request of ours cannot offend against, or what other facts tell already.
_SILENT = frozenset({"creation", "deletion", "non_fast_forward", "update", "merge_queue"})


class Client(Protocol):
    async def get(self, path: str) -> object: ...
    async def graphql(self, query: str, variables: dict[str, object]) -> dict[str, object]: ...


async def branch_rules(client: Client, repository: str, branch: str) -> BranchRules | Unknown:
    """Both kinds together: GitHub enforces both. One that cannot be read makes the answer Unknown."""
    owner, _, name = repository.partition("/")
    try:
        listed = await client.get(f"/repos/{repository}/rules/branches/{quote(branch, safe='')}?per_page=100")
        asked: dict[str, object] = {"owner": owner, "name": name, "branch": f"refs/heads/{branch}"}
        shown = await client.graphql(BRANCH_RULES, asked)
    except RateLimited:
        raise
    except CaissonError as error:
        return Unknown(f"its rules could not be read: {error}")
    return _with_rulesets(_protection(shown), listed if isinstance(listed, list) else [])


def _protection(shown: Mapping[str, object]) -> BranchRules:
    """Classic branch protection; nothing where there is none."""
    found: object = shown
    for key in ("repository", "ref", "refUpdateRule"):
        found = found.get(key) if isinstance(found, Mapping) else None
    rule: Mapping[str, object] = found if isinstance(found, Mapping) else {}
    return BranchRules(
        approvals=_count(rule.get("requiredApprovingReviewCount")),
        owners=rule.get("requiresCodeOwnerReviews") is True,
        conversations=rule.get("requiresConversationResolution") is True,
        signatures=rule.get("requiresSignatures") is True,
        linear=rule.get("requiresLinearHistory") is True,
        checks=_texts(rule.get("requiredStatusCheckContexts")),
    )


def _with_rulesets(known: BranchRules, listed: list[object]) -> BranchRules:
    for rule in listed:
        if isinstance(rule, Mapping):
            parameters = rule.get("parameters")
            known = _with_rule(known, str(rule.get("type")), parameters if isinstance(parameters, Mapping) else {})
    return known


def _with_rule(known: BranchRules, kind: str, given: Mapping[str, object]) -> BranchRules:
    match kind:
        case "pull_request":
            return replace(
                known,
                approvals=max(known.approvals, _count(given.get("required_approving_review_count"))),
                owners=known.owners or given.get("require_code_owner_review") is True,
                conversations=known.conversations or given.get("required_review_thread_resolution") is True,
            )
        case "required_status_checks":
            rows = given.get("required_status_checks")
            named = [row.get("context") for row in (rows if isinstance(rows, list) else []) if isinstance(row, Mapping)]
            return replace(known, checks=tuple(dict.fromkeys((*known.checks, *_texts(named)))))
        case "required_signatures":
            return replace(known, signatures=True)
        case "required_linear_history":
            return replace(known, linear=True)
        case "required_deployments":
            places = _texts(given.get("required_deployment_environments"))
            return replace(known, deployments=tuple(dict.fromkeys((*known.deployments, *places))))
        case _ if kind in _SILENT:
            return known
        case _:
            return replace(known, others=tuple(dict.fromkeys((*known.others, kind))))


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()
