"""Truth table of groups of approvers: teams, access, owners, combinations, and what must be read before they pass."""

from dataclasses import replace

import pytest

from bot.actions import Ask, Outcome
from bot.codeowners import Rule, parse
from bot.gates.approvals import Opinions, judge
from bot.gates.approvers import Evidence, Voice
from bot.model import Permission, Unknown
from config.approvals import Approvals, LeastAccess
from tests.unit.facts import person

PASS, WAIT, BLOCK = Outcome
ACCESS: dict[str, Permission | Unknown] = {
    "bob": Permission.WRITE,
    "wanda": Permission.MAINTAIN,
    "tom": Permission.TRIAGE,
    "rob": Permission.READ,
}
SRE, WEB = "org/sre", "org/web"
KNOWN = Evidence(
    organisation="Org",
    permissions=ACCESS,
    identities={login: person(login).id for login in ACCESS},
    memberships={(SRE, "bob"): True, (SRE, "wanda"): False, (WEB, "bob"): False, (WEB, "wanda"): True},
)
BY_SRE, BY_WEB = Approvals(teams=(SRE,)), Approvals(teams=(WEB,))


def said(rule: Approvals, *logins: str, known: Evidence = KNOWN) -> tuple[Outcome, str, Ask]:
    voices = tuple(Voice(person(login).id, login) for login in logins)
    verdict, ask = judge(rule, Opinions(approving=voices), known)
    return verdict.outcome, verdict.reason, ask


def owned(*lines: str) -> tuple[Rule, ...]:
    return parse("\n".join(lines))


@pytest.mark.parametrize(
    ("rule", "by", "outcome", "reason"),
    [
        pytest.param(BY_SRE, (), WAIT, "needs 1 approval of @org/sre at this head, 0 given", id="nobody of the team"),
        pytest.param(BY_SRE, ("bob",), PASS, "approved by bob", id="a member"),
        pytest.param(BY_SRE, ("wanda",), WAIT, "needs 1 approval of @org/sre", id="no member"),
        pytest.param(Approvals(teams=("Org/SRE",)), ("bob",), PASS, "approved by bob", id="a team in another case"),
        pytest.param(
            Approvals(count=2, teams=(SRE,)),
            ("bob", "wanda"),
            WAIT,
            "needs 1 more approval of @org/sre at this head, 1 given (so far bob)",
            id="one of two",
        ),
        pytest.param(
            Approvals(count=2, users=("wanda",), teams=(SRE,)),
            ("bob", "wanda"),
            PASS,
            "bob, wanda",
            id="users or teams",
        ),
        pytest.param(
            Approvals(teams=("other/sre",)), ("bob",), WAIT, "belongs to another organisation", id="another's team"
        ),
        pytest.param(Approvals(permission=LeastAccess.TRIAGE), ("tom",), PASS, "tom", id="triage where that is enough"),
        pytest.param(
            Approvals(permission=LeastAccess.MAINTAIN),
            ("bob",),
            WAIT,
            "with maintain access",
            id="write where it is not",
        ),
        pytest.param(Approvals(permission=LeastAccess.MAINTAIN), ("wanda",), PASS, "wanda", id="maintain where asked"),
        pytest.param(Approvals(permission=LeastAccess.ADMIN), ("wanda",), WAIT, "with admin", id="admin where asked"),
        pytest.param(Approvals(all_of=(BY_SRE, BY_WEB)), ("bob", "wanda"), PASS, "bob, wanda", id="all of two groups"),
        pytest.param(
            Approvals(all_of=(BY_SRE, BY_WEB)),
            ("bob",),
            WAIT,
            "needs 1 approval of @org/web",
            id="one group is missing",
        ),
        pytest.param(Approvals(any_of=(BY_SRE, BY_WEB)), ("wanda",), PASS, "wanda", id="any of two groups"),
        pytest.param(
            Approvals(any_of=(BY_SRE, BY_WEB)), ("tom",), WAIT, "@org/sre at this head, 0 given, or needs", id="neither"
        ),
        pytest.param(
            Approvals(all_of=(Approvals(any_of=(BY_SRE, BY_WEB)), Approvals(count=2))),
            ("wanda", "bob"),
            PASS,
            "wanda",
            id="two people, one of either team",
        ),
        pytest.param(
            Approvals(all_of=(BY_SRE, Approvals())),
            ("bob",),
            PASS,
            "approved by bob",
            id="one person counts in each group",
        ),
    ],
)
def test_groups(*, rule: Approvals, by: tuple[str, ...], outcome: Outcome, reason: str) -> None:
    """Everything is known: who counts, and what is said of who is missing.

    | in the group | access | → counts |
    | a user of it, or a member of a team of it, or anybody where it names none | enough | yes |
    | a member of another organisation's team | - | no |
    | -  | less than `permission` | no |
    """
    known = replace(KNOWN, memberships={**KNOWN.memberships, (SRE, "tom"): False, (WEB, "tom"): False})
    found = said(rule, *by, known=known)
    assert found[0] is outcome
    assert reason in found[1]
    assert not found[2]


def people(*logins: str) -> frozenset[str]:
    return frozenset(logins)


