"""Times in which something is allowed or excluded: when they begin and end, whatever clocks do meanwhile. No I/O.

A window begins when the clock of its time zone shows what cron says, and lasts for a span of real time: a day on which
clocks change makes no window longer. A beginning that the clock skips takes place when it has jumped; one that it shows
twice takes place twice.

`cronsim` walks the calendar without a time zone, and what clocks do is decided here: given one, it follows Debian's
cron, which runs jobs once and so would open a window once, and it goes astray where a clock is set by half an hour. The
database of time zones is the system's, else `tzdata`'s.
"""

import heapq
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from config.pipeline import Window

_FIELDS = 5
_LONGEST = 100
# No clock was ever set back by more.
_CLOCK_CHANGE = timedelta(hours=3)
_SECOND = timedelta(seconds=1)
# How many windows that touch each other are followed to learn when they end, and how many changes until one matters.
_MOST_FOLLOWED = 50
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,3}")
# Whatever the machine is set to, and tables of another kind, that a system's database holds besides.
_NO_ZONES = re.compile(r"localtime|posixrules|Factory|posix/.*|right/.*")


def check_cron(text: str) -> None:
    """Refuse what is not five fields of cron that will come about: ValueError with the reason."""
    fields = text.split()
    if len(text) > _LONGEST or not text.isascii():
        raise ValueError(f"the five fields of cron are plain text of at most {_LONGEST} characters")
    if len(fields) != _FIELDS:
        what = "minute, hour, day of the month, month, day of the week"
        raise ValueError(f"{text!r} is not five fields of cron ({what}), such as 0 9 * * 1-5")
    try:
        begins = CronSim(text, _unzoned(datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        said = str(error).removeprefix("Bad ")
        raise ValueError(f"{text!r} is not understood as cron: its {said} is not one") from error
    if next(begins, None) is None:
        raise ValueError(f"{text!r} never comes")


def check_timezone(text: str) -> None:
    """Refuse what is not a name of the IANA time zone database: ValueError with the reason."""
    wrong = f"{text!r} is not a time zone of the IANA database, such as Europe/Berlin or UTC"
    if not _ZONE.fullmatch(text) or _NO_ZONES.fullmatch(text):
        raise ValueError(wrong)
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        # OSError: the name of a folder of the database.
        raise ValueError(wrong) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Whether it is open. `until`: the next moment at which that may change; None if it never does.

    `changes`: it is known to change then. `excluded`: it is closed by an exclusion, whatever is allowed.
    """

    is_open: bool
    until: datetime | None
    changes: bool
    excluded: bool = False


@lru_cache(maxsize=256)
def opening(windows: tuple[Window, ...], now: datetime) -> Opening:
    """How windows stand at a moment: exclusions outweigh, and without any allowed time all is allowed but them."""
    first = _state(windows, now)
    state = first
    for _ in range(_MOST_FOLLOWED):
        if state.until is None:
            return Opening(is_open=first.is_open, until=None, changes=False, excluded=first.excluded)
        following = _state(windows, state.until)
        if following.is_open != first.is_open:
            return Opening(is_open=first.is_open, until=state.until, changes=True, excluded=first.excluded)
        state = following
    return Opening(is_open=first.is_open, until=state.until, changes=False, excluded=first.excluded)


def _state(windows: Sequence[Window], at: datetime) -> Opening:
    """How they stand at a moment, and the next one at which a window that matters begins or ends."""
    allowed = [window for window in windows if window.allow is not None]
    excluded = [window for window in windows if window.exclude is not None]
    shut = [end for window in excluded if (end := _lasts(window, at)) is not None]
    if shut:
        return Opening(is_open=False, until=max(shut), changes=False, excluded=True)
    held = [end for window in allowed if (end := _lasts(window, at)) is not None]
    if allowed and not held:
        return Opening(is_open=False, until=_first(allowed, at), changes=False)
    ahead = [moment for moment in (max(held, default=None), _first(excluded, at)) if moment is not None]
    return Opening(is_open=True, until=min(ahead, default=None), changes=False)


def _first(windows: Sequence[Window], at: datetime) -> datetime | None:
    """The next beginning of any of them."""
    begins = (next(_beginnings(window, at), None) for window in windows)
    return min((moment for moment in begins if moment is not None), default=None)


def _lasts(window: Window, at: datetime) -> datetime | None:
    """When a window that covers the moment ends, with those of its own kind that follow without a gap; else None."""
    begun = _last_begun(window, at)
    if begun is None or begun + window.span <= at:
        return None
    end = begun + window.span
    for moment in islice(_beginnings(window, begun), _MOST_FOLLOWED):
        if moment > end:
            break
        end = moment + window.span
    return end


def _last_begun(window: Window, at: datetime) -> datetime | None:
    """The latest beginning that is not after the moment."""
    zone = _zone(window.timezone)
    latest: datetime | None = None
    reading = _unzoned(at.astimezone(zone))
    margin = _margin(at, zone)
    for shown in CronSim(_cron(window), reading + margin + _SECOND, reverse=True):
        if latest is not None and (not margin or shown < reading - margin):
            break
        begun = [moment for moment in _moments(shown, zone) if moment <= at and (latest is None or moment > latest)]
        latest = max(begun, default=latest)
    return latest


def _beginnings(window: Window, after: datetime) -> Iterator[datetime]:
    """The beginnings later than a moment, in order."""
    zone, last = _zone(window.timezone), after
    # Readings follow each other as the moments do at which they are first shown; the second ones are put in between.
    again: list[datetime] = []
    for shown in CronSim(_cron(window), _unzoned(after.astimezone(zone)) - _margin(after, zone)):
        first, *second = _moments(shown, zone)
        while again and again[0] <= first:
            yield (last := max(last, heapq.heappop(again)))
        if first > last:
            yield (last := first)
        for moment in second:
            if moment > last:
                heapq.heappush(again, moment)
    yield from sorted(again)


def _moments(shown: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """When a clock shows a reading: once, twice, or, where the clock skips it, when the clock has jumped."""
    first, second = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return (first,)
    if first < second:
        return (first, second)
    # PEP 495: of a reading that is skipped, `fold` tells on which side of the jump the moments lie.
    before, after = int(second.timestamp()), int(first.timestamp())
    offset = first.astimezone(zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        jumped = datetime.fromtimestamp(middle, zone).utcoffset() == offset
        before, after = (before, middle) if jumped else (middle, after)
    return (datetime.fromtimestamp(after, UTC),)


def _margin(at: datetime, zone: ZoneInfo) -> timedelta:
    """By how much readings may be out of order around a moment: nothing, where the clock does not change."""
    before, later = ((at + step).astimezone(zone) for step in (-_CLOCK_CHANGE, _CLOCK_CHANGE))
    return timedelta() if before.utcoffset() == later.utcoffset() else _CLOCK_CHANGE


def _unzoned(moment: datetime) -> datetime:
    """What the clock shows, alone."""
    return moment.replace(tzinfo=None)


def _cron(window: Window) -> str:
    text = window.allow or window.exclude
    assert text is not None
    return text


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
