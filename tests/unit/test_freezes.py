"""Which freezes are in force, from the issues that keep them and who did what to these."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.actions import AddLabels, EditIssue, Say
from bot.freezes import LABEL, Standing, opened, parse_until, read_freezes
from bot.gates.freeze import Freeze
from bot.model import ActorKind, IssueChange, IssueEvent, Issues, OurIssue, Permission, Unknown
from tests.unit.facts import NOON, US, at, our_comment, person


def issue(**changed: Any) -> OurIssue:
    """Production, frozen by alice at noon."""
    written = opened(
        "shop/production", by=person("alice"), until=None, reason="the fair --> <b>", asked="IC_1", at=NOON
    )
    made = OurIssue(
        id="I_12",
        number=12,
        title=written.title,
        body=written.body,
        believed=True,
        open=True,
        created=at(1),
        labels={LABEL: "LA_1", "team": "LA_2"},
        events=(),
        comments=(),
    )
    return replace(made, **changed)


def event(change: IssueChange, by: str, *, minute: float = 5, label: str = "") -> IssueEvent:
    who = US if by == "caisson" else person(by)
    return IssueEvent(change=change, actor=who, by_us=by == "caisson", at=at(minute), label=label)


def closed(by: str, *events: IssueEvent, **changed: Any) -> OurIssue:
    return issue(open=False, events=(event(IssueChange.CLOSED, by), *events), **changed)


UNLABELLED_BY_US = event(IssueChange.UNLABELLED, "caisson", minute=6, label=LABEL)
UNLABELLED_BY_TOM = event(IssueChange.UNLABELLED, "tom", minute=6, label=LABEL)


NOBODY: Mapping[str, Permission | Unknown] = {}


def read(
    one: OurIssue,
    permissions: Mapping[str, Permission | Unknown] = NOBODY,
    *,
    now: datetime = NOON,
    complete: bool = True,
) -> Standing:
    return read_freezes(
        Issues(ours=(one,), complete=complete),
        now=now,
        permissions=permissions,
        identities={login: person(login).id for login in permissions},
        needed={"shop/production": Permission.MAINTAIN},
    )


MAINTAIN, WRITE = Permission.MAINTAIN, Permission.WRITE


@pytest.mark.parametrize(
    ("one", "permissions", "frozen", "asks"),
    [
        pytest.param(issue(), {}, True, [], id="open"),
        pytest.param(closed("caisson"), {}, False, [], id="closed by us"),
        pytest.param(closed("tom"), {}, True, ["tom"], id="closed by somebody whose access was not read yet"),
        pytest.param(closed("tom"), {"tom": MAINTAIN}, False, [], id="closed by maintain"),
        pytest.param(closed("tom"), {"tom": WRITE}, True, [], id="closed by write"),
        pytest.param(closed("tom"), {"tom": Unknown("no answer")}, True, [], id="closed by nobody knows whom"),
        pytest.param(issue(open=False), {}, True, [], id="closed, and no event tells by whom"),
        pytest.param(
            closed("tom", UNLABELLED_BY_US, labels={}), {}, False, [], id="closed, and put away by us when it counted"
        ),
        pytest.param(closed("tom", UNLABELLED_BY_TOM, labels={}), {}, True, ["tom"], id="closed, and hidden by them"),
        pytest.param(
            closed("tom", replace(UNLABELLED_BY_US, at=at(4)), labels={}),
            {},
            True,
            ["tom"],
            id="put away for an older closing",
        ),
        pytest.param(issue(labels={}), {}, True, [], id="its label was taken off"),
        pytest.param(issue(believed=False, body="Nothing."), {}, True, [], id="its text was edited"),
        pytest.param(issue(title="Caisson: which release stands where"), {}, False, [], id="no freeze at all"),
    ],
)
def test_which_freezes_are_in_force(
    one: OurIssue, permissions: dict[str, Permission | Unknown], *, frozen: bool, asks: list[str]
) -> None:
    """Until our App, or somebody who may, has closed it; who that is, is read once, and waits until it is."""
    standing = read(one, permissions)
    assert isinstance(standing.freezes, tuple)
    assert [f.environment for f in standing.freezes] == (["shop/production"] if frozen else [])
    assert sorted(standing.ask.permissions) == asks


def test_a_login_that_changed_hands_ends_nothing() -> None:
    """Whoever bears the login now has maintain; whoever closed the issue was somebody else."""
    found = read_freezes(
        Issues(ours=(closed("tom"),)),
        now=NOON,
        permissions={"tom": MAINTAIN},
        identities={"tom": 4711},
        needed={},
    )
    assert found.freezes


def test_a_bot_that_closes_stale_issues_ends_nothing() -> None:
    """It is no person, so nobody's access is asked for, and the issue is opened again."""
    by = replace(event(IssueChange.CLOSED, "stale"), actor=person("stale", ActorKind.BOT))
    found = read(issue(open=False, events=(by,)))
    assert found.freezes
    assert not found.ask
    assert EditIssue(issue="I_12", open=True) in found.actions


