"""The repository and an environment's branch as read from GitHub, and answers of a shape we do not expect."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.errors import Permanent, Transient
from bot.github.failures import NotFound
from bot.github.read import read_config_history, read_folders, read_keys, read_place, read_repository
from bot.model import Base, Place, Unknown
from tests.unit.github_answers import (
    JSON,
    US,
    WHERE,
    WHOLE,
    answer,
    blob,
    commit,
    entry,
    folder,
    head,
    listed,
    merged,
    place,
    review,
    rollup,
    run,
    the_pull,
)


def test_a_base_has_tip_history_and_files_by_path_from_the_root() -> None:
    """Whether or not GitHub puts the folder into the entries' paths."""
    base = place().base
    assert base is not None
    assert (base.branch, base.tip, base.tree, base.history, base.touched) == ("main", "d1", "t0", ("d1", "d0"), "d0")
    assert [(one.path, one.text, one.mode) for one in base.files] == [
        ("apps/shop/staging/kustomization.yaml", "a\n", 0o100644)
    ]


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(entry(isBinary=True, text=None), id="binary"),
        pytest.param(entry(isTruncated=True), id="truncated"),
        pytest.param(entry() | {"mode": 0o120000}, id="a symbolic link"),
        pytest.param(folder("base"), id="a folder"),
        pytest.param(entry() | {"mode": 0o160000, "object": None}, id="a submodule"),
    ],
)
def test_what_is_no_whole_regular_text_has_no_text(given: JSON) -> None:
    """Half a file, or the target of a link, must never be read as the file."""
    base = place(files0={"__typename": "Tree", "oid": "f0", "entries": [given]}).base
    assert base is not None
    assert [one.text for one in base.files] == [None]


OWNERS: JSON = {"__typename": "Blob", "byteSize": 7, "isBinary": False, "isTruncated": False, "text": "* @al\n"}
FOLDER: JSON = {"__typename": "Tree"}


@pytest.mark.parametrize(
    ("first", "second", "read"),
    [
        pytest.param(OWNERS, OWNERS | {"text": "* @bo\n"}, "* @al\n", id="the first place that has one"),
        pytest.param(None, OWNERS, "* @al\n", id="the next where the first has none"),
        pytest.param(FOLDER, OWNERS, "* @al\n", id="a folder is no file"),
        pytest.param(None, None, "", id="nowhere"),
        pytest.param(OWNERS | {"byteSize": 3 << 20}, OWNERS, Unknown("CODEOWNERS is too large"), id="too large"),
        pytest.param(OWNERS | {"isTruncated": True}, OWNERS, Unknown("CODEOWNERS cannot be read"), id="half of it"),
        pytest.param(
            OWNERS | {"isBinary": True, "text": None}, None, Unknown("CODEOWNERS cannot be read"), id="binary"
        ),
    ],
)
def test_the_owners_file_is_read_whole_or_not_at_all(
    *, first: JSON | None, second: JSON | None, read: str | Unknown
) -> None:
    """Of the places in GitHub's order; one that cannot be read is unknown, and not skipped."""
    found = place(replace(WHERE, owners=True), owners0_0=first, owners0_1=second, owners0_2=None).owners
    if isinstance(read, Unknown):
        assert isinstance(found, Unknown)
        assert found.reason.startswith(read.reason)
    else:
        assert found == read


def test_owners_are_not_read_where_nothing_asks_for_them() -> None:
    """Most environments have no such approvals."""
    assert place().owners is None


def test_an_environment_may_be_nowhere_yet() -> None:
    """Neither branch nor folder nor head."""
    assert place(base0=None, files0=None) == Place(base=None, head=None, pull=None, merged=(), records=())
    without_folder = place(files0=None).base
    assert without_folder is not None
    assert without_folder.files == ()
    a_file = place(files0={"__typename": "Blob", "oid": "b"}).base
    assert isinstance(a_file, Base)
    assert a_file.files == ()


def test_our_branch_shows_its_head_and_its_files() -> None:
    """Also before a pull request was opened from it."""
    found = place(head0=head())
    assert found.head is not None
    assert (found.head.sha, found.head.by_us, found.head.parents) == ("c1", True, ("p1",))
    assert found.head_files == {"apps/shop/staging/kustomization.yaml": "b1"}


def test_the_whole_tree_is_an_environment_too() -> None:
    """Its folder is the commit's tree, and its paths have no prefix."""
    target = commit() | {"folder": {"entries": [{"name": "kustomization.yaml", "oid": "b1"}]}}
    branch = {"name": WHOLE.head, "target": target, "associatedPullRequests": {"nodes": []}, "grouped": {"nodes": []}}
    tree = {"__typename": "Tree", "oid": "t0", "entries": [entry()]}
    found = place(WHOLE, head0=branch, files0=tree)
    assert found.base is not None
    assert [one.path for one in found.base.files] == ["kustomization.yaml"]
    assert found.head_files == {"kustomization.yaml": "b1"}


