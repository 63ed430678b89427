"""Truth table of the emergency: who together waives what, and what nobody waives."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Ask, Outcome, Verdict
from bot.codeowners import parse
from bot.emergency import GATE, calls, emergency_check, waive
from bot.gates.approvers import Evidence
from bot.gates.verdicts import blocks, passed, waits
from bot.model import Check, Permission, Unknown
from config.approvals import Approvals, LeastAccess
from tests.unit.facts import HEAD, NOON, PRODUCTION, check, commit, person, pull, sha

ACCESS: dict[str, Permission | Unknown] = {
    "bob": Permission.WRITE,
    "wanda": Permission.MAINTAIN,
    "rob": Permission.READ,
}
KNOWN = Evidence(
    organisation="org",
    permissions=ACCESS,
    identities={login: person(login).id for login in ACCESS},
    memberships={("org/sre", "bob"): True, ("org/sre", "wanda"): False},
)
SOAKING, HELD = waits("soak (staging)", "soaking until 12:30 UTC"), blocks("hold", "held by tom")


def call(by: str, **changed: Any) -> Check:
    """Our check run that keeps somebody's call on the head."""
    text = emergency_check(reason="shop @is down", login=by, person=person(by).id, head=HEAD, at=NOON)
    return replace(check(text.name, external_id=text.external_id, title=text.title), **changed)


TWO = (call("bob"), call("wanda"))


def judged(
    *checks: Check,
    verdicts: tuple[Verdict, ...] = (SOAKING,),
    rule: Approvals | None = None,
    people: int | None = 2,
    known: Evidence = KNOWN,
    **changed: Any,
) -> tuple[bool, tuple[Verdict, ...], Ask]:
    environment = PRODUCTION.model_copy(update={"approvals": rule or Approvals()})
    head = pull(checks=checks, **changed)
    found = waive(verdicts, head, environment, people=people, evidence=known)
    return found.in_force, found.verdicts, found.ask


@pytest.mark.parametrize(
    ("checks", "changed", "in_force"),
    [
        pytest.param(TWO, {}, True, id="two people"),
        pytest.param(TWO, {"people": None}, False, id="two people, where none is declared"),
        pytest.param(TWO, {"people": 3}, False, id="two, where it takes three"),
        pytest.param((call("bob"),), {}, False, id="one person"),
        pytest.param((call("bob"), call("bob", id="again")), {}, False, id="one person twice"),
        pytest.param(
            (call("bob"), call("bob", external_id=f"v1:emergency:{person('bob').id}:robert:0")),
            {},
            False,
            id="one person under two logins",
        ),
        pytest.param((call("bob"), call("wanda", commit=sha("older"))), {}, False, id="one of them of another head"),
        pytest.param((call("bob"), call("rob")), {}, False, id="one of them may only read"),
        pytest.param((call("bob"), call("wanda", name="caisson/x")), {}, False, id="in a check of another name"),
        pytest.param((call("bob"), call("wanda", external_id="v1:emergency:1")), {}, False, id="cut short"),
        pytest.param(
            TWO, {"commits": (commit("x", by="wanda"), commit())}, False, id="one of them wrote what is promoted"
        ),
        pytest.param(TWO, {"rule": Approvals(teams=("org/sre",))}, False, id="one of them is of no team that counts"),
        pytest.param(
            TWO,
            {"rule": Approvals(any_of=(Approvals(teams=("org/sre",)), Approvals(users=("wanda",))))},
            True,
            id="groups",
        ),
        pytest.param(
            TWO, {"rule": Approvals(permission=LeastAccess.MAINTAIN)}, False, id="one of them with too little"
        ),
        pytest.param(
            TWO,
            {"known": replace(KNOWN, identities={**KNOWN.identities, "wanda": 1}, owned=())},
            False,
            id="a login that changed hands",
        ),
        pytest.param(
            TWO,
            {"known": replace(KNOWN, permissions={**ACCESS, "wanda": Unknown("away")})},
            False,
            id="access that cannot be read",
        ),
        pytest.param(
            TWO,
            {"rule": Approvals(codeowners=True), "known": replace(KNOWN, owned=parse("* @wanda\n"))},
            False,
            id="one of them owns nothing of it",
        ),
    ],
)
def test_who_calls_it(*, checks: tuple[Check, ...], changed: dict[str, Any], in_force: bool) -> None:
    """So many different people, each of whom could approve, on exactly this head, none of them an author."""
    found, verdicts, _ = judged(*checks, **changed)
    assert found is in_force
    assert (verdicts[0].outcome is Outcome.PASS) is in_force
    if in_force:
        assert verdicts[0].reason.startswith("waived by the emergency of bob, wanda (it said: soaking")
        assert (verdicts[-1].gate, verdicts[-1].skipped_by) == (GATE, "bob, wanda")


