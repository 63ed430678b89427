"""Whole plans of what was asked for in place of the candidate: how it is proposed, what it waits for, how it ends."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.actions import Ask, Edits, Merge, Plan, PostCheck, Propose
from bot.content import blob_id
from bot.decide import decide
from bot.directing import VOUCHER
from bot.directives import Directed, Directive, DirectiveKind, directed_by
from bot.gates.freeze import Freeze
from bot.gates.hold import LABEL
from bot.messages import GATES, degraded_hold_comment, hold_comment
from bot.model import Observation, Permission, Place, PullRequest, Release, Tags, Unknown
from bot.opinions import is_author
from bot.room import Heard
from bot.scope import Scope
from bot.standing import Standing
from config.approvals import Approvals
from config.pipeline import Cosign, Gates, ImageSource, OnDegraded, Pace, Pipeline, RollbackRule, Verify, Window
from tests.unit.facts import (
    HEAD,
    HEALTHY_LONG,
    IMAGE,
    NEW,
    NEWER,
    NOON,
    OLD,
    PRODUCTION,
    SHOP,
    STAGING,
    US,
    at,
    base,
    check,
    commit,
    digest_of,
    file_of,
    kustomization,
    labelled,
    observation,
    our_comment,
    person,
    place,
    pull,
    record,
    review,
)

ALICE = person("alice")
BACK = Directed(kind=DirectiveKind.ROLLBACK, by="alice", by_id=ALICE.id, comment="IC_1", instead_of=NEW.id)
ONWARDS = replace(BACK, kind=DirectiveKind.PROMOTE)
WRITES: dict[str, Any] = {"permissions": {"alice": Permission.WRITE, "bob": Permission.WRITE}}


def directive(directed: Directed = BACK, what: Release = OLD, environment: str = "production") -> Directive:
    return Directive(environment=environment, release=what, directed=directed)


def ran(text: str = kustomization("1.1.0"), **changed: Any) -> Place:
    """Production runs 1.1.0, and ran 1.0.0 before."""
    records = (record(NEW, HEALTHY_LONG, minute=-95), record(OLD, (HEALTHY_LONG[0], -190), minute=-200))
    return replace(place(PRODUCTION, *records, base=base(file_of(PRODUCTION, text))), **changed)


def shop(**changed: Any) -> Pipeline:
    """Production with other rules."""
    return SHOP.model_copy(update={"environments": (STAGING, PRODUCTION.model_copy(update=changed))})


def seen(production: Place, **changed: Any) -> Observation:
    """1.2.0 soaks in staging: the candidate of production."""
    staging = place(STAGING, record(NEWER, HEALTHY_LONG), record(NEW, HEALTHY_LONG, minute=-150))
    tags = {"web": Tags(repository=IMAGE, names=("1.0.0", "1.1.0", "1.2.0"), read_at=NOON)}
    return observation({"staging": staging, "production": production}, **{"tags": tags, **WRITES, **changed})


def decided(facts: Observation, *asked: Directive, pipeline: Pipeline = SHOP, **rules: Any) -> Plan | Ask:
    def commanded(_: Pipeline, _seen: Observation, _standings: Mapping[str, Standing]) -> Mapping[str, Directive]:
        return {one.environment: one for one in asked}

    return decide(pipeline, facts, commanded=commanded, **rules)


def plan(facts: Observation, *asked: Directive, pipeline: Pipeline = SHOP, **rules: Any) -> Plan:
    found = decided(facts, *asked, pipeline=pipeline, **rules)
    assert isinstance(found, Plan), found
    return found


def proposed(found: Plan, into: str = "production") -> Propose:
    (made,) = (a for a in found.actions if isinstance(a, Propose) and a.environment == into)
    return made


def merges(found: Plan) -> bool:
    return any(isinstance(a, Merge) for a in found.actions)


def waiting(found: Plan, name: str = "production") -> str:
    return next(v.waiting for v in found.views if v.name == name)


def there(made: Propose, before: Place, **changed: Any) -> Place:
    """The place once that was written: head, pull request, both checks."""
    assert isinstance(made.content, Edits)
    assert made.voucher is not None
    files = {path: blob_id(text) for path, text in made.content.texts.items()}
    head = commit(message=made.message)
    checks = (
        check(external_id=made.check.external_id),
        check(VOUCHER, external_id=made.voucher.external_id, conclusion="NEUTRAL"),
    )
    opened = pull(title=made.title, body=made.body, commits=(head,), changed=frozenset(files), checks=checks)
    return replace(before, head=head, pull=replace(opened, **changed), head_files=files)


def rolled_back(before: Place | None = None, *, pipeline: Pipeline = SHOP, **changed: Any) -> Place:
    """Alice's rollback of production is open."""
    before = before or ran()
    return there(proposed(plan(seen(before), directive(), pipeline=pipeline)), before, **changed)


