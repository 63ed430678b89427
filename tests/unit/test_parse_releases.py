"""Tables of what the file may say of releases and of the words that promotions use."""

from datetime import timedelta

import jsonschema_rs
import pytest
import yaml

from bot.release_rule import compile_rule
from bot.templates import check_template
from config.parse import Checks, ConfigError, Problem, parse
from config.pipeline import ReleaseRule, Templates
from config.schema import json_schema

CHECKS = Checks(check_expression=compile_rule, check_template=check_template)

WHOLE = """\
templates:
  title: 'Deploy {pipeline} {release}'
  body: |
    {changes}

    {gates}
  commit: |
    deploy({environment}): {artifacts}

    Before it ran {previous}.
  labels: [deployment, 'team: shop']
  sign_off: true
pipelines:
  shop:
    images: {web: {repository: h/web}, api: {repository: h/api}}
    charts: {shop-chart: {repository: 'oci://h.io/shop'}}
    release: {when: "web.tag == api.tag && artifacts['shop-chart'].tag == web.tag", settle: 5m}
    environments: {a: {path: a}}
"""


def problems(text: str) -> tuple[Problem, ...]:
    """What is wrong with a text; nothing, where it is read."""
    try:
        parse(text, checks=CHECKS)
    except ConfigError as error:
        return error.problems
    return ()


def release(text: str, *, artifacts: str = "images: {web: {repository: h/web}, api: {repository: h/api}}") -> str:
    """A file with one release rule, whose value begins in line 4 at column 14."""
    return f"pipelines:\n  shop:\n    {artifacts}\n    release: {text}\n    environments: {{a: {{path: a}}}}\n"


def templates(text: str) -> str:
    """A file whose templates begin in line 1 at column 12."""
    return f"templates: {text}\npipelines: {{}}\n"


def test_a_whole_release_and_its_words() -> None:
    """Texts are kept as they stand, line breaks and all."""
    configuration = parse(WHOLE, checks=CHECKS)
    (shop,) = configuration.pipelines
    assert shop.release == ReleaseRule(
        when="web.tag == api.tag && artifacts['shop-chart'].tag == web.tag", settle=timedelta(minutes=5)
    )
    assert configuration.templates == Templates(
        title="Deploy {pipeline} {release}",
        body="{changes}\n\n{gates}\n",
        commit="deploy({environment}): {artifacts}\n\nBefore it ran {previous}.\n",
        labels=("deployment", "team: shop"),
        sign_off=True,
    )


def test_what_is_not_said_of_releases() -> None:
    """Without a rule nothing is waited for; with one, siblings have two minutes to arrive."""
    (shop,) = parse("pipelines: {shop: {environments: {a: {}}}}", checks=CHECKS).pipelines
    assert shop.release is None
    (shop,) = parse(release("{when: web.tag == api.tag}"), checks=CHECKS).pipelines
    assert shop.release is not None
    assert shop.release.settle == timedelta(minutes=2)


def test_one_artifact_may_have_a_rule_of_its_own() -> None:
    """A single image may wait to settle, or be held to more than its constraint says."""
    one = "images: {web: {repository: h/web}}"
    assert problems(release("{settle: 1h, when: web.version.minor < 9}", artifacts=one)) == ()


@pytest.mark.parametrize(
    ("text", "column", "message", "suggestion"),
    [
        pytest.param("{wen: web.tag == ''}", 15, "`wen` is not a key", "`when`", id="misspelt key"),
        pytest.param("{settle: 5}", 23, "duration", "30m", id="no unit"),
        pytest.param("{when: web.tag == ap.tag}", 32, "is called 'ap'", None, id="an undeclared artifact, plain"),
        pytest.param("{when: 'web.tag == api.tga'}", 33, "no 'tga'", None, id="an unknown field, quoted"),
        pytest.param('{when: "web.tag == \\"1"}', 21, "column 12", None, id="an escape: the value"),
        pytest.param("{when: web.tag}", 21, "of type string", None, id="no truth"),
        pytest.param("{when: web.tag == 1}", 29, "string and int", None, id="a tag against a number"),
        pytest.param("{when: web.tag ==}", 31, "ends too early", None, id="half a rule"),
        pytest.param(
            "{when: \"artifacts['x'].tag == ''\"}", 22, "is called 'x'", None, id="an undeclared one in brackets"
        ),
        pytest.param("{when: \"web.tag.matches('(')\"}", 22, "invalid regular", None, id="no pattern"),
        pytest.param("{when: [web.tag]}", 21, "single value", None, id="a list"),
    ],
)
def test_a_mistake_in_a_release_rule(text: str, column: int, message: str, suggestion: str | None) -> None:
    """A rule type-checks against the artifacts of its own pipeline, or is refused where it fails to."""
    (problem,) = problems(release(text))
    assert (problem.line, problem.column) == (4, column)
    assert message in problem.message
    assert suggestion is None or suggestion in (problem.suggestion or "")