@pytest.mark.parametrize(
    ("verdict", "waived"),
    [
        pytest.param(SOAKING, True, id="a soak"),
        pytest.param(waits("health (staging)", "Degraded"), True, id="health"),
        pytest.param(waits("windows", "closed"), True, id="a window"),
        pytest.param(waits("minimum_age", "young"), True, id="a minimum age"),
        pytest.param(blocks("check (ci)", "failed"), True, id="a check that failed"),
        pytest.param(waits("expression (x)", "false"), True, id="an expression"),
        pytest.param(waits("freeze", "frozen"), True, id="a freeze"),
        pytest.param(waits("pace", "soaks"), True, id="what stands and has not completed"),
        pytest.param(waits("soak (eu or us)", "soaking"), True, id="a soak in one of several"),
        pytest.param(waits("approvals", "needs 2"), True, id="approvals that are missing"),
        pytest.param(blocks("approvals", "changes requested by tom"), False, id="somebody's objection"),
        pytest.param(HELD, False, id="a hold"),
        pytest.param(blocks("head", "mallory pushed"), False, id="a stranger's commit"),
        pytest.param(blocks("signature (web)", "unsigned"), False, id="a signature"),
        pytest.param(waits("policy", "unknown"), False, id="a policy"),
        pytest.param(waits("tag (web)", "points elsewhere"), False, id="a tag that was moved"),
        pytest.param(waits("declaration", "not admitted"), False, id="what is not declared"),
        pytest.param(waits("revert", "taken out by hand"), False, id="what people took out"),
        pytest.param(waits("merge", "a conflict"), False, id="a conflict"),
        pytest.param(waits("access", "not read"), False, id="what was not read"),
        pytest.param(waits("a gate of tomorrow", "?"), False, id="a gate that nobody thought of"),
    ],
)
def test_what_it_waives(*, verdict: Verdict, waived: bool) -> None:
    """What only costs time; never what says that the right thing is merged, nor anybody's no."""
    _, (shown, _), _ = judged(*TWO, verdicts=(verdict,))
    assert (shown.outcome is Outcome.PASS) is waived
    assert waived or shown == verdict


def test_what_passes_is_left_as_it_is() -> None:
    """It says its own reason."""
    fine = passed("soak (staging)", "soaked")
    assert judged(*TWO, verdicts=(fine,))[1][0] == fine


def test_one_call_is_told_and_opens_nothing() -> None:
    """Everybody sees that one more is wanted; nobody's words make a mention."""
    _, verdicts, ask = judged(call("bob"))
    assert verdicts[0] == SOAKING
    assert verdicts[-1].gate != GATE
    assert "called by bob: shop @" in verdicts[-1].reason
    assert "@is" not in verdicts[-1].reason
    assert "one more of the approvers" in verdicts[-1].reason
    assert not ask


def test_access_is_asked_for_before_it_counts() -> None:
    """Of as many as it takes, those first of whom it is known."""
    unread = replace(KNOWN, permissions={}, identities={})
    assert judged(*TWO, known=unread)[2] == Ask(permissions=frozenset({"bob", "wanda"}))
    half = replace(KNOWN, permissions={"wanda": Permission.WRITE})
    assert judged(*TWO, known=half)[2] == Ask(permissions=frozenset({"bob"}))
    assert judged(*TWO, call("zoe"))[2] == Ask()


def test_a_call_is_read_back_with_its_reason() -> None:
    """As its author wrote it."""
    (found,) = calls(pull(checks=(call("bob"),)))
    assert (found.login, found.person, found.reason) == ("bob", person("bob").id, "shop @is down")