# --- proposed ---------------------------------------------------------------------------------------------------------


def test_a_rollback_takes_the_candidates_place() -> None:
    """Our one pull request says what it is, who asked, and what becomes of the release that stands."""
    made = proposed(plan(seen(ran()), directive()))
    assert made.title == "Roll back shop to 1.0.0 in production"
    assert "alice takes `1.1.0` back to `1.0.0`" in made.body
    assert "`1.1.0` then stays out of production" in made.body
    assert isinstance(made.content, Edits)
    assert dict(made.content.texts) == {"apps/web/production/kustomization.yaml": kustomization("1.0.0")}
    assert directed_by(commit(message=made.message)) == BACK
    assert (made.check.name, made.voucher and made.voucher.name) == (GATES, VOUCHER)


def test_it_stays_whatever_is_newer() -> None:
    """No candidate moves what was asked for; a pass over it writes nothing."""
    found = plan(seen(rolled_back()))
    assert [type(a).__name__ for a in found.actions if not isinstance(a, PostCheck)] == []
    assert "needs 1 approval" in waiting(found)


def test_what_is_asked_for_later_moves_it() -> None:
    """The same pull request, at another head."""
    later = replace(ONWARDS, comment="IC_2")
    made = proposed(plan(seen(rolled_back()), directive(later, NEWER)))
    assert (made.title, made.head_before) == ("Promote shop 1.2.0 to production", HEAD)
    assert made.pull is not None


def test_it_ends_when_something_else_stands() -> None:
    """What was to be taken out is out: the candidate's turn."""
    newer = record(NEWER, HEALTHY_LONG, minute=-5)
    moved = replace(ran(kustomization("1.2.0")), records=(newer, *ran().records))
    open_still = rolled_back()
    found = plan(seen(replace(moved, head=open_still.head, pull=open_still.pull, head_files=open_still.head_files)))
    assert [type(a).__name__ for a in found.actions] == ["Close"]


def test_without_our_check_it_is_an_ordinary_head() -> None:
    """A forged trailer: the candidate takes its place, and every gate is asked."""
    forged = rolled_back(checks=(check(),), reviews=(review("bob"),))
    assert proposed(plan(seen(forged))).title == "Promote shop 1.2.0 to production"


def test_a_head_that_lacks_our_check_is_made_anew() -> None:
    """The bot stopped between the head and its check: what is asked for still is written again, with both."""
    made = proposed(plan(seen(rolled_back(checks=(check(),))), directive()))
    assert (made.title, made.head_before) == ("Roll back shop to 1.0.0 in production", HEAD)
    assert made.voucher is not None


def test_nobody_asked_for_a_rollback_of_what_is_well() -> None:
    """`on_degraded` merges while what stands is seen Degraded, and waits when it recovered."""
    pipeline = shop(approvals=None, on_degraded=OnDegraded.ROLLBACK)
    automatic = Directed(kind=DirectiveKind.ROLLBACK, instead_of=NEW.id)
    made = proposed(plan(seen(ran()), directive(automatic), pipeline=pipeline))
    found = plan(seen(there(made, ran())), pipeline=pipeline)
    assert not merges(found)
    assert "1.1.0 is not seen Degraded any more" in waiting(found)


# --- what it waits for ------------------------------------------------------------------------------------------------

NEVER = Window.model_validate({"exclude": "* * * * *", "for": timedelta(days=1)})
KEY = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
SIGNED = ImageSource(repository=IMAGE, constraint="<2", verify=Verify(cosign=Cosign(key=KEY)))


