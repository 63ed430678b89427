"""The sandbox's GraphQL writes: conditional, told of by webhooks, refused one by one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.github.documents import Mutation
from sandbox.github import refs, talk
from tests.unit.seeded import PERMISSIONS, ZEROS, Seeded, errors_of, git, seed


async def test_refs_move_together_when_they_stand_where_we_saw_them(tmp_path: Path) -> None:
    """One moves, one is made, one is deleted; git itself agrees."""
    seeded = seed(tmp_path)
    main, head = seeded.repository.branch("main"), seeded.pull.head_sha
    refs.create_ref(seeded.github, seeded.repository, seeded.ours, "refs/heads/old", head)
    answer = await seeded.mutate(update_refs(seeded, ("main", main, head), ("new", ZEROS, head), ("old", head, ZEROS)))
    assert answer == {"data": {"m0": {"clientMutationId": None}}}
    assert git(seeded, "rev-parse", "main", "new").split() == [head, head]
    assert seeded.repository.branch("old") is None


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("1" * 40, id="another commit than expected"),
        pytest.param(ZEROS, id="a ref that should not exist"),
    ],
)
async def test_a_lost_compare_and_swap_leaves_every_ref_as_it_was(tmp_path: Path, before: str) -> None:
    """All or nothing: one stale expectation stops the others, and no event tells of anything."""
    seeded = seed(tmp_path)
    main, head = seeded.repository.branch("main"), seeded.pull.head_sha
    seeded.github.outbox.clear()
    answer = await seeded.mutate(update_refs(seeded, ("new", ZEROS, head), ("main", before, head)))
    assert answer["data"] == {"m0": None}
    assert errors_of(answer) == [("UNPROCESSABLE", ["m0"])]
    assert (git(seeded, "rev-parse", "main"), seeded.repository.branch("new")) == (main, None)
    assert not seeded.github.outbox


def update_refs(seeded: Seeded, *moves: tuple[str, str | None, str]) -> Mutation:
    """Several refs, each as name, expected commit and new commit."""
    updates = [
        {"name": f"refs/heads/{name}", "beforeOid": before, "afterOid": after, "force": True}
        for name, before, after in moves
    ]
    body: dict[str, object] = {"repositoryId": seeded.repository.node_id, "refUpdates": updates}
    return Mutation("updateRefs", "UpdateRefsInput", body)


async def test_mutations_fail_alone(tmp_path: Path) -> None:
    """The second is refused: the first and third stand, and the error names its path."""
    seeded = seed(tmp_path)
    again: dict[str, object] = {
        "repositoryId": seeded.repository.node_id,
        "baseRefName": "main",
        "headRefName": "caisson/shop/staging",
        "title": "again",
    }
    answer = await seeded.mutate(
        Mutation("addComment", "AddCommentInput", {"subjectId": seeded.pull.node_id, "body": "hello"},
                 "commentEdge { node { id databaseId } }"),
        Mutation("createPullRequest", "CreatePullRequestInput", again, "pullRequest { id number }"),
        Mutation("updatePullRequest", "UpdatePullRequestInput", {"pullRequestId": seeded.pull.node_id, "title": "new"}),
    )  # fmt: skip
    (comment,) = seeded.pull.comments
    assert answer["data"]["m0"] == {"commentEdge": {"node": {"id": comment.node_id, "databaseId": comment.id}}}
    assert (answer["data"]["m1"], seeded.pull.title) == (None, "new")
    assert errors_of(answer) == [("UNPROCESSABLE", ["m1"])]
    assert answer["errors"][0]["message"] == "A pull request already exists for org:caisson/shop/staging."


async def test_what_the_bot_writes_is_done_and_told(tmp_path: Path) -> None:
    """Check runs, reactions, comments, labels and closing: the state changes and webhooks follow."""
    seeded = seed(tmp_path)
    label = talk.label(seeded.github, seeded.repository, "hold")
    comment = talk.add_comment(seeded.github, seeded.repository, seeded.ours, seeded.pull.number, "one")
    seeded.github.outbox.clear()
    run: dict[str, object] = {
        "repositoryId": seeded.repository.node_id,
        "name": "caisson/gates",
        "headSha": seeded.pull.head_sha,
        "status": "COMPLETED",
        "conclusion": "SUCCESS",
        "startedAt": "2026-01-05T12:00:00Z",
        "output": {"title": "t", "summary": "s"},
    }
    labels: dict[str, object] = {"labelableId": seeded.pull.node_id, "labelIds": [label.node_id]}
    answer = await seeded.mutate(
        Mutation("createCheckRun", "CreateCheckRunInput", run, "checkRun { id }"),
        Mutation(
            "addReaction", "AddReactionInput", {"subjectId": comment.node_id, "content": "EYES"}, "reaction { content }"
        ),
        Mutation("removeReaction", "RemoveReactionInput", {"subjectId": comment.node_id, "content": "EYES"}),
        Mutation("updateIssueComment", "UpdateIssueCommentInput", {"id": comment.node_id, "body": "two"}),
        Mutation("addLabelsToLabelable", "AddLabelsToLabelableInput", labels),
        Mutation("removeLabelsFromLabelable", "RemoveLabelsFromLabelableInput", labels),
        Mutation("closePullRequest", "ClosePullRequestInput", {"pullRequestId": seeded.pull.node_id}),
    )
    assert "errors" not in answer
    assert answer["data"]["m1"] == {"reaction": {"content": "EYES"}}
    (made,) = seeded.repository.check_runs
    assert (made.conclusion, made.started) == ("success", datetime(2026, 1, 5, 12, 0, tzinfo=UTC))
    assert (comment.body, comment.reactions, seeded.pull.labels, seeded.pull.state) == ("two", [], [], "closed")
    told = [(one.event, one.action) for one in seeded.github.outbox]
    assert told == [
        ("check_run", "created"),
        ("check_run", "completed"),
        ("issue_comment", "edited"),
        ("pull_request", "labeled"),
        ("pull_request", "unlabeled"),
        ("pull_request", "closed"),
    ]


async def test_what_the_app_was_not_granted_is_forbidden(tmp_path: Path) -> None:
    """Permissions are asked per mutation and per field."""
    seeded = seed(tmp_path, permissions=PERMISSIONS | {"issues": "read", "deployments": "none"})
    comment: dict[str, object] = {"subjectId": seeded.pull.node_id, "body": "x"}
    answer = await seeded.mutate(Mutation("addComment", "AddCommentInput", comment))
    assert errors_of(answer) == [("FORBIDDEN", ["m0"])]
    assert answer["errors"][0]["message"] == "Resource not accessible by integration"
    assert errors_of(await seeded.read()) == [("FORBIDDEN", ["repository", "deployments0"])]


async def test_an_unknown_node_is_not_found(tmp_path: Path) -> None:
    """As is a node of another kind than the mutation wants."""
    seeded = seed(tmp_path)
    answer = await seeded.mutate(
        Mutation("closePullRequest", "ClosePullRequestInput", {"pullRequestId": "PR_nothing"}),
        Mutation("closePullRequest", "ClosePullRequestInput", {"pullRequestId": seeded.repository.node_id}),
    )
    assert errors_of(answer) == [("NOT_FOUND", ["m0"]), ("NOT_FOUND", ["m1"])]
