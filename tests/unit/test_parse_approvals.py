"""`approvals` as people write it: groups, combinations, and what is wrong with either, by its place."""

import pytest

from bot.reconcile import CHECKS
from config.approvals import Approvals, LeastAccess
from config.parse import ConfigError
from config.parse import parse as parse_file

HEAD = """version: 1
pipelines:
  site:
    environments:
      a: {branch: a}
      b:
        branch: b
        after: [a]
        approvals: """


def parsed(text: str) -> Approvals:
    found = parse_file(HEAD + text + "\n", checks=CHECKS, default_branch="main").pipelines[0].environments[1].approvals
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        pytest.param("{}", Approvals(), id="nothing said is one approval of anybody with write"),
        pytest.param(
            "{count: 2, users: [al], teams: [org/sre, Org/web_2]}",
            Approvals(count=2, users=("al",), teams=("org/sre", "Org/web_2")),
            id="users and teams, which may be more people than are listed",
        ),
        pytest.param("{permission: triage}", Approvals(permission=LeastAccess.TRIAGE), id="the least access"),
        pytest.param("{codeowners: true}", Approvals(codeowners=True), id="owners"),
        pytest.param(
            "{all_of: [{count: 2}, {any_of: [{users: [al]}, {teams: [org/sre]}]}]}",
            Approvals(
                all_of=(Approvals(count=2), Approvals(any_of=(Approvals(users=("al",)), Approvals(teams=("org/sre",)))))
            ),
            id="three levels of groups",
        ),
    ],
)
def test_what_is_meant(*, text: str, meant: Approvals) -> None:
    """A group, or a combination of groups."""
    assert parsed(text) == meant


@pytest.mark.parametrize(
    ("text", "column", "message", "suggestion"),
    [
        pytest.param("{teams: ['@org/sre']}", 29, "not a team", "`org/sre`", id="an at sign before a team"),
        pytest.param("{teams: [sre]}", 29, "not a team", "organisation/team", id="a team without its organisation"),
        pytest.param("{users: [org/sre]}", 29, "a team, not a login", "`teams: [org/sre]`", id="a team as a user"),
        pytest.param("{users: []}", 28, "names nobody", "remove `users`", id="an empty list is not everybody"),
        pytest.param("{teams: []}", 28, "names nobody", "remove `teams`", id="nor is one of teams"),
        pytest.param("{permission: read}", 33, "cannot be 'read'", "`triage`", id="readers approve of nothing"),
        pytest.param("{codeowners: yes}", 33, "true or false", "`true`", id="yes is no truth"),
        pytest.param(
            "{all_of: [{count: 2}], count: 1}",
            43,
            "stands beside `all_of`",
            "a group of `all_of`",
            id="mixed with a count",
        ),
        pytest.param(
            "{any_of: [{count: 2}], all_of: [{}]}", 21, "beside `all_of`", "a group of `all_of`", id="both combinations"
        ),
        pytest.param("{all_of: []}", 29, "has 0 groups", "1 to 10", id="no group"),
        pytest.param(
            "{all_of: [{any_of: [{all_of: [{count: 1}]}]}]}", 41, "at most 3 deep", "fewer levels", id="four levels"
        ),
        pytest.param("{all_of: [{team: x}]}", 31, "not a key of a group", "`teams`", id="an unknown key in a group"),
    ],
)
def test_what_is_wrong(*, text: str, column: int, message: str, suggestion: str) -> None:
    """Each mistake has its place, and what to write instead."""
    with pytest.raises(ConfigError) as caught:
        parsed(text)
    problem = caught.value.problems[0]
    assert message in problem.message
    assert suggestion in (problem.suggestion or "")
    assert (problem.line, problem.column) == (9, column)