@pytest.mark.parametrize(
    ("rules", "changed", "merged", "why"),
    [
        pytest.param({}, {"reviews": (review("bob"),)}, True, "", id="approved: no soak, no health"),
        pytest.param({"windows": (NEVER,)}, {"reviews": (review("bob"),)}, True, "", id="no window either"),
        pytest.param({}, {}, False, "needs 1 approval", id="not approved"),
        pytest.param({}, {"reviews": (review("alice"),)}, False, "0 given", id="approved by whoever asked for it"),
        pytest.param(
            {}, {"reviews": (review("bob"),), "labelling": (labelled(ALICE, added=True),)}, False, "held by", id="held"
        ),
        pytest.param(
            {"rollback": RollbackRule(approvals=Approvals(count=2))},
            {"reviews": (review("bob"),)},
            False,
            "more approval",
            id="a rollback asks for more",
        ),
        pytest.param({"approvals": None}, {}, False, "a person merges it", id="nobody is asked for: as usual"),
        pytest.param({"approvals": None, "auto": True}, {}, True, "", id="by itself, as usual"),
        pytest.param(
            {},
            {"reviews": (review("bob"),), "commits": (commit(), commit("theirs", by="mallory"))},
            False,
            "mallory's commit",
            id="somebody else's commit",
        ),
    ],
)
def test_what_applies_to_a_rollback(rules: dict[str, Any], changed: dict[str, Any], *, merged: bool, why: str) -> None:
    """Holds, the head, its approvals; neither soak nor windows."""
    pipeline = shop(**rules)
    found = plan(seen(rolled_back(pipeline=pipeline, **changed)), pipeline=pipeline)
    assert (merges(found), why in waiting(found)) == (merged, True)


def test_a_signature_is_asked_for_all_the_same() -> None:
    """What nobody signed does not come back either."""
    pipeline = SHOP.model_copy(update={"images": {"web": SIGNED}})
    asked = decided(seen(ran()), directive(), pipeline=pipeline)
    assert isinstance(asked, Ask)
    assert ("web", str(digest_of("1.0.0"))) in asked.signatures


@pytest.mark.parametrize(
    ("pinned", "merged"), [(True, True), (False, False)], ids=["its digest is written", "only its tag is written"]
)
def test_a_tag_that_was_moved_since(*, pinned: bool, merged: bool) -> None:
    """Where the digest stands it comes back whatever the tag is by now; else the tag must be what it was."""
    text = kustomization("1.1.0", digest=str(digest_of("1.1.0")) if pinned else None)
    before = ran(text)
    made = proposed(plan(seen(before), directive()))
    assert isinstance(made.content, Edits)
    (written,) = made.content.texts.values()
    assert written == kustomization("1.0.0", digest=str(digest_of("1.0.0")) if pinned else None)
    moved = {(IMAGE, "1.0.0"): digest_of("moved"), (IMAGE, "1.1.0"): digest_of("1.1.0")}
    moved[IMAGE, "1.2.0"] = digest_of("1.2.0")
    found = plan(seen(there(made, before, reviews=(review("bob"),)), digests=moved))
    assert merges(found) == merged
    assert merged or "1.0.0 points at" in waiting(found)


FROZEN = Heard(freezes=(Freeze(environment="shop/production", by="zoe", reason="the fair"),))
WHOLE: dict[str, Any] = {"reviews": (review("bob"),)}
IDS = {login: person(login).id for login in ("alice", "bob")}


@pytest.mark.parametrize(
    ("access", "ids", "merged"),
    [
        pytest.param(Permission.MAINTAIN, IDS, True, id="maintain"),
        pytest.param(Permission.WRITE, IDS, False, id="write"),
        pytest.param(Unknown("GitHub is away"), IDS, False, id="not known"),
        pytest.param(Permission.ADMIN, {**IDS, "alice": 4711}, False, id="an account that changed hands"),
    ],
)
def test_a_freeze_yields_to_whom(access: Permission | Unknown, ids: dict[str, int], *, merged: bool) -> None:
    """Only to somebody who has maintain now."""
    facts = seen(rolled_back(**WHOLE), permissions={"alice": access, "bob": Permission.WRITE}, identities=ids)
    found = plan(facts, heard=FROZEN)
    assert merges(found) is merged
    assert merged or "frozen by zoe" in waiting(found)


@pytest.mark.parametrize(
    ("directed", "release"),
    [
        pytest.param(ONWARDS, NEWER, id="a release that is named"),
        pytest.param(Directed(kind=DirectiveKind.ROLLBACK, instead_of=NEW.id), OLD, id="on_degraded"),
    ],
)
def test_a_freeze_yields_to_no_other(directed: Directed, release: Release) -> None:
    """Whatever access is known of whoever asked."""
    pipeline = shop(gates=Gates())
    made = proposed(plan(seen(ran()), directive(directed, release), pipeline=pipeline))
    facts = seen(there(made, ran(), **WHOLE), permissions={"alice": Permission.ADMIN, "bob": Permission.WRITE})
    found = plan(replace(facts, identities=IDS), pipeline=pipeline, heard=FROZEN)
    assert not merges(found)
    assert "frozen by zoe" in waiting(found)


