"""Truth table: what keeps an older release on its pull request although there is a newer one."""

from typing import Any

import pytest

from bot.actions import Ask
from bot.model import Check, Permission, Release, Unknown
from bot.opinions import approval_id
from bot.superseding import Stay, judge
from config.approvals import Approvals, LeastAccess
from config.pipeline import ImageSource, Supersede
from tests.unit.facts import (
    IMAGE,
    NEW,
    NEWER,
    NOON,
    OLD,
    PRODUCTION,
    SHOP,
    STAGING,
    check,
    observation,
    person,
    pull,
    record,
    review,
    standing,
)

SRE = Approvals(count=2, teams=("org/sre",))
BOB = (review("bob"),)
STAYS, GOES = Stay(stays=True), Stay(stays=False)


def by_comment(login: str) -> Check:
    """What `/approve` leaves behind."""
    kept = approval_id(person(login).id, login, at=NOON)
    return check(f"caisson/approval ({login})", external_id=kept, conclusion="SUCCESS")


@pytest.mark.parametrize(
    ("rule", "opened", "known", "wanted"),
    [
        pytest.param(Approvals(), {}, {}, GOES, id="nobody approved"),
        pytest.param(Approvals(), {"reviews": BOB}, {}, STAYS, id="a writer's review"),
        pytest.param(None, {"reviews": BOB}, {}, STAYS, id="a writer's review where none is asked for"),
        pytest.param(Approvals(), {"reviews": (review("carol", can_push=False),)}, {}, GOES, id="a reader's review"),
        pytest.param(Approvals(users=("alice",)), {"reviews": BOB}, {}, GOES, id="by somebody who is not named"),
        pytest.param(
            SRE,
            {"reviews": BOB},
            {},
            Stay(stays=True, ask=Ask(memberships=frozenset({("org/sre", "bob")}))),
            id="a team",
        ),
        pytest.param(SRE, {"reviews": BOB}, {"memberships": {("org/sre", "bob"): True}}, STAYS, id="by a member"),
        pytest.param(SRE, {"reviews": BOB}, {"memberships": {("org/sre", "bob"): False}}, GOES, id="by no member"),
        pytest.param(
            SRE, {"reviews": BOB}, {"memberships": {("org/sre", "bob"): Unknown("away")}}, STAYS, id="by who knows whom"
        ),
        pytest.param(
            Approvals(permission=LeastAccess.MAINTAIN),
            {"reviews": BOB},
            {"permissions": {"bob": Permission.WRITE}},
            GOES,
            id="without the access that is asked for",
        ),
        pytest.param(
            Approvals(),
            {"checks": (check(), by_comment("bob"))},
            {},
            Stay(stays=True, ask=Ask(permissions=frozenset({"bob"}))),
            id="by comment: access is read",
        ),
        pytest.param(
            Approvals(),
            {"checks": (check(), by_comment("bob"))},
            {"permissions": {"bob": Permission.READ}},
            GOES,
            id="by comment, and access was lost",
        ),
    ],
)
def test_an_approval_that_counts_keeps_a_release(
    *, rule: Approvals | None, opened: dict[str, Any], known: dict[str, Any], wanted: Stay
) -> None:
    """One is enough, of somebody who would count; what cannot be read is not held against it."""
    environment = PRODUCTION.model_copy(update={"approvals": rule})
    standings = {"production": standing(record(OLD)), "staging": standing(record(NEWER), record(NEW))}
    seen = observation(**known)
    assert judge(SHOP, environment, NEW, pull(**opened), seen=seen, standings=standings) == wanted


@pytest.mark.parametrize(
    ("production", "staging"),
    [
        pytest.param((OLD, NEW), (NEWER, NEW), id="taken out of the environment by hand"),
        pytest.param((OLD,), (OLD, NEW), id="taken out of an upstream by hand"),
        pytest.param((OLD,), (NEWER, OLD, NEW), id="taken out of an upstream, in which a newer one stands by now"),
    ],
)
def test_what_people_took_out_makes_way(*, production: tuple[Release, ...], staging: tuple[Release, ...]) -> None:
    """Its approval is worth nothing any more: it will not merge."""
    standings = {"production": standing(*map(record, production)), "staging": standing(*map(record, staging))}
    assert judge(SHOP, PRODUCTION, NEW, pull(reviews=BOB), seen=observation(), standings=standings) == GOES


@pytest.mark.parametrize(
    ("eu", "us", "wanted"),
    [
        pytest.param((OLD, NEW), (NEW,), STAYS, id="out of one, and it came by the other too"),
        pytest.param((OLD, NEW), (OLD,), GOES, id="out of the only one that had it"),
        pytest.param((OLD, NEW), (OLD, NEW), GOES, id="out of both"),
        pytest.param((NEW,), (OLD,), STAYS, id="out of neither"),
    ],
)
def test_of_several_ways_one_is_enough(eu: tuple[Release, ...], us: tuple[Release, ...], wanted: Stay) -> None:
    """What people took out of one of `after_any` may still have come by another; never what came by none."""
    environment = PRODUCTION.model_copy(update={"after": (), "after_any": ("eu", "us")})
    standings = {
        "production": standing(record(OLD)),
        "eu": standing(*map(record, eu)),
        "us": standing(*map(record, us)),
    }
    assert judge(SHOP, environment, NEW, pull(reviews=BOB), seen=observation(), standings=standings) == wanted


@pytest.mark.parametrize(
    ("constraint", "tags", "wanted"),
    [
        pytest.param("<2", None, STAYS, id="it is admitted"),
        pytest.param("1.2.x", None, GOES, id="another constraint is declared by now"),
        pytest.param("<2", Unknown("the registry is away"), STAYS, id="nothing is known at the moment"),
    ],
)
def test_what_is_not_admitted_any_more_makes_way(*, constraint: str, tags: Unknown | None, wanted: Stay) -> None:
    """Into a root nothing goes that the declaration does not let in; a registry that is away moves nothing."""
    root = STAGING.model_copy(update={"approvals": Approvals(), "supersede": Supersede.UNAPPROVED})
    pipeline = SHOP.model_copy(
        update={
            "images": {"web": ImageSource(repository=IMAGE, constraint=constraint)},
            "environments": (root, PRODUCTION),
        }
    )
    seen = observation(tags={"web": tags}) if tags else observation()
    standings = {"staging": standing(record(OLD))}
    assert judge(pipeline, root, NEW, pull(reviews=BOB), seen=seen, standings=standings) == wanted
