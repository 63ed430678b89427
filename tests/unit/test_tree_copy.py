"""Truth tables: what a copy of a folder must contain, what it refuses, and how Git names trees."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Listing, TreeEntry
from bot.tree_copy import FOLDER_MODE, changes, copied, level_id, root_id, tree_id
from tests.unit.facts import sha

FILE, PROGRAM, LINK, MODULE = 0o100644, 0o100755, 0o120000, 0o160000


def listing(text: str) -> Listing:
    """`a b=2 c=link:x`: paths with a word for their content, perhaps with a kind of entry before it."""
    kinds = {"": FILE, "x": PROGRAM, "link": LINK, "module": MODULE, "odd": 0o100664}
    found = {}
    for item in text.split():
        path, _, said = item.partition("=")
        kind, _, word = said.rpartition(":")
        found[path] = TreeEntry(kinds[kind], sha(word or "1"))
    return found


@pytest.mark.parametrize(
    ("source", "target", "keep", "expected"),
    [
        pytest.param("a=2 b", "a=1", (), "a=2 b", id="changed and new files come"),
        pytest.param("a", "a b c/d", (), "a", id="what the source lacks goes"),
        pytest.param("a=x:1", "a=1", (), "a=x:1", id="a mode alone is a change"),
        pytest.param("a own=1", "own=2", ("own",), "a own=2", id="a kept file stays"),
        pytest.param("a own=1", "a=2", ("own",), "a", id="what is kept absent stays absent"),
        pytest.param("a", "a=2 own/x own/y/z", ("own",), "a own/x own/y/z", id="a kept folder with all below it"),
        pytest.param("a", "a=2 m=module:1 l=link:1", ("m", "l"), "a m=module:1 l=link:1", id="kept things of any kind"),
        pytest.param("a=2 l=link:1", "a l=link:1", (), "a=2 l=link:1", id="a link that is the same already"),
        pytest.param("x=2", "x/a x/b", (), "x=2", id="a file in place of a folder"),
        pytest.param("x/a x/b", "x=2", (), "x/a x/b", id="a folder in place of a file"),
        pytest.param("A=2 a=1", "a=1", (), "A=2 a=1", id="a source that has names in both cases"),
        pytest.param("a", "", (), "a", id="into nothing"),
        pytest.param("a .github/x=1", "a=2 .github/x=2", (".github",), "a .github/x=2", id="workflows that are kept"),
        pytest.param("a .github/x", "a=2 .github/x", (), "a .github/x", id="workflows that are the same already"),
    ],
)
def test_a_folder_as_a_copy(source: str, target: str, keep: tuple[str, ...], expected: str) -> None:
    """Everything outside what is kept as the source has it."""
    assert copied(listing(source), listing(target), keep, folder="apps") == listing(expected)


@pytest.mark.parametrize(
    ("source", "target", "keep", "said"),
    [
        pytest.param("", "a", (), "nothing to copy", id="an empty source"),
        pytest.param("a b/c", "a=2", ("*", "b"), "besides what `keep` names", id="everything is kept"),
        pytest.param("a l=link:1", "a", (), "apps/l is a symbolic link", id="a new link"),
        pytest.param("l", "l=link:1", (), "apps/l is a symbolic link", id="a link that becomes a file"),
        pytest.param("a", "l=link:1 a", (), "apps/l is a symbolic link", id="a link that goes"),
        pytest.param("a m=module:1", "a m=module:2", (), "apps/m is a submodule", id="a submodule that moves"),
        pytest.param("a=odd:1", "a", (), "unusual mode 100664", id="a mode that Git writes no more"),
        pytest.param("a .github/w.yaml", "a", (), "apps/.github/w.yaml differs", id="a workflow"),
        pytest.param("a b/.GitHub/w", "a", (), "apps/b/.GitHub/w differs", id="a workflow at depth, in other case"),
        pytest.param("a", "a .github/w", (), "apps/.github/w differs", id="a workflow that goes"),
        pytest.param("a ../b", "a", (), "no name that may be written", id="a path that climbs"),
        pytest.param("a b/.git/config", "a", (), "no name that may be written", id="what Git keeps for itself"),
        pytest.param("a b//c", "a", (), "no name that may be written", id="a name of nothing"),
        pytest.param("a b\\c", "a", (), "no name that may be written", id="a backslash"),
        pytest.param("a b\u202ec", "a", (), "no name that may be written", id="a name that reads otherwise"),
        pytest.param("x=2", "x/own", ("x/own",), "apps/x would be a file and a folder", id="a file over a kept one"),
        pytest.param("x/a", "x=2", ("x",), "nothing to copy", id="a kept file in place of the only folder"),
        pytest.param("x/a b", "x=2", ("[x]", "x?"), "", id="globs are no character classes"),
        pytest.param("Own a", "own a", ("own",), "differ in case alone", id="a kept name in another case"),
        pytest.param("Own/b a", "own/c a", ("own",), "apps/own is kept and apps/Own", id="a folder in another case"),
    ],
)
def test_what_is_refused_is_named(source: str, target: str, keep: tuple[str, ...], said: str) -> None:
    """With the path in the way, and nothing is copied."""
    refusal = copied(listing(source), listing(target), keep, folder="apps")
    if not said:
        assert refusal == listing(source)
        return
    assert isinstance(refusal, str)
    assert said in refusal


def test_changes_name_what_goes() -> None:
    """In order, each with what it becomes."""
    assert changes(listing("a b c=1"), listing("b=2 c=1 d")) == {**listing("b=2 d"), "a": None}


def test_a_path_is_named_from_the_root() -> None:
    """For people, where the environment is a folder; as it is where it is the whole tree."""
    assert "'../a'" in str(copied(listing("a ../a"), {}, (), folder=""))


# --- names of trees ---------------------------------------------------------------------------------------------------


def _git_tree(folder: Path, entries: Listing) -> str:
    """The same tree as git itself makes it."""
    lines = "".join(f"{entry.mode:06o} {entry.oid}\t{path}\n" for path, entry in entries.items())
    environment = {"GIT_INDEX_FILE": str(folder / "index"), "PATH": "/usr/bin:/bin:/usr/local/bin"}

    def git(*arguments: str, text: str = "") -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, input=text, env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "--quiet", ".")
    git("update-index", "--add", "--index-info", text=lines)
    return git("write-tree", "--missing-ok")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a b=x:1 c/d c/e/f", id="folders in folders"),
        pytest.param("a.b a/c a-b a0", id="a folder is sorted as if its name ended in a slash"),
        pytest.param("l=link:1 m=module:2", id="links and submodules"),
        pytest.param("ä/ö ü", id="names beyond ASCII"),
    ],
)
def test_a_tree_has_the_name_that_git_gives_it(tmp_path: Path, text: str) -> None:
    """So that a head's tree can be compared with what it must be."""
    assert tree_id(listing(text)) == _git_tree(tmp_path, listing(text))


NAMES = st.sampled_from(["a", "b", "a.b", "a-b", "c"])
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(PATHS, st.sampled_from("xyz"), min_size=1, max_size=8))
def test_a_folder_put_in_its_place_makes_the_whole(texts: dict[str, str]) -> None:
    """The tree of everything is the tree of a folder within what lies beside it."""
    folders = {"/".join(path.split("/")[:count]) for path in texts for count in range(1, path.count("/") + 1)}
    beside = {path: TreeEntry(FILE, sha(text)) for path, text in texts.items() if path not in folders}
    below = {"in/x": TreeEntry(FILE, sha("x"))}
    whole = tree_id({**beside, **{f"q/r/{path}": entry for path, entry in below.items()}})
    tops: dict[str, dict[str, TreeEntry]] = {}
    for path, entry in beside.items():
        tops.setdefault(path.split("/")[0], {})[path.partition("/")[2]] = entry
    top = {n: one[""] if "" in one else TreeEntry(FOLDER_MODE, tree_id(one)) for n, one in tops.items()}
    assert root_id((top, {}), "q/r", tree_id(below)) == whole
    assert root_id((), "", tree_id(beside)) == level_id(top)
