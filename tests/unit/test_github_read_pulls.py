"""Pull requests as read from GitHub: above all what somebody else put there to look like ours."""

import pytest

from bot.model import Actor, ActorKind, CheckStatus, ClosingKind, Invited, ReviewState
from tests.unit.github_answers import (
    ALICE,
    AT,
    JSON,
    LOOK_ALIKE,
    MANNEQUIN,
    OUR_BOT,
    PRETENDERS,
    WHERE,
    comment,
    commit,
    head,
    latest,
    listed,
    merged,
    place,
    pull,
    reaction,
    review,
    rollup,
    run,
    the_pull,
)


def test_our_pull_request_is_read_whole() -> None:
    """Every fact of it, with our check runs and what it changes."""
    put = {"__typename": "LabeledEvent", "createdAt": AT, "actor": ALICE, "label": {"name": "hold"}}
    off = {"__typename": "UnlabeledEvent", "createdAt": AT, "actor": OUR_BOT, "label": {"name": "hold"}}
    found = the_pull(
        labelling=listed(put, off),
        comments=listed(comment(author=ALICE, body="/merge", reactions={"nodes": [reaction(99), reaction(5, "EYES")]})),
        reviews=listed(review()),
        latest=latest(rollup(run())),
    )
    assert (found.number, found.by_us, found.complete, found.head) == (7, True, True, "c1")
    assert found.labels == {"hold"}
    assert [(one.added, one.by_us, one.actor.login) for one in found.labelling] == [
        (True, False, "alice"),
        (False, True, "caisson"),
    ]
    assert found.comments[0].reactions == {"ROCKET"}
    assert not found.comments[0].ours
    assert (found.reviews[0].state, found.reviews[0].commit, found.reviews[0].can_push) == (
        ReviewState.APPROVED,
        "c1",
        True,
    )
    assert [(one.name, one.commit, one.status) for one in found.checks] == [
        ("caisson/gates", "c1", CheckStatus.COMPLETED)
    ]
    assert found.commits[0].by_us
    assert found.changed == frozenset({"apps/shop/staging/kustomization.yaml"})


@pytest.mark.parametrize("author", PRETENDERS.values(), ids=PRETENDERS.keys())
def test_a_pull_request_of_somebody_else_from_our_branch_is_foreign(author: JSON | None) -> None:
    """Only our bot's number makes it ours; the other is named, so that the reason can be shown."""
    found = place(head0=head(pull(author=author)))
    assert found.pull is None
    assert found.foreign_pull is not None
    assert found.foreign_pull.startswith("#7 into main, opened by ")


def test_of_several_open_ones_the_lowest_numbered_of_ours_counts_and_a_foreign_one_is_told() -> None:
    """Whatever order GitHub lists them in."""
    found = place(head0=head(pull(9), pull(6, author=ALICE), pull(8)))
    assert found.pull is not None
    assert found.pull.number == 8
    assert found.foreign_pull == "#6 into main, opened by alice"


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"isCrossRepository": True}, id="from a fork's branch of our branch's name"),
        pytest.param({"headRefName": "other"}, id="from another branch"),
    ],
)
def test_pull_requests_from_elsewhere_are_nothing(changed: JSON) -> None:
    """Neither ours nor worth mention, open or merged, even if our App should have opened them."""
    found = place(head0=head(pull(**changed)), merged0={"nodes": [merged(**changed)]})
    assert (found.pull, found.foreign_pull, found.merged) == (None, None, ())


@pytest.mark.parametrize(
    ("changed", "ours"),
    [
        pytest.param({}, True, id="written by us, never edited"),
        pytest.param({"lastEditedAt": AT, "editor": OUR_BOT}, True, id="edited by us"),
        pytest.param({"lastEditedAt": AT, "editor": ALICE}, False, id="edited by a person"),
        pytest.param({"lastEditedAt": AT, "editor": LOOK_ALIKE}, False, id="edited by a user who holds our login"),
        pytest.param({"lastEditedAt": AT, "editor": None}, False, id="edited by somebody who is gone"),
        pytest.param({"author": LOOK_ALIKE}, False, id="written by a user who holds our login"),
        pytest.param({"author": None}, False, id="written by somebody who is gone"),
    ],
)
def test_a_comment_is_ours_while_nobody_else_touched_it(changed: JSON, *, ours: bool) -> None:
    """Anyone with write may edit our sticky comment."""
    found = the_pull(comments=listed(comment(**changed))).comments[0]
    assert found.ours is ours


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"comments": listed(comment(), more=True)}, id="comments"),
        pytest.param({"reviews": listed(review(), more=True)}, id="reviews"),
        pytest.param({"labelling": listed(more=True)}, id="labels put on and off"),
        pytest.param({"commits": {"totalCount": 51, "nodes": [{"commit": commit()}]}}, id="commits"),
        pytest.param({"latest": latest(rollup(more=True))}, id="checks"),
        pytest.param({"comments": listed(comment(reactions={"nodes": [reaction(1)] * 50}))}, id="reactions"),
    ],
)
def test_what_was_not_read_to_the_end_is_incomplete(changed: JSON) -> None:
    """Nothing passes on the strength of a first page."""
    assert not the_pull(**changed).complete


