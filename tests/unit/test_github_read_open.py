"""Open pull requests of whomever as read from GitHub: what is ours among their checks, and what their heads bring."""

import pytest

from bot.errors import Transient
from bot.github.read_open import MOST_FILES, UNTOLD, read_brought, read_files, read_open
from bot.github.read_revisions import read_revisions
from bot.model import Brought, CheckStatus, OpenPulls, PullRequest, ReviewState, Sha, Unknown
from tests.unit.github_answers import (
    ALICE,
    AT,
    JSON,
    OUR_BOT,
    PRETENDERS,
    US,
    commit,
    listed,
    review,
    run,
)

CONFIG: JSON = {
    "name": "caisson.yaml",
    "path": ".github/caisson.yaml",
    "type": "blob",
    "mode": 0o100644,
    "oid": "b1",
    "object": {"oid": "b1", "byteSize": 9, "isBinary": False, "isTruncated": False, "text": "version: 1"},
}


def opened(**changed: object) -> JSON:
    """Alice's pull request from commit c1 into main."""
    made: JSON = {
        "id": "PR_9",
        "number": 9,
        "isCrossRepository": True,
        "createdAt": AT,
        "author": ALICE,
        "headRefName": "change",
        "headRefOid": "c1",
        "baseRefName": "main",
        "labels": {"nodes": [{"name": "caisson/hold"}]},
        "labelling": listed(),
        "reviews": listed(review()),
        "latest": checked(),
    }
    return made | changed


def checked(*runs: JSON, oid: str = "c1") -> JSON:
    return {"nodes": [{"commit": {"oid": oid, "checkSuites": {"nodes": [{"checkRuns": {"nodes": list(runs)}}]}}}]}


def answer(*pulls: JSON, more: bool = False) -> OpenPulls:
    page: JSON = {"pageInfo": {"hasNextPage": more, "endCursor": "Y3Vyc29y"}, "nodes": list(pulls)}
    return read_open({"repository": {"into0": page}}, ["main"], identity=US)


def only(pull: JSON) -> PullRequest:
    (found,) = answer(pull).into["main"]
    return found


def test_a_pull_request_of_a_fork_is_read_like_any_other() -> None:
    """Who opened it, from which head, what was said and what our checks say."""
    found = only(opened(latest=checked(run(), run(name="caisson/config", id="CR_2"))))
    assert (found.number, found.by_us, found.head, found.base_branch, found.complete) == (9, False, "c1", "main", True)
    assert [(one.state, one.commit, one.author.login) for one in found.reviews] == [
        (ReviewState.APPROVED, "c1", "alice")
    ]
    assert [(one.id, one.name, one.commit, one.status) for one in found.checks] == [
        ("CR_1", "caisson/gates", "c1", CheckStatus.COMPLETED),
        ("CR_2", "caisson/config", "c1", CheckStatus.COMPLETED),
    ]
    assert found.labels == {"caisson/hold"}


@pytest.mark.parametrize("author", PRETENDERS.values(), ids=PRETENDERS.keys())
def test_nobody_else_is_our_app(author: JSON | None) -> None:
    """By the number of our bot, and by nothing that can be chosen."""
    assert not only(opened(author=author)).by_us
    assert only(opened(author=OUR_BOT)).by_us


@pytest.mark.parametrize("connection", ["labelling", "reviews"])
def test_what_was_not_read_to_the_end_is_said(connection: str) -> None:
    """An objection may be among what lies before."""
    assert not only(opened(**{connection: listed(more=True)})).complete


def test_a_head_whose_checks_cannot_be_seen_is_left_out() -> None:
    """Else a check would be written with each look; GitHub shows the head a moment later."""
    assert answer(opened(latest=checked(oid="older"))).into == {"main": ()}
    assert answer(opened(latest={"nodes": []})).into == {"main": ()}


def test_a_further_page_is_told_of() -> None:
    """Where it begins, by branch."""
    assert answer(opened(), more=True).after == {"main": "Y3Vyc29y"}
    assert not answer(opened()).after


# --- what heads bring -------------------------------------------------------------------------------------------------


def brings(**changed: object) -> JSON:
    made: JSON = {
        "number": 9,
        "headRefOid": "c1",
        "baseRefName": "main",
        "changedFiles": 1,
        "files": {"nodes": [{"path": "a", "changeType": "DELETED"}]},
        "commits": {"totalCount": 1, "nodes": [{"commit": commit()}]},
        "head": {"nodes": [{"commit": {"oid": "c1", "file": CONFIG}}]},
    }
    return made | changed


def brought(**changed: object) -> Brought:
    (found,) = read_brought({"repository": {"pull0": brings(**changed)}}, 1, identity=US)
    return found


