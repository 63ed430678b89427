"""What is remembered of repositories between passes: their names, and whose pipelines promote into which."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.known import Known, Layout
from bot.model import Repository
from bot.store.sqlite import SQLiteStore
from config.folders import Folders
from tests.unit.facts import observation, sha


@pytest.fixture
async def store() -> AsyncIterator[SQLiteStore]:
    """An empty store in memory."""
    made = await SQLiteStore.open(":memory:")
    yield made
    await made.close()


A, B, C = "repository:1:10", "repository:1:20", "repository:1:30"


async def test_a_repository_is_found_by_its_present_name_within_its_installation(store: SQLiteStore) -> None:
    """Names ignore case; another installation's repository is none of ours."""
    known = Known(store=store)
    assert known.call(1, 10, "org/deploy") == A
    known.call(2, 20, "else/deploy")
    assert known.called(1, "ORG/Deploy") == A
    assert known.called(1, "else/deploy") is None
    assert known.called(11, "org/deploy") is None


async def test_a_former_name_leads_to_the_present_one(store: SQLiteStore) -> None:
    """Also over two renamings; a name that was only written differently was never another."""
    known = Known(store=store)
    for name in ("org/a", "Org/A", "org/b", "org/c"):
        known.call(1, 10, name)
    assert known.called(1, "org/a") is None
    assert known.renamed(1, "Org/A") == "org/c"
    assert known.renamed(1, "org/b") == "org/c"
    assert known.renamed(1, "org/never") is None
    assert known.renamed(2, "org/a") is None


async def test_news_concern_those_who_promote_there_too(store: SQLiteStore) -> None:
    """Not the other way round, and no longer than they do."""
    known = Known(store=store)
    await known.index_written(A, frozenset({B, C}))
    assert known.concerned([B]) == {A, B}
    assert known.concerned([A, "image:x"]) == {A, "image:x"}
    await known.index_written(A, frozenset({C}))
    assert known.concerned([B]) == {B}
    assert known.concerned([B, C]) == {A, B, C}


async def test_a_restart_forgets_none_of_it(store: SQLiteStore) -> None:
    """Another process over the same store, before its first pass."""
    await Known(store=store).index_written(A, frozenset({B}))
    known = Known(store=store)
    await known.load()
    assert known.concerned([B]) == {A, B}


async def test_news_of_the_cluster_concern_them_too(store: SQLiteStore) -> None:
    """An Application names the repository that is written to."""
    known = Known(store=store)
    known.call(1, 20, "org/Other")
    await known.index_written(A, frozenset({B}))
    assert known.keys_reading(frozenset({"github.com/org/other"})) == {A, B}


REPOSITORY = replace(observation().repository, config=replace(observation().repository.config, oid=sha("file")))
FOLDERS: Folders = {"apps": ("web",)}


@pytest.mark.parametrize(
    ("now", "folders", "same"),
    [
        pytest.param(REPOSITORY, FOLDERS, True, id="nothing changed"),
        pytest.param(replace(REPOSITORY, tip=sha("later")), FOLDERS, True, id="something else was pushed"),
        pytest.param(
            replace(REPOSITORY, config=replace(REPOSITORY.config, oid=sha("changed"))),
            FOLDERS,
            False,
            id="the file changed",
        ),
        pytest.param(replace(REPOSITORY, default_branch="trunk"), FOLDERS, False, id="another branch is the default"),
        pytest.param(replace(REPOSITORY, full_name="org/renamed"), FOLDERS, False, id="it was renamed"),
        pytest.param(REPOSITORY, {"apps": ("web", "api")}, False, id="a folder came"),
        pytest.param(REPOSITORY, {"apps": None}, False, id="all folders went"),
        pytest.param(REPOSITORY, {}, False, id="nothing was listed"),
    ],
)
def test_a_layout_is_of_the_repository_as_it_is_now(now: Repository, folders: Folders, *, same: bool) -> None:
    """Its file, its name (which the file may say), its default branch, and the folders that its pipelines are for."""
    layout = Layout(
        config_oid=sha("file"),
        full_name="org/deploy",
        default_branch="main",
        configuration=None,
        parents=("apps",),
        folders=FOLDERS,
    )
    assert layout.is_of(now, folders) is same
