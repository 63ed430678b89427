"""Truth tables of the gates: each says pass only on what is known, ours, and good."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.actions import Ask, Outcome, Verdict
from bot.gates import approvals, hold, soak
from bot.gates import health as health_gate
from bot.gates.approvals import Opinions
from bot.gates.approvers import Evidence, Voice
from bot.gates.verdicts import blocks, passed, waits, worst
from bot.health import HealthState
from bot.model import Actor, ActorKind, Labelling, Permission, RecordState, Release, Unknown
from bot.spans import clock_time, spoken
from bot.standing import Standing
from config.approvals import Approvals
from tests.unit.facts import (
    NEW,
    NEWER,
    NOON,
    OLD,
    SOAK,
    US,
    at,
    health,
    labelled,
    person,
    pull,
    record,
    release,
    standing,
)

PASS, WAIT, BLOCK = Outcome
HEALTHY, DEGRADED, ALARM = RecordState.HEALTHY, RecordState.DEGRADED, RecordState.ALARM
WATCHING, LOST = RecordState.WATCHING, RecordState.UNKNOWN
HERE = record(NEW, (HEALTHY, -90))
UNWATCHED = record(NEW, minute=-100)


# --- verdicts ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdicts", "outcome"),
    [
        pytest.param((passed("a", ""), passed("b", "")), PASS, id="all pass"),
        pytest.param((passed("a", ""), waits("b", "")), WAIT, id="one waits"),
        pytest.param((blocks("a", ""), waits("b", ""), passed("c", "")), BLOCK, id="a block outweighs a wait"),
        pytest.param((waits("a", ""), blocks("b", "")), BLOCK, id="in any order"),
    ],
)
def test_the_worst_verdict_wins(*, verdicts: tuple[Verdict, ...], outcome: Outcome) -> None:
    """Whatever the order, and however many pass."""
    assert worst(verdicts) is outcome


# --- health -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upstream", "outcome"),
    [
        pytest.param(standing(HERE), PASS, id="verified, and Healthy now"),
        pytest.param(standing(record(NEWER), HERE), PASS, id="verified, and the upstream moved on"),
        pytest.param(
            standing(record(NEWER), HERE, health=health(HealthState.DEGRADED)),
            PASS,
            id="verified, and what came after it is Degraded",
        ),
        pytest.param(standing(record(NEW, (HEALTHY, -90), (LOST, -80), (HEALTHY, -70))), PASS, id="out of sight since"),
        pytest.param(
            standing(record(NEW, (DEGRADED, -90), (HEALTHY, -70))), PASS, id="Degraded first, and Healthy since"
        ),
        pytest.param(
            standing(UNWATCHED, unwatched=True, health=health(HealthState.UNKNOWN)), PASS, id="merged, unwatched"
        ),
        pytest.param(standing(), WAIT, id="no record at all"),
        pytest.param(standing(record(OLD, (HEALTHY, -90))), WAIT, id="a record of another release only"),
        pytest.param(standing(unwatched=True), WAIT, id="unwatched, but never merged"),
        pytest.param(standing(record(NEW)), WAIT, id="merged, no news yet, whatever the cluster says now"),
        pytest.param(standing(record(NEW, (WATCHING, -90))), WAIT, id="only watched so far"),
        pytest.param(standing(record(NEW, (LOST, -90))), WAIT, id="never seen Healthy"),
        pytest.param(standing(record(NEW, (HEALTHY, -90), (DEGRADED, -80))), WAIT, id="Degraded by our record"),
        pytest.param(
            standing(record(NEWER), record(NEW, (HEALTHY, -90), (DEGRADED, -80))),
            WAIT,
            id="Degraded when the upstream moved on",
        ),
        pytest.param(standing(HERE, health=health(HealthState.DEGRADED)), WAIT, id="verified, but Degraded now"),
        pytest.param(standing(HERE, health=health(HealthState.PROGRESSING)), WAIT, id="verified, but rolling out now"),
        pytest.param(standing(HERE, health=health(HealthState.UNKNOWN)), WAIT, id="verified, but unknown now"),
        pytest.param(standing(record(NEW, (ALARM, -95), (HEALTHY, -90))), WAIT, id="an alarm, Healthy or not"),
        pytest.param(
            standing(record(NEW, (ALARM, -95)), unwatched=True), WAIT, id="an alarm where health is unwatched"
        ),
    ],
)
def test_health_of_an_upstream(*, upstream: Standing, outcome: Outcome) -> None:
    """Only what was seen live and Healthy by us, and is not otherwise now, passes.

    | our record | alarm | last word | stands there now | → verdict
    | none                  | -   | -            | -               | wait |
    | any                   | yes | -            | -               | wait |
    | any, unwatched        | no  | -            | -               | pass |
    | Healthy once          | no  | not Degraded | Healthy, or gone | pass |
    | Healthy once          | no  | not Degraded | anything else   | wait |
    | never, or Degraded    | no  | -            | -               | wait |
    """
    assert health_gate.judge(NEW, upstream).outcome is outcome


def test_a_release_is_known_by_its_digest() -> None:
    """The same tag with another digest is another release: nothing was verified of it."""
    moved = release("1.1.0", digest="sha256:" + "0" * 64)
    assert health_gate.judge(moved, standing(HERE)).outcome is WAIT


# --- soak -------------------------------------------------------------------------------------------------------------


def soaking(*states: tuple[RecordState, float]) -> Standing:
    return standing(record(NEW, *states))


@pytest.mark.parametrize(
    ("upstream", "outcome", "until"),
    [
        pytest.param(soaking((HEALTHY, -30)), PASS, None, id="exactly long enough"),
        pytest.param(soaking((HEALTHY, -29)), WAIT, 1, id="a minute short"),
        pytest.param(soaking((HEALTHY, -90), (DEGRADED, -40), (HEALTHY, -10)), PASS, None, id="a long run before"),
        pytest.param(soaking((HEALTHY, -40), (DEGRADED, -20), (HEALTHY, -10)), WAIT, 20, id="Degraded starts it again"),
        pytest.param(
            soaking((HEALTHY, -40), (LOST, -20), (HEALTHY, -5)), WAIT, 5, id="time out of sight is not counted"
        ),
        pytest.param(
            replace(soaking((HEALTHY, -29)), health=health(HealthState.UNKNOWN)),
            WAIT,
            None,
            id="unknown now: no moment",
        ),
        pytest.param(
            replace(soaking((HEALTHY, -90)), health=health(HealthState.UNKNOWN)),
            WAIT,
            None,
            id="time since the last status counts only while it is Healthy",
        ),
        pytest.param(soaking(), WAIT, None, id="no news yet"),
        pytest.param(soaking((WATCHING, -90)), WAIT, None, id="watching is not soaking"),
        pytest.param(standing(), WAIT, None, id="no record"),
        pytest.param(
            standing(record(NEW, (HEALTHY, -90), complete=False)), WAIT, None, id="more statuses than could be read"
        ),
        pytest.param(standing(record(NEWER, minute=-60), HERE), PASS, None, id="moved on after it had soaked"),
        pytest.param(standing(record(NEWER, minute=-70), HERE), WAIT, None, id="moved on too early"),
        pytest.param(standing(record(NEW, minute=-30), unwatched=True), PASS, None, id="unwatched: since the merge"),
        pytest.param(standing(record(NEW, minute=-20), unwatched=True), WAIT, 10, id="unwatched: not long enough"),
    ],
)
def test_soak_in_an_upstream(*, upstream: Standing, outcome: Outcome, until: float | None) -> None:
    """Long enough without a break, by our own records.

    | longest Healthy run | Healthy now | → verdict
    | ≥ needed | -   | pass |
    | < needed | yes | wait, until the moment it will be enough |
    | < needed | no  | wait, with no moment |
    """
    verdict = soak.judge(NEW, upstream, needed=SOAK, now=NOON)
    if outcome is WAIT and until is None:
        assert verdict.until is None
    assert (verdict.outcome, verdict.until) == (outcome, None if until is None else at(until))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0s"), (45, "45s"), (1800, "30m"), (5400, "1h 30m"), (93784, "1d 2h")],
)
def test_durations_as_people_write_them(*, seconds: int, words: str) -> None:
    """The two largest units say enough."""
    assert spoken(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("minute", "words"),
    [
        pytest.param(30, "12:30 UTC", id="today"),
        pytest.param(30.2, "12:31 UTC", id="a minute not yet over is rounded up"),
        pytest.param(720, "2026-11-24 00:00 UTC", id="another day has its date"),
    ],
)
def test_moments_are_absolute(*, minute: float, words: str) -> None:
    """An idle pass has nothing to rewrite, and the moment named is never too early."""
    assert clock_time(at(minute), NOON) == words


# --- hold -------------------------------------------------------------------------------------------------------------

TOM, WANDA = person("tom"), person("wanda")
WRITES: dict[str, Permission | Unknown] = {"wanda": Permission.WRITE, "tom": Permission.TRIAGE}


@pytest.mark.parametrize(
    ("events", "on", "permissions", "held", "asks"),
    [
        pytest.param((), False, {}, False, None, id="never labelled"),
        pytest.param((labelled(TOM, added=True),), True, {}, True, None, id="labelled by hand"),
        pytest.param((labelled(US, added=True),), True, {}, True, None, id="labelled by us"),
        pytest.param((), True, {}, True, None, id="labelled, by an event beyond what was read"),
        pytest.param((labelled(TOM, added=True, label="bug"),), False, {}, False, None, id="another label"),
        pytest.param(
            (labelled(TOM, added=True), labelled(US, added=False)), False, {}, False, None, id="released by us"
        ),
        pytest.param(
            (labelled(TOM, added=True), labelled(TOM, added=False)), False, {}, False, None, id="released by the holder"
        ),
        pytest.param(
            (labelled(TOM, added=True), labelled(WANDA, added=False)), False, {}, True, "wanda", id="by whom? ask first"
        ),
        pytest.param(
            (labelled(TOM, added=True), labelled(WANDA, added=False)),
            False,
            WRITES,
            False,
            None,
            id="released by somebody with write",
        ),
        pytest.param(
            (labelled(WANDA, added=True), labelled(TOM, added=False)),
            False,
            WRITES,
            True,
            None,
            id="taken off with triage only: still held",
        ),
        pytest.param(
            (labelled(WANDA, added=True), labelled(TOM, added=False)),
            False,
            {"tom": Unknown("GitHub is away")},
            True,
            None,
            id="taken off by somebody whose access is unknown: still held",
        ),
        pytest.param(
            (labelled(WANDA, added=True), labelled(TOM, added=True), labelled(TOM, added=False)),
            False,
            WRITES,
            True,
            None,
            id="a second label does not take over the hold",
        ),
        pytest.param(
            (labelled(TOM, added=True), labelled(US, added=False), labelled(WANDA, added=True)),
            True,
            {},
            True,
            None,
            id="released, and held again",
        ),
    ],
)
def test_what_holds(
    *,
    events: tuple[Labelling, ...],
    on: bool,
    permissions: dict[str, Permission | Unknown],
    held: bool,
    asks: str | None,
) -> None:
    """A hold ends only by us, by its holder, or by write access.

    | label put on | taken off by | → held
    | no  | -                               | no  |
    | yes | nobody                          | yes |
    | yes | us, its holder, write           | no  |
    | yes | triage, unknown, not asked yet  | yes |
    """
    labels = frozenset({"caisson/hold"}) if on else frozenset[str]()
    found, unsure = hold.standing_hold(pull(labelling=events, labels=labels), permissions)
    assert (found is not None, unsure) == (held, asks)


@pytest.mark.parametrize(
    ("by", "holder", "reason", "said"),
    [
        pytest.param(TOM, None, None, "held by tom; `/unhold` releases it", id="by a label"),
        pytest.param(US, "tom", "sale", "held by tom: sale; `/unhold` releases it", id="by a comment, with a reason"),
    ],
)
def test_a_hold_blocks_and_says_whose_it_is(*, by: Actor, holder: str | None, reason: str | None, said: str) -> None:
    """Whoever reads it knows whom to ask."""
    verdict = hold.judge(hold.Hold(by=by, by_us=by == US), holder=holder, reason=reason)
    assert (verdict.outcome, verdict.reason) == (BLOCK, said)


def test_without_a_hold_the_gate_passes() -> None:
    """The one way to pass it."""
    assert hold.judge(None, holder="tom", reason="an old reason").outcome is PASS


def test_a_bot_may_hold() -> None:
    """A label is a label, whoever put it on: stopping is always allowed."""
    bot = person("renovate", ActorKind.BOT)
    assert hold.standing_hold(pull(labelling=(labelled(bot, added=True),)), {})[0] is not None


# --- approvals --------------------------------------------------------------------------------------------------------


def approvers(*logins: str, objecting: tuple[str, ...] = ()) -> Opinions:
    return Opinions(approving=tuple(Voice(person(login).id, login) for login in logins), objecting=objecting)


ONE, TWO = Approvals(count=1), Approvals(count=2)
ADMINS: dict[str, Permission | Unknown] = {"bob": Permission.WRITE, "wanda": Permission.ADMIN, "tom": Permission.TRIAGE}


@pytest.mark.parametrize(
    ("rule", "opinions", "permissions", "outcome", "asks"),
    [
        pytest.param(ONE, Opinions(), {}, WAIT, (), id="nobody approves"),
        pytest.param(ONE, approvers("bob"), {}, WAIT, ("bob",), id="enough: their access is read first"),
        pytest.param(TWO, approvers("bob"), {}, WAIT, (), id="not enough: nothing is asked"),
        pytest.param(ONE, approvers("bob"), ADMINS, PASS, (), id="one with write"),
        pytest.param(TWO, approvers("bob", "wanda"), ADMINS, PASS, (), id="two with write or more"),
        pytest.param(TWO, approvers("bob", "tom"), ADMINS, WAIT, (), id="one of two may only triage"),
        pytest.param(ONE, approvers("tom"), ADMINS, WAIT, (), id="triage does not count"),
        pytest.param(ONE, approvers("bob"), {"bob": Unknown("away")}, WAIT, (), id="access that could not be read"),
        pytest.param(ONE, approvers("bob"), {"bob": Permission.NONE}, WAIT, (), id="no access any more"),
        pytest.param(
            TWO,
            approvers("bob", "wanda"),
            {"bob": Permission.WRITE},
            WAIT,
            ("wanda",),
            id="one of two not yet asked",
        ),
        pytest.param(ONE, approvers("bob", objecting=("wanda",)), ADMINS, BLOCK, (), id="an objection outweighs"),
        pytest.param(Approvals(users=("wanda",)), approvers("bob"), ADMINS, WAIT, (), id="not one of those named"),
        pytest.param(Approvals(users=("Wanda",)), approvers("wanda"), ADMINS, PASS, (), id="named, in another case"),
        pytest.param(Approvals(users=("tom",)), approvers("tom"), ADMINS, WAIT, (), id="named, but without write"),
    ],
)
def test_approvals(
    *,
    rule: Approvals,
    opinions: Opinions,
    permissions: dict[str, Permission | Unknown],
    outcome: Outcome,
    asks: tuple[str, ...],
) -> None:
    """Enough people with write access, read live, and no objection.

    | objections | eligible | their access | → verdict
    | some | -        | -                         | block |
    | none | < count  | -                         | wait |
    | none | ≥ count  | not asked                 | wait, and ask |
    | none | ≥ count  | known, write for < count  | wait |
    | none | ≥ count  | known, write for ≥ count  | pass |
    """
    identities = {login: person(login).id for login in permissions}
    verdict, unread = approvals.judge(rule, opinions, Evidence(permissions=permissions, identities=identities))
    assert (verdict.outcome, unread) == (outcome, Ask(permissions=frozenset(asks)))


def test_a_release_is_named_where_it_is_missing() -> None:
    """The reason says which release, and where it has not been."""
    missing: Release = NEWER
    assert health_gate.judge(missing, standing(HERE)).reason == "1.2.0 has not been merged in staging"
