"""What environments take from `defaults`, and how mistakes in them are told."""

from datetime import timedelta

import jsonschema_rs
import pytest
import yaml

from bot.reconcile import CHECKS
from config.approvals import Approvals
from config.parse import ConfigError, Problem, parse
from config.pipeline import Environment, MergeMethod, OnDegraded, Pace, Skippable
from config.schema import json_schema

PIPELINES = """\
pipelines:
  shop:
    images:
      web: {repository: ghcr.io/org/shop}
    environments:
      dev: {path: dev}
      live: {path: live, after: [dev]}
      other: {path: other, after: [dev], gates: {minimum_age: 1h}, approvals: {count: 3}, auto: false}
  site:
    environments:
      main: {branch: main}
      public: {branch: public, after: [main]}
"""


def declared(defaults: str) -> dict[str, Environment]:
    """Every environment, by its name."""
    configuration = parse(f"defaults: {defaults}\n{PIPELINES}", checks=CHECKS)
    return {e.name: e for pipeline in configuration.pipelines for e in pipeline.environments}


def refused(defaults: str, pipelines: str = PIPELINES) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as raised:
        parse(f"defaults: {defaults}\n{pipelines}", checks=CHECKS)
    return raised.value.problems


def test_an_environment_takes_what_it_does_not_say_itself() -> None:
    """Its own key takes the place of the whole key; what is left out of both has the usual default."""
    found = declared("{auto: true, approvals: {count: 2}, gates: {soak: 1d}, pace: latest, skippable: []}")
    assert [found["live"].auto, found["other"].auto] == [True, False]
    assert [found["live"].approvals, found["other"].approvals] == [Approvals(count=2), Approvals(count=3)]
    assert (found["live"].gates.soak, found["other"].gates.soak) == (timedelta(days=1), None)
    assert found["other"].gates.minimum_age == timedelta(hours=1)
    assert found["live"].pace is Pace.LATEST
    assert found["live"].skippable == ()
    assert declared("{}")["live"].skippable == (Skippable.SOAK, Skippable.WINDOWS, Skippable.MINIMUM_AGE)


def test_what_means_nothing_somewhere_is_not_taken_there() -> None:
    """A root has no upstream to soak in, a source has no gates, and commits are merged in one way."""
    gates = "gates: {soak: 1d, health: true, minimum_age: 2h}"
    found = declared(f"{{{gates}, merge_method: squash, windows: [{{allow: '0 9 * * *', for: 8h}}]}}")
    assert (found["dev"].gates.soak, found["dev"].gates.minimum_age) == (None, timedelta(hours=2))
    assert (found["main"].gates.minimum_age, found["main"].windows) == (None, ())
    assert found["public"].gates.soak == timedelta(days=1)
    assert found["public"].merge_method is MergeMethod.MERGE
    assert found["live"].merge_method is MergeMethod.SQUASH


def test_hydrated_branches_keep_nothing_and_a_hydrated_root_has_gates() -> None:
    """It is promoted into like the others, and what looks upstream means nothing there."""
    environments = "{a: {branch: a, hydrated: a-next}, b: {branch: b, hydrated: b-next, after: [a]}}"
    defaults = "{keep: [own.yaml], gates: {soak: 1d, minimum_age: 2h}, windows: [{allow: '0 9 * * *', for: 8h}]}"
    text = f"defaults: {defaults}\npipelines: {{site: {{environments: {environments}}}}}\n"
    root, after = parse(text, checks=CHECKS).pipelines[0].environments
    assert [(e.keep, e.gates.minimum_age, len(e.windows)) for e in (root, after)] == [((), timedelta(hours=2), 1)] * 2
    assert (root.gates.soak, after.gates.soak) == (None, timedelta(days=1))


def test_what_becomes_of_a_bad_release_may_be_shared() -> None:
    """By whoever something is promoted into, and is watched; a source has nothing to go back to."""
    pipelines = PIPELINES.replace("{path: live, after: [dev]}", "{path: live, after: [dev], health: {from: none}}")
    text = f"defaults: {{on_degraded: rollback, rollback: {{approvals: {{count: 2}}}}}}\n{pipelines}"
    found = {e.name: e for pipeline in parse(text, checks=CHECKS).pipelines for e in pipeline.environments}
    assert {name: one.on_degraded for name, one in found.items()} == {
        "dev": OnDegraded.ROLLBACK,
        "live": OnDegraded.NONE,
        "other": OnDegraded.ROLLBACK,
        "main": OnDegraded.NONE,
        "public": OnDegraded.ROLLBACK,
    }
    assert (found["live"].rollback.approvals, found["main"].rollback.approvals) == (Approvals(count=2), None)