def test_an_environments_folder_is_read_three_levels_deep() -> None:
    """A chart or a component below an environment is seen; folders below the last level are named, not opened."""
    deepest = folder("templates") | {"object": {}}
    chart = folder("chart", entry("Chart.yaml"), folder("charts", entry("x.tgz", isBinary=True, text=None), deepest))
    base = place(files0={"__typename": "Tree", "oid": "f0", "entries": [chart, entry()]}).base
    assert base is not None
    root = "apps/shop/staging"
    assert [(one.path, one.text) for one in base.files] == [
        (f"{root}/chart", None),
        (f"{root}/chart/Chart.yaml", "a\n"),
        (f"{root}/chart/charts", None),
        (f"{root}/chart/charts/x.tgz", None),
        (f"{root}/chart/charts/templates", None),
        (f"{root}/kustomization.yaml", "a\n"),
    ]


def test_the_blobs_of_a_head_and_of_a_merge_are_named_as_deep() -> None:
    """By their paths from the root, so that an edit below a sub-folder can be verified."""
    deep = blob("chart", "t2") | {"object": {"entries": [blob("values.yaml", "b2")]}}
    tree = {"oid": "f1", "object": {"entries": [blob(), deep]}}
    target = commit("m1", statusCheckRollup=None) | {"folder": tree}
    expected = {
        "apps/shop/staging/kustomization.yaml": "b1",
        "apps/shop/staging/chart": "t2",
        "apps/shop/staging/chart/values.yaml": "b2",
    }
    assert place(head0=head() | {"target": target}).head_files == expected
    assert place(merged0={"nodes": [merged(mergeCommit=target)]}).merged[0].files == expected


def test_folders_are_folders_and_an_answer_without_them_is_none() -> None:
    """Neither links nor submodules; and pipelines do not go because GitHub left something out."""
    folder, link, module = (
        {"name": name, "mode": mode} for name, mode in (("web", 0o040000), ("link", 0o120000), ("sub", 0o160000))
    )
    inside = {"entries": [folder, link, module, {"name": "a.yaml", "mode": 0o100644}]}
    target: dict[str, object] = {
        "oid": "d1",
        "folder0": {"mode": 0o040000, "object": inside},
        "folder1": inside,
        "folder2": None,
    }
    target |= {"folder3": {"mode": 0o160000, "object": None}}
    data = answer(defaultBranchRef={"name": "main", "target": target})
    expected = {"apps": ("web",), "": ("web",), "gone": None, "module": None}
    assert read_folders(data, ("apps", "", "gone", "module")) == expected
    assert read_folders(answer(defaultBranchRef=None), ("apps",)) == {"apps": None}
    with pytest.raises(Transient, match=r"target\.folder0"):
        read_folders(answer(), ("apps",))


def test_keys_are_read_by_path_and_what_is_no_text_is_none() -> None:
    """A link's target is not the key, and neither is half a file."""
    link = entry("link.pub") | {"mode": 0o120000}
    target = {"oid": "d1", "key0": entry("cosign.pub", text="-----BEGIN"), "key1": None, "key2": link}
    data = answer(defaultBranchRef={"name": "main", "target": target})
    expected = {"keys/cosign.pub": "-----BEGIN", "gone.pub": None, "link.pub": None}
    assert read_keys(data, ("keys/cosign.pub", "gone.pub", "link.pub")) == expected
    assert read_keys(answer(defaultBranchRef=None), ("a",)) == {"a": None}
    with pytest.raises(Transient, match=r"target\.key0"):
        read_keys(answer(), ("a",))


def test_files_of_another_moment_than_the_tip_are_read_again() -> None:
    """The branch moved between the two parts of GitHub's answer."""
    with pytest.raises(Transient, match="moved"):
        place(WHOLE, files0={"__typename": "Tree", "oid": "other", "entries": []})


def test_a_repository_is_read_with_its_configuration() -> None:
    """Text, blob, the commit that brought it, and our check on that commit only."""
    brought = {"nodes": [{"oid": "d0", "statusCheckRollup": rollup(run(name="caisson/config"), run(41))}]}
    target = {"oid": "d1", "file": entry("caisson.yaml", text="version: 1\n"), "configured": brought}
    found = read_repository(answer(defaultBranchRef={"name": "main", "target": target}), identity=US)
    assert (found.id, found.node, found.full_name, found.default_branch) == (7, "R_7", "org/shop", "main")
    assert (found.tip, found.archived) == ("d1", False)
    assert (found.config.text, found.config.oid, found.config.commit) == ("version: 1\n", "b1", "d0")
    assert [one.name for one in found.config.checks] == ["caisson/config"]


