"""One declaration for many folders: which folders are meant, what stands for their names, and what cannot be."""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import jsonschema_rs
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bot.cli import main
from bot.reconcile import CHECKS
from config.folders import MOST_FOLDERS, Folder, ForEach, Pattern
from config.parse import ConfigError, Declaration, Problem, read
from config.pipeline import ImageSource
from config.schema import json_schema
from config.yaml_text import compose

BODY = """\
    for_each: applications/*
    images:
      app:
        repository: ghcr.io/org/{name}
        release_notes: https://example.com/{name}/{tag}
        verify: {cosign: {key: "keys/{name}.pub"}}
        write: [{file: "{name}.yaml"}]
    environments:
      dev: {path: "applications/{name}/dev"}
      live: {branch: "live/{name}", after: [dev], approvals: {teams: ["org/{name}"]}}
"""
WHOLE = f'pipelines:\n  "app-{{name}}":\n{BODY}'


def declared(text: str = WHOLE, **folders: tuple[str, ...] | None) -> Declaration:
    return read(text, checks=CHECKS, folders=folders, default_branch="main")


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as raised:
        declared(text)
    return raised.value.problems


def names(declaration: Declaration) -> list[str]:
    return [pipeline.name for pipeline in declaration.configuration.pipelines]


def told(declaration: Declaration) -> list[str]:
    return [problem.message for problem in declaration.left_out]


def test_what_must_be_listed_is_named_and_nothing_is_made_of_what_is_not_known() -> None:
    """Before the folders are listed there are no pipelines, and that is no mistake."""
    found = declared()
    assert (found.parents, names(found), found.left_out) == (("applications",), [], ())


def test_the_name_stands_wherever_it_may() -> None:
    """In the pipeline's name, and in places, sources, keys and teams."""
    found = declared(applications=("web", "api"))
    assert names(found) == ["app-api", "app-web"]
    web = found.configuration.pipelines[1]
    image = web.images["app"]
    assert isinstance(image, ImageSource)
    assert image.repository == "ghcr.io/org/web"
    assert image.release_notes == "https://example.com/web/{tag}"
    assert image.verify is not None
    assert image.verify.cosign.key == "keys/web.pub"
    assert image.write[0].file == "web.yaml"
    dev, live = web.environments
    assert (dev.path, live.branch) == ("applications/web/dev", "live/web")
    assert live.approvals is not None
    assert live.approvals.teams == ("org/web",)


def pattern(parent: str, glob: str) -> Pattern:
    return Pattern(parent=parent, glob=glob)


@pytest.mark.parametrize(
    ("included", "excluded", "listed", "found"),
    [
        pytest.param([("a", "*")], [], {"a": ("y", "x")}, ["a/x", "a/y"], id="all of a folder, by name"),
        pytest.param([("", "*")], [], {"": ("x", ".github", ".git")}, ["x"], id="of the root, but what is hidden"),
        pytest.param([("a", "web-*")], [], {"a": ("web-x", "web", "my-web-x")}, ["a/web-x"], id="a part of a name"),
        pytest.param([("a", "*.x")], [], {"a": ("b.x", "bux")}, ["a/b.x"], id="a dot is a dot"),
        pytest.param([("a", "*")], [("a", "x*")], {"a": ("x1", "y")}, ["a/y"], id="taken out again"),
        pytest.param([("a", "*")], [("b", "x")], {"a": ("x",)}, ["a/x"], id="taken out elsewhere"),
        pytest.param([("a", "*"), ("a", "x*")], [], {"a": ("x",)}, ["a/x"], id="meant twice, once"),
        pytest.param([("a", "*"), ("b", "*")], [], {"a": None, "b": ("x",)}, ["b/x"], id="one of them is not there"),
    ],
)
def test_the_folders_that_are_meant(
    *,
    included: list[tuple[str, str]],
    excluded: list[tuple[str, str]],
    listed: Mapping[str, tuple[str, ...] | None],
    found: list[str],
) -> None:
    """Patterns stand for folders as they are listed."""
    node = compose("applications/*")
    assert node is not None
    for_each = ForEach(
        node=node,
        included=tuple(pattern(*one) for one in included),
        excluded=tuple(pattern(*one) for one in excluded),
    )
    assert [folder.path for folder in for_each.folders(listed)] == found
    assert Folder(parent="", name="x").path == "x"


