"""Tables: what people turned away, by closing a pull request or by taking a release back."""

from dataclasses import replace
from typing import Any

import pytest

from bot.displacement import taken_back
from bot.health import HealthState
from bot.messages import closed_marker
from bot.model import (
    Actor,
    ActorKind,
    Base,
    Closed,
    Closing,
    ClosingKind,
    How,
    Permission,
    Place,
    Record,
    Release,
    Sha,
    Unknown,
)
from bot.rejections import closings
from bot.reverts import restored_by_hand
from bot.timeouts import late_at, lateness
from config.pipeline import HealthRule, HealthSource
from tests.unit.facts import (
    NEW,
    NEWER,
    NOON,
    OLD,
    PRODUCTION,
    STAGING,
    US,
    at,
    base,
    commit,
    file_of,
    health,
    message_of,
    observation,
    person,
    place,
    pull,
    record,
    sha,
    standing,
)

BOB = person("bob")
WRITES = {"permissions": {"bob": Permission.WRITE}}
SHUT = ClosingKind.CLOSED
GONE = ClosingKind.BRANCH_DELETED


def head(what: Release = NEW) -> Any:
    return commit(message=message_of(PRODUCTION, what, blobs={}, base={}))


def closing(kind: ClosingKind = SHUT, by: Actor = BOB, minute: float = -5) -> Closing:
    return Closing(kind=kind, actor=by, by_us=by == US, at=at(minute))


def closed(*events: Closing, **changed: Any) -> Closed:
    made = Closed(id="PR_7", number=7, head=head(), closings=events or (closing(),), said=())
    return replace(made, **changed)


def found(there: Place, **seen: Any) -> tuple[dict[str, str], frozenset[str], int]:
    came = closings(there, observation(**seen), environment="production", active=OLD)
    return dict(came.reasons), came.ask.permissions, len(came.actions)


ROLLBACK = replace(head(), message=f'{head().message}\nCaisson-Directive: {{"kind":"rollback","instead_of":"another"}}')
TOLD = {NEW.id: "bob closed #7"}


@pytest.mark.parametrize(
    ("one", "seen", "expected"),
    [
        pytest.param(closed(), WRITES, (TOLD, frozenset(), 1), id="by somebody with write: written down"),
        pytest.param(closed(said=(closed_marker(at(-5)),)), {}, (TOLD, frozenset(), 0), id="written down before"),
        pytest.param(
            closed(said=(closed_marker(at(-9)),)),
            {"permissions": {"bob": Permission.TRIAGE}},
            ({}, frozenset(), 0),
            id="what was written down is of another closing",
        ),
        pytest.param(closed(), {"permissions": {"bob": Permission.TRIAGE}}, ({}, frozenset(), 0), id="by triage"),
        pytest.param(closed(closing(by=US)), WRITES, ({}, frozenset(), 0), id="by us"),
        pytest.param(
            closed(closing(by=person("stale", ActorKind.BOT))), WRITES, ({}, frozenset(), 0), id="by another App"
        ),
        pytest.param(
            closed(closing(), closing(GONE)), WRITES, ({}, frozenset(), 0), id="with the deletion of the branch"
        ),
        pytest.param(
            closed(closing(GONE, minute=-5.5), closing()), WRITES, ({}, frozenset(), 0), id="soon after the deletion"
        ),
        pytest.param(
            closed(closing(GONE, minute=-60), closing()), WRITES, (TOLD, frozenset(), 1), id="long after a deletion"
        ),
        pytest.param(closed(closing(), closing(GONE, minute=-1)), WRITES, (TOLD, frozenset(), 1), id="deleted later"),
        pytest.param(closed(head=None), WRITES, ({}, frozenset(), 0), id="whose head is not ours"),
        pytest.param(closed(head=head(OLD)), WRITES, ({}, frozenset(), 0), id="of what stands"),
        pytest.param(closed(head=ROLLBACK), WRITES, ({}, frozenset(), 0), id="of a rollback"),
    ],
)
def test_a_closed_pull_request(one: Closed, seen: dict[str, Any], expected: tuple[Any, ...]) -> None:
    """Closes by a person with write turn the release away; others do not."""
    assert found(place(PRODUCTION, record(OLD), closed=(one,)), **seen) == expected


@pytest.mark.parametrize(
    ("by", "seen", "asked", "why"),
    [
        pytest.param(BOB, {}, {"bob"}, "has not been read yet", id="not read yet"),
        pytest.param(
            BOB, {"permissions": {"bob": Unknown("no answer")}}, set(), "not known: no answer", id="not known"
        ),
        pytest.param(
            BOB, {**WRITES, "identities": {"bob": 1}}, set(), "their account changed hands", id="another person by now"
        ),
        pytest.param(Actor("ghost", 0, ActorKind.OTHER), {}, set(), "their account is gone", id="somebody who is gone"),
    ],
)
def test_what_is_not_known_waits(by: Actor, seen: dict[str, Any], asked: set[str], why: str) -> None:
    """The release stays out until it is known, and nothing is written down."""
    there = place(PRODUCTION, record(OLD), closed=(closed(closing(by=by)),))
    came = closings(there, replace(observation(), **seen), environment="production", active=OLD)
    assert (set(came.ask.permissions), came.actions) == (asked, ())
    assert why in came.reasons[NEW.id]


