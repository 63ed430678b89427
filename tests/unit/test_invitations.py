"""Whom to ask when a pull request opens."""

from dataclasses import replace

import pytest

from bot.actions import Invite
from bot.invitations import invitation
from bot.messages import uninvited_comment
from bot.model import Invited, PullRequest
from config.approvals import Approvals
from tests.unit.facts import PRODUCTION, comment, commit, our_comment, pull, sha

NAMED = Approvals(any_of=(Approvals(users=("Alice", "bob")), Approvals(users=("alice",), teams=("Org/SRE", "x/web"))))
BY_BOB = pull(
    commits=(commit("theirs", by="wanda"), commit("newer", by="bob"), commit(parents=(sha("tip"), sha("newer"))))
)


@pytest.mark.parametrize(
    ("rule", "opened", "wanted"),
    [
        pytest.param(None, pull(), None, id="no approvals, nobody else's commits"),
        pytest.param(Approvals(count=2), pull(), None, id="nobody is named"),
        pytest.param(
            NAMED,
            pull(),
            Invite(number=7, users=("alice", "bob"), teams=("org/sre",)),
            id="each once, none from elsewhere",
        ),
        pytest.param(
            NAMED,
            pull(invited=Invited(reviewers=frozenset({"alice", "bob", "org/sre"}))),
            None,
            id="it was done before",
        ),
        pytest.param(
            NAMED,
            pull(invited=Invited(reviewers=frozenset({"owner", "bob"}))),
            Invite(number=7, users=("alice",), teams=("org/sre",)),
            id="GitHub asked code owners in our name: the others are asked still",
        ),
        pytest.param(NAMED, pull(invited=Invited(complete=False)), None, id="more was asked than can be read"),
        pytest.param(
            None, replace(BY_BOB, invited=Invited(assigned=True)), None, id="assigned once, and taken off perhaps"
        ),
        pytest.param(NAMED, pull(comments=(our_comment(uninvited_comment(["al"])),)), None, id="it was tried before"),
        pytest.param(
            NAMED,
            pull(comments=(comment("eve", uninvited_comment(["al"])),)),
            Invite(number=7, users=("alice", "bob"), teams=("org/sre",)),
            id="somebody else's word for it is none",
        ),
        pytest.param(
            NAMED,
            BY_BOB,
            Invite(number=7, users=("alice",), teams=("org/sre",), assignee="bob"),
            id="an author cannot approve, and is not asked; the newest is assigned",
        ),
        pytest.param(None, BY_BOB, Invite(number=7, assignee="bob"), id="assigned where nobody must approve"),
        pytest.param(
            None,
            pull(commits=(commit("x", by="ci", author_login="ci[bot]"), commit())),
            None,
            id="a bot is not assigned",
        ),
        pytest.param(
            None, pull(commits=(commit("x", by="al", author_login=None), commit())), None, id="nor somebody unknown"
        ),
    ],
)
def test_whom_to_ask(*, rule: Approvals | None, opened: PullRequest, wanted: Invite | None) -> None:
    """Everybody whom the approvals name and who may approve, once."""
    environment = PRODUCTION.model_copy(update={"approvals": rule})
    made = invitation(environment, opened, organisation="org")
    if made is not None:
        made = Invite(
            number=made.number,
            users=tuple(sorted(user.lower() for user in made.users)),
            teams=made.teams,
            assignee=made.assignee,
        )
    assert made == wanted


def test_no_more_than_github_takes() -> None:
    """Fifteen at most, teams first: a longer request would be refused whole."""
    many = Approvals(users=tuple(f"u{n}" for n in range(20)), teams=("org/sre",))
    made = invitation(PRODUCTION.model_copy(update={"approvals": many}), pull(), organisation="org")
    assert made is not None
    assert (len(made.users), made.teams) == (14, ("org/sre",))
