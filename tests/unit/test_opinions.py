"""Truth table: whose opinion counts on a head, and which of several."""

import pytest

from bot.gates.approvals import Opinions
from bot.model import ActorKind, Check, CheckStatus, Commit, Review, ReviewState
from bot.opinions import APPROVAL_CHECK, approval_id, authors, opinions, strangers
from tests.unit.facts import HEAD, at, check, commit, person, pull, review, sha

APPROVED, OBJECTED, DISMISSED, COMMENTED, PENDING = ReviewState
EARLIER = sha("an earlier head")


def said_so(by: str, *, minute: float, approves: bool = True, on: str = HEAD) -> Check:
    """The check run that keeps an `/approve`, or its withdrawal."""
    return check(
        f"{APPROVAL_CHECK} ({by})",
        commit=on,
        status=CheckStatus.COMPLETED,
        conclusion="SUCCESS" if approves else "NEUTRAL",
        external_id=approval_id(person(by).id, by, at=at(minute)),
    )


@pytest.mark.parametrize(
    ("reviews", "checks", "approving", "objecting"),
    [
        pytest.param((), (), (), (), id="nobody said anything"),
        pytest.param((review("bob"),), (), ("bob",), (), id="a review approves"),
        pytest.param((), (said_so("bob", minute=-5),), ("bob",), (), id="a comment approves"),
        pytest.param((review("bob"), review("wanda", minute=-4)), (), ("bob", "wanda"), (), id="two people"),
        pytest.param((review("bob"),), (said_so("bob", minute=-3),), ("bob",), (), id="one person twice counts once"),
        pytest.param((review("bob", commit=EARLIER),), (), (), (), id="an approval of an older head"),
        pytest.param((review("bob", commit=None),), (), (), (), id="an approval of a commit that is gone"),
        pytest.param((), (said_so("bob", minute=-5, on=EARLIER),), (), (), id="an `/approve` of an older head"),
        pytest.param(
            (review("bob", can_push=False),), (), ("bob",), (), id="a reader's approval, which the gate judges"
        ),
        pytest.param((review("bob", COMMENTED),), (), (), (), id="a comment is no opinion"),
        pytest.param((review("bob", PENDING),), (), (), (), id="a review not yet sent"),
        pytest.param((review("bob", DISMISSED),), (), (), (), id="dismissed"),
        pytest.param(
            (review("bob"), review("bob", COMMENTED, minute=-1)), (), ("bob",), (), id="a later comment changes nothing"
        ),
        pytest.param((review("bob", OBJECTED),), (), (), ("bob",), id="changes requested"),
        pytest.param((review("bob", OBJECTED, commit=EARLIER),), (), (), ("bob",), id="an objection outlives its head"),
        pytest.param((review("bob", OBJECTED, can_push=False),), (), (), (), id="a reader's objection"),
        pytest.param(
            (review("bob", OBJECTED), review("bob", minute=-4)), (), ("bob",), (), id="objected, then approved"
        ),
        pytest.param(
            (review("bob", OBJECTED),), (said_so("bob", minute=-4),), ("bob",), (), id="objected, then `/approve`"
        ),
        pytest.param(
            (review("bob"), review("bob", OBJECTED, minute=-4)), (), (), ("bob",), id="approved, then objected"
        ),
        pytest.param(
            (review("bob", OBJECTED, minute=-4),),
            (said_so("bob", minute=-5),),
            (),
            ("bob",),
            id="`/approve`, then objected",
        ),
        pytest.param(
            (review("bob", minute=-4), review("bob", OBJECTED)),
            (),
            ("bob",),
            (),
            id="the order of the list does not matter",
        ),
        pytest.param((review("bob"),), (said_so("bob", minute=-4, approves=False),), (), (), id="approved, withdrawn"),
        pytest.param(
            (review("bob", minute=-3),),
            (said_so("bob", minute=-4, approves=False),),
            ("bob",),
            (),
            id="withdrawn, approved again",
        ),
        pytest.param((review("bob"), review("bob", OBJECTED)), (), (), ("bob",), id="of one second the stricter wins"),
        pytest.param(
            (review("bob"),), (said_so("bob", minute=-5, approves=False),), (), (), id="of one second a withdrawal wins"
        ),
        pytest.param(
            (review("bob"), review("wanda", OBJECTED)), (), ("bob",), ("wanda",), id="people differ, both are heard"
        ),
        pytest.param((review("ci", author=person("ci", ActorKind.BOT)),), (), (), (), id="a bot's approval"),
        pytest.param((review("ci", OBJECTED, author=person("ci", ActorKind.BOT)),), (), (), (), id="a bot's objection"),
        pytest.param(
            (review("ghost", author=person("ghost", ActorKind.OTHER)),), (), (), (), id="an account that is no user"
        ),
        pytest.param((), (check(conclusion="SUCCESS"),), (), (), id="our gates check is nobody's approval"),
        pytest.param(
            (),
            (check(f"{APPROVAL_CHECK} (bob)", conclusion="SUCCESS", external_id="v2:approve:1:bob:0"),),
            (),
            (),
            id="an approval in a form we do not know",
        ),
    ],
)
def test_the_latest_opinion_of_each_person(
    *, reviews: tuple[Review, ...], checks: tuple[Check, ...], approving: tuple[str, ...], objecting: tuple[str, ...]
) -> None:
    """The latest word of each person counts, if it is about this head.

    | latest of the person | on this head | may push | → counts as
    | approved, `/approve`              | yes | -   | approval, if the gate then finds access enough |
    | approved, `/approve`              | no  | -   | nothing |
    | changes requested                 | -   | yes | objection |
    | dismissed, withdrawn, a reader's  | -   | -   | nothing |
    | comments, unsent reviews, bots    | -   | -   | not heard |
    """
    heard = opinions(pull(reviews=reviews, checks=checks))
    assert (tuple(voice.login for voice in heard.approving), heard.objecting) == (approving, objecting)