@pytest.mark.parametrize(
    ("rule", "by", "ask"),
    [
        pytest.param(
            BY_SRE, ("bob",), Ask(permissions=people("bob"), memberships=frozenset({(SRE, "bob")})), id="both, at once"
        ),
        pytest.param(Approvals(count=2, teams=(SRE,)), ("bob",), Ask(), id="too few approve: nothing is asked"),
        pytest.param(Approvals(users=("bob",), teams=(SRE,)), ("bob",), Ask(permissions=people("bob")), id="a user"),
        pytest.param(Approvals(users=("bob",)), ("wanda",), Ask(), id="not one of the users"),
        pytest.param(Approvals(teams=("other/sre",)), ("bob",), Ask(), id="never of another organisation"),
        pytest.param(Approvals(all_of=(BY_SRE, Approvals(count=2))), ("bob",), Ask(), id="another group lacks anyway"),
        pytest.param(
            Approvals(any_of=(Approvals(count=2), Approvals())),
            ("bob",),
            Ask(permissions=people("bob")),
            id="one might",
        ),
    ],
)
def test_what_is_asked_first(*, rule: Approvals, by: tuple[str, ...], ask: Ask) -> None:
    """Nothing is known yet: access and membership are asked only where they could decide, and never pass unread."""
    outcome, _, asked = said(rule, *by, known=Evidence(organisation="org"))
    assert (outcome, asked) == (WAIT, ask)


@pytest.mark.parametrize(
    ("lines", "by", "outcome", "reason"),
    [
        pytest.param((), ("bob",), PASS, "bob", id="nobody owns the paths: anybody's approval is enough"),
        pytest.param(("/a/ @bob",), ("bob",), PASS, "bob", id="the owner"),
        pytest.param(
            ("/a/ @wanda @org/web",), ("bob",), WAIT, "needs an owner of /a/ (wanda or @org/web)", id="not the owner"
        ),
        pytest.param(("/a/ @org/sre",), ("bob",), PASS, "bob", id="of the team that owns it"),
        pytest.param(("/a/ @bob", "/b/ @wanda"), ("bob",), WAIT, "owner of /b/ (wanda)", id="one path's owner lacks"),
        pytest.param(("/a/ @bob", "/b/ @wanda"), ("bob", "wanda"), PASS, "bob, wanda", id="an owner of each"),
        pytest.param(("/a/ @tom",), ("bob", "tom"), WAIT, "owner of /a/ (tom)", id="an owner without write"),
        pytest.param(("/a/ b@c.example",), ("bob",), WAIT, "(b@c.example)", id="an address counts for nobody"),
        pytest.param(("/a/ @other/sre",), ("bob",), WAIT, "(@other/sre)", id="another organisation's team"),
    ],
)
def test_owners_of_the_paths(*, lines: tuple[str, ...], by: tuple[str, ...], outcome: Outcome, reason: str) -> None:
    """`codeowners` asks for one approval of anybody, and one by an owner of each path that has owners."""
    known = replace(KNOWN, owned=owned(*lines))
    found = said(Approvals(codeowners=True, permission=LeastAccess.TRIAGE), *by, known=known)
    assert found[0] is outcome
    assert reason in found[1]


def test_owners_that_cannot_be_read_wait() -> None:
    """A CODEOWNERS file that is too large, or paths that GitHub did not name, open nothing."""
    known = replace(KNOWN, owned=Unknown("CODEOWNERS is too large"))
    assert said(Approvals(codeowners=True), "bob", known=known)[:2] == (
        WAIT,
        "CODEOWNERS is too large; review it or comment `/approve`",
    )


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(replace(KNOWN, identities={"bob": 7}), id="the login is somebody else's now"),
        pytest.param(replace(KNOWN, identities={}), id="whose login it is was not told"),
        pytest.param(replace(KNOWN, permissions={"bob": Unknown("away")}), id="access that could not be read"),
        pytest.param(replace(KNOWN, memberships={(SRE, "bob"): Unknown("away")}), id="a team that could not be read"),
        pytest.param(replace(KNOWN, permissions={"bob": Permission.READ}), id="access lost since"),
    ],
)
def test_what_is_not_sure_counts_for_nobody(known: Evidence) -> None:
    """A gate never passes on what is unknown, stale, or another person's."""
    assert said(BY_SRE, "bob", known=known)[0] is WAIT


AWAY = Unknown("the installation lacks a permission (members=read)")


@pytest.mark.parametrize(
    ("rule", "known"),
    [
        pytest.param(BY_SRE, replace(KNOWN, memberships={(SRE, "bob"): AWAY}), id="a team that may not be read"),
        pytest.param(Approvals(), replace(KNOWN, permissions={"bob": AWAY}), id="access that may not be read"),
        pytest.param(
            Approvals(codeowners=True),
            replace(KNOWN, owned=owned("* @org/web"), memberships={(WEB, "bob"): AWAY}),
            id="an owning team that may not be read",
        ),
    ],
)
def test_an_approval_that_cannot_count_says_why(rule: Approvals, known: Evidence) -> None:
    """Else an operator who has to grant a permission would only hear that nobody approved."""
    outcome, reason, _ = said(rule, "bob", known=known)
    assert outcome is WAIT
    assert f"({AWAY.reason})" in reason


def test_what_does_not_matter_is_not_complained_of() -> None:
    """A team that could not be read, where another has the person, or the person is named."""
    known = replace(KNOWN, memberships={(SRE, "bob"): AWAY, (WEB, "bob"): True})
    two = Approvals(count=2, teams=(SRE, WEB))
    assert AWAY.reason not in said(two, "bob", known=known)[1]
    named = Approvals(count=2, users=("bob",), teams=(SRE,))
    assert AWAY.reason not in said(named, "bob", known=known)[1]


def test_a_reader_is_not_even_asked_about() -> None:
    """GitHub said with the review that its author may not push: no request is spent on them."""
    reader = Opinions(approving=(Voice(person("rob").id, "rob", can_push=False),))
    verdict, ask = judge(Approvals(), reader, Evidence(organisation="org"))
    assert (verdict.outcome, ask) == (WAIT, Ask())