@pytest.mark.parametrize("app", [41, None], ids=["another App's", "nobody's"])
def test_check_runs_of_others_are_dropped(app: int | None) -> None:
    """Name and external id prove nothing, the suite's App does."""
    runs = rollup(run(app), {"__typename": "StatusContext"})
    found = the_pull(latest=latest(runs))
    assert found.checks == ()


def test_check_runs_of_others_are_told_with_their_app() -> None:
    """Each with the App that made it; commit statuses, which anybody with write may set, are none."""
    running = run(41, name="build", status="QUEUED", conclusion=None, startedAt=None)
    runs = rollup(run(), running, run(None), {"__typename": "StatusContext"})
    found = the_pull(latest=latest(runs)).foreign_checks
    assert [(c.name, c.app, c.slug, c.suite, c.commit, c.status, c.conclusion, c.started is None) for c in found] == [
        ("build", 41, "app-41", "CS_41", "c1", CheckStatus.OTHER, None, True),
        ("caisson/gates", None, None, "CS_None", "c1", CheckStatus.COMPLETED, "SUCCESS", False),
    ]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"signature": None}, id="our address without a signature"),
        pytest.param({"signature": {"isValid": False, "wasSignedByGitHub": True}}, id="an invalid signature"),
        pytest.param({"signature": {"isValid": True, "wasSignedByGitHub": False}}, id="signed with somebody's own key"),
        pytest.param(
            {"author": {"name": "caisson[bot]", "email": "a@b", "user": None}}, id="our name, another address"
        ),
        pytest.param({"author": None}, id="no author"),
    ],
)
def test_a_commit_is_ours_by_address_and_githubs_signature_together(changed: JSON) -> None:
    """Anybody may write our address into a commit; GitHub signs other people's merges too."""
    found = place(head0=head(**changed)).head
    assert found is not None
    assert not found.by_us


def test_people_who_are_gone_are_ghosts() -> None:
    """GitHub answers null for deleted accounts; mannequins have no number."""
    put = {"__typename": "LabeledEvent", "createdAt": AT, "actor": None, "label": {"name": "hold"}}
    found = the_pull(labelling=listed(put), reviews=listed(review(author=None, commit=None), review(author=MANNEQUIN)))
    assert found.labelling[0].actor == Actor("ghost", 0, ActorKind.OTHER)
    assert found.reviews[0].author == Actor("ghost", 0, ActorKind.OTHER)
    assert found.reviews[0].commit is None
    assert found.reviews[1].author == Actor("old-alice", 0, ActorKind.OTHER)


def test_changes_that_github_did_not_all_name_are_unknown() -> None:
    """A hundred of a hundred and one paths say nothing about the last."""
    assert the_pull(changedFiles=101, files={"nodes": [{"path": str(i)} for i in range(100)]}).changed is None


def test_whom_we_asked_is_read_with_who_asked() -> None:
    """Requests and assignments of ours; what others asked for, and accounts that are gone, are left out."""
    asked = "ReviewRequestedEvent"
    bob: JSON = {"__typename": "User", "login": "Bob"}
    team: JSON = {"__typename": "Team", "combinedSlug": "Org/SRE"}
    found = the_pull(
        invited=listed(
            {"__typename": asked, "actor": OUR_BOT, "requestedReviewer": bob},
            {"__typename": asked, "actor": OUR_BOT, "requestedReviewer": team},
            {"__typename": asked, "actor": OUR_BOT, "requestedReviewer": None},
            {"__typename": asked, "actor": LOOK_ALIKE, "requestedReviewer": {"__typename": "User", "login": "wanda"}},
            {"__typename": "AssignedEvent", "actor": ALICE},
        )
    )
    assert found.invited == Invited(reviewers=frozenset({"bob", "org/sre"}))
    assert the_pull(invited=listed({"__typename": "AssignedEvent", "actor": OUR_BOT})).invited.assigned
    assert not the_pull(invited=listed(more=True)).invited.complete


QUEUE: JSON = {"__typename": "Bot", "login": "github-merge-queue", "databaseId": 7}