def test_a_pull_request_opened_since_counts() -> None:
    """The same release is on its way again: the closing is past."""
    there = place(PRODUCTION, record(OLD), closed=(closed(),), head=head(), pull=pull(number=9))
    assert found(there, **WRITES) == ({}, frozenset(), 0)


# --- taken back -------------------------------------------------------------------------------------------------------


def was(what: Release, minute: float, how: How = How.PROMOTED) -> Record:
    return record(what, minute=minute, how=how)


@pytest.mark.parametrize(
    ("records", "active", "expected"),
    [
        pytest.param((was(NEW, -100), was(OLD, -200)), NEW, {}, id="onwards only"),
        pytest.param(
            (was(OLD, -50, How.ROLLED_BACK), was(NEW, -100), was(OLD, -200)),
            OLD,
            {NEW.id: "it was rolled back to 1.0.0 (#6)"},
            id="rolled back",
        ),
        pytest.param(
            (was(NEWER, -20), was(OLD, -50, How.ROLLED_BACK), was(NEW, -100)),
            NEWER,
            {NEW.id: "it was rolled back to 1.0.0 (#6)"},
            id="something newer stands: what was verified counts no more",
        ),
        pytest.param(
            (was(NEW, -20), was(OLD, -50, How.ROLLED_BACK), was(NEW, -100)), NEW, {}, id="promoted again since"
        ),
        pytest.param(
            (was(NEW, -100), was(OLD, -200)), OLD, {NEW.id: "it was taken out of Git by hand"}, id="not recorded yet"
        ),
        pytest.param(
            (was(OLD, -50, How.ADOPTED), was(NEW, -100)), OLD, {NEW.id: "it was taken out of Git by hand"}, id="by hand"
        ),
        pytest.param(
            (was(OLD, -50), was(NEW, -100)),
            OLD,
            {NEW.id: "1.0.0 was put in its place (#6)"},
            id="an older one was named",
        ),
    ],
)
def test_what_was_taken_back(records: tuple[Record, ...], active: Release, expected: dict[str, str]) -> None:
    """An older release displaced it, and it has not been promoted since."""
    assert dict(taken_back(records, active)) == expected


# --- on branches ------------------------------------------------------------------------------------------------------

ONE, TWO = {"index.yaml": sha("one")}, {"index.yaml": sha("two")}
FIRST = record(OLD, commit=sha("first"), root=ONE, minute=-200)
SECOND = record(NEW, commit=sha("second"), root=TWO, minute=-100)


def branch(top: dict[str, Sha], *newer: str, undone: dict[str, str] | None = None) -> Base:
    """A branch with these commits on top of the second record's, newest first."""
    made = base(history=tuple(sha(word) for word in (*newer, "second", "between", "first")))
    said = {sha(by): sha(what) for by, what in (undone or {}).items()}
    files = tuple(replace(file_of(STAGING, None), path=name, oid=oid) for name, oid in top.items())
    return replace(made, files=files, undone=said)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        pytest.param(branch(TWO), None, id="as it was merged"),
        pytest.param(branch({**TWO, "own.yaml": sha("own")}, "own"), None, id="with somebody's commit"),
        pytest.param(branch(ONE, "undo"), FIRST, id="as it was before"),
        pytest.param(branch({**ONE, ".github": sha("g")}, "undo"), FIRST, id="but for our configuration"),
        pytest.param(
            branch({**ONE, "own.yaml": sha("own")}, "own", "undo", undone={"undo": "second"}), FIRST, id="by its words"
        ),
        pytest.param(
            branch({**ONE, "own.yaml": sha("own")}, "own", "undo", undone={"undo": "elsewhere"}),
            None,
            id="the words are of another commit",
        ),
        pytest.param(
            branch({**TWO, "own.yaml": sha("own")}, "undo", undone={"undo": "second"}), None, id="the words are false"
        ),
        pytest.param(
            branch(TWO, "redo", "undo", undone={"undo": "second", "redo": "undo"}), None, id="undone and done again"
        ),
        pytest.param(
            branch(
                {**ONE, "own.yaml": sha("own")},
                "again",
                "redo",
                "undo",
                undone={"undo": "second", "redo": "undo", "again": "redo"},
            ),
            FIRST,
            id="undone, done and undone",
        ),
    ],
)
def test_a_revert_on_a_branch(there: Base, expected: Record | None) -> None:
    """Known by the content, or by the words of `git revert` where other commits lie on top."""
    assert restored_by_hand((SECOND, FIRST), there, SECOND) == expected


# --- too late ---------------------------------------------------------------------------------------------------------


def test_what_is_late_is_told() -> None:
    """From the moment on that the declared time is over; never of what was found in Git."""
    here = standing(record(NEW, minute=-20), health=health(HealthState.PROGRESSING, "web is Progressing"))
    assert late_at(here, STAGING) == at(-5)
    said = lateness(here, STAGING, now=NOON)
    assert said == "1.1.0 timed out: not live and Healthy within 15m of its merge; web is Progressing"
    assert lateness(here, STAGING, now=at(-6)) is None
    adopted = standing(record(NEW, minute=-20, how=How.ADOPTED))
    assert late_at(adopted, STAGING) is None
    nobody = STAGING.model_copy(update={"health": HealthRule.model_validate({"from": HealthSource.NONE})})
    assert late_at(replace(here, unwatched=True), nobody) is None
