"""Which release a command means, from what was observed: and that nothing is named before that can be told."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Ask
from bot.directives import DirectiveKind
from bot.model import Closed, Closing, ClosingKind, Observation, Permission, Place, Release, Unknown
from bot.named_releases import named_releases
from config.pipeline import Environment, Pipeline
from tests.unit.facts import (
    HEALTHY_LONG,
    NEW,
    NEWER,
    OLD,
    PRODUCTION,
    SHOP,
    STAGING,
    at,
    base,
    commit,
    file_of,
    kustomization,
    message_of,
    observation,
    person,
    place,
    proposal,
    record,
)

BACK, ONWARDS = DirectiveKind.ROLLBACK, DirectiveKind.PROMOTE
BOB = person("bob")
WRITES: dict[str, Any] = {"permissions": {"bob": Permission.WRITE}, "identities": {"bob": BOB.id}}
SHUT = Closed(
    id="PR_7",
    number=7,
    head=commit(message=message_of(PRODUCTION, NEWER, blobs={}, base={})),
    closings=(Closing(kind=ClosingKind.CLOSED, actor=BOB, by_us=False, at=at(-5)),),
    said=(),
)


def staging() -> Place:
    """1.2.0, 1.1.0 and 1.0.0 were verified in staging."""
    records = [record(r, HEALTHY_LONG, minute=m) for r, m in ((NEWER, -95), (NEW, -150), (OLD, -200))]
    return place(STAGING, *records, base=base(file_of(STAGING, kustomization("1.2.0"))))


def production(text: str = "1.1.0", **changed: Any) -> Place:
    """Production runs 1.1.0, and ran 1.0.0 before."""
    records = (record(NEW, HEALTHY_LONG, minute=-95), record(OLD, (HEALTHY_LONG[0], -190), minute=-200))
    there = place(PRODUCTION, *records, base=base(file_of(PRODUCTION, kustomization(text))))
    return replace(there, **changed)


def meant(
    there: Place, kind: DirectiveKind, version: str | None = None, **changed: Any
) -> Release | Unknown | Ask | str | None:
    seen = observation({"staging": staging(), "production": there})
    people: Observation = replace(seen, **{**WRITES, **changed})
    resolve = named_releases((SHOP,), {"shop": seen}, people=people)
    return resolve("shop/production", kind, version)


@pytest.mark.parametrize(
    ("there", "kind", "version", "expected"),
    [
        pytest.param(production(), BACK, None, OLD, id="what was verified before"),
        pytest.param(production(), BACK, "1.0.0", OLD, id="the one that is named"),
        pytest.param(production(), ONWARDS, "1.0.0", OLD, id="an older one by name"),
        pytest.param(production(), ONWARDS, "1.2.0", NEWER, id="the newest by name, while nothing is open"),
        pytest.param(production(), ONWARDS, None, None, id="the candidate comes by itself"),
        pytest.param(production(closed=(SHUT,)), ONWARDS, None, NEWER, id="the candidate that somebody turned away"),
        pytest.param(production(closed=(SHUT,)), ONWARDS, "1.2.0", NEWER, id="turned away, and named"),
        pytest.param(proposal(PRODUCTION, NEWER, production()), ONWARDS, "1.2.0", None, id="named, and open already"),
    ],
)
def test_what_is_meant(there: Place, kind: DirectiveKind, version: str | None, expected: Release | None) -> None:
    """None: each pass does that without being asked."""
    assert meant(there, kind, version) == expected


@pytest.mark.parametrize(
    ("kind", "version", "says"),
    [
        pytest.param(BACK, "1.1.0", "runs 1.1.0 already", id="what stands"),
        pytest.param(BACK, "4.0.0", "no release is called '4.0.0'", id="nobody knows it"),
        pytest.param(ONWARDS, "4.0.0", "no release is called '4.0.0'", id="not verified upstream"),
    ],
)
def test_what_cannot_be_meant(kind: DirectiveKind, version: str, says: str) -> None:
    """A sentence for whoever asked."""
    found = meant(production(), kind, version)
    assert isinstance(found, str)
    assert says in found


@pytest.mark.parametrize("kind", [BACK, ONWARDS])
def test_the_source_of_a_pipeline_takes_nothing(kind: DirectiveKind) -> None:
    """Its branch is people's: a sentence instead of a wait without end."""
    source = Environment(name="development", branch="main")
    pipeline = Pipeline(name="shop", environments=(source, PRODUCTION.model_copy(update={"after": ("development",)})))
    resolve = named_releases((pipeline,), {"shop": observation()}, people=observation())
    found = resolve("shop/development", kind, "1.0.0")
    assert isinstance(found, str)
    assert "revert the commit there" in found


@pytest.mark.parametrize("kind", [BACK, ONWARDS])
def test_nothing_is_meant_while_it_is_not_known_what_stands(kind: DirectiveKind) -> None:
    """What was put there by hand is looked up, then written down; no refusal before that."""
    assert isinstance(meant(production("9.9.9"), kind, "1.0.0"), Unknown)


def test_who_closed_a_pull_request_is_read_first() -> None:
    """Whether that turned a release away may decide what is meant."""
    assert meant(production(closed=(SHUT,)), ONWARDS, permissions={}) == Ask(permissions=frozenset({"bob"}))
    away = {"bob": Unknown("GitHub is away")}
    assert isinstance(meant(production(closed=(SHUT,)), ONWARDS, permissions=away), Unknown)
    assert meant(production(closed=(SHUT,)), ONWARDS, permissions={"bob": Permission.READ}) is None
