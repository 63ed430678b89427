"""Tables of gates' expressions: what compiles, what is true, and what waits with which reason."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import Outcome
from bot.cel_text import RuleError
from bot.gate_expression import Facts, check_condition, compile_condition
from bot.gates import expression
from bot.model import ReleaseStatus
from config.checks import Scope
from tests.unit.facts import NOON

NAMES = ("staging", "production", "eu-west-1", "app", "import")
SCOPE = Scope(environments=NAMES, artifacts=("web", "api-v2"), is_root=False)
KNOWN: dict[str, object] = {
    "app.status.health.status": "Healthy",
    "app.status.sync.status": "Synced",
    "now": NOON,
    "pr.author": "caisson[bot]",
    "pr.draft": False,
    "pr.labels": ["ship it"],
    "pr.number": 7,
    "pr.title": "Promote shop",
    "release.artifacts": {"web": {"tag": "1.1.0", "digest": "sha256:1", "repository": "ghcr.io/org/web"}},
    "release.proposed": NOON - timedelta(hours=2),
    "release.tags": {"web": "1.1.0"},
}
STATUSES = {
    "staging": ReleaseStatus.SUCCEEDED,
    "production": ReleaseStatus.PROMOTING,
    "eu-west-1": ReleaseStatus.VERIFYING,
    "app": ReleaseStatus.PENDING,
}
FACTS = Facts(
    known=KNOWN,
    statuses=STATUSES,
    absent={"import.status": "import: the branch is gone", "securityScan.passed": "there is no scan"},
)


@pytest.mark.parametrize(
    "text",
    [
        "staging.status == 'Succeeded'",
        "environments['eu-west-1'].status == 'Verifying'",
        'environments["staging"].status != "Degraded"',
        "environments.staging.status in ['Succeeded', 'Verifying']",
        "environments['app'].status == 'Pending'",
        "app.status.health.status == 'Healthy' && app.status.sync.status == 'Synced'",
        "now - release.proposed >= duration('2h')",
        "now.getHours('Europe/Berlin') == 13 && now.getDayOfWeek() == 1",
        "now < timestamp('2026-12-01T00:00:00Z')",
        "'ship it' in pr.labels && pr.number == 7 && !pr.draft && pr.author == 'caisson[bot]'",
        "pr.title.startsWith('Promote')",
        "release.tags['web'].matches('^1[.]') && release.tags.web == '1.1.0'",
        "release.artifacts['web'].digest == 'sha256:1'",
        "release.tags.all(name, release.tags[name] != 'latest')",
        "securityScan.passed || staging.status == 'Succeeded'",
        "pr.labels.exists(label, label == 'ship it') // staging.status == 'Nonsense'",
        "staging.status\n  == 'Succeeded'",
    ],
)
def test_what_is_true(text: str) -> None:
    """Only CEL's own truth passes."""
    verdict = expression.judge("mine", compile_condition(text, SCOPE), FACTS, now=NOON)
    assert (verdict.gate, verdict.outcome, verdict.reason) == ("expression (mine)", Outcome.PASS, "holds")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            "production.status == 'Succeeded'", "does not hold (production is Promoting)", id="false, with what is"
        ),
        pytest.param("pr.number == 8", "pr.number == 8 does not hold", id="false"),
        pytest.param("securityScan.passed == true", "there is no scan", id="no scan"),
        pytest.param("!securityScan.passed", "there is no scan", id="nor the opposite of a scan"),
        pytest.param("environments['import'].status != 'Degraded'", "the branch is gone", id="an unknown status"),
        pytest.param(
            "environments.all(e, environments[e].status != 'Degraded')", "the branch is gone", id="unknown, in a loop"
        ),
        pytest.param("release.tags['api-v2'] == '1'", "there is no api-v2", id="an artifact without a tag"),
        pytest.param("pr.labels[3] == 'x'", "index", id="beyond the end"),
        pytest.param("1 / (pr.number - 7) == 1", "divide by zero", id="arithmetic that fails"),
    ],
)
def test_what_waits(text: str, reason: str) -> None:
    """False, an error and a missing field wait, each with its reason; none of them blocks."""
    verdict = expression.judge("mine", compile_condition(text, SCOPE), FACTS, now=NOON)
    assert verdict.outcome is Outcome.WAIT
    assert reason in verdict.reason


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        pytest.param("", (1, 1), "ends too early", id="empty"),
        pytest.param("stagging.status == 'Succeeded'", (1, 1), "'stagging' is not known", id="unknown environment"),
        pytest.param(
            "staging.state == 'Succeeded'", (1, 1), "has no 'state'; write staging.status", id="unknown field"
        ),
        pytest.param("eu-west-1.status == ''", (1, 1), "environments['eu-west-1'].status", id="a hyphen"),
        pytest.param("app.status == 'Pending'", (1, 1), "there is app.status.health.status", id="a reserved name"),
        pytest.param("import.status == 'Held'", (1, 1), "environments['import'].status", id="a word of CEL's"),
        pytest.param("environments['prod'].status == ''", (1, 1), "called 'prod'; it has staging", id="no such key"),
        pytest.param("environments.prod.status == ''", (1, 1), "called 'prod'", id="no such key after a dot"),
        pytest.param("environments['staging'].state == ''", (1, 25), "no 'state'; it has status", id="no such field"),
        pytest.param(
            "release.tags['wbe'] == ''", (1, 1), "no artifact of this pipeline is called 'wbe'", id="artifact"
        ),
        pytest.param("release.artifacts['web'].sha == ''", (1, 26), "has no 'sha'; it has tag", id="of an artifact"),
        pytest.param("staging.status == 'Suceeded'", (1, 20), "not the status of a release", id="misspelt status"),
        pytest.param("staging.status != 'Degrade'", (1, 20), "not the status of a release", id="which would pass"),
        pytest.param(
            "environments['staging'].status == 'healthy'", (1, 36), "one of Pending, Promoting", id="in brackets"
        ),
        pytest.param("staging.status == 1", (1, 16), "== does not go with string and int", id="a text and a number"),
        pytest.param("staging.status", (1, 1), "of type string; compare it", id="a text"),
        pytest.param("pr.branch == ''", (1, 1), "'pr.branch' is not known; there is pr.author", id="unknown of pr"),
        pytest.param("securityScan.critical == 0", (1, 1), "there is securityScan.passed", id="unknown of a scan"),
        pytest.param("has(environments.staging.status)", (1, 1), "a field that is not known waits", id="has"),
        pytest.param("!has (securityScan.passed)", (1, 2), "a field that is not known waits", id="has, with a gap"),
        pytest.param("now.getHours('Berlin') == 1", (1, 1), "Invalid timezone", id="no time zone"),
        pytest.param("pr.title.matches('(')", (1, 1), "invalid regular expression", id="no pattern"),
        pytest.param("env('HOME') == ''", (1, 1), "no function 'env'", id="unknown function"),
        pytest.param("true &&\n nope.status == ''", (2, 2), "(line 2, column 2)", id="the second line"),
        pytest.param("true" + " " * 500, (1, 501), "at most 500 characters", id="length"),
    ],
)
def test_what_is_refused(text: str, place: tuple[int, int], message: str) -> None:
    """What could never be true, or would be for a wrong reason, is refused when the file is read."""
    with pytest.raises(RuleError) as refused:
        check_condition(text, SCOPE)
    assert message in str(refused.value)
    assert (refused.value.line, refused.value.column) == place