def test_an_absent_configuration_and_an_unreadable_one_differ() -> None:
    """Absent has no blob; one that is no text has."""
    absent = read_repository(answer(), identity=US).config
    assert (absent.text, absent.oid) == (None, None)
    target = {"oid": "d1", "file": entry(isTruncated=True), "configured": {"nodes": []}}
    unreadable = read_repository(answer(defaultBranchRef={"name": "main", "target": target}), identity=US).config
    assert (unreadable.text, unreadable.oid) == (None, "b1")


def test_a_repository_we_may_not_see_or_that_is_empty_is_for_the_operator() -> None:
    """Not a hiccup: asking again changes nothing."""
    with pytest.raises(NotFound):
        read_repository({"repository": None}, identity=US)
    with pytest.raises(Permanent, match="first commit"):
        read_repository(answer(defaultBranchRef=None), identity=US)


def test_the_configurations_history_keeps_what_is_gone_apart() -> None:
    """Newest first; None where the file was deleted or is no text."""
    nodes = [
        {"oid": "d2", "file": None},
        {"oid": "d1", "file": {"object": {"oid": "b1", "text": "version: 1\n"}}},
        {"oid": "d0", "file": {"object": {"oid": "b0", "text": None}}},
    ]
    data = {"repository": {"defaultBranchRef": {"target": {"history": {"nodes": nodes}}}}}
    assert read_config_history(data) == (("d2", None), ("d1", "version: 1\n"), ("d0", None))
    assert read_config_history({"repository": {"defaultBranchRef": None}}) == ()


def without(name: str) -> Callable[[], object]:
    """A look at an answer that lacks one field."""
    data = answer()
    del data["repository"][name]
    return lambda: read_place(data, 0, WHERE, identity=US, repository=read_repository(answer(), identity=US))


@pytest.mark.parametrize(
    ("look", "where"),
    [
        pytest.param(without("base0"), "repository.base0", id="a branch left out"),
        pytest.param(without("deployments0"), "repository.deployments0", id="records left out"),
        pytest.param(without("merged0"), "repository.merged0", id="merges left out"),
        pytest.param(lambda: the_pull(number="7"), r"nodes\[0\].number", id="text for a number"),
        pytest.param(lambda: the_pull(isDraft=None), "isDraft", id="null for a flag"),
        pytest.param(lambda: the_pull(createdAt="2026-01-05T09:00:00"), "createdAt", id="a time without zone"),
        pytest.param(lambda: the_pull(comments=None), "comments", id="null for a list"),
        pytest.param(lambda: the_pull(reviews=listed(review(state="LIKED"))), "state", id="an unknown opinion"),
        pytest.param(
            lambda: place(files0={"__typename": "Tree", "entries": [folder("a") | {"object": {}}]}),
            r"entries\[0\].object.entries",
            id="a sub-folder without its entries",
        ),
        pytest.param(lambda: place(deployments0={"nodes": 3}), "deployments0.nodes", id="a number for a list"),
    ],
)
def test_an_answer_of_another_shape_names_the_place_and_is_read_again(look: Callable[[], object], where: str) -> None:
    """What is missing is never read as nothing."""
    with pytest.raises(Transient, match=f"something unexpected: .*{where}"):
        look()


def test_times_are_aware_and_in_utc() -> None:
    """Whatever zone GitHub should write them in."""
    assert the_pull(createdAt="2026-01-05T10:00:00+01:00").created == datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "undone"),
    [
        pytest.param(f"This reverts commit {'a' * 40}.", "a" * 40, id="of a commit"),
        pytest.param(
            f"This reverts commit {'a' * 40}, reversing\nchanges made to {'b' * 40}.", "a" * 40, id="of a merge"
        ),
        pytest.param(f"Fixes it.\n\nThis reverts commit {'a' * 40}.\n\nSigned-off-by: A", "a" * 40, id="among more"),
        pytest.param("This reverts commit abc1234.", None, id="abbreviated"),
        pytest.param(f"> This reverts commit {'a' * 40}.", None, id="quoted"),
        pytest.param("", None, id="nothing said"),
    ],
)
def test_what_a_commit_says_it_reverts(body: str, undone: str | None) -> None:
    """In the words of `git revert`; read of whole branches only."""
    whole = replace(WHERE, folder="")
    said = {"nodes": [{"oid": "d1", "messageBody": body}]}
    nothing: JSON = {"nodes": []}
    target: JSON = {"oid": "d1", "tree": {"oid": "f0"}, "history": nothing, "touched": nothing, "reverts": said}
    found = place(whole, base0={"name": "main", "target": target}).base
    assert found is not None
    assert dict(found.undone) == ({"d1": undone} if undone else {})
    folder = place(base0={"name": "main", "target": target}).base
    assert folder is not None
    assert folder.undone == {}