@pytest.mark.parametrize(
    ("made", "barred"),
    [
        pytest.param(commit("x", by="bob"), {"bob"}, id="the commit's author"),
        pytest.param(commit("x", by="Bob"), {"bob"}, id="in any case"),
        pytest.param(commit("x"), set[str](), id="our own commits bar nobody"),
        pytest.param(
            commit("x", by="al", author_login=None, author_email="bob@users.noreply.github.com"),
            {"bob"},
            id="known by GitHub's own address only",
        ),
        pytest.param(
            commit("x", by="al", author_login=None, author_email="123+bob@users.noreply.github.com"),
            {"bob"},
            id="known by GitHub's newer address",
        ),
        pytest.param(
            commit("x", by="al", author_login=None, author_email="bob@example.com"),
            set[str](),
            id="an address that tells nobody's login",
        ),
        pytest.param(
            commit("x", by="al", message="Fix\n\nCo-authored-by: B <1+bob@users.noreply.github.com>"),
            {"al", "bob"},
            id="a co-author",
        ),
        pytest.param(
            commit("x", by="al", message="Fix\r\n\r\nCO-AUTHORED-BY: B <bob@users.noreply.github.com>\r\n"),
            {"al", "bob"},
            id="a co-author in capitals, with Windows line ends",
        ),
        pytest.param(
            commit(
                "x",
                by="al",
                message="Fix\n\nCo-authored-by: B <bob@users.noreply.github.com>\n"
                "Co-authored-by: C <cat@users.noreply.github.com>",
            ),
            {"al", "bob", "cat"},
            id="two co-authors",
        ),
    ],
)
def test_who_is_an_author(*, made: Commit, barred: set[str]) -> None:
    """Authors and co-authors of the promoted commits, where their login can be told."""
    assert authors([made]) == barred


def test_authors_may_object_but_not_approve() -> None:
    """Whoever made the change is heard when they warn of it."""
    commits = (commit("theirs", by="bob"), commit(parents=(sha("tip"), sha("theirs"))))
    assert opinions(pull(commits=commits, reviews=(review("bob"),))) == Opinions()
    objecting = Opinions(objecting=("bob",))
    assert opinions(pull(commits=commits, reviews=(review("bob", OBJECTED),))) == objecting


def test_an_author_by_another_case_of_the_login() -> None:
    """GitHub's logins have no case."""
    commits = (commit("theirs", by="BOB"), commit())
    assert opinions(pull(commits=commits, reviews=(review("bob"),))).approving == ()


def test_strangers_at_the_head() -> None:
    """Who else's commit is the head; nobody's when it is ours."""
    assert strangers(pull(), HEAD) == ()
    theirs = commit("theirs", by="mallory")
    assert strangers(pull(commits=(theirs,)), theirs.sha) == (f"mallory ({theirs.sha[:7]})",)
