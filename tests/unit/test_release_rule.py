"""Tables of release rules: what compiles, what holds, and which tags together satisfy one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cel_text import RuleError
from bot.model import Artifact, Digest, Unknown
from bot.release_rule import compile_rule, matching

NAMES = ("web", "api", "api-v2", "release", "import", "2048")
ONE, TWO = Digest(f"sha256:{'1' * 64}"), Digest(f"sha256:{'2' * 64}")


def artifact(name: str, tag: str, *, digest: Digest = ONE) -> Artifact:
    return Artifact(name=name, repository=f"ghcr.io/org/{name}", tag=tag, digest=digest)


def refusal(text: str, **tags: str) -> str | None:
    """What a rule over these artifacts says of their tags."""
    return compile_rule(text, tuple(tags)).refusal({name: artifact(name, tag) for name, tag in tags.items()})


@pytest.mark.parametrize(
    "text",
    [
        "web.tag == api.tag",
        "web.version.major == 1 && web.version.prerelease == ''",
        "artifacts['api-v2'].tag == artifacts[\"release\"].tag",
        "artifacts['import'].version.major >= 1 || artifacts['2048'].tag == 'x'",
        "artifacts.all(name, artifacts[name].tag == web.tag)",
        "web.tag.matches('^v[0-9]+') && web.repository.startsWith('ghcr.io/')",
        "web.tag == 'artifacts[\"nobody\"]' // artifacts['nobody']",
        "{'1.0': true}[web.tag]",
        "\n  web.tag\n  != api.tag\n",
    ],
)
def test_a_rule_that_is_read(text: str) -> None:
    """Bare names where they can be, `artifacts[…]` for every name."""
    assert compile_rule(text, NAMES).text == text


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        pytest.param("", (1, 1), "ends too early", id="empty"),
        pytest.param("web.tag ==", (1, 11), "ends too early", id="half"),
        pytest.param("web.tag = api.tag", (1, 9), "Syntax error", id="one equals sign"),
        pytest.param("web.tag == api.tagg", (1, 12), "no 'tagg'; it has tag, digest", id="unknown field"),
        pytest.param("artifacts['api'].tagg == ''", (1, 18), "no 'tagg'; it has tag, digest", id="unknown in brackets"),
        pytest.param("wbe.tag == ''", (1, 1), "no artifact of this pipeline is called 'wbe'", id="unknown artifact"),
        pytest.param("artifacts['nope'].tag == ''", (1, 1), "is called 'nope'", id="unknown artifact in brackets"),
        pytest.param("tag == ''", (1, 1), "is called 'tag'", id="no artifact"),
        pytest.param("web == api", (1, 1), "such as web.tag", id="whole artifacts"),
        pytest.param("api-v2.tag == ''", (1, 1), "artifacts['api-v2'].tag", id="a hyphen"),
        pytest.param("release.tag == ''", (1, 1), "artifacts['release'].tag", id="a reserved name"),
        pytest.param("import.tag == ''", (1, 1), "artifacts['import'].tag", id="a word of CEL's"),
        pytest.param("web.tag == 1", (1, 9), "== does not go with string and int", id="a tag against a number"),
        pytest.param("web.version.major == '1'", (1, 19), "int and string", id="a number against a text"),
        pytest.param("web.tag", (1, 1), "of type string; compare it", id="a text"),
        pytest.param("artifacts['web'].tag", (1, 1), "of type dyn; compare it", id="anything"),
        pytest.param("web.tag.split('.')[0] == ''", (1, 9), "no function 'split'", id="unknown method"),
        pytest.param("env('HOME') == ''", (1, 1), "no function 'env'", id="unknown function"),
        pytest.param("true &&\n nope.tag == ''", (2, 2), "(line 2, column 2)", id="the second line"),
        pytest.param("web.tag.matches('(')", (1, 1), "invalid regular expression", id="no pattern"),
        pytest.param("(" * 40 + "true" + ")" * 40, (1, 1), "limit", id="depth"),
        pytest.param("true" + " " * 500, (1, 501), "at most 500 characters", id="length"),
        pytest.param("[1].map(x, [1].map(x, [1].map(x, x))) == []", (1, 27), "lists at most 2", id="loops"),
        pytest.param("web.tag" + " + ''" * 21 + " == ''", (1, 109), "adds at most 20", id="sums"),
        pytest.param("web.tag == '\ud800'", (1, 1), "that is none", id="half a character"),
    ],
)
def test_a_rule_that_is_refused(text: str, place: tuple[int, int], message: str) -> None:
    """Whatever cannot become true or false is refused when it is read, where people would look for it."""
    with pytest.raises(RuleError) as refused:
        compile_rule(text, NAMES)
    assert (refused.value.line, refused.value.column) == place
    assert message in str(refused.value)


def test_a_rule_of_more_work_than_the_budget_is_refused() -> None:
    """Loops in loops over many artifacts come to an end in CEL's budget, before they are ever in force."""
    names = tuple(f"s{number}" for number in range(100))
    with pytest.raises(RuleError, match="budget"):
        compile_rule("artifacts.all(a, artifacts.all(b, a + b != '' && [1, 2, 3] != [4]))", names)
    with pytest.raises(RuleError, match="at most 100 artifacts, and here are 101"):
        compile_rule("true", (*names, "one-more"))


