"""Tables: what `caisson/gates` says on a pull request that is no promotion."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.actions import Ask, Outcome
from bot.configuration_change import Proposed
from bot.messages import pull_check
from bot.model import Brought, Permission, PullRequest, ReviewState, Unknown
from bot.pull_checks import Change, Rules, changes_configuration, judge, orphan
from config.approvals import Approvals
from config.parse import PATH
from config.pipeline import Configuration, Environment, ManualChanges, Promote, Window
from tests.unit.facts import HEAD, PRODUCTION, SHOP, STAGING, commit, labelled, observation, person, pull, review

PASS, WAIT, BLOCK = Outcome
PROD = "apps/web/production/kustomization.yaml"
UNKNOWN = Unknown("nobody told")
GATED = PRODUCTION.model_copy(update={"manual_changes": ManualChanges.GATE})
CLOSED = (Window.model_validate({"allow": "0 15 * * *", "for": timedelta(hours=1)}),)
KNOWN = {"alice": Permission.WRITE, "bob": Permission.WRITE}


def theirs(**changed: Any) -> PullRequest:
    """Wanda's pull request into the default branch."""
    made = pull(
        by_us=False, author=person("wanda"), checks=(), comments=(), reviews=(), labelling=(), labels=frozenset()
    )
    return replace(made, **changed)


def change(*paths: str, of: PullRequest | None = None, proposed: Proposed | None = None, **changed: Any) -> Change:
    brought = Brought(
        number=7,
        head=HEAD,
        changed=frozenset(paths),
        commits=(commit(by="wanda"),),
        complete=True,
        configuration="",
    )
    return Change(pull=of or theirs(), brought=replace(brought, **changed), proposed=proposed)


def rules(*environments: Environment, known: bool = True, **more: Any) -> Rules:
    declared = Configuration(pipelines=(SHOP.model_copy(update={"environments": environments or SHOP.environments}),))
    return Rules(declared=declared, seen=observation(permissions=KNOWN if known else {}), **more)


def approved(*by: str, **changed: Any) -> PullRequest:
    return theirs(reviews=tuple(review(login) for login in by), **changed)


@pytest.mark.parametrize(
    ("environment", "paths", "into", "outcome", "says"),
    [
        pytest.param(PRODUCTION, ("README.md",), "main", PASS, "touches no environment", id="none"),
        pytest.param(PRODUCTION, (PROD,), "main", PASS, "touches production; manual changes are allowed", id="allowed"),
        pytest.param(GATED, (PROD,), "main", WAIT, "needs 1 approval at this head, 0 given; review it", id="gated"),
        pytest.param(GATED, (f"{PROD[:19]}-old/x",), "main", PASS, "touches no environment", id="a folder named alike"),
        pytest.param(GATED, (GATED.path,), "main", WAIT, "needs 1 approval", id="the folder itself, as a link"),
        pytest.param(GATED, (PROD,), "other", PASS, "touches no environment", id="into another branch"),
        pytest.param(
            GATED.model_copy(update={"path": "", "branch": "other", "promote": Promote.MERGE}),
            ("README.md",),
            "other",
            WAIT,
            "needs 1 approval",
            id="whatever it is, into a branch promoted by merges",
        ),
        pytest.param(
            GATED.model_copy(update={"approvals": None, "windows": CLOSED}),
            (PROD,),
            "main",
            WAIT,
            "opens at 15:00",
            id="outside its windows",
        ),
        pytest.param(
            GATED.model_copy(update={"approvals": None}),
            (PROD,),
            "main",
            PASS,
            "which declares neither approvals nor windows",
            id="gated by nothing, which is said",
        ),
    ],
)
def test_what_is_touched_decides(
    *, environment: Environment, paths: tuple[str, ...], into: str, outcome: Outcome, says: str
) -> None:
    """By the paths below the environment's own, on its branch."""
    verdicts, ask = judge(change(*paths, of=theirs(base_branch=into)), rules(STAGING, environment))
    assert ({v.outcome for v in verdicts} == {PASS}) is (outcome is PASS)
    assert says in "; ".join(v.reason for v in verdicts)
    assert ask == Ask()


