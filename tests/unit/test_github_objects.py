"""Git's trees and comparisons, over HTTP on loopback: what is not told whole is unknown, and nothing is asked twice."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.errors import Transient
from bot.github.client import GitHubApp, RepositoryClient
from bot.github.objects import Objects
from bot.model import Comparison, Folder, Sha, TreeEntry, Unknown
from bot.tree_copy import tree_id
from tests.unit.facts import sha
from tests.unit.small_github import Manual, Reply, SmallGitHub

PEM = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
LISTING = {"a": TreeEntry(0o100644, sha("a")), "b/c": TreeEntry(0o100755, sha("c"))}
TREE = tree_id(LISTING)
COMPARED = f"/repos/o/r/compare/{sha('one')}...{sha('two')}?per_page=1"

Door = tuple[SmallGitHub, RepositoryClient]


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    """A small GitHub, and a client of one of its repositories."""
    clock = Manual()
    github = SmallGitHub(clock=clock)
    server = web.Application()
    server.router.add_route("*", "/{path:.*}", github.handle)
    async with TestServer(server) as listening, aiohttp.ClientSession() as session:
        url = str(listening.make_url("")).rstrip("/")
        app = GitHubApp(session, clock, app_id=42, private_key_pem=PEM, url=url)
        yield github, app.repository(3, 7)


def named(path: str, mode: str = "100644", kind: str = "blob") -> dict[str, object]:
    return {"path": path, "mode": mode, "type": kind, "sha": sha(path.rpartition("/")[2])}


WHOLE = [named("a"), named("b", "040000", "tree"), named("b/c", "100755")]


def told(entries: list[dict[str, object]] = WHOLE, *, truncated: bool = False) -> Reply:
    return Reply(body={"sha": TREE, "url": "https://x", "tree": entries, "truncated": truncated})


async def listed(door: Door, reply: Reply | None = None, objects: Objects | None = None) -> object:
    github, client = door
    if reply is not None:
        github.says("GET", f"/repos/o/r/git/trees/{TREE}?recursive=1", reply)
    return (await (objects or Objects()).listings(client, "o/r", [TREE]))[TREE]


async def test_a_tree_is_listed_once(door: Door) -> None:
    """Its folders are in the paths of what they hold; the same tree is never asked for again."""
    objects = Objects()
    assert await listed(door, told(), objects) == LISTING
    assert await listed(door, Reply(status=500), objects) == LISTING
    assert len(door[0].asked) == 2, "a token and the tree"


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        pytest.param(told(truncated=True), "more than GitHub names", id="cut short, and said so"),
        pytest.param(told(WHOLE[:2]), "does not name as Git does", id="cut short, and not said so"),
        pytest.param(told([*WHOLE, named("d")]), "does not name as Git does", id="more than there is"),
        pytest.param(told([named("a", "100755"), *WHOLE[1:]]), "does not name as Git does", id="another mode"),
        pytest.param(Reply(status=404, body={"message": "Not Found"}), "could not be read", id="no such tree"),
        pytest.param(Reply(status=403, body={"message": "no"}), "could not be read", id="refused"),
    ],
)
async def test_a_tree_that_is_not_told_whole_is_unknown(door: Door, reply: Reply, why: str) -> None:
    """The id that was asked for decides, and what was not told whole is asked for again."""
    objects = Objects()
    found = await listed(door, reply, objects)
    assert isinstance(found, Unknown)
    assert why in found.reason
    assert await listed(door, told(), objects) == LISTING


async def test_a_hiccup_ends_the_pass(door: Door) -> None:
    """It is tried again later, and nothing is concluded from it."""
    with pytest.raises(Transient):
        await listed(door, Reply(status=502))


# --- folders ----------------------------------------------------------------------------------------------------------

COMMIT = sha("commit")


def answered(**fields: object) -> Reply:
    return Reply(body={"data": {"repository": fields}})


def tree(word: str, *entries: tuple[str, int]) -> dict[str, Any]:
    found = [{"name": name, "mode": mode, "oid": sha(name)} for name, mode in entries]
    return {"__typename": "Tree", "oid": sha(word), "entries": found}


KNOWN = {"__typename": "Commit", "history": {"nodes": []}}


async def folder(door: Door, reply: Reply, objects: Objects | None = None) -> Folder | Unknown:
    github, client = door
    github.says("POST", "/graphql", reply)
    return (await (objects or Objects()).folders(client, "o/r", [(COMMIT, "a/b")]))[COMMIT, "a/b"]


async def test_a_folder_is_read_with_what_lies_beside_it(door: Door) -> None:
    """Level by level from the root; once."""
    whole = answered(
        commit0=KNOWN, folder0_0=tree("root", ("a", 0o40000), ("x", 0o100644)), folder0_1=tree("a"), folder0_2=tree("b")
    )
    objects = Objects()
    beside = {"a": TreeEntry(0o40000, sha("a")), "x": TreeEntry(0o100644, sha("x"))}
    assert await folder(door, whole, objects) == Folder(tree=sha("b"), above=(beside, {}))
    assert await folder(door, Reply(status=500), objects) == Folder(tree=sha("b"), above=(beside, {}))


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        pytest.param(
            answered(commit0=None, folder0_0=None, folder0_1=None, folder0_2=None), "gone from GitHub", id="no commit"
        ),
        pytest.param(
            answered(commit0=KNOWN, folder0_0=tree("r"), folder0_1={"__typename": "Blob", "oid": "1"}, folder0_2=None),
            "a is no folder",
            id="a file on the way",
        ),
        pytest.param(
            answered(
                commit0=KNOWN, folder0_0=tree("r"), folder0_1=tree("a"), folder0_2={"__typename": "Blob", "oid": "1"}
            ),
            "a/b is no folder",
            id="a file in its place",
        ),
    ],
)
async def test_what_is_no_folder_is_unknown(door: Door, reply: Reply, why: str) -> None:
    """Which is not the same as a folder that is not there."""
    found = await folder(door, reply)
    assert isinstance(found, Unknown)
    assert why in found.reason


async def test_a_folder_that_is_not_there_is_known_not_to_be(door: Door) -> None:
    """With what lies where it would be."""
    found = await folder(door, answered(commit0=KNOWN, folder0_0=tree("r"), folder0_1=None, folder0_2=None))
    assert found == Folder(tree=None, above=({}, {}))


# --- comparisons ------------------------------------------------------------------------------------------------------


def changed(name: str, status: str = "modified", **more: object) -> dict[str, object]:
    return {"filename": name, "status": status, "sha": sha(name), **more}


async def compared(door: Door, reply: Reply, objects: Objects | None = None) -> Comparison | Unknown:
    github, client = door
    github.says("GET", COMPARED, reply)
    pair = (sha("one"), sha("two"))
    return (await (objects or Objects()).comparisons(client, "o/r", [pair]))[pair]


async def test_a_comparison_names_what_changed(door: Door) -> None:
    """A rename takes one path away and brings another; the answer is kept."""
    files = [changed("a"), changed("b", "removed"), changed("d", "renamed", previous_filename="c")]
    objects = Objects()
    found = await compared(door, Reply(body={"status": "diverged", "files": files}), objects)
    expected: dict[str, Sha | None] = {"a": sha("a"), "b": None, "d": sha("d"), "c": None}
    assert found == Comparison(contained=False, changed=expected, complete=True)
    assert await compared(door, Reply(status=500), objects) == found


@pytest.mark.parametrize(
    ("status", "contained"),
    [("ahead", True), ("identical", True), ("behind", False), ("diverged", False)],
)
async def test_whether_a_commit_is_contained(door: Door, *, status: str, contained: bool) -> None:
    """Only what is ahead of it, or itself, contains it."""
    found = await compared(door, Reply(body={"status": status}))
    assert isinstance(found, Comparison)
    assert found.contained is contained


async def test_a_comparison_of_very_many_files_is_not_complete(door: Door) -> None:
    """GitHub names 300 and no more."""
    files = [changed(str(number)) for number in range(300)]
    found = await compared(door, Reply(body={"status": "ahead", "files": files}))
    assert isinstance(found, Comparison)
    assert not found.complete


async def test_what_cannot_be_compared_is_unknown(door: Door) -> None:
    """One of the two is gone, perhaps."""
    found = await compared(door, Reply(status=404, body={"message": "Not Found"}))
    assert isinstance(found, Unknown)
    assert "gone from GitHub" in found.reason