OWN = """\
  app-web:
    images: {app: {repository: ghcr.io/org/other}}
    environments: {dev: {path: elsewhere}}
"""
THERE = """\
  other:
    images: {app: {repository: ghcr.io/org/other}}
    environments: {dev: {path: applications/web}}
"""


@pytest.mark.parametrize(
    ("text", "listed", "made", "reason"),
    [
        pytest.param(WHOLE, ("web", "Shop_1"), ["app-web"], "Shop_1 has no pipeline: its name must be", id="no name"),
        pytest.param(WHOLE, ("web", "x" * 57), ["app-web"], "the pipeline name 'app-xxx", id="a name made too long"),
        pytest.param(
            WHOLE + OWN, ("web", "api"), ["app-api", "app-web"], "app-web is declared by itself", id="a declared name"
        ),
        pytest.param(
            WHOLE + THERE, ("web", "api"), ["app-api", "other"], "other/dev lives where it would", id="a declared place"
        ),
        pytest.param(WHOLE, None, [], "there is no folder applications on the default branch", id="no such folder"),
    ],
)
def test_a_folder_that_cannot_have_a_pipeline_is_left_out(
    *, text: str, listed: tuple[str, ...] | None, made: list[str], reason: str
) -> None:
    """It is said at `for_each`, with what to do, and everything else goes on."""
    found = declared(text, applications=listed)
    assert names(found) == made
    assert [(p.line, p.column) for p in found.left_out] == [(3, 15)]
    assert reason in told(found)[0]


def test_two_folders_of_one_name_have_neither() -> None:
    """Else one would take over the other's branches, records and approvals."""
    text = WHOLE.replace("applications/*", "[applications/*, services/*]")
    found = declared(text, applications=("web", "api"), services=("web",))
    assert names(found) == ["app-api"]
    why = "has no pipeline: several folders would have the pipeline app-web"
    assert told(found) == [f"the folder applications/web {why}", f"the folder services/web {why}"]


def test_two_declarations_of_one_place_have_neither() -> None:
    """Whichever of them comes first in the file."""
    found = declared(f'{WHOLE}  "{{name}}-too":\n{BODY}', applications=("web",))
    assert names(found) == []
    assert len(found.left_out) == 2


