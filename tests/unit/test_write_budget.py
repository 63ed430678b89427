"""What is let through when GitHub's allowance runs short, and when the rest may go.

| importance | what                                                   | fills the minute up to | the hour up to |
|------------|--------------------------------------------------------|------------------------|----------------|
| adornment  | texts, labels, tidying, checks on people's own changes | 50                     | 350            |
| news       | proposals, checks, closing, answers to people          | 65                     | 420            |
| essential  | merges, records, rollbacks, holds, a success taken back | 80                     | 500            |
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.actions import (
    Action,
    AddLabels,
    Close,
    Edits,
    Merge,
    PostCheck,
    Propose,
    React,
    RecordStatusChange,
    Retitle,
    Say,
    SetLabel,
)
from bot.answers import DONE
from bot.directives import Directed, DirectiveKind, directive_trailers
from bot.messages import GATES, check_text
from bot.model import CheckStatus, RecordState
from bot.release_record import format_trailers
from bot.store.sqlite import SQLiteStore
from bot.thrift import Thrift
from bot.write_budget import ASSUMED, HOUR, MINUTE, WriteBudget
from bot.write_importance import Errand, Importance, errands
from tests.unit import facts
from tests.unit.facts import NOON, at

PULL = facts.pull()
LABELS = AddLabels(number=7, labels=("deploy",))
MERGE = Merge(environment="production", pull=PULL, head=facts.HEAD, method="squash", title="", message="")


def posted(*, before: str | None = None, after: str | None = None) -> PostCheck:
    """Our gates check, from one conclusion to another; None: in progress."""
    status = CheckStatus.COMPLETED if after else CheckStatus.IN_PROGRESS
    existing = replace(facts.check(), status=CheckStatus.COMPLETED, conclusion=before) if before else facts.check()
    text = check_text(GATES, "shop/production", "", "", status=status, conclusion=after)
    return PostCheck(commit=facts.HEAD, existing=existing, text=text)


def proposal(kind: DirectiveKind | None = None) -> Propose:
    """A head to be made, by a directive or without one."""
    trailers = format_trailers(directive_trailers(Directed(kind=kind))) if kind else ""
    return Propose(
        environment="production",
        branch="caisson/shop/production",
        base_branch="main",
        parent=facts.sha("tip"),
        head_before=None,
        content=Edits(texts={}, modes={}, base_tree=facts.sha("tree")),
        message=f"Promote\n\n{trailers}".strip(),
        title="",
        body="",
        pull=None,
        check=posted().text,
    )


@pytest.mark.parametrize(
    ("action", "importance"),
    [
        pytest.param(MERGE, Importance.ESSENTIAL, id="a merge"),
        pytest.param(
            RecordStatusChange(record_id="d", state=RecordState.HEALTHY, description=""),
            Importance.ESSENTIAL,
            id="a change of health, which a soak counts from",
        ),
        pytest.param(SetLabel(number=7, label="caisson/hold", present=True), Importance.ESSENTIAL, id="a hold"),
        pytest.param(posted(before="SUCCESS"), Importance.ESSENTIAL, id="a success that is taken back"),
        pytest.param(posted(), Importance.NEWS, id="a check that waits for something else now"),
        pytest.param(posted(after="SUCCESS"), Importance.NEWS, id="a check that turns green"),
        pytest.param(proposal(), Importance.NEWS, id="a proposal"),
        pytest.param(proposal(DirectiveKind.PROMOTE), Importance.NEWS, id="a named promotion"),
        pytest.param(proposal(DirectiveKind.ROLLBACK), Importance.ESSENTIAL, id="a rollback"),
        pytest.param(Close(pull=PULL), Importance.NEWS, id="a pull request that is wanted no more"),
        pytest.param(Retitle(pull=PULL, title="", body=""), Importance.ADORNMENT, id="a text"),
        pytest.param(LABELS, Importance.ADORNMENT, id="labels"),
    ],
)
def test_how_important_an_action_is(action: Action, importance: Importance) -> None:
    """Alone in its plan."""
    (errand,) = errands([action])
    assert errand.importance is importance


@pytest.mark.parametrize(
    ("post", "importance"),
    [
        pytest.param(posted(after="SUCCESS"), Importance.ADORNMENT, id="one that turns green can wait"),
        pytest.param(posted(before="SUCCESS"), Importance.ESSENTIAL, id="a success that is taken back cannot"),
    ],
)
def test_checks_on_people_s_pull_requests_leave_room_for_promotions(post: PostCheck, importance: Importance) -> None:
    """There may be hundreds of them."""
    (errand,) = errands([post], checks=Importance.ADORNMENT)
    assert errand.importance is importance


def test_a_command_and_its_answer_go_together() -> None:
    """A reaction never goes without what the command does, nor the other way round; other actions are not kept."""
    done, said = React(subject="c", content=DONE), Say(subject="pull-7", comment=None, body="")
    found = errands([LABELS, posted(), said, done])
    assert [errand.actions for errand in found] == [(posted(), said, done), (LABELS,)]
    assert found[0].importance is Importance.NEWS


def test_commands_are_answered_in_turn() -> None:
    """Each comment by itself, none before an earlier one, and what was decided upon them after all."""
    hold = SetLabel(number=7, label="caisson/hold", present=True)
    release = replace(hold, present=False)
    first, second = React(subject="first", content=DONE), React(subject="second", content=DONE)
    found = errands([hold, first, release, second, posted(after="SUCCESS"), MERGE])
    assert [errand.actions for errand in found] == [(hold, first), (release, second), (posted(after="SUCCESS"), MERGE)]
    assert all(errand.in_turn for errand in found)
    assert {errand.importance for errand in found} == {Importance.ESSENTIAL}


async def test_no_command_overtakes_another() -> None:
    """Where there is no room for the first, the second waits too, however small it is."""
    store = await SQLiteStore.open(":memory:")
    full = [LABELS] * 38
    await Thrift(store).allow(1, full, now=NOON)
    long: list[Action] = [*[Say(subject="pull-7", comment=None, body="")] * 30, React(subject="first", content=DONE)]
    short = React(subject="second", content=DONE)
    assert (await Thrift(store).allow(1, [*long, short], now=NOON)).actions == ()
    assert len((await Thrift(store).allow(1, [*long, short], now=NOON + MINUTE)).actions) == 32
    await store.close()


def test_an_approval_that_a_merge_counts_on_is_as_important() -> None:
    """Its check run is written before the merge is asked for."""
    found = errands([posted(), React(subject="c", content=DONE), MERGE])
    assert {errand.importance for errand in found} == {Importance.ESSENTIAL}


def test_a_hold_takes_its_answer_along() -> None:
    """It must bite although there is room for nothing else."""
    hold = SetLabel(number=7, label="caisson/hold", present=True)
    (errand,) = errands([hold, React(subject="c", content=DONE)])
    assert errand.importance is Importance.ESSENTIAL


def errand(importance: Importance, cost: int = 1) -> Errand:
    return Errand(importance=importance, actions=(LABELS,) * cost)


@pytest.mark.parametrize(
    ("importance", "most"),
    [
        pytest.param(Importance.ADORNMENT, 50, id="adornment"),
        pytest.param(Importance.NEWS, 65, id="news"),
        pytest.param(Importance.ESSENTIAL, 80, id="what is essential"),
    ],
)
def test_a_minute_holds_so_much(importance: Importance, most: int) -> None:
    """The next may go when the first has left the minute."""
    budget = WriteBudget([])
    assert [budget.allow(errand(importance), NOON) for _ in range(most)] == [None] * most
    assert budget.allow(errand(importance), NOON) == NOON + MINUTE
    assert budget.allow(errand(importance), NOON + MINUTE) is None


def test_an_hour_holds_so_much() -> None:
    """However it is spread; and never more than GitHub's 500, whoever asks."""
    budget = WriteBudget([])
    gone = 0
    for minute in range(59):
        gone += sum(budget.allow(errand(Importance.ESSENTIAL), at(minute)) is None for _ in range(80))
    assert gone == 500
    assert budget.allow(errand(Importance.ESSENTIAL), at(59)) == at(60)