def test_what_is_copied_or_merged_keeps_what_all_keep() -> None:
    """Not the source, nor what is promoted by its versions; and a copy may be merged in either way."""
    sites = """\
      main: {path: main}
      open: {path: open, after: [main], promote: tree}
      copied: {path: copied, after: [main], promote: tree, keep: [b]}
"""
    text = PIPELINES[: PIPELINES.index("      main:")] + sites
    found = parse(f"defaults: {{keep: [a], merge_method: merge}}\n{text}", checks=CHECKS).pipelines
    assert {e.name: (e.keep, e.merge_method) for e in found[1].environments} == {
        "main": ((), MergeMethod.MERGE),
        "open": (("a",), MergeMethod.MERGE),
        "copied": (("b",), MergeMethod.MERGE),
    }
    assert {e.keep for e in found[0].environments} == {()}
    assert declared("{keep: [a, b/]}")["public"].keep == ("a", "b")


@pytest.mark.parametrize(
    ("defaults", "column", "message", "suggestion"),
    [
        pytest.param(
            "{path: apps}", 12, "takes no `path`: each environment lives in a place of its own", "no", id="path"
        ),
        pytest.param(
            "{after: [dev]}", 12, "takes no `after`: each environment has its own upstreams", "no", id="after"
        ),
        pytest.param("{promote: merge}", 12, "takes no `promote`", "no", id="promote"),
        pytest.param("{hydrated: x-next}", 12, "takes no `hydrated`: the hydrator writes", "no", id="hydrated"),
        pytest.param("{aproval: {count: 1}}", 12, "not a key of `defaults`", "`approvals`", id="an unknown key"),
        pytest.param("{approvals: {count: 0}}", 31, "whole number", "from 1 to 20", id="a value that is none"),
        pytest.param("{gates: {soak: soon}}", 26, "must be a duration", "30m", id="a duration that is none"),
        pytest.param("{gates: {scan: {}}}", 20, "not supported by this version yet", "", id="a later gate"),
        pytest.param("{merge_method: rebase}", 26, "did not check", "squash", id="a method that is refused"),
        pytest.param("{keep: [/a]}", 19, "without a slash", "`a`", id="a glob that is none"),
        pytest.param("{health: {at_least: 2}}", 21, "not supported by this version yet", "", id="a later key"),
        pytest.param("[auto]", 11, "must be a mapping", "", id="no mapping"),
    ],
)
def test_a_mistake_is_told_once_where_it_stands(*, defaults: str, column: int, message: str, suggestion: str) -> None:
    """However many environments take it."""
    (problem,) = refused(defaults)
    assert (problem.line, problem.column) == (1, column)
    assert message in problem.message
    assert "(under" not in problem.message
    assert suggestion in (problem.suggestion or "")


def test_a_mistake_is_told_though_nobody_takes_it() -> None:
    """Every environment has a key of its own; the next one may not."""
    own = (
        "pipelines: {shop: {images: {web: {repository: ghcr.io/org/a}}, environments: {dev: {path: a, auto: true}}}}\n"
    )
    (problem,) = refused("{auto: perhaps}", own)
    assert "must be true or false" in problem.message
    (problem,) = refused("{keep: [../a]}", own)
    assert "may not climb" in problem.message


def test_what_does_not_fit_one_environment_says_which() -> None:
    """An expression may be right under one environment and wrong under another."""
    gates = "{gates: {expressions: [{name: fine, when: \"live.status == 'Succeeded'\"}]}}"
    (problem,) = refused(gates)
    assert problem.line == 1
    assert problem.message.endswith("(under site/public)")
    fine = PIPELINES[: PIPELINES.index("  site:")]
    assert parse(f"defaults: {gates}\n{fine}", checks=CHECKS).pipelines


def test_the_schema_knows_the_defaults() -> None:
    """With an environment's keys, but for those that say which one it is."""
    schema = jsonschema_rs.validator_for(json_schema())
    good = yaml.safe_load(f"defaults: {{auto: true, gates: {{soak: 30m}}}}\n{PIPELINES}")
    assert [str(e) for e in schema.iter_errors(good)] == []
    good["defaults"]["path"] = "x"
    assert not schema.is_valid(good)