@pytest.mark.parametrize(
    ("text", "web", "api"),
    [
        ("web.tag == api.tag", "1.2", "1.2"),
        ("web.version.major == api.version.major", "1.9", "v1.2.3"),
        ("web.version.prerelease == 'rc.1' && api.version.prerelease == ''", "1.0.0-rc.1", "1.0.0"),
        ("web.version.minor == 4 || api.tag == 'main'", "main", "main"),
        ("artifacts.all(name, artifacts[name].version.minor == 2)", "1.2", "3.2"),
        ("web.digest == api.digest && web.repository == 'ghcr.io/org/web'", "a", "b"),
        ("web.version.major == 9223372036854775807", "9223372036854775807", "1"),
    ],
)
def test_a_rule_that_holds(text: str, web: str, api: str) -> None:
    """Only CEL's own truth lets a release go."""
    assert refusal(text, web=web, api=api) is None


@pytest.mark.parametrize(
    ("text", "web", "api", "reason"),
    [
        pytest.param("web.tag == api.tag", "1.2", "1.1", "does not hold for web 1.2, api 1.1", id="false"),
        pytest.param(
            "web.version.major == api.version.major",
            "main",
            "1.1",
            "cannot be judged: the tag main of web is not a version",
            id="a missing version",
        ),
        pytest.param(
            "web.version.major != api.version.major",
            "main",
            "main",
            "is not a version",
            id="nothing is unequal to nothing",
        ),
        pytest.param("!(web.version.major == 1)", "main", "1", "is not a version", id="nor is its denial true"),
        pytest.param("artifacts['web'].version.major == 1", "x", "1", "a tag is not a version", id="in brackets"),
        pytest.param("artifacts.web.colour != ''", "1", "1", "there is no colour", id="an unknown field"),
        pytest.param("1 / web.version.minor == 1", "1.0", "1", "divide by zero", id="an error"),
        pytest.param("web.tag.matches(api.tag)", "1", "[", "invalid regular expression", id="no pattern"),
        pytest.param("web.version.major > 0", "18446744073709551615", "1", "is not a version", id="a huge number"),
    ],
)
def test_a_rule_that_makes_a_release_wait(text: str, web: str, api: str, reason: str) -> None:
    """False waits; so does everything that is neither true nor false, with the reason."""
    said = refusal(text, web=web, api=api)
    assert said is not None
    assert reason in said
    assert said.startswith(f"the release rule {text} ")


