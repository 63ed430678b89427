"""Tables of windows: when they are open, and the next moment at which that may change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions import Outcome
from bot.gates import windows as gate
from bot.time_windows import check_cron, check_timezone, opening
from config.pipeline import Window

BERLIN = "Europe/Berlin"


def allow(cron: str, span: str, zone: str = "UTC") -> Window:
    return Window.model_validate({"allow": cron, "for": _span(span), "timezone": zone})


def exclude(cron: str, span: str, zone: str = "UTC") -> Window:
    return Window.model_validate({"exclude": cron, "for": _span(span), "timezone": zone})


def _span(text: str) -> timedelta:
    return timedelta(**{{"m": "minutes", "h": "hours", "d": "days"}[text[-1]]: int(text[:-1])})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WORK = allow("0 9 * * 1-5", "8h", BERLIN)
NIGHT = allow("0 22 * * *", "8h")
LUNCH = exclude("0 12 * * *", "1h")
FREEZE = exclude("0 0 20 12 *", "14d")
# Berlin's clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October; both at 01:00 UTC.
GAP = allow("30 2 * * *", "2h", BERLIN)
TWICE = allow("30 2 * * *", "30m", BERLIN)
HOURLY = allow("30 * * * *", "10m", BERLIN)


@pytest.mark.parametrize(
    ("windows", "now", "is_open", "until"),
    [
        pytest.param((), "2026-11-23 12:00", True, None, id="none declared: always open"),
        pytest.param((WORK,), "2026-11-23 08:00", True, "2026-11-23 16:00", id="the start is inside"),
        pytest.param((WORK,), "2026-11-23 07:59:59", False, "2026-11-23 08:00", id="a second before the start"),
        pytest.param((WORK,), "2026-11-23 15:59:59", True, "2026-11-23 16:00", id="a second before the end"),
        pytest.param((WORK,), "2026-11-23 16:00", False, "2026-11-24 08:00", id="the end is outside"),
        pytest.param((WORK,), "2026-11-27 17:00", False, "2026-11-30 08:00", id="Friday evening: opens on Monday"),
        pytest.param((WORK,), "2026-07-06 07:00", True, "2026-07-06 15:00", id="in summer an hour earlier"),
        pytest.param((NIGHT,), "2026-11-24 03:00", True, "2026-11-24 06:00", id="begun yesterday"),
        pytest.param((LUNCH,), "2026-11-23 11:00", True, "2026-11-23 12:00", id="only an exclusion: open before it"),
        pytest.param((LUNCH,), "2026-11-23 12:00", False, "2026-11-23 13:00", id="only an exclusion: closed in it"),
        pytest.param((WORK, LUNCH), "2026-11-23 12:30", False, "2026-11-23 13:00", id="exclude beats allow"),
        pytest.param((LUNCH, WORK), "2026-11-23 12:30", False, "2026-11-23 13:00", id="in any order"),
        pytest.param(
            (WORK, LUNCH), "2026-11-23 11:30", True, "2026-11-23 12:00", id="closes when the exclusion begins"
        ),
        pytest.param(
            (WORK, exclude("0 15 * * *", "3h")),
            "2026-11-23 15:30",
            False,
            "2026-11-24 08:00",
            id="excluded until after the end: opens the next day",
        ),
        pytest.param(
            (WORK, FREEZE), "2026-12-24 10:00", False, "2027-01-04 08:00", id="excluded for days, then a weekend"
        ),
        pytest.param(
            (allow("0 9 * * *", "2h"), allow("0 11 * * *", "1h")),
            "2026-11-23 10:00",
            True,
            "2026-11-23 12:00",
            id="two that touch are one",
        ),
        pytest.param(
            (allow("0 9 * * *", "3h"), allow("0 10 * * *", "4h")),
            "2026-11-23 09:30",
            True,
            "2026-11-23 14:00",
            id="two that overlap are one",
        ),
        pytest.param(
            (allow("0 */6 * * *", "7h"), exclude("0 0 1 1 *", "1d")),
            "2026-11-23 12:00",
            True,
            "2027-01-01 00:00",
            id="one that follows itself without a gap",
        ),
        pytest.param(
            (allow("0 9 29 2 *", "1h"),), "2026-11-23 12:00", False, "2028-02-29 09:00", id="a day that is rare"
        ),
        pytest.param((GAP,), "2026-03-29 00:59:59", False, "2026-03-29 01:00", id="in the gap: not before it"),
        pytest.param(
            (GAP,), "2026-03-29 01:00", True, "2026-03-29 03:00", id="in the gap: begins when the clock has jumped"
        ),
        pytest.param((GAP,), "2026-03-29 02:30", True, "2026-03-29 03:00", id="in the gap: lasts no longer for it"),
        pytest.param((TWICE,), "2026-10-25 00:30", True, "2026-10-25 01:00", id="twice: begins the first time"),
        pytest.param((TWICE,), "2026-10-25 01:00", False, "2026-10-25 01:30", id="twice: ends"),
        pytest.param((TWICE,), "2026-10-25 01:30", True, "2026-10-25 02:00", id="twice: and begins again"),
        pytest.param((HOURLY,), "2026-10-25 00:30", True, "2026-10-25 00:40", id="hourly: begins the first time"),
        pytest.param((HOURLY,), "2026-10-25 01:30", True, "2026-10-25 01:40", id="hourly: and again"),
        pytest.param(
            (allow("45 2 * * *", "2h", BERLIN),),
            "2026-10-25 01:30",
            True,
            "2026-10-25 03:45",
            id="begun twice, it lasts from the second time",
        ),
        pytest.param(
            (allow("0 1 * * *", "4h", BERLIN),),
            "2026-10-25 02:59",
            True,
            "2026-10-25 03:00",
            id="four hours are four hours when the clock is set back",
        ),
        pytest.param(
            (allow("0 1 * * *", "4h", BERLIN),),
            "2026-03-29 03:59",
            True,
            "2026-03-29 04:00",
            id="and when it is set forward",
        ),
        pytest.param(
            (allow("0 9 * * 1", "1h", "Pacific/Kiritimati"),),
            "2026-11-22 19:30",
            True,
            "2026-11-22 20:00",
            id="Monday where Monday is first",
        ),
    ],
)
def test_when_windows_are_open(*, windows: tuple[Window, ...], now: str, is_open: bool, until: str | None) -> None:
    """The start is inside, the end is not.

    | excluded now | any `allow` declared | allowed now | → open |
    | yes | -   | -   | no  |
    | no  | no  | -   | yes |
    | no  | yes | yes | yes |
    | no  | yes | no  | no  |
    """
    found = opening(windows, utc(now))
    assert (found.is_open, found.until) == (is_open, utc(until) if until else None)


_CRONS = st.builds(
    "{} {} * * {}".format,
    st.sampled_from(["0", "30", "*/20", "15,45"]),
    st.sampled_from(["*", "2", "1-3", "*/6", "23"]),
    st.sampled_from(["*", "1-5", "0", "7"]),
)
_ZONES = ["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll"]
_WINDOWS = st.builds(
    lambda make, cron, span, zone: make(cron, span, zone),
    st.sampled_from([allow, exclude]),
    _CRONS,
    st.sampled_from(["10m", "1h", "3h", "26h"]),
    st.sampled_from(_ZONES),
)
# Around the changes of the clock in all of them.
_MOMENTS = st.builds(
    lambda day, minutes: utc(day) + timedelta(minutes=minutes),
    st.sampled_from(["2026-03-07", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-10-31"]),
    st.integers(0, 3 * 24 * 60),
)


@given(st.lists(_WINDOWS, min_size=1, max_size=3).map(tuple), _MOMENTS, st.integers(0, 99))
def test_nothing_changes_before_the_moment_named(windows: tuple[Window, ...], now: datetime, percent: int) -> None:
    """So that nobody need look before it; and where a change is announced, there is one."""
    found = opening(windows, now)
    if found.until is None:
        return
    assert found.until > now
    between = (now + (found.until - now) * percent // 100).replace(second=0, microsecond=0)
    assert opening(windows, max(between, now)).is_open is found.is_open
    if found.changes:
        assert opening(windows, found.until).is_open is not found.is_open


@given(_CRONS, st.sampled_from(["10m", "1h", "3h", "26h"]), st.sampled_from(_ZONES), _MOMENTS)
def test_a_window_is_open_as_counted_minute_by_minute(cron: str, span: str, zone: str, now: datetime) -> None:
    """It is open if the clock showed what cron says, or skipped it, in some minute of the span that lies behind."""
    minutes, hours, _, _, days = cron.split()
    place = ZoneInfo(zone)

    def begins(moment: datetime) -> bool:
        shown, before = (at.astimezone(place).replace(tzinfo=None) for at in (moment, moment - timedelta(minutes=1)))
        passed = max(int((shown - before).total_seconds()) // 60, 1)
        return any(said(shown - timedelta(minutes=n)) for n in range(passed))

    def said(at: datetime) -> bool:
        spoken = [
            _matches(minutes, at.minute, 60),
            _matches(hours, at.hour, 24),
            _matches(days, at.isoweekday() % 7, 8),
        ]
        return all(spoken)

    back = range(int(_span(span).total_seconds()) // 60)
    assert opening((allow(cron, span, zone),), now).is_open is any(begins(now - timedelta(minutes=n)) for n in back)


def _matches(field: str, value: int, size: int) -> bool:
    """One of cron's fields, as the tables above write them."""
    if field.startswith("*"):
        return value in range(0, size, int(field.partition("/")[2] or 1))
    first, dash, last = field.partition("-")
    if dash:
        return int(first) <= value <= int(last)
    return value in {int(one) % 7 if size == 8 else int(one) for one in field.split(",")}


