"""Tables of `roles`, `skippable` and `commands` as people write them, and of what is refused."""

import pytest

from config.parse import ConfigError, parse
from config.pipeline import Access, CommandStyle, Environment, Role, Roles, Skippable

DEFAULT = (Skippable.SOAK, Skippable.WINDOWS, Skippable.MINIMUM_AGE)


def written(keys: str) -> str:
    images = "images: {web: {repository: ghcr.io/org/web}}"
    return f"version: 1\npipelines:\n  shop:\n    {images}\n    environments:\n{keys}"


def environment(keys: str) -> Environment:
    return parse(written(f"      a: {{path: a{keys}}}\n")).pipelines[0].environments[0]


@pytest.mark.parametrize(
    ("keys", "roles"),
    [
        pytest.param("", Roles(), id="nothing said"),
        pytest.param(", roles: {}", Roles(), id="no role said"),
        pytest.param(", roles: {merge: maintain}", Roles(merge=Access.MAINTAIN), id="one of them"),
        pytest.param(
            ", roles: {promote: admin, merge: admin, rollback: maintain, freeze: write}",
            Roles(promote=Access.ADMIN, merge=Access.ADMIN, rollback=Access.MAINTAIN, freeze=Access.WRITE),
            id="all of them",
        ),
    ],
)
def test_roles(keys: str, roles: Roles) -> None:
    """Write, write, write and maintain, where nothing else is declared."""
    assert environment(keys).roles == roles


def test_the_defaults_of_roles() -> None:
    """Each role by its name."""
    assert [Roles().of(role) for role in Role] == [Access.WRITE, Access.WRITE, Access.WRITE, Access.MAINTAIN]


@pytest.mark.parametrize(
    ("keys", "skippable"),
    [
        pytest.param("", DEFAULT, id="nothing said"),
        pytest.param(", skippable: []", (), id="none"),
        pytest.param(", skippable: [soak, checks, soak]", (Skippable.SOAK, Skippable.CHECKS), id="some, one twice"),
    ],
)
def test_skippable(keys: str, skippable: tuple[Skippable, ...]) -> None:
    """Soak, windows and minimum age, where nothing else is declared."""
    assert environment(keys).skippable == skippable


@pytest.mark.parametrize(
    ("keys", "column", "message", "suggestion"),
    [
        pytest.param(", roles: {merge: triage}", 35, "needs write access at least", "`write`", id="below write"),
        pytest.param(", roles: {merge: write2}", 35, "cannot be 'write2'", "`write`", id="no such access"),
        pytest.param(", roles: {mrge: write}", 28, "not a key of `roles`", "`merge`", id="no such role"),
        pytest.param(", roles: write", 27, "must be a mapping", None, id="no mapping"),
        pytest.param(", skippable: soak", 31, "must be a list", "`[soak]`", id="no list"),
        pytest.param(", skippable: [approvals]", 32, "can never be skipped", "without `approvals`", id="approvals"),
        pytest.param(", skippable: [signature]", 32, "can never be skipped", "without", id="signature"),
        pytest.param(", skippable: [freeze]", 32, "can never be skipped: `/unfreeze`", "without", id="freeze"),
        pytest.param(", skippable: [hold]", 32, "can never be skipped: `/unhold`", "without", id="hold"),
        pytest.param(", skippable: [health]", 32, "can never be skipped", "without", id="health"),
        pytest.param(", skippable: [window]", 32, "cannot be 'window'", "`windows`", id="no such gate"),
    ],
)
def test_what_is_refused(keys: str, column: int, message: str, suggestion: str | None) -> None:
    """With its place, the reason, and what to write instead."""
    with pytest.raises(ConfigError) as caught:
        environment(keys)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (6, column)
    assert message in problem.message
    assert (suggestion or "") in (problem.suggestion or "")


@pytest.mark.parametrize(
    ("top", "style"),
    [
        ("", CommandStyle.PLAIN),
        ("commands: plain\n", CommandStyle.PLAIN),
        ("commands: prefixed\n", CommandStyle.PREFIXED),
    ],
)
def test_how_commands_are_written(top: str, style: CommandStyle) -> None:
    """Plain, unless the file says otherwise."""
    assert parse(f"{top}{written('      a: {path: a}')}").commands is style


def test_another_way_to_write_commands_is_refused() -> None:
    """With the nearest that there is."""
    with pytest.raises(ConfigError, match="prefixed"):
        parse(f"commands: prefix\n{written('      a: {path: a}')}")
