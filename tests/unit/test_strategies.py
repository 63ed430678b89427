"""What is chosen where versions are not the order: build time, one tag, text, number; and by age. Tables."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.versions import Choice, Rejection, Rules, RulesError, choose, make_rules, newer, overtaking
from config.pipeline import Strategy

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def ago(**span: int) -> datetime:
    return NOON - timedelta(**span)


def by(strategy: Strategy, *, allow: str | None = None, extract: str | None = None) -> Rules:
    return make_rules(strategy=strategy, allow=allow, extract=extract)


def refused(choice: Choice) -> list[str]:
    return [rejection.tag for rejection in choice.rejected]


@pytest.mark.parametrize(
    ("rules", "accepted", "others"),
    [
        pytest.param(by(Strategy.ALPHABETICAL), "20240101 20240102", "", id="dates are compared as text"),
        pytest.param(by(Strategy.ALPHABETICAL), "B a b", "", id="capitals come first, as bytes do"),
        pytest.param(by(Strategy.ALPHABETICAL), "1.10 1.9 main-abc1234", "", id="a text is no version"),
        pytest.param(by(Strategy.ALPHABETICAL), "main", "abc1234 sha-abc1234", id="hashes come in no order"),
        pytest.param(by(Strategy.ALPHABETICAL, allow="."), "abc1234 main", "", id="but allow_tags admits them"),
        pytest.param(by(Strategy.NUMERICAL), "-2 9 10 20240101", "", id="numbers are compared by value"),
        pytest.param(by(Strategy.NUMERICAL), "1.10 1.9", "", id="a number has decimals, and 1.9 is the greater"),
        pytest.param(
            by(Strategy.NUMERICAL), "1", "latest 1e3 nan inf 0x10 1_000 1.2.3 \u0661 -", id="what is no number"
        ),
        pytest.param(by(Strategy.NUMERICAL), "1 1.0 1.00", "", id="equal numbers are in the order of their text"),
        pytest.param(
            by(Strategy.NUMERICAL), f"{10**30} {10**30 + 1}", "", id="numbers have as many digits as they like"
        ),
        pytest.param(
            by(Strategy.NUMERICAL, allow="^main-[0-9a-f]+-([0-9]+)$", extract="$1"),
            "main-ffff-9 main-0000-10 main-aaaa-10",
            "main-10 dev-ffff-11 12",
            id="what was captured is compared, equal ones by the tag",
        ),
        pytest.param(
            by(Strategy.ALPHABETICAL, allow="^(?P<branch>[a-z]+)-(?P<at>[0-9]*)", extract="${at}$branch"),
            "z-1 a-2",
            "2",
            id="captures have names",
        ),
        pytest.param(
            by(Strategy.SEMVER, allow="^release-(.*)-arm$", extract="$1"),
            "release-1.9.0-arm release-1.10.0-arm",
            "release-1.11.0 release-x-arm",
            id="versions are found within tags",
        ),
        pytest.param(
            make_rules(strategy=Strategy.DIGEST, constraint="latest"), "latest", "1.0.0 edge", id="one tag is followed"
        ),
        pytest.param(
            make_rules(strategy=Strategy.DIGEST, constraint="20240101"), "20240101", "", id="whatever it looks like"
        ),
    ],
)
def test_each_strategy_has_its_order(rules: Rules, accepted: str, others: str) -> None:
    """Tags that count ascending, tags that do not; listed backwards."""
    wanted = accepted.split()
    choice = choose([*reversed(wanted), *others.split()], rules)
    assert list(choice.accepted) == wanted
    assert choice.selected == wanted[-1]
    assert refused(choice) == others.split()
    assert choice.undated == ()


@pytest.mark.parametrize(
    ("rules", "tag", "reason"),
    [
        (by(Strategy.NUMERICAL), "latest", "is not a number"),
        (by(Strategy.NUMERICAL, allow="-(.*)", extract="$1"), "a-b", "is not a number but 'b'"),
        (by(Strategy.SEMVER, allow="-(.*)", extract="v$1"), "a-b", "is not a version but 'vb'"),
        (by(Strategy.ALPHABETICAL, allow="-(.*)", extract="$1"), "a-", "has an empty extract"),
        (by(Strategy.ALPHABETICAL), "abc1234", "looks like the hash of a commit (allow_tags can admit it)"),
        (make_rules(strategy=Strategy.DIGEST, constraint="latest"), "1", "is not latest, the tag that is followed"),
    ],
)
def test_each_strategy_says_what_it_refuses(rules: Rules, tag: str, reason: str) -> None:
    """One tag at a time: a tag that is no number spoils no other."""
    assert choose([tag], rules).rejected == (Rejection(tag, reason),)


def test_signatures_count_in_no_strategy() -> None:
    """Not even where they are allowed by name."""
    signature = f"sha256-{'0' * 64}.sig"
    for strategy in (Strategy.SEMVER, Strategy.ALPHABETICAL, Strategy.NUMERICAL, Strategy.NEWEST_BUILD):
        choice = choose([signature], by(strategy, allow="sha256"), built={signature: NOON})
        assert choice.rejected == (Rejection(signature, "is a signature or an attestation, not an image"),)


def test_the_newest_build_waits_until_every_build_time_is_known() -> None:
    """The tags to ask for are named; none is selected before."""
    tags = ["sha-abc1234", "main", "ignored", "old"]
    rules = make_rules(strategy=Strategy.NEWEST_BUILD, ignore=["ignored"])
    first = choose(tags, rules, built={"old": ago(days=2)})
    assert (first.selected, first.undated, first.accepted) == (None, ("sha-abc1234", "main"), ("old",))
    assert not first.admits("main")
    second = choose(tags, rules, built={"old": ago(days=2), "main": ago(days=1), "sha-abc1234": None})
    assert (second.selected, second.undated, second.accepted) == ("main", (), ("old", "main"))
    assert second.rejected == (
        Rejection("sha-abc1234", "has no known build time"),
        Rejection("ignored", "is ignored by ignore_tags ignored"),
    )


def test_builds_of_one_moment_are_in_the_order_of_their_names() -> None:
    """However they are listed."""
    rules = by(Strategy.NEWEST_BUILD)
    built: dict[str, datetime | None] = {"b": NOON, "a": NOON}
    assert choose(["b", "a"], rules, built=built).selected == choose(["a", "b"], rules, built=built).selected == "b"


def test_newer_goes_by_the_strategys_order() -> None:
    """What has no place in it comes first; what nobody asked for is not claimed to be newer."""
    built = {"new": NOON, "old": ago(days=1), "lost": None}
    newest = by(Strategy.NEWEST_BUILD)
    assert newer("new", "old", newest, built=built)
    assert newer("new", "lost", newest, built=built)
    assert not newer("old", "new", newest, built=built)
    assert not newer("lost", "old", newest, built=built)
    assert not newer("new", "unasked", newest, built=built)
    assert not newer("unasked", "old", newest, built=built)
    assert newer("10", "9", by(Strategy.NUMERICAL))
    assert newer("9", "10", by(Strategy.ALPHABETICAL))
    assert newer("1", "latest", by(Strategy.NUMERICAL))
    extracting = by(Strategy.NUMERICAL, allow="-([0-9]+)$", extract="$1")
    assert newer("a-10", "b-9", extracting)
    assert newer("a-1", "2", extracting)
    followed = make_rules(strategy=Strategy.DIGEST, constraint="latest")
    assert not newer("latest", "edge", followed)


def test_newer_tags_that_were_refused_are_named_in_every_order() -> None:
    """By text and by build time; a followed tag is overtaken by none."""
    alphabetical = make_rules(strategy=Strategy.ALPHABETICAL, ignore=["c*"])
    assert [r.tag for r in overtaking(choose(["a", "b", "c", "cc"], alphabetical))] == ["cc", "c"]
    newest = make_rules(strategy=Strategy.NEWEST_BUILD, ignore=["c*"])
    built = {"a": ago(days=3), "b": ago(days=2), "c": ago(days=1), "cc": None}
    assert overtaking(choose(["a", "b", "c", "cc"], newest, built=built)) == (
        Rejection("c", "is ignored by ignore_tags c*"),
    )
    assert overtaking(choose(["a", "z"], make_rules(strategy=Strategy.DIGEST, constraint="a"))) == ()


def test_a_tag_must_be_old_enough() -> None:
    """The clock is the registry's or our own; what came just now is not counted, and the next moment is known."""
    rules = make_rules(constraint="<2", minimum_age=timedelta(minutes=10))
    appeared = {"1.0.0": ago(days=1), "1.1.0": ago(minutes=4), "1.2.0": ago(minutes=2), "2.0.0": ago(minutes=9)}
    choice = choose(["1.0.0", "1.1.0", "1.2.0", "1.3.0", "2.0.0"], rules, appeared=appeared, now=NOON)
    assert choice.selected == "1.0.0"
    assert choice.rejected == (
        Rejection("1.1.0", "is younger than 10m: it counts from 12:06 UTC"),
        Rejection("1.2.0", "is younger than 10m: it counts from 12:08 UTC"),
        Rejection("1.3.0", "was not seen before now"),
        Rejection("2.0.0", "is not <2"),
    )
    assert choice.until == NOON + timedelta(minutes=6)
    later = choose(["1.0.0", "1.1.0"], rules, appeared=appeared, now=NOON + timedelta(minutes=6))
    assert (later.selected, later.until) == ("1.1.0", None)