def test_there_may_be_many_and_not_too_many() -> None:
    """Each costs a share of every look."""
    found = declared(applications=tuple(f"a{i:03}" for i in range(MOST_FOLDERS + 1)))
    assert len(names(found)) == MOST_FOLDERS
    assert f"{MOST_FOLDERS + 1} folders match" in told(found)[0]


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "suggestion"),
    [
        pytest.param('"app-{name}"', "app", (2, 3), "has the folder's name in its own", '"app-{name}"', id="its name"),
        pytest.param(
            'dev: {path: "applications/{name}/dev"}',
            "dev: {path: apps}",
            (11, 19),
            "one for all: apps",
            "{name}",
            id="one place for all",
        ),
        pytest.param(
            "applications/{name}/dev",
            "applications/{folder}/dev",
            (11, 19),
            "`{folder}` stands for nothing",
            "`{name}`",
            id="an unknown word",
        ),
        pytest.param(
            "repository: ghcr.io/org/{name}",
            "repository: ghcr.io/org/{tag}",
            (6, 21),
            "`{tag}` stands for",
            "`{name}`",
            id="a word of another place",
        ),
        pytest.param(
            "images:\n      app:\n",
            "images:\n      app:\n        constraint: '{name}'\n",
            (6, 21),
            "constraint does not take the folder's name",
            "",
            id="where no name stands",
        ),
        pytest.param(
            "for_each: applications/*",
            "for_each: applications",
            (3, 15),
            "names one folder",
            "applications/*",
            id="no pattern",
        ),
        pytest.param(
            "for_each: applications/*",
            "for_each: apps/*/dev",
            (3, 15),
            "last part",
            "applications/*",
            id="a star further up",
        ),
        pytest.param(
            "for_each: applications/*",
            "for_each: apps/**",
            (3, 15),
            "is not understood",
            "applications/*",
            id="two stars",
        ),
        pytest.param(
            "for_each: applications/*",
            "for_each: ../*",
            (3, 15),
            "is not understood",
            "applications/*",
            id="a path that climbs",
        ),
        pytest.param(
            "for_each: applications/*",
            "for_each: /apps/*",
            (3, 15),
            "without a slash",
            "apps/*",
            id="a path from nowhere",
        ),
        pytest.param(
            "for_each: applications/*",
            'for_each: ["!apps/x"]',
            (3, 15),
            "names no folders",
            "applications/*",
            id="nothing but what is taken out",
        ),
        pytest.param(
            "after: [dev]",
            "after: [dve]",
            (12, 45),
            "there is no environment `dve`",
            "`dev`",
            id="any mistake of its own",
        ),
    ],
)
def test_a_mistake_of_the_declaration_is_told_once(
    *, old: str, new: str, place: tuple[int, int], message: str, suggestion: str
) -> None:
    """Where it stands, and though no folder is known yet."""
    assert old in WHOLE
    found = problems(WHOLE.replace(old, new, 1))
    assert (found[0].line, found[0].column) == place
    assert message in found[0].message
    assert suggestion in (found[0].suggestion or "")


@given(st.text(max_size=30) | st.lists(st.text("ab*!/.{}", max_size=8), max_size=4))
def test_any_pattern_is_read_or_refused(written: object) -> None:
    """In no other way than by naming problems; and whatever is read has folders that must be listed."""
    text = WHOLE.replace("for_each: applications/*", f"for_each: {json.dumps(written)}")
    found: Declaration | None = None
    with suppress(ConfigError):
        found = declared(text, a=("a", "b"))
    assert found is None or found.parents


def test_the_name_means_nothing_without_folders() -> None:
    """It is refused rather than taken for a folder of that very name."""
    text = "pipelines: {p: {images: {a: {repository: r.io/a}}, environments: {dev: {path: 'apps/{name}'}}}}"
    (problem,) = problems(text)
    assert "in a pipeline with `for_each` only" in problem.message
    braces = text.replace("{name}", "{other}")
    assert read(braces, checks=CHECKS).configuration.pipelines[0].environments[0].path == "apps/{other}"


def test_the_command_reads_the_folders_of_this_disk(tmp_path: Path) -> None:
    """`caisson check` names the pipelines that there would be, and the folders that have none."""
    file = tmp_path / ".github" / "caisson.yaml"
    file.parent.mkdir()
    file.write_text(WHOLE)
    for name in ("web", "Old_One"):
        (tmp_path / "applications" / name).mkdir(parents=True)
    (tmp_path / "applications" / "README.md").write_text("no folder")
    result = CliRunner().invoke(main, ["check", str(file)])
    assert result.exit_code == 0
    assert result.stdout == f"{file}: valid (app-web)\n"
    assert "the folder applications/Old_One has no pipeline" in result.stderr


def test_the_schema_knows_folders() -> None:
    """Their patterns, and the names that stand for many."""
    schema = jsonschema_rs.validator_for(json_schema())
    assert [str(e) for e in schema.iter_errors(yaml.safe_load(WHOLE))] == []
    assert not schema.is_valid(yaml.safe_load(WHOLE.replace("app-{name}", "App-{name}")))
