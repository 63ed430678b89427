"""Tables of `on_degraded` and `rollback` as people write them, and of what is refused."""

import pytest

from config.approvals import Approvals
from config.parse import ConfigError, parse
from config.pipeline import Environment, OnDegraded


def environment(keys: str, *, images: bool = True) -> Environment:
    """Environment `b`, of a pipeline of images or of branches."""
    what = "    images: {web: {repository: ghcr.io/org/web}}\n" if images else ""
    where = "path: b" if images else "branch: b"
    text = (
        f"version: 1\npipelines:\n  shop:\n{what}    environments:\n"
        f"      a: {{{'path: a' if images else 'branch: a'}}}\n      b: {{{where}, after: [a]{keys}}}\n"
    )
    return parse(text).pipelines[0].environment("b")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param("", OnDegraded.NONE, id="nothing said"),
        pytest.param(", on_degraded: none", OnDegraded.NONE, id="nothing"),
        pytest.param(", on_degraded: hold", OnDegraded.HOLD, id="hold"),
        pytest.param(", on_degraded: rollback", OnDegraded.ROLLBACK, id="rollback"),
        pytest.param(", on_degraded: none, health: {from: none}", OnDegraded.NONE, id="nothing, and nobody watches"),
    ],
)
def test_on_degraded(keys: str, expected: OnDegraded) -> None:
    """Nothing happens unless it is asked for."""
    assert environment(keys).on_degraded is expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param("", None, id="nobody"),
        pytest.param(", approvals: {count: 2}", Approvals(count=2), id="the environment's"),
        pytest.param(
            ", approvals: {count: 2}, rollback: {approvals: {users: [bob]}}", Approvals(users=("bob",)), id="its own"
        ),
        pytest.param(", rollback: {}", None, id="nothing of its own"),
    ],
)
def test_who_approves_of_a_rollback(keys: str, expected: Approvals | None) -> None:
    """Its own approvals, or else the environment's."""
    assert environment(keys).rollback_approvals == expected


@pytest.mark.parametrize(
    ("keys", "message", "suggestion"),
    [
        pytest.param(", on_degraded: undo", "cannot be 'undo'", None, id="no such word"),
        pytest.param(
            ", on_degraded: rollback, health: {from: none}",
            "can never see anything Degraded: the health here is not watched",
            "no `on_degraded`, or `health: {from: argocd}`",
            id="nobody watches",
        ),
        pytest.param(", rollback: {approval: {count: 1}}", "approval", "approvals", id="a mistyped key"),
        pytest.param(", rollback: {approvals: {count: 0}}", "count", None, id="nobody approves"),
    ],
)
def test_a_mistake_says_where_and_what_instead(keys: str, message: str, suggestion: str | None) -> None:
    """Refused with its place."""
    with pytest.raises(ConfigError) as refused:
        environment(keys)
    problem = refused.value.problems[0]
    assert message in str(problem)
    assert problem.line == 7
    assert suggestion is None or suggestion in str(problem)


def test_nothing_is_rolled_back_where_nothing_is_promoted() -> None:
    """The tip of a source is its release."""
    text = "version: 1\npipelines:\n  site:\n    environments:\n      a: {branch: a, on_degraded: rollback}\n"
    with pytest.raises(ConfigError, match="the tip of this branch is the release"):
        parse(text)
    assert environment(", on_degraded: rollback", images=False).on_degraded is OnDegraded.ROLLBACK
