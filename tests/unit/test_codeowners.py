"""Tables: who owns a path by the rules of GitHub's CODEOWNERS file."""

import pytest

from bot.codeowners import Owner, OwnerKind, needed, owning, parse


def owners_of(text: str, path: str) -> list[str]:
    rule = owning(parse(text), path)
    return [str(owner) for owner in rule.owners] if rule else []


@pytest.mark.parametrize(
    ("pattern", "owned", "others"),
    [
        pytest.param("*", ["a", "a/b/c"], [], id="a star alone owns everything"),
        pytest.param("**", ["a", "a/b/c"], [], id="so do two"),
        pytest.param("*.js", ["a.js", "x/y/a.js"], ["a.jsx", "a.js.map"], id="an ending, anywhere"),
        pytest.param("/*.js", ["a.js"], ["x/a.js"], id="an ending, at the root"),
        pytest.param(
            "/build/logs/", ["build/logs/a", "build/logs/a/b"], ["x/build/logs/a", "build/logs"], id="a folder"
        ),
        pytest.param("docs/*", ["docs/a"], ["docs/b/c", "x/docs/a"], id="a star is one level"),
        pytest.param("docs/**", ["docs/a", "docs/b/c"], ["x/docs/a", "docs"], id="two stars are every level"),
        pytest.param("apps/", ["apps/a", "x/apps/a/b"], ["apps", "myapps/a"], id="a folder of that name anywhere"),
        pytest.param("apps", ["apps", "apps/a", "x/apps"], ["apps2"], id="a file or folder of that name anywhere"),
        pytest.param("/apps/web", ["apps/web", "apps/web/x"], ["apps/web2", "y/apps/web"], id="tied to the root"),
        pytest.param("apps/web", ["apps/web/x"], ["y/apps/web/x"], id="a slash in the middle ties it too"),
        pytest.param("**/logs", ["logs/a", "a/b/logs/c"], ["mylogs/a"], id="leading stars"),
        pytest.param("a/**/b", ["a/b", "a/x/y/b/c"], ["a/xb", "b"], id="stars in the middle"),
        pytest.param("a/*/c", ["a/b/c"], ["a/c", "a/b/b/c"], id="a star is not no folder"),
        pytest.param("web-?", ["web-1"], ["web-", "web-12", "web-/"], id="a question mark is one character"),
        pytest.param("my\\ file", ["my file"], ["my", "my\\ file"], id="an escaped space"),
        pytest.param("a.b", ["a.b"], ["aXb"], id="a dot is a dot"),
        pytest.param("a+(b)", ["a+(b)"], ["aab"], id="nothing else is special"),
        pytest.param("Apps/", ["Apps/a"], ["apps/a"], id="case matters"),
    ],
)
def test_which_paths_a_pattern_owns(*, pattern: str, owned: list[str], others: list[str]) -> None:
    """As GitHub documents it, and gitignore where GitHub says nothing."""
    text = f"{pattern} @al"
    assert [path for path in (*owned, *others) if owners_of(text, path)] == owned


@pytest.mark.parametrize(
    ("text", "owners"),
    [
        pytest.param("* @al\n/apps/ @bo", ["bo"], id="the last line that matches rules"),
        pytest.param("/apps/ @bo\n* @al", ["al"], id="even where it is less exact"),
        pytest.param("* @al\n/apps/", [], id="a line without owners takes them away"),
        pytest.param("* @al\n/apps/ # nobody's", [], id="a comment is no owner"),
        pytest.param(
            "*   @al\t@org/Web  a@b.example # who", ["al", "@org/web", "a@b.example"], id="every kind of owner"
        ),
        pytest.param("\ufeff* @al\r\n", ["al"], id="a mark at the beginning, and Windows' line ends"),
        pytest.param("* @al\n# /apps/ @bo\n\n", ["al"], id="comments and empty lines"),
        pytest.param("* @al\n!/apps/ @bo", ["al"], id="no exclamation mark: skipped"),
        pytest.param("* @al\n/app[s]/ @bo", ["al"], id="no brackets: skipped"),
        pytest.param("* @al\n/apps/ bo", ["al"], id="an owner that is none: the line is skipped"),
        pytest.param("* @al\n\\#apps @bo", ["al"], id="an escaped number sign means nothing"),
        pytest.param("* @al\n/apps/ @org/..", ["al"], id="a team that leads elsewhere is none"),
        pytest.param("* @al\n/ @bo", ["al"], id="the root names no file"),
        pytest.param("", [], id="an empty file"),
    ],
)
def test_whose_a_path_is(*, text: str, owners: list[str]) -> None:
    """The owners of `apps/web/kustomization.yaml`."""
    assert owners_of(text, "apps/web/kustomization.yaml") == owners


def test_each_rule_is_needed_once() -> None:
    """Of the changed paths, each rule with owners, in the order of the paths; a path that nobody owns needs nobody."""
    text = "/a/ @al\n/b/ @bo\n/b/free"
    assert [rule.pattern for rule in needed(text, ["b/x", "b/free", "a/x", "a/y", "c"])] == ["/a/", "/b/"]


def test_an_owner_is_named_without_case() -> None:
    """Logins and slugs have none on GitHub."""
    assert parse("* @Org/Web @Al")[0].owners == (Owner(OwnerKind.TEAM, "org/web"), Owner(OwnerKind.USER, "al"))


@pytest.mark.parametrize("pattern", ["a*" * 200 + "b", "**/" * 300 + "b", "(a+)+" * 50])
def test_no_pattern_is_slow(pattern: str) -> None:
    """Whoever may write the file must not hold up the pass: matching is linear in the path."""
    assert not owners_of(f"{pattern} @al", "a/" * 500 + "a" * 2000)
