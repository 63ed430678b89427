"""A branch's own rules as GitHub's two doors show them, over HTTP on loopback."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.github.client import GitHubApp, RepositoryClient
from bot.github.rules import branch_rules
from bot.model import BranchRules, Unknown
from tests.unit.small_github import Manual, Reply, SmallGitHub
from tests.unit.test_github_people import PEM

RULES = "/repos/o/r/rules/branches/release%2F1?per_page=100"
CLASSIC = {
    "requiredApprovingReviewCount": 1,
    "requiresCodeOwnerReviews": True,
    "requiresConversationResolution": None,
    "requiresSignatures": True,
    "requiresLinearHistory": False,
    "requiredStatusCheckContexts": ["ci", None],
}
LISTED = [
    {"type": "pull_request", "parameters": {"required_approving_review_count": 2}},
    {
        "type": "required_status_checks",
        "parameters": {"required_status_checks": [{"context": "ci"}, {"context": "e2e"}]},
    },
    {"type": "required_linear_history"},
    {"type": "required_deployments", "parameters": {"required_deployment_environments": ["staging"]}},
    {"type": "deletion"},
    {"type": "merge_queue"},
    {"type": "workflows", "parameters": {}},
    "not a rule",
]


@pytest.fixture
async def door() -> AsyncIterator[tuple[SmallGitHub, RepositoryClient]]:
    """A small GitHub, and a client of one of its repositories."""
    clock = Manual()
    github = SmallGitHub(clock=clock)
    server = web.Application()
    server.router.add_route("*", "/{path:.*}", github.handle)
    async with TestServer(server) as listening, aiohttp.ClientSession() as session:
        url = str(listening.make_url("")).rstrip("/")
        app = GitHubApp(session, clock, app_id=42, private_key_pem=PEM, url=url)
        yield github, app.repository(3, 7)


def shown(rule: object) -> Reply:
    return Reply(body={"data": {"repository": {"ref": {"refUpdateRule": rule}}}})


@pytest.mark.parametrize(
    ("listed", "classic", "wanted"),
    [
        pytest.param(Reply(body=[]), shown(None), BranchRules(), id="none"),
        pytest.param(
            Reply(body=[]),
            shown(CLASSIC),
            BranchRules(approvals=1, owners=True, signatures=True, checks=("ci",)),
            id="classic protection",
        ),
        pytest.param(
            Reply(body=LISTED),
            shown(CLASSIC),
            BranchRules(
                approvals=2,
                owners=True,
                signatures=True,
                linear=True,
                checks=("ci", "e2e"),
                deployments=("staging",),
                others=("workflows",),
            ),
            id="both: the stricter of each",
        ),
        pytest.param(Reply(body={"message": "?"}), shown("?"), BranchRules(), id="other shapes"),
    ],
)
async def test_what_a_branch_asks(
    door: tuple[SmallGitHub, RepositoryClient], listed: Reply, classic: Reply, wanted: BranchRules
) -> None:
    """GitHub enforces rulesets and classic protection together."""
    github, client = door
    github.says("GET", RULES, listed)
    github.says("POST", "/graphql", classic)
    assert await branch_rules(client, "o/r", "release/1") == wanted


async def test_rules_that_are_refused_are_unknown(door: tuple[SmallGitHub, RepositoryClient]) -> None:
    """Half of them would be no explanation."""
    github, client = door
    github.says("GET", RULES, Reply(status=403, body={"message": "Upgrade to GitHub Pro"}))
    found = await branch_rules(client, "o/r", "release/1")
    assert isinstance(found, Unknown)
    assert "Upgrade to GitHub Pro" in found.reason