@pytest.mark.parametrize(
    "windows",
    [
        pytest.param((allow("* * * * *", "1m"),), id="every minute, for a minute"),
        pytest.param((allow("* * * * *", "366d"),), id="every minute, for a year"),
        pytest.param((exclude("* * * * *", "1m"),), id="never open"),
        pytest.param((allow("* * * * *", "1m"), exclude("0 0 29 2 *", "1m")), id="for years to come"),
    ],
)
def test_what_never_changes_soon_is_looked_at_again(windows: tuple[Window, ...]) -> None:
    """However many beginnings there are, only so many are followed; then it is looked at again, and claims nothing."""
    found = opening(windows, utc("2026-11-23 12:00"))
    assert not found.changes
    assert found.until is not None
    assert found.until >= utc("2026-11-23 12:50")


@pytest.mark.parametrize(
    ("windows", "now", "outcome", "reason", "until"),
    [
        pytest.param((WORK,), "2026-11-23 12:00", Outcome.PASS, "open until 16:00 UTC", "2026-11-23 16:00", id="open"),
        pytest.param(
            (WORK,),
            "2026-11-23 17:00",
            Outcome.WAIT,
            "outside the allowed times; opens at 2026-11-24 08:00 UTC",
            "2026-11-24 08:00",
            id="closed",
        ),
        pytest.param(
            (WORK, LUNCH),
            "2026-11-23 12:30",
            Outcome.WAIT,
            "an excluded time; opens at 13:00 UTC",
            "2026-11-23 13:00",
            id="excluded",
        ),
        pytest.param(
            (FREEZE, exclude("0 0 1 1 *", "1m")),
            "2026-11-23 12:00",
            Outcome.PASS,
            "open until 2026-12-20 00:00 UTC",
            "2026-12-20 00:00",
            id="only exclusions",
        ),
    ],
)
def test_the_gate_says_when(
    *, windows: tuple[Window, ...], now: str, outcome: Outcome, reason: str, until: str
) -> None:
    """Whoever waits learns until when, and the next look comes then."""
    verdict = gate.judge(windows, now=utc(now))
    assert (verdict.gate, verdict.outcome, verdict.reason, verdict.until) == ("windows", outcome, reason, utc(until))