def test_more_issues_than_are_read_freeze_everything() -> None:
    """One of ours may be among those that were not read."""
    found = read(issue(), complete=False)
    assert isinstance(found.freezes, Unknown)


@pytest.mark.parametrize(
    ("one", "kinds"),
    [
        pytest.param(issue(), [], id="as it should be: nothing"),
        pytest.param(closed("tom"), [EditIssue, Say], id="closed by write: opened again, and said so"),
        pytest.param(
            closed("tom", comments=(our_comment("<!-- caisson:still-frozen -->\nStill frozen"),)),
            [EditIssue],
            id="once more: opened again without a word",
        ),
        pytest.param(issue(labels={"team": "LA_2"}), [AddLabels], id="the label was taken off: put on again"),
        pytest.param(closed("caisson", labels={}), [], id="ended and put away: nothing"),
    ],
)
def test_what_is_put_right(one: OurIssue, kinds: list[type]) -> None:
    """What somebody did who may not is undone, and only that."""
    assert [type(action) for action in read(one, {"tom": WRITE}).actions] == kinds


def test_what_ended_properly_is_put_away() -> None:
    """The label comes off, other people's labels stay, and nobody's access is asked for again."""
    (action,) = read(closed("tom"), {"tom": MAINTAIN}).actions
    assert action == EditIssue(issue="I_12", labels=("LA_2",))


def test_what_is_over_by_itself_is_closed() -> None:
    """At the moment its title named when it was opened."""
    one = issue(title="Freeze shop/production until 2026-11-23 13:00 UTC")
    assert read(one, now=at(59)).freezes
    over = read(one, now=at(60))
    assert over.freezes == ()
    assert over.actions == (EditIssue(issue="I_12", open=False, labels=("LA_2",)),)


def the_freeze(one: OurIssue) -> Freeze:
    found = read(one).freezes
    assert isinstance(found, tuple)
    return found[0]


def test_who_and_why_are_believed_while_nobody_else_has_edited_them() -> None:
    """The text is read back whole; once it was edited, only what is frozen, and until when, is known."""
    told, untold = the_freeze(issue()), the_freeze(issue(believed=False))
    assert (told.by, told.reason, told.asked) == ("alice", "the fair --> <b>", "IC_1")
    assert (untold.by, untold.reason, untold.asked) == ("", "", "")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        pytest.param("2026-12-27", datetime(2026, 12, 27, tzinfo=UTC), id="a date: when it begins, in UTC"),
        pytest.param("2026-12-27T09:00", datetime(2026, 12, 27, 9, tzinfo=UTC), id="a time without a zone is UTC"),
        pytest.param("2026-12-27T09:00Z", datetime(2026, 12, 27, 9, tzinfo=UTC), id="Z"),
        pytest.param("2026-12-27T09:00+01:00", datetime(2026, 12, 27, 8, tzinfo=UTC), id="an offset"),
        pytest.param("2026-12-27 09:00", datetime(2026, 12, 27, 9, tzinfo=UTC), id="a space in between"),
        pytest.param("2026-12-27T09:00:01Z", datetime(2026, 12, 27, 9, 1, tzinfo=UTC), id="seconds: rounded up"),
    ],
)
def test_until_is_understood(text: str, moment: datetime) -> None:
    """A date or a date and time of ISO 8601."""
    assert parse_until(text, now=NOON) == moment


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "27.12.2026",
        "09:00",
        "0001-01-01T00:00+23:00",
        "9999-12-31T23:59-23:00",
        "2026-11-23",
        "2026-11-23T12:00",
    ],
)
def test_until_is_refused(text: str) -> None:
    """What is no moment, over, or beyond all sense is refused in words."""
    assert isinstance(parse_until(text, now=NOON), str)