def test_there_is_a_reserve_for_merges() -> None:
    """When texts and proposals have used all they may, a merge goes at once."""
    budget = WriteBudget([])
    while budget.allow(errand(Importance.NEWS), NOON) is None:
        pass
    assert budget.allow(errand(Importance.ADORNMENT), NOON) is not None
    assert budget.allow(errand(Importance.ESSENTIAL), NOON) is None


def test_an_errand_larger_than_the_room_is_not_kept_for_ever() -> None:
    """It goes when nothing else was written."""
    budget = WriteBudget([(NOON, 1)])
    later = budget.allow(errand(Importance.NEWS, cost=500), NOON)
    assert later == NOON + HOUR
    assert budget.allow(errand(Importance.NEWS, cost=500), later) is None


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[1]", '[["a",1]]', "[[1e30,1]]"], ids=["empty", "words", "a number", "a word", "past time"]
)
def test_without_memory_a_part_of_the_hour_counts_as_used(text: str) -> None:
    """And none of this minute: a restart is slower, not stuck."""
    budget = WriteBudget.from_text(text, NOON)
    assert budget.used(HOUR, NOON) == ASSUMED
    assert budget.used(MINUTE, NOON) == 0


async def test_a_restart_remembers_what_was_written() -> None:
    """Another process over the same store goes on counting; another installation has a budget of its own."""
    store = await SQLiteStore.open(":memory:")
    allowed = await Thrift(store).allow(1, [LABELS] * 60, now=NOON)
    assert len(allowed.actions) == 50
    again = await Thrift(store).allow(1, [LABELS, MERGE], now=NOON + timedelta(seconds=1))
    assert again.actions == (MERGE,)
    assert again.again is not None
    assert NOON + MINUTE <= again.again <= NOON + MINUTE + timedelta(seconds=1)
    assert (await Thrift(store).allow(2, [LABELS], now=NOON)).actions == (LABELS,)
    await store.close()


async def test_nothing_to_write_costs_nothing() -> None:
    """An idle pass does not so much as ask the store."""
    store = await SQLiteStore.open(":memory:")
    await store.close()
    assert (await Thrift(store).allow(1, [], now=NOON)).actions == ()