def test_whose_freeze_is_asked_when_all_else_passes() -> None:
    """A rollback that nobody approved of costs no read of access; what is frozen and not known opens nothing."""
    found = plan(seen(rolled_back(), permissions={}), heard=FROZEN)
    assert "it yields to this rollback if alice has maintain" in waiting(found)
    asked = decided(seen(rolled_back(**WHOLE), permissions={}), heard=FROZEN)
    assert isinstance(asked, Ask)
    assert asked.permissions == {"alice"}
    unknown = Heard(freezes=Unknown("too many"))
    assert not merges(plan(seen(rolled_back(**WHOLE), identities=IDS), heard=unknown))


def test_while_the_file_is_broken_only_rollbacks_are_written() -> None:
    """The candidate, a named release and their pull requests are shown and left alone."""
    only: dict[str, Any] = {"scope": Scope.ROLLBACKS}
    assert merges(plan(seen(rolled_back(**WHOLE), identities=IDS), **only))
    assert proposed(plan(seen(ran()), directive(), **only)).title == "Roll back shop to 1.0.0 in production"
    for asked in ((), (directive(ONWARDS, NEWER),)):
        found = plan(seen(ran()), *asked, **only)
        assert found.actions == ()
        assert next(v.proposed for v in found.views if v.name == "production") == NEWER.label


# --- a release that is named ------------------------------------------------------------------------------------------


def test_an_older_release_that_is_named_meets_every_gate() -> None:
    """It goes where no candidate goes, and around nothing."""
    made = proposed(plan(seen(ran()), directive(ONWARDS)))
    assert made.title == "Promote shop 1.0.0 to production"
    names = [line.split("|")[2].strip() for line in made.body.splitlines() if line.startswith(("| ✅", "| ⏳"))]
    assert {"declaration", "health (staging)", "soak (staging)", "approvals"} <= set(names)


def test_what_was_rejected_may_be_named() -> None:
    """Naming it is how a rejection is taken back."""
    back = replace(ran(kustomization("1.0.0")), records=(record(OLD, HEALTHY_LONG, minute=-5), *ran().records))
    again = replace(ONWARDS, instead_of=OLD.id)
    made = proposed(plan(seen(back), directive(again, NEW)))
    assert made.title == "Promote shop 1.1.0 to production"
    assert "was rejected" not in made.body


def test_a_root_may_go_back_by_name() -> None:
    """The declaration admits it; that it comes before what stands is what was asked for."""
    staging = Directive(environment="staging", release=NEW, directed=replace(ONWARDS, instead_of=NEWER.id))
    made = proposed(plan(seen(ran()), staging), into="staging")
    assert made.title == "Promote shop 1.1.0 to staging"
    assert "comes before" not in made.body


def test_whoever_asked_is_an_author() -> None:
    """By number, whatever they are called now."""
    head = rolled_back().pull
    assert isinstance(head, PullRequest)
    assert is_author(ALICE.id, "renamed", head)
    assert not is_author(ALICE.id + 1, "alice2", head)


# --- hold -------------------------------------------------------------------------------------------------------------


def test_a_hold_by_on_degraded_does_not_bind_what_somebody_asked_for() -> None:
    """It waits for a person, and a person decided; a person's own hold binds all the same."""
    ours = our_comment(degraded_hold_comment("1.1.0 is Degraded"))
    held: dict[str, Any] = {
        "labelling": (labelled(US, added=True),),
        "labels": frozenset({LABEL}),
        "reviews": (review("bob"),),
    }
    assert merges(plan(seen(rolled_back(comments=(ours,), **held))))
    theirs = our_comment(hold_comment("alice", ALICE.id, "not yet"))
    assert "held by alice" in waiting(plan(seen(rolled_back(comments=(theirs,), **held))))


@pytest.mark.parametrize("named", [pytest.param(False, id="the candidate"), pytest.param(True, id="named")])
def test_pace_is_for_what_comes_by_itself(*, named: bool) -> None:
    """Production runs what was never seen Healthy: the candidate waits for that, what a person names does not."""
    fresh = ran()
    late = replace(fresh, records=(replace(fresh.records[0], statuses=(), created=at(-5)), *fresh.records[1:]))
    facts = seen(late)
    facts = replace(facts, applications={**facts.applications, "production": Unknown("the cluster is away")})
    found = plan(facts, *([directive(ONWARDS)] if named else []), pipeline=shop(pace=Pace.COMPLETE))
    assert ("not yet live and Healthy: " in waiting(found)) is not named