def test_without_a_minimum_age_nobody_asks_for_the_time() -> None:
    """An age of nothing is none; one that is demanded cannot be judged without the time."""
    assert choose(["1.0.0"], make_rules(minimum_age=timedelta(0))).selected == "1.0.0"
    assert choose(["1.0.0"], make_rules()).until is None
    with pytest.raises(ValueError, match="without the time"):
        choose(["1.0.0"], make_rules(minimum_age=timedelta(hours=1)))


def test_builds_too_young_are_not_asked_for() -> None:
    """What is refused for its age anyway needs no build time yet."""
    rules = make_rules(strategy=Strategy.NEWEST_BUILD, minimum_age=timedelta(hours=1))
    choice = choose(["a", "b"], rules, built={"a": NOON}, appeared={"a": ago(days=1), "b": NOON}, now=NOON)
    assert (choice.selected, choice.undated) == ("a", ())


@pytest.mark.parametrize("extract", ["$2", "$", "a$-", "${1", "$name", "$1x", "plain", "", "$99999999999999999999"])
def test_an_extract_of_what_is_not_captured_is_refused(extract: str) -> None:
    """Go would make nothing of it, silently."""
    with pytest.raises(RulesError) as refused:
        by(Strategy.NUMERICAL, allow="-([0-9]+)$", extract=extract)
    assert refused.value.field == "extract"


def test_an_extract_is_written_as_gos_templates_are() -> None:
    """The whole match, numbers, names, braces and a dollar; a group that took no part is empty."""
    rules = by(Strategy.ALPHABETICAL, allow="(?P<a>x)(y)?", extract="$0-${a}z-$2-$$-$a")
    assert rules.extract is not None
    assert rules.extract.of("_x_") == "x-xz--$-x"
    assert rules.extract.of("_") is None