@pytest.mark.parametrize(
    ("made", "says"),
    [
        pytest.param(change(PROD, of=approved("alice")), None, id="approved"),
        pytest.param(change(PROD, changed=UNKNOWN, of=approved("alice")), None, id="approved, whatever it changes"),
        pytest.param(change(PROD, of=theirs()), "needs 1 approval", id="approved by nobody"),
        pytest.param(change(PROD, of=approved("carol")), "needs 1 approval", id="by somebody whose access is unknown"),
        pytest.param(
            change(PROD, of=approved("alice", author=person("alice"))), "needs 1 approval", id="by whoever opened it"
        ),
        pytest.param(
            change(PROD, of=approved("alice"), commits=(commit(by="wanda"), commit("other", by="alice"))),
            "needs 1 approval",
            id="by an author of one of its commits",
        ),
        pytest.param(
            change(PROD, of=theirs(reviews=(review("alice", commit=commit("other").sha),))),
            "needs 1 approval",
            id="of an older head",
        ),
        pytest.param(
            change(PROD, of=theirs(reviews=(review("alice"), review("bob", ReviewState.CHANGES_REQUESTED)))),
            "changes requested by bob",
            id="against an objection",
        ),
        pytest.param(
            change(PROD, of=approved("alice"), complete=False),
            "not everybody's part is known",
            id="of too many commits",
        ),
        pytest.param(
            change(PROD, of=approved("alice", complete=False)), "not everybody's part is known", id="after many reviews"
        ),
        pytest.param(
            change(PROD, of=approved("alice", labelling=(labelled(person("bob"), added=True),))),
            "put on by bob",
            id="while held",
        ),
    ],
)
def test_who_approves_decides(*, made: Change, says: str | None) -> None:
    """Somebody else than all who wrote it, of this head, while nothing speaks against it."""
    settled = rules(STAGING, GATED)
    known = observation(permissions={**KNOWN, "carol": Permission.READ})
    verdicts, ask = judge(made, replace(settled, seen=known))
    wrong = [v.reason for v in verdicts if v.outcome is not PASS]
    assert (says is None) == (not wrong)
    assert says is None or says in "; ".join(wrong)
    assert ask == Ask()


def test_access_is_asked_for_only_where_it_could_decide() -> None:
    """Nobody is read of while a window is closed, or while another environment lacks an approval."""
    one = change(PROD, of=approved("alice"))
    assert judge(one, rules(GATED, known=False))[1] == Ask(permissions=frozenset({"alice"}))
    closed = GATED.model_copy(update={"windows": CLOSED})
    assert judge(one, rules(closed, known=False))[1] == Ask()
    beside = GATED.model_copy(update={"name": "beside", "approvals": Approvals(users=("bob",))})
    assert judge(one, rules(GATED, beside, known=False))[1] == Ask()


def test_a_removed_hold_asks_who_took_it_off() -> None:
    """Only somebody entitled releases it."""
    events = (labelled(person("bob"), added=True, minute=-9), labelled(person("tom"), added=False, minute=-8))
    verdicts, ask = judge(change(PROD, of=approved("alice", labelling=events)), rules(GATED))
    assert BLOCK in {v.outcome for v in verdicts}
    assert ask == Ask(permissions=frozenset({"tom"}))


@pytest.mark.parametrize(
    ("proposed", "outcome", "says"),
    [
        pytest.param(Configuration(pipelines=()), WAIT, "needs 1 approval", id="production is gone"),
        pytest.param(None, WAIT, "cannot be read as this leaves it", id="it cannot be read"),
        pytest.param(
            Configuration(pipelines=(SHOP,)), PASS, "changes nothing that is declared", id="it means the same"
        ),
    ],
)
def test_the_declaration_is_changed_by_present_approvals(
    *, proposed: Configuration | None, outcome: Outcome, says: str
) -> None:
    """Though manual changes are allowed."""
    made = Proposed(configuration=proposed, problems=() if proposed else ("line 1: no",))
    verdicts, _ = judge(change(PATH, proposed=made), rules())
    assert ({v.outcome for v in verdicts} == {PASS}) is (outcome is PASS)
    assert says in "; ".join(v.reason for v in verdicts)