def test_the_gate_that_never_opens_names_no_moment() -> None:
    """What is not known is not claimed; it waits."""
    verdict = gate.judge((exclude("* * * * *", "1m"),), now=utc("2026-11-23 12:00"))
    assert (verdict.outcome, verdict.reason) == (Outcome.WAIT, "an excluded time; when it opens is not known")


# --- the grammar ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["0 9 * * 1-5", "*/15 * * * *", "0 0 1,15 JAN-JUN MON", "0 0 L * *", "0 0 * * FRI#1", "0 0 29 2 *", "0 0 * * 7"],
)
def test_cron_as_people_write_it(text: str) -> None:
    """The five fields of cron, with names, lists, ranges and steps."""
    check_cron(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("0 9 * *", "is not five fields", id="four fields"),
        pytest.param("0 0 9 * * 1-5", "is not five fields", id="seconds"),
        pytest.param("@daily", "is not five fields", id="a nickname"),
        pytest.param("60 9 * * *", "its minute", id="a minute too many"),
        pytest.param("0 24 * * *", "its hour", id="an hour too many"),
        pytest.param("0 9 32 * *", "its day-of-month", id="a day too many"),
        pytest.param("0 9 * 13 *", "its month", id="a month too many"),
        pytest.param("0 9 * * 8", "its day-of-week", id="a weekday too many"),
        pytest.param("0 9 * * 5-1", "its day-of-week", id="a range backwards"),
        pytest.param("*/0 * * * *", "its minute", id="a step of nothing"),
        pytest.param("0,,5 * * * *", "its minute", id="an empty item"),
        pytest.param("-1 * * * *", "its minute", id="a negative number"),
        pytest.param("0 9 31 2 *", "its day-of-month", id="a day that February never has"),
        pytest.param("0 9 ٣ * *", "plain text", id="digits of another script"),
        pytest.param("0 9 * * " + "1," * 60 + "1", "at most 100", id="very long"),
        pytest.param("\n", "is not five fields", id="nothing"),
    ],
)
def test_cron_that_is_refused(text: str, reason: str) -> None:
    """It is said which field is wrong."""
    with pytest.raises(ValueError, match=reason):
        check_cron(text)