@pytest.mark.parametrize(
    ("by", "put", "ours", "named"),
    [
        pytest.param(QUEUE, OUR_BOT, True, "caisson", id="the queue, and we put it there"),
        pytest.param(QUEUE, ALICE, False, "alice", id="the queue, and a person put it there"),
        pytest.param(QUEUE, None, False, "ghost", id="the queue, and somebody who is gone put it there"),
        pytest.param(ALICE, OUR_BOT, False, "alice", id="a person, although we had put it into the queue"),
        pytest.param({**OUR_BOT, "databaseId": 8}, OUR_BOT, False, "caisson", id="another bot, likewise"),
        pytest.param({**QUEUE, "__typename": "User"}, OUR_BOT, False, "github-merge-queue", id="a person of that name"),
    ],
)
def test_what_a_queue_merged_is_whose_put_it_there(by: JSON, put: JSON | None, named: str, *, ours: bool) -> None:
    """GitHub names its queue as who merged; whoever asked for it stands in the timeline."""
    (found,) = place(merged0={"nodes": [merged(mergedBy=by, queued=listed({"actor": put}))]}).merged
    assert found.merged_by is not None
    assert (found.merged_by_us, found.merged_by.login) == (ours, named)


def test_merged_pull_requests_carry_head_result_and_files() -> None:
    """Newest merge first, with the folder as the merge left it."""
    older = merged(2, mergedAt="2026-01-04T09:00:00Z", mergedBy=ALICE)
    first, second = place(merged0={"nodes": [older, merged()]}).merged
    assert (first.number, first.by_us, first.merged_by_us, second.merged_by_us) == (3, True, True, False)
    assert first.head is not None
    assert first.commit is not None
    assert (first.head.sha, first.commit.sha) == ("c1", "m1")
    assert first.files == {"apps/shop/staging/kustomization.yaml": "b1"}


@pytest.mark.parametrize("by", PRETENDERS.values(), ids=PRETENDERS.keys())
def test_merged_by_somebody_else_is_not_by_us(by: JSON | None) -> None:
    """And neither is what somebody else opened."""
    found = place(merged0={"nodes": [merged(mergedBy=by, author=by)]}).merged[0]
    assert (found.merged_by_us, found.by_us) == (False, False)


def test_a_merge_without_commit_or_with_another_last_commit_has_none() -> None:
    """The head is the commit GitHub calls head, or unknown."""
    found = place(merged0={"nodes": [merged(mergeCommit=None, headRefOid="zz")]}).merged[0]
    assert (found.head, found.commit, found.files) == (None, None, {})


# --- closed without a merge -------------------------------------------------------------------------------------------


def closed(number: int = 3, /, **changed: object) -> JSON:
    """A pull request of our App from our branch, closed by Alice."""
    shut = {"__typename": "ClosedEvent", "createdAt": AT, "actor": ALICE}
    done: JSON = {
        "id": f"PR_{number}",
        "number": number,
        "isCrossRepository": False,
        "headRefName": WHERE.head,
        "headRefOid": "c1",
        "baseRefName": "main",
        "author": OUR_BOT,
        "closings": {"nodes": [shut]},
        "comments": {"nodes": []},
        "commits": {"nodes": [{"commit": commit()}]},
    }
    return done | changed


def test_closed_pull_requests_are_read_newest_first() -> None:
    """Who closed each, whether the branch was deleted, and the head that carries what was proposed."""
    deleted = {"__typename": "HeadRefDeletedEvent", "createdAt": AT, "actor": OUR_BOT}
    first, second = place(closed0={"nodes": [closed(4, closings={"nodes": [deleted]}), closed(5)]}).closed
    assert (first.number, first.head and first.head.by_us, second.number) == (5, True, 4)
    assert [(c.kind, c.actor.login, c.by_us) for c in first.closings] == [(ClosingKind.CLOSED, "alice", False)]
    assert [(c.kind, c.by_us) for c in second.closings] == [(ClosingKind.BRANCH_DELETED, True)]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"author": ALICE}, id="opened by a person"),
        pytest.param({"author": LOOK_ALIKE}, id="opened by a look-alike"),
        pytest.param({"isCrossRepository": True}, id="from a fork"),
        pytest.param({"headRefName": "elsewhere"}, id="from another branch"),
        pytest.param({"baseRefName": "elsewhere"}, id="into another branch"),
    ],
)
def test_what_others_closed_is_nothing(changed: JSON) -> None:
    """Only a promotion of ours can turn a release away."""
    assert place(closed0={"nodes": [closed(**changed)]}).closed == ()


@pytest.mark.parametrize(
    ("changed", "ours"),
    [
        pytest.param({}, True, id="ours"),
        pytest.param({"author": ALICE}, False, id="a person's"),
        pytest.param({"lastEditedAt": AT, "editor": ALICE}, False, id="edited by a person"),
        pytest.param({"lastEditedAt": AT, "editor": OUR_BOT}, True, id="edited by us"),
    ],
)
def test_only_our_own_words_on_a_closed_pull_request_are_kept(changed: JSON, *, ours: bool) -> None:
    """They keep who closed it; anybody may write there."""
    said = closed(comments={"nodes": [comment(**changed)]})
    assert place(closed0={"nodes": [said]}).closed[0].said == (("status",) if ours else ())


def test_another_last_commit_is_no_head() -> None:
    """What the branch carries by now is not what was closed."""
    assert place(closed0={"nodes": [closed(headRefOid="zz")]}).closed[0].head is None
