"""Which graphs of environments are read, in which order they stand then, and what is said of those that cannot work."""

import jsonschema_rs
import pytest
import yaml

from config.parse import parse
from config.pipeline import Pace, Pipeline
from config.schema import json_schema
from tests.unit.test_parse import environments, problems

WAVES = """\
us: {path: us, after: [canary]}
reporting: {path: reporting, after: [staging], after_any: [eu, us]}
canary: {path: canary, after: [staging]}
eu: {path: eu, after: [canary]}
staging: {path: staging, after: [dev]}
dev: {path: dev}
"""


def pipeline(text: str) -> Pipeline:
    return parse(environments(text)).pipelines[0]


def test_upstream_stands_first_whichever_key_says_so() -> None:
    """In the file's order where the graph leaves it open; a wave is how far one is from a root."""
    read = pipeline(WAVES.replace("after: [staging], after_any", "after_any"))
    assert [e.name for e in read.environments] == ["dev", "staging", "canary", "us", "eu", "reporting"]
    waves = [[e.name for e in wave] for wave in read.waves]
    assert waves == [["dev"], ["staging"], ["canary"], ["us", "eu"], ["reporting"]]
    assert read.environment("reporting").upstreams == ("eu", "us")
    assert [e.name for e in read.downstreams(read.environment("canary"))] == ["us", "eu"]


@pytest.mark.parametrize(
    ("keys", "is_root", "completes"),
    [
        pytest.param("", True, False, id="a root takes the latest"),
        pytest.param(", pace: complete", True, True, id="a root may complete"),
        pytest.param(", after: []", True, False, id="of no upstreams all are verified"),
        pytest.param(", after: [a]", False, True, id="what comes after something completes"),
        pytest.param(", after_any: [a]", False, True, id="after any is no root either"),
        pytest.param(", after: [a], pace: latest", False, False, id="and may take the latest"),
    ],
)
def test_roots_and_paces(*, keys: str, is_root: bool, completes: bool) -> None:
    """An environment without upstreams is a root, and follows at once."""
    read = pipeline(f"a: {{path: a}}\nb: {{path: b{keys}}}").environment("b")
    assert (read.is_root, read.completes) == (is_root, completes)
    assert read.pace in (None, *Pace)


A = "a: {path: a}\n"
AB = f"{A}b: {{path: b, after: [a]}}\n"
FORK = f"{A}b: {{path: b}}\n"


@pytest.mark.parametrize(
    ("text", "line", "message", "suggestion"),
    [
        pytest.param(f"{A}b: {{path: b, after_any: [aa]}}", 7, "there is no environment `aa`", "`a`", id="unknown"),
        pytest.param("a: {path: a, after_any: [a]}", 6, "cannot come after itself", "upstream", id="itself"),
        pytest.param(
            "a: {path: a, after_any: [b]}\nb: {path: b, after: [a]}", 7, "in a circle", "root", id="a circle, both keys"
        ),
        pytest.param(f"{A}b: {{path: b, after_any: []}}", 7, "names no environment", "remove", id="any of none"),
        pytest.param(
            f"{FORK}c: {{path: c, after: [a], after_any: [a, b]}}", 8, "`a` stands in `after` too", "one", id="in both"
        ),
        pytest.param(
            f"{AB}c: {{path: c, after_any: [a, b]}}",
            8,
            "what is verified in `b` was verified in `a` before, which then always does",
            "`after_any` without `a`",
            id="one that always does",
        ),
        pytest.param(
            f"{AB}d: {{path: d}}\nc: {{path: c, after: [b], after_any: [a, d]}}",
            9,
            "verified in `b` was verified in `a`",
            "without `a`",
            id="one that does whenever all others do",
        ),
        pytest.param("a: {path: a, gates: {soak: 1m}}", 6, "this one has none", "`after_any:`", id="soak after none"),
        pytest.param("a: {path: a, pace: slow}", 6, "pace cannot be 'slow'", "`latest`, `complete`", id="a pace"),
    ],
)
def test_a_graph_that_cannot_work(*, text: str, line: int, message: str, suggestion: str) -> None:
    """It is refused where it says so, with what to write."""
    found = problems(environments(text))
    assert [p.line for p in found][:1] == [line]
    assert message in found[0].message
    assert suggestion in (found[0].suggestion or "")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"{FORK}c: {{path: c, after_any: [a, b]}}", id="two roots"),
        pytest.param(f"{A}b: {{path: b, after_any: [a]}}", id="any of one"),
        pytest.param(f"{AB}d: {{path: d, after: [a]}}\nc: {{path: c, after_any: [b, d]}}", id="two ways from one root"),
        pytest.param(
            f"{FORK}c: {{path: c, after_any: [a, b]}}\nd: {{path: d, after_any: [a, c]}}",
            id="what lies behind any of two need not have passed the first",
        ),
        pytest.param(f"{FORK}c: {{path: c, after_any: [a, b], gates: {{soak: 1h, health: true}}}}", id="gated"),
    ],
)
def test_a_graph_that_works(text: str) -> None:
    """And the schema agrees."""
    assert pipeline(text).environments
    whole = yaml.safe_load(environments(text))
    assert [str(e) for e in jsonschema_rs.validator_for(json_schema()).iter_errors(whole)] == []


BRANCHES = "a: {branch: a}\nb: {branch: b}\n"


def test_no_commit_reaches_what_asks_for_one_of_two_branches() -> None:
    """Each root has commits of its own; what lies behind the unreachable is not told of besides."""
    text = f"{BRANCHES}c: {{branch: c, after: [a, b]}}\nd: {{branch: d, after: [c]}}\n"
    (problem,) = problems(environments(text, images=False))
    assert (problem.line, problem.column) == (6, 33)
    assert "no release can reach `c`: `a` and `b` are branches" in problem.message
    assert "`after_any`" in (problem.suggestion or "")


def test_commits_of_either_branch_reach_what_takes_any() -> None:
    """And images reach everything, whatever the roots."""
    either = f"{BRANCHES}c: {{branch: c, after_any: [a, b]}}\nd: {{branch: d, after: [c], after_any: [a, b]}}\n"
    assert parse(environments(either.partition("d: ")[0], images=False)).pipelines
    assert pipeline(f"{FORK}c: {{path: c, after: [a, b]}}").environments