@given(st.text(alphabet="0123456789*/,-#L WAMON", max_size=40))
def test_any_text_is_cron_or_refused(text: str) -> None:
    """Whatever is written, the answer is yes or a ValueError; and what is accepted can be judged."""
    try:
        check_cron(text)
    except ValueError:
        return
    assert opening((exclude(text, "1h"),), utc("2026-11-23 12:00")).until is not None


@pytest.mark.parametrize("name", ["UTC", BERLIN, "America/Argentina/Buenos_Aires", "Etc/GMT+5", "CET"])
def test_time_zones_of_the_database(name: str) -> None:
    """By the names that people know."""
    check_timezone(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Berlin",
        "Europe",
        "europe/berlin/",
        "../../etc/passwd",
        "/etc/localtime",
        "localtime",
        "posix/UTC",
        "right/UTC",
        "Europe/Berlin\n",
        "Europe/../Europe/Berlin",
        "+02:00",
        "Factory",
        "a" * 5000,
        "\0",
    ],
)
def test_what_is_no_time_zone(name: str) -> None:
    """Neither folders nor files of the machine, nor what it is set to, nor offsets."""
    with pytest.raises(ValueError, match="not a time zone"):
        check_timezone(name)


def test_a_zone_that_is_read_is_the_one_used() -> None:
    """The database that `zoneinfo` reads knows when Berlin's clocks change."""
    assert datetime(2026, 7, 1, tzinfo=ZoneInfo(BERLIN)).utcoffset() == timedelta(hours=2)