def test_a_rule_over_several_lines_names_the_line_within() -> None:
    """The place of the value is certain; the line within it is told."""
    (problem,) = problems(release('{when: "web.tag\\n == nope.tag"}'))
    assert (problem.line, problem.column) == (4, 21)
    assert "(line 2, column 5)" in problem.message


def test_nothing_to_wait_for() -> None:
    """Where branches are promoted there are no tags to compare."""
    (problem,) = problems("pipelines: {shop: {release: {settle: 5m}, environments: {a: {}}}}")
    assert (problem.line, problem.column) == (1, 20)
    assert "declares none" in problem.message


def test_a_rule_may_name_an_artifact_that_is_itself_wrong() -> None:
    """One mistake is one problem: the rule is not blamed for the image it rightly names."""
    broken = "images: {web: {repository: h/web, pin: x}, api: {}}"
    found = problems(release("{when: web.tag == api.tag}", artifacts=broken))
    assert [problem.message for problem in found] == ["pin cannot be 'x'", "image `api` has no repository"]


@pytest.mark.parametrize(
    ("text", "column", "message", "suggestion"),
    [
        pytest.param("{titel: x}", 13, "`titel` is not a key", "`title`", id="misspelt key"),
        pytest.param("{title: 'a {relaese}'}", 23, "{relaese} stands for nothing", None, id="no placeholder"),
        pytest.param("{title: 'a {gates}'}", 23, "in a body only", None, id="a placeholder of bodies"),
        pytest.param("{body: 'a } b'}", 22, "written twice: }}", None, id="a lone brace"),
        pytest.param('{title: "a\\nb"}', 20, "title is one line", None, id="two lines"),
        pytest.param('{commit: "a\\n\\nCaisson-Release: x"}', 21, "for its record", None, id="our trailers"),
        pytest.param("{labels: x}", 21, "must be a list", "`[x]`", id="no list"),
        pytest.param("{labels: [Caisson/held]}", 22, "Caisson's own", None, id="our labels"),
        pytest.param("{labels: [a, A]}", 25, "a second time", "once", id="a label twice"),
        pytest.param(f"{{labels: [{'a' * 51}]}}", 22, "at most 50 characters", None, id="a long label"),
        pytest.param('{labels: ["a\\tb"]}', 22, "printable", None, id="a tab"),
        pytest.param(f"{{labels: [{', '.join(f'l{n}' for n in range(21))}]}}", 21, "too many", "20", id="many labels"),
        pytest.param("{sign_off: yes}", 23, "true or false", "`true`", id="no truth"),
    ],
)
def test_a_mistake_in_a_template(text: str, column: int, message: str, suggestion: str | None) -> None:
    """Placeholders are few and known; what GitHub or our own records would not bear is refused."""
    (problem,) = problems(templates(text))
    assert (problem.line, problem.column) == (1, column)
    assert message in problem.message
    assert suggestion is None or suggestion in (problem.suggestion or "")


def test_the_schema_accepts_what_the_parser_accepts() -> None:
    """An editor shows no error in the whole example, and shows what needs no grammar."""
    schema = jsonschema_rs.validator_for(json_schema())
    assert [str(error) for error in schema.iter_errors(yaml.safe_load(WHOLE))] == []
    for wrong in (templates("{labels: ['']}"), templates("{titel: x}"), release("{settle: 5}")):
        assert not schema.is_valid(yaml.safe_load(wrong))