@pytest.mark.parametrize(
    ("changed", "configuration", "into", "expected"),
    [
        pytest.param(frozenset({PATH}), "new", "main", True, id="it is among the files"),
        pytest.param(frozenset({"x"}), "behind", "main", False, id="a branch that lags behind changes nothing"),
        pytest.param(frozenset({PATH}), "new", "production", False, id="on another branch it means nothing"),
        pytest.param(UNKNOWN, "new", "main", True, id="another text, of files that nobody told"),
        pytest.param(UNKNOWN, "present", "main", False, id="the present text, of files that nobody told"),
        pytest.param(UNKNOWN, Unknown("binary"), "main", True, id="no text, of files that nobody told"),
        pytest.param(frozenset({PATH}), None, "main", True, id="the file is removed"),
    ],
)
def test_when_the_declaration_changes(
    *, changed: frozenset[str] | Unknown, configuration: str | Unknown | None, into: str, expected: bool
) -> None:
    """By the paths where they are known, else by the text."""
    made = change(changed=changed, configuration=configuration).brought
    assert changes_configuration(made, into, rules(), "present") is expected


OWNED = PRODUCTION.model_copy(update={"approvals": Approvals(users=("alice",), codeowners=True)})


@pytest.mark.parametrize(
    ("path", "into", "says"),
    [
        pytest.param("CODEOWNERS", "main", "needs 1 approval of alice", id="on the environment's branch"),
        pytest.param("CODEOWNERS", "other", "touches no environment", id="on another branch"),
        pytest.param("src/CODEOWNERS", "main", "touches no environment", id="where GitHub does not look"),
    ],
)
def test_owners_are_changed_by_present_approvals(*, path: str, into: str, says: str) -> None:
    """Where GitHub would read them for this environment."""
    owners = {("shop", "production"): "* @alice\n"}
    verdicts, _ = judge(change(path, of=theirs(base_branch=into)), rules(OWNED, owners=owners))
    assert says in "; ".join(v.reason for v in verdicts)


@pytest.mark.parametrize(
    ("owners", "says"),
    [
        pytest.param({}, "CODEOWNERS has not been read yet", id="not read"),
        pytest.param({("shop", "production"): UNKNOWN}, "nobody told", id="not readable"),
    ],
)
def test_owners_that_are_not_known_open_nothing(*, owners: dict[tuple[str, str], str | Unknown], says: str) -> None:
    """Nor do paths that nobody told."""
    gated = OWNED.model_copy(update={"manual_changes": ManualChanges.GATE})
    verdicts, _ = judge(change(PROD, of=approved("alice")), rules(gated, owners=owners))
    assert says in "; ".join(v.reason for v in verdicts if v.outcome is WAIT)
    known = {("shop", "production"): "* @alice\n"}
    verdicts, _ = judge(change(changed=UNKNOWN, of=approved("alice")), rules(gated, owners=known))
    assert "whose files these are is not known: nobody told" in "; ".join(v.reason for v in verdicts)


def test_a_pull_request_of_ours_that_nothing_wants_waits() -> None:
    """Its environment is gone from the file: what once was green must not stay so."""
    text = pull_check([(7, orphan())])
    assert text.conclusion is None
    assert "no environment that is declared proposes this any more" in text.title


def test_one_commit_is_green_only_if_all_that_propose_it_are() -> None:
    """A check run is of a commit, not of a pull request."""
    fine, _ = judge(change("README.md"), rules())
    waiting, _ = judge(change(PROD), rules(GATED))
    assert pull_check([(7, fine)]).conclusion == "SUCCESS"
    both = pull_check([(7, fine), (8, waiting)])
    assert both.conclusion is None
    assert both.title.startswith("#8 approvals (production)")


def test_a_team_is_named_without_calling_it() -> None:
    """The title changes often, and each time it would mention all of its members."""
    asked = GATED.model_copy(update={"approvals": Approvals(teams=("acme/sre",))})
    text = pull_check([(7, judge(change(PROD), rules(asked))[0])])
    assert "@acme" not in text.title + text.summary
    assert "acme/sre" in text.title
