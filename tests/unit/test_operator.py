"""The operator's floors and stops."""

import pytest

from config.approvals import Approvals
from config.operator import Floor, Operator, least_people, parse_floors, parse_stops
from config.pipeline import Environment, RollbackRule

TWO = Approvals(count=2)
ALICE = Approvals(users=("alice",))


@pytest.mark.parametrize(
    ("text", "floors"),
    [
        pytest.param("prod*=2", (Floor(pattern="prod*", count=2),), id="one"),
        pytest.param(
            " prod* = 2 ,staging=1,", (Floor(pattern="prod*", count=2), Floor(pattern="staging", count=1)), id="two"
        ),
    ],
)
def test_floors_are_read(text: str, floors: tuple[Floor, ...]) -> None:
    """A pattern, `=`, a number; parted by commas."""
    assert parse_floors(text) == floors


@pytest.mark.parametrize("text", ["prod*", "prod*=0", "prod*=21", "prod*=two", "=2", "Prod=1", "prod*=²", "a=1=2"])
def test_what_is_no_floor_is_refused(text: str) -> None:
    """With what to write instead: a floor that says nothing would protect nothing."""
    with pytest.raises(ValueError, match="is no floor: write"):
        parse_floors(text)


@pytest.mark.parametrize("text", ["true", "deploy", "acme/deploy/x", "acme/", "yes, *"])
def test_what_names_no_repository_is_refused(text: str) -> None:
    """`CAISSON_STOP_MERGES=true` must not start a bot that stops nothing."""
    with pytest.raises(ValueError, match="names no repository"):
        parse_stops(text)


@pytest.mark.parametrize(
    ("declared", "raised"),
    [
        pytest.param(None, TWO, id="nothing is declared"),
        pytest.param(Approvals(count=1), Approvals(all_of=(Approvals(count=1), TWO)), id="less is declared"),
        pytest.param(TWO, TWO, id="as much is declared"),
        pytest.param(Approvals(count=3), Approvals(count=3), id="more is declared"),
        pytest.param(ALICE, Approvals(all_of=(ALICE, TWO)), id="one named person, who is still asked for"),
        pytest.param(
            Approvals(all_of=(ALICE, TWO)), Approvals(all_of=(ALICE, TWO)), id="a combination that needs as many"
        ),
        pytest.param(
            Approvals(any_of=(ALICE, Approvals(count=3))),
            Approvals(all_of=(Approvals(any_of=(ALICE, Approvals(count=3))), TWO)),
            id="a combination that one person may meet",
        ),
    ],
)
def test_approvals_are_raised_and_never_lowered(declared: Approvals | None, raised: Approvals) -> None:
    """What is declared is asked for as well; the highest matching floor counts."""
    operator = Operator(floors=parse_floors("prod*=2, *=1"))
    assert operator.raised(Environment(name="production", approvals=declared)).approvals == raised


@pytest.mark.parametrize(
    ("of_rollbacks", "raised"),
    [
        pytest.param(None, TWO, id="the environment's own"),
        pytest.param(Approvals(count=1), Approvals(all_of=(Approvals(count=1), TWO)), id="fewer for rollbacks"),
        pytest.param(Approvals(count=3), Approvals(count=3), id="more for rollbacks"),
    ],
)
def test_rollbacks_are_not_let_through_below_the_floor(of_rollbacks: Approvals | None, raised: Approvals) -> None:
    """Whatever is declared for them alone."""
    operator = Operator(floors=parse_floors("prod*=2"))
    declared = Environment(name="production", approvals=TWO, rollback=RollbackRule(approvals=of_rollbacks))
    assert operator.raised(declared).rollback_approvals == raised
    assert operator.raised(declared).approvals == TWO


def test_somebody_of_two_groups_may_be_the_one_who_meets_both() -> None:
    """So two groups of one are no floor of two."""
    assert least_people(Approvals(all_of=(ALICE, Approvals(teams=("org/sre",))))) == 1


@pytest.mark.parametrize(
    ("patterns", "stopped"),
    [("*", True), ("acme/*", True), ("ACME/Deploy", True), ("acme/deploy-2", False), ("acme/other, b/*", False)],
)
def test_which_repositories_are_stopped(patterns: str, *, stopped: bool) -> None:
    """By name, whatever the case; stopped writes stop merges too."""
    assert Operator(no_merges=parse_stops(patterns)).stops_merges("Acme/deploy") is stopped
    written = Operator(no_writes=parse_stops(patterns))
    assert written.stops_merges("Acme/deploy") is written.stops_writes("Acme/deploy") is stopped