def test_a_root_has_no_upstream_to_speak_of() -> None:
    """`app` is known only where something is upstream."""
    root = Scope(environments=NAMES, artifacts=(), is_root=True)
    check_condition("staging.status == 'Succeeded'", root)
    with pytest.raises(RuleError, match="this environment has none"):
        check_condition("app.status.health.status == 'Healthy'", root)


@pytest.mark.parametrize(
    ("text", "until", "expected"),
    [
        pytest.param("now > release.proposed", None, 1.0, id="the next full minute"),
        pytest.param("now < release.proposed", None, 1.0, id="whatever it says"),
        pytest.param("now > release.proposed", 0.75, 0.75, id="or what changes before"),
        pytest.param("staging.status == 'Succeeded'", 30.0, 30.0, id="when a status may change by itself"),
        pytest.param("staging.status == 'Succeeded'", None, None, id="never by time alone"),
    ],
)
def test_when_it_is_read_again(*, text: str, until: float | None, expected: float | None) -> None:
    """It is half a minute past noon."""
    now = NOON + timedelta(seconds=30)

    def after(minutes: float | None) -> object:
        return None if minutes is None else NOON + timedelta(minutes=minutes)

    moment = None if until is None else NOON + timedelta(minutes=until)
    verdict = expression.judge("mine", compile_condition(text, SCOPE), FACTS, now=now, until=moment)
    assert verdict.until == after(expected)


_WORDS = [
    "staging",
    ".status",
    "==",
    "!=",
    "'Succeeded'",
    "environments",
    "['eu-west-1']",
    "now",
    "pr.labels",
    "in",
    "!",
]


@given(
    st.lists(
        st.sampled_from([*_WORDS, "(", ")", "||", "&&", "securityScan.passed", "has", "\n", "//", '"']), max_size=9
    )
)
def test_any_text_is_read_or_refused(words: list[str]) -> None:
    """Whatever stands there, the answer is a verdict or a RuleError with a place inside it."""
    text = " ".join(words)
    try:
        condition = compile_condition(text, SCOPE)
    except RuleError as error:
        line, lines = error.line, text.count("\n") + 1
    else:
        assert condition.refusal(FACTS) != ""
        return
    assert 1 <= line <= lines
