"""How an observation looks from the repository that an environment lives in, and whose word counts there."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Ask, DeleteBranch
from bot.decide import decide
from bot.elsewhere import asked_from, by_repository, limited, seen_from, shown_at, spoken, urgent
from bot.model import BranchRules, Elsewhere, Observation, Permission, Place
from bot.steps import view_of
from config.pipeline import CommandStyle, Emergency, Mode
from tests.unit.facts import OLD, PRODUCTION, SHOP, observation, place, record, sha, standing

HOME = observation().repository
THERE = replace(HOME, id=2, node="R2", full_name="org/other", default_branch="trunk")


def elsewhere(**changed: Any) -> Place:
    return place(PRODUCTION, record(OLD), elsewhere=replace(Elsewhere(repository=THERE), **changed))


def seen() -> Observation:
    return observation(
        {"production": elsewhere()},
        permissions={"alice": Permission.ADMIN},
        roles_elsewhere={
            ("org/other", "otto"): (Permission.WRITE, 7),
            ("org/third", "alice"): (Permission.ADMIN, 8),
        },
        rules={"main": BranchRules(approvals=1)},
        rules_elsewhere={
            ("org/other", "main"): BranchRules(approvals=2),
            ("org/third", "main"): BranchRules(approvals=3),
        },
    )


def test_from_there_only_its_own_people_are_known() -> None:
    """Neither those of the home repository, nor those of a third one."""
    there = seen_from(seen(), "production")
    assert (there.repository, there.home) == (THERE, HOME)
    assert (dict(there.permissions), dict(there.identities)) == ({"otto": Permission.WRITE}, {"otto": 7})


def test_from_there_only_its_own_rules_are_known() -> None:
    """A branch of the same name at home, or in a third repository, has rules of its own."""
    assert dict(seen_from(seen(), "production").rules) == {"main": BranchRules(approvals=2)}


def test_at_home_nothing_of_elsewhere_is_known() -> None:
    """The observation is what it was."""
    assert seen_from(seen(), "staging") == seen()


def test_what_is_asked_from_there_says_whose_people_are_meant() -> None:
    """So that the role is read in that repository; what is asked of registries is the same everywhere."""
    ask = Ask(permissions=frozenset({"otto"}), digests=frozenset({("r", "1")}))
    asked = asked_from(ask, seen_from(seen(), "production"))
    assert asked == Ask(roles_elsewhere=frozenset({("org/other", "otto")}), digests=ask.digests)
    assert asked
    assert asked_from(ask, seen()) == ask


def test_what_is_asked_of_a_branch_from_there_is_of_its_repository() -> None:
    """`main` there is not `main` at home."""
    ask = Ask(rules=frozenset({"main"}))
    asked = asked_from(ask, seen_from(seen(), "production"))
    assert asked == Ask(rules_elsewhere=frozenset({("org/other", "main")}))
    assert asked
    assert asked_from(ask, seen()) == ask


@pytest.mark.parametrize(
    ("ours", "theirs", "people"),
    [
        pytest.param(2, 3, 3, id="as many as the stricter file asks"),
        pytest.param(4, 3, 4, id="whichever that is"),
        pytest.param(2, None, None, id="none where its own file has none"),
        pytest.param(None, 2, None, id="none where the pipeline's file has none"),
    ],
)
def test_an_emergency_there_takes_what_both_files_ask(ours: int | None, theirs: int | None, people: int | None) -> None:
    """Neither file opens the other's gates; at home its own alone counts."""
    declared = Emergency(people=ours) if ours else None
    there = elsewhere(emergency=Emergency(people=theirs) if theirs else None)
    found = urgent(declared, there)
    assert (found and found.people) == people
    assert urgent(declared, place(PRODUCTION, record(OLD))) == declared


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("theirs", list(Mode))
def test_the_narrower_mode_holds(mode: Mode, theirs: Mode) -> None:
    """Of observe, propose and merge, whichever file says less; at home its own."""
    ranks = list(Mode)
    assert limited(mode, elsewhere(mode=theirs)) is ranks[min(ranks.index(mode), ranks.index(theirs))]
    assert limited(mode, place(PRODUCTION)) is mode


@pytest.mark.parametrize(
    ("ours", "theirs", "spoken_there"),
    [
        pytest.param(CommandStyle.PLAIN, CommandStyle.PLAIN, CommandStyle.PLAIN, id="both plain"),
        pytest.param(CommandStyle.PREFIXED, CommandStyle.PLAIN, CommandStyle.PREFIXED, id="ours prefixed"),
        pytest.param(CommandStyle.PLAIN, CommandStyle.PREFIXED, CommandStyle.PREFIXED, id="theirs prefixed"),
    ],
)
def test_commands_are_prefixed_if_either_wants_them_so(
    ours: CommandStyle, theirs: CommandStyle, spoken_there: CommandStyle
) -> None:
    """The short form may be another bot's."""
    assert spoken(ours, elsewhere(style=theirs)) is spoken_there
    assert spoken(ours, place(PRODUCTION)) is ours


def test_actions_are_sorted_by_repository_in_their_order() -> None:
    """None is lost, and none changes places with another of its repository."""
    first, second, third = (DeleteBranch(branch=name, head=sha(name)) for name in ("a", "b", "c"))
    assert by_repository([(HOME, first), (THERE, second), (HOME, third)]) == {
        "org/deploy": (first, third),
        "org/other": (second,),
    }


def test_a_view_says_where_its_pull_request_is() -> None:
    """At home nothing needs saying."""
    view = view_of(PRODUCTION, standing(), waiting="")
    assert shown_at(view, elsewhere()).repository == "org/other"
    assert shown_at(view, place(PRODUCTION)).repository == ""


def test_a_refused_place_waits_with_the_reason_and_nothing_is_done() -> None:
    """Neither there nor about it at home."""
    refused = Elsewhere(repository=THERE, refusal="it does not accept this", mode=Mode.OBSERVE)
    closed = Place(base=None, head=None, pull=None, merged=(), records=(), elsewhere=refused)
    plan = decide(SHOP, observation({"production": closed}))
    assert not isinstance(plan, Ask)
    assert (plan.views[1].waiting, dict(plan.elsewhere)) == ("it does not accept this", {})


def test_what_is_decided_for_there_is_not_done_at_home() -> None:
    """The promotion into the other repository, where its file accepts the environment; and that it is late there."""
    there = elsewhere()
    assert there.base is not None
    plan = decide(SHOP, observation({"production": there}))
    assert not isinstance(plan, Ask)
    assert plan.actions == ()
    assert [type(action).__name__ for action in plan.elsewhere["org/other"]] == ["RecordStatusChange", "Propose"]
