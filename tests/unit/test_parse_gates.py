"""Gates and windows of the file: what is read, and what is refused where."""

from datetime import timedelta

import jsonschema_rs
import pytest
import yaml

from bot.reconcile import CHECKS
from config.parse import ConfigError, Problem, parse
from config.pipeline import Conclusion, Environment, Expression, RequiredCheck
from config.schema import json_schema

HEAD = """\
pipelines:
  shop:
    images:
      web: {repository: ghcr.io/org/shop}
    environments:
      a: {path: a}
"""


def text(environment: str) -> str:
    """A file whose environment `b`, after `a`, stands on line 7; its section begins at column 10."""
    return f"{HEAD}      b: {environment}\n"


def read(environment: str) -> Environment:
    return parse(text(environment), checks=CHECKS).pipelines[0].environment("b")


def problems(environment: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as refused:
        read(environment)
    return refused.value.problems


WHOLE = """
        path: b
        after: [a]
        windows:
          - {allow: "0 9 * * 1-5", for: 8h, timezone: Europe/Berlin}
          - {exclude: "0 0 24 12 *", for: 3d}
        gates:
          soak: 10m
          minimum_age: 1d
          checks:
            - build / unit@v2@github-actions
            - {name: lint, app: 15368, accept: [skipped, neutral]}
          expressions:
            - {name: staging-success, when: "a.status == 'Succeeded'"}
            - name: fine
              when: app.status.health.status == 'Healthy'"""


def test_gates_and_windows_are_read() -> None:
    """The forms that the documentation shows."""
    found = read(WHOLE)
    assert [(w.allow, w.exclude, w.span, w.timezone) for w in found.windows] == [
        ("0 9 * * 1-5", None, timedelta(hours=8), "Europe/Berlin"),
        (None, "0 0 24 12 *", timedelta(days=3), "UTC"),
    ]
    assert (found.gates.soak, found.gates.minimum_age) == (timedelta(minutes=10), timedelta(days=1))
    assert found.gates.checks == (
        RequiredCheck(name="build / unit@v2", app="github-actions"),
        RequiredCheck(name="lint", app="15368", accept=(Conclusion.SKIPPED, Conclusion.NEUTRAL)),
    )
    assert found.gates.expressions == (
        Expression(name="staging-success", when="a.status == 'Succeeded'"),
        Expression(name="fine", when="app.status.health.status == 'Healthy'"),
    )


def test_a_root_has_them_too() -> None:
    """All but what looks upstream."""
    root = "{path: b, windows: [{allow: '0 9 * * *', for: 1h}], gates: {checks: [x@y], minimum_age: 5m}}"
    found = read(root)
    assert (len(found.windows), found.gates.minimum_age) == (1, timedelta(minutes=5))


def _window(keys: str) -> str:
    return f"{{path: b, windows: [{{{keys}}}]}}"


def _gate(gates: str) -> str:
    return f"{{path: b, after: [a], gates: {{{gates}}}}}"


@pytest.mark.parametrize(
    ("environment", "column", "message", "suggestion"),
    [
        pytest.param("{path: b, windows: 5}", 29, "must be a list", None, id="windows that are no list"),
        pytest.param(_window("for: 1h"), 30, "either allows or excludes", "one of the two", id="neither"),
        pytest.param(
            _window("allow: '0 9 * * *', exclude: '0 9 * * *', for: 1h"),
            30,
            "either allows or excludes",
            None,
            id="both",
        ),
        pytest.param(_window("allow: '0 9 * * *'"), 30, "needs `for`", "`for: 8h`", id="no span"),
        pytest.param(_window("allow: '0 9 * * *', for: 0h"), 56, "never opens", "8h", id="no length"),
        pytest.param(_window("allow: '0 9 * *', for: 1h"), 38, "allow: '0 9 * *' is not five fields", None, id="cron"),
        pytest.param(_window("exclude: '0 9 31 2 *', for: 1h"), 40, "its day-of-month", None, id="never"),
        pytest.param(
            _window("allow: '0 9 * * *', for: 1h, timezone: Berlin"), 70, "not a time zone", None, id="no time zone"
        ),
        pytest.param(_window("alow: '0 9 * * *', for: 1h"), 31, "`alow` is not a key", "`allow`", id="misspelt"),
        pytest.param(_gate("windows: []"), 40, "they stand beside `gates`", None, id="windows among the gates"),
        pytest.param(_gate("scan: {}"), 40, "not supported by this version yet", None, id="a later gate"),
        pytest.param(_gate("minimum_age: 1w"), 53, "must be a duration", "30m", id="an age in weeks"),
        pytest.param(_gate("checks: build"), 48, "must be a list", None, id="checks that are no list"),
        pytest.param(_gate("checks: [build]"), 49, "which App", "`build@github-actions`", id="a check of no App"),
        pytest.param(_gate("checks: [build@GitHub Actions]"), 49, "not the slug", "`github-actions`", id="its name"),
        pytest.param(_gate("checks: ['@ci']"), 49, "not the name of a check", None, id="an App without a check"),
        pytest.param(_gate("checks: [{name: build}]"), 49, "both `name` and `app`", "app: …", id="an App missing"),
        pytest.param(_gate("checks: [x@ci, {name: x, app: ci}]"), 55, "a second time", None, id="a check twice"),
        pytest.param(
            _gate("checks: [{name: x, app: ci, accept: [failure]}]"),
            77,
            "cannot be 'failure'",
            "neutral",
            id="accepting",
        ),
        pytest.param(_gate("checks: [[x]]"), 49, "must be a mapping", None, id="a list as a check"),
        pytest.param(_gate("expressions: [{name: x}]"), 54, "both `name` and `when`", None, id="no condition"),
        pytest.param(_gate("expressions: [{name: X y, when: 'true'}]"), 61, "lower-case", "`x-y`", id="its name"),
        pytest.param(
            _gate("expressions: [{name: x, when: 'true'}, {name: x, when: 'true'}]"),
            86,
            "a second time",
            None,
            id="twice",
        ),
        pytest.param(
            _gate("expressions: [{name: x, when: \"c.status == 'Held'\"}]"), 71, "'c' is not known", None, id="unknown"
        ),
        pytest.param(
            _gate("expressions: [{name: x, when: \"true && a.status == 'Hold'\"}]"),
            92,
            "not the status of a release",
            None,
            id="the place within",
        ),
        pytest.param(
            _gate(f"checks: [{', '.join(f'x{n}@ci' for n in range(21))}]"), 199, "at most 20", None, id="many"
        ),
    ],
)
def test_a_mistake_in_a_gate(environment: str, column: int, message: str, suggestion: str | None) -> None:
    """Every mistake is named where it stands, with what to write instead."""
    (problem,) = problems(environment)
    assert message in problem.message
    assert suggestion is None or suggestion in (problem.suggestion or "")
    assert (problem.line, problem.column) == (7, column)


def test_what_is_a_source_has_no_gates() -> None:
    """Nothing is promoted into it: gates that are never asked would be a false comfort."""
    gates = "{checks: [x@y], minimum_age: 5m, expressions: [{name: x, when: 'true'}]}"
    windows = "[{allow: '0 9 * * *', for: 1h}]"
    source = f"pipelines:\n  shop:\n    environments:\n      a: {{branch: a, windows: {windows}, gates: {gates}}}\n"
    with pytest.raises(ConfigError) as refused:
        parse(source, checks=CHECKS)
    assert [p.suggestion for p in refused.value.problems] == [
        "no `windows`",
        "no `checks`",
        "no `minimum_age`",
        "no `expressions`",
    ]


def test_an_expression_speaks_of_the_environments_of_its_own_pipeline() -> None:
    """Those of another pipeline are not known, whatever they are called."""
    other = (
        text("{path: b}")
        .replace("pipelines:\n  shop:", "  store:")
        .replace("path: ", "path: store/")
        .replace("a:", "c:")
    )
    whole = text(_gate("expressions: [{name: x, when: \"c.status == 'Held'\"}]")) + other
    with pytest.raises(ConfigError, match="'c' is not known"):
        parse(whole, checks=CHECKS)


def test_the_schema_accepts_what_the_parser_accepts() -> None:
    """An editor shows no error in the whole example, and shows what needs no grammar."""
    schema = jsonschema_rs.validator_for(json_schema())
    assert [str(error) for error in schema.iter_errors(yaml.safe_load(text(WHOLE)))] == []
    for wrong in (
        _window("for: 1h"),
        _window("allow: x, exclude: y, for: 1h"),
        _window("allow: x"),
        _gate("checks: [build]"),
        _gate("checks: [{name: build}]"),
        _gate("minimum_age: 5"),
        _gate("expressions: [{name: x}]"),
    ):
        assert not schema.is_valid(yaml.safe_load(text(wrong))), wrong