def test_a_rule_waits_for_every_artifact() -> None:
    """What is true of all that is there is not true of all."""
    rule = compile_rule("artifacts.all(name, artifacts[name].tag == '1')", ("web", "api"))
    assert rule.refusal({"web": artifact("web", "1")}) == "the release rule waits for api"
    assert rule.refusal({name: artifact(name, "1") for name in ("web", "api", "gone")}) is None


def found(text: str, **choices: list[str]) -> dict[str, str] | None:
    """The tags that satisfy a rule, of these by artifact, newest first."""
    return matching(compile_rule(text, tuple(choices)), choices, repositories={}, digests={})


@pytest.mark.parametrize(
    ("text", "choices", "taken"),
    [
        pytest.param(
            "web.tag == api.tag",
            {"web": ["1.2", "1.1", "1.0"], "api": ["1.1", "1.0"]},
            {"web": "1.1", "api": "1.1"},
            id="the newest that both have",
        ),
        pytest.param("true", {"web": ["2", "1"], "api": ["5"]}, {"web": "2", "api": "5"}, id="the newest of each"),
        pytest.param(
            "web.tag != '3' || api.tag != '3'",
            {"web": ["3", "2"], "api": ["3", "2"]},
            {"web": "3", "api": "2"},
            id="the one declared first stays newest",
        ),
        pytest.param(
            "(web.tag == '3' && api.tag == '0') || (web.tag == '2' && api.tag == '2')",
            {"web": ["3", "2"], "api": ["3", "2", "1", "0"]},
            {"web": "2", "api": "2"},
            id="two small steps before a long one",
        ),
        pytest.param("web.tag == api.tag", {"web": ["1"], "api": ["2"]}, None, id="none match"),
        pytest.param("true", {"web": ["1"], "api": []}, None, id="an artifact without tags"),
        pytest.param(
            "web.tag == '0'", {"web": [str(n) for n in range(11, -1, -1)]}, None, id="the eleventh is not looked at"
        ),
        pytest.param("web.digest != ''", {"web": ["1"]}, None, id="an unknown digest satisfies nothing"),
    ],
)
def test_the_newest_tags_that_match(text: str, choices: dict[str, list[str]], taken: dict[str, str] | None) -> None:
    """A release waits for its siblings by stepping back as little as it can."""
    assert found(text, **choices) == taken


def test_one_tag_throughout_is_found_among_many_artifacts() -> None:
    """Twelve artifacts have more combinations than are tried, and the one with one tag is tried all the same."""
    names = [f"s{number}" for number in range(12)]
    tags = [str(9 - step) for step in range(10)]
    choices = dict.fromkeys(names, tags) | {"s3": ["4"]}
    text = "artifacts.all(name, artifacts[name].tag == s0.tag)"
    assert found(text, **choices) == dict.fromkeys(names, "4")


def test_digests_are_known_by_repository_and_tag() -> None:
    """As an observation has them; what could not be learnt satisfies nothing."""
    rule = compile_rule(f"web.digest == '{TWO}'", ("web",))
    assert rule.reads_digests
    assert not compile_rule("web.tag == ''", ("web",)).reads_digests
    choices, repositories = {"web": ["3", "2", "1"]}, {"web": "h/web"}
    digests: dict[tuple[str, str], Digest | Unknown | None] = {
        ("h/web", "3"): Unknown("the registry is down"),
        ("h/web", "2"): ONE,
        ("h/web", "1"): TWO,
    }
    assert matching(rule, choices, repositories=repositories, digests=digests) == {"web": "1"}


@given(st.text(max_size=40) | st.text("webapi.tg='\"[]()!&|0 -", max_size=40))
def test_any_text_is_a_rule_or_refused(text: str) -> None:
    """No text makes the compiler fail in another way than by naming a place."""
    assert refused_at(text) is None or min(refused_at(text) or ()) >= 1


def refused_at(text: str) -> tuple[int, int] | None:
    """Line and column of what is wrong; None where nothing is."""
    try:
        compile_rule(text, ("web", "api"))
    except RuleError as error:
        return error.line, error.column
    return None
