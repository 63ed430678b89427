"""Truth table: which paths the globs of `keep` name."""

import pytest

from bot.kept_paths import is_kept


@pytest.mark.parametrize(
    ("glob", "path", "kept"),
    [
        pytest.param("values.yaml", "values.yaml", True, id="a file by its name"),
        pytest.param("values.yaml", "sub/values.yaml", False, id="a glob starts at the folder"),
        pytest.param("**/values.yaml", "values.yaml", True, id="any folders may be none"),
        pytest.param("**/values.yaml", "a/b/values.yaml", True, id="any folders"),
        pytest.param("**/values.yaml", "a/other-values.yaml", False, id="whole names only"),
        pytest.param("secrets", "secrets/a/b", True, id="a folder with all below it"),
        pytest.param("secrets/**", "secrets/a/b", True, id="all below a folder"),
        pytest.param("secrets/**", "secrets", False, id="all below a folder is not a file of its name"),
        pytest.param("secrets", "secrets.yaml", False, id="a name is not a beginning"),
        pytest.param("*.yaml", "a.yaml", True, id="a star within a name"),
        pytest.param("*.yaml", "a/b.yaml", False, id="a star does not cross folders"),
        pytest.param("a/*/c", "a/b/c", True, id="a star for a folder"),
        pytest.param("a/*/c", "a/b/b/c", False, id="a star for one folder"),
        pytest.param("a/**/c", "a/c", True, id="none between"),
        pytest.param("a/**/c", "a/b/b/c/d", True, id="some between, and below"),
        pytest.param("v?.yaml", "v1.yaml", True, id="a question mark is one character"),
        pytest.param("v?.yaml", "v10.yaml", False, id="and not two"),
        pytest.param("v[1].yaml", "v[1].yaml", True, id="brackets stand for themselves"),
        pytest.param("v[1].yaml", "v1.yaml", False, id="and for no class"),
        pytest.param("Values.yaml", "values.yaml", False, id="case counts"),
        pytest.param("**", "a", True, id="everything"),
    ],
)
def test_what_a_glob_keeps(*, glob: str, path: str, kept: bool) -> None:
    """Relative to the environment's folder."""
    assert is_kept(path, (glob,)) is kept
    assert is_kept(path, ("nothing", glob)) is kept


def test_nothing_is_kept_without_a_glob() -> None:
    """Not so much as a name of nothing."""
    assert not is_kept("a", ())