def test_what_a_head_brings() -> None:
    """Its paths, its commits, and the declaration as it has it."""
    found = brought()
    assert (found.number, found.head, found.changed, found.complete) == (9, "c1", frozenset({"a"}), True)
    assert found.configuration == "version: 1"
    assert [one.sha for one in found.commits] == ["c1"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param({"files": {"nodes": [{"path": "a", "changeType": "RENAMED"}]}}, UNTOLD, id="a renamed file"),
        pytest.param({"changedFiles": 2}, UNTOLD, id="more than one page names"),
        pytest.param({"files": None}, UNTOLD, id="no files at all"),
        pytest.param(
            {"changedFiles": MOST_FILES + 1},
            Unknown("it changes 1001 files, more than the 1000 that are read"),
            id="more than are read",
        ),
        pytest.param({"changedFiles": 0, "files": {"nodes": []}}, frozenset(), id="nothing"),
    ],
)
def test_paths_that_graphql_does_not_tell(*, changed: JSON, expected: frozenset[str] | Unknown) -> None:
    """Nothing is taken for whole that is not."""
    assert brought(**changed).changed == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        pytest.param(None, None, id="none"),
        pytest.param(CONFIG | {"mode": 0o120000}, Unknown("the file cannot be read as text"), id="a link"),
        pytest.param(
            CONFIG | {"object": {"byteSize": 9, "isBinary": False, "isTruncated": True, "text": "v"}},
            Unknown("the file cannot be read as text"),
            id="half of it",
        ),
    ],
)
def test_the_declaration_of_a_head(*, file: JSON | None, expected: Unknown | None) -> None:
    """What is no whole text is not known."""
    assert brought(head={"nodes": [{"commit": {"oid": "c1", "file": file}}]}).configuration == expected


def test_more_commits_than_were_read_are_said() -> None:
    """Their authors may be among those who approve."""
    assert not brought(commits={"totalCount": 2, "nodes": [{"commit": commit()}]}).complete


def test_a_head_that_github_does_not_show_yet_is_left_out() -> None:
    """So is a pull request that is gone."""
    late = {"nodes": [{"commit": {"oid": "older", "file": None}}]}
    data: dict[str, object] = {"repository": {"pull0": brings(head=late), "pull1": None}}
    assert read_brought(data, 2, identity=US) == ()


def _file(name: str, *, head: str = "c1", **more: str) -> JSON:
    return {"filename": name, "contents_url": f"https://api.github.com/repos/o/r/contents/{name}?ref={head}", **more}


def test_both_names_of_a_renamed_file_count() -> None:
    """Where it was before, and where it is."""
    assert read_files([_file("b", previous_filename="a"), _file("c")], Sha("c1")) == (("b", "c", "a"), False)
    assert read_files([_file(str(i)) for i in range(100)], Sha("c1"))[1], "a whole page: another may follow"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param([_file("b", head="c2")], id="files of another head"),
        pytest.param({"message": "Not Found"}, id="no list"),
        pytest.param(["b"], id="names alone"),
        pytest.param([{"filename": "b"}], id="of nobody knows which head"),
    ],
)
def test_files_that_cannot_be_believed_are_read_again(answer: object) -> None:
    """A push in between must not lend a head the paths of another."""
    with pytest.raises(Transient):
        read_files(answer, Sha("c1"))


# --- how the declaration came to be -----------------------------------------------------------------------------------


def brought_by(last: JSON | None = None, **changed: object) -> JSON:
    """A merged pull request with our success on its head c1, which holds the file b1."""
    runs = {"nodes": [{"name": "caisson/gates", "conclusion": "SUCCESS"}]}
    commit_there: JSON = {"oid": "c1", "file": {"oid": "b1"}, "checkSuites": {"nodes": [{"checkRuns": runs}]}}
    made: JSON = {"mergedAt": AT, "headRefOid": "c1", "latest": {"nodes": [{"commit": commit_there | (last or {})}]}}
    return made | changed


def _runs(name: str, conclusion: str | None) -> JSON:
    return {"checkSuites": {"nodes": [{"checkRuns": {"nodes": [{"name": name, "conclusion": conclusion}]}}]}}


@pytest.mark.parametrize(
    ("pulls", "approved"),
    [
        pytest.param([brought_by()], True, id="as it should"),
        pytest.param([], False, id="pushed"),
        pytest.param([brought_by(mergedAt=None)], False, id="by a pull request that is not merged"),
        pytest.param([brought_by(headRefOid="c2")], False, id="with another head"),
        pytest.param([brought_by(last={"file": {"oid": "b2"}})], False, id="with another file at its head"),
        pytest.param([brought_by(last={"file": None})], False, id="without the file"),
        pytest.param([brought_by(last=_runs("caisson/gates", None))], False, id="while the check waited"),
        pytest.param([brought_by(last=_runs("caisson/config", "SUCCESS"))], False, id="by another check of ours"),
        pytest.param([brought_by(last={"checkSuites": {"nodes": []}})], False, id="by the check of somebody else"),
        pytest.param([brought_by(mergedAt=None), brought_by()], True, id="by one of several"),
    ],
)
def test_whether_a_revision_came_with_its_approvals(*, pulls: list[JSON], approved: bool) -> None:
    """Merged from a head that held this very file, where our check succeeded."""
    one = {"oid": "d1", "file": {"oid": "b1", "object": {"text": "v"}}, "associatedPullRequests": {"nodes": pulls}}
    data: dict[str, object] = {"repository": {"defaultBranchRef": {"target": {"history": {"nodes": [one]}}}}}
    (found,) = read_revisions(data)
    assert (found.commit, found.text, found.approved) == ("d1", "v", approved)


def test_revisions_of_an_empty_repository() -> None:
    """There are none."""
    assert read_revisions({"repository": {"defaultBranchRef": None}}) == ()
