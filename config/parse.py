"""The text of `.github/caisson.yaml` → what it declares, or every problem in it with its place. No I/O.

What cannot be judged here, below the grammar of versions and patterns, is judged by `Checks` that the bot passes in.
Which folders there are, for pipelines declared for many, is for the caller to learn: `Declaration.parents` names those
that must be listed, and the file is read again with the answer.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType

from config import yaml_text
from config.checks import Checks
from config.content import read_keep
from config.declarations import DeclaredPipeline, read_pipeline
from config.defaults import Defaults, read_defaults
from config.emergencies import read_emergency
from config.environments import KEYS as ENVIRONMENT_KEYS
from config.environments import read_environment
from config.expansion import Expansion, Template, expand, inhabitants, read_template
from config.folders import Folders
from config.gates import Surroundings
from config.pipeline import CommandStyle, Configuration, Mode, Pipeline, Promote, Templates
from config.places import Home, check_places
from config.problems import ConfigError, Problem
from config.reading import Entry, Fields, Reader
from config.templates import read_templates
from config.yaml_text import Node, NotReadable

__all__ = ["PATH", "Checks", "ConfigError", "Declaration", "Problem", "parse", "read"]

PATH = ".github/caisson.yaml"

_KEYS = ("version", "mode", "defaults", "templates", "commands", "emergency", "pipelines")
_NO_CHECKS = Checks()
_NO_FOLDERS: Folders = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """`parents`: folders whose sub-folders say which pipelines there are. `left_out`: those that have none, and why."""

    configuration: Configuration
    parents: tuple[str, ...] = ()
    left_out: tuple[Problem, ...] = ()


def parse(
    text: str,
    *,
    path: str = PATH,
    checks: Checks = _NO_CHECKS,
    default_branch: str | None = None,
    repository: str | None = None,
) -> Configuration:
    """The configuration without pipelines for folders, of which nothing is known; else as `read`."""
    return read(text, path=path, checks=checks, default_branch=default_branch, repository=repository).configuration


def read(
    text: str,
    *,
    path: str = PATH,
    checks: Checks = _NO_CHECKS,
    default_branch: str | None = None,
    repository: str | None = None,
    folders: Folders = _NO_FOLDERS,
) -> Declaration:
    """What is declared, with each pipeline's environments upstream first; raises ConfigError with every problem.

    `default_branch` and `repository` (`owner/name`), where known, let an environment that names them be held against
    one that leaves them out. `folders`: what was listed of `parents`, on the commit that the text is from.
    """
    reader = Reader(path)
    root = _root(text, path)
    reader.vet(root)
    fields = reader.fields(root, "the file", known=_KEYS)
    top = _top(reader, fields, checks)
    defaults = _defaults(reader, fields.get("defaults"), checks)
    home = Home(default_branch=default_branch, repository=repository)
    declared = _pipelines(reader, fields.get("pipelines"), checks, defaults, home=home)
    if "pipelines" not in fields and not reader.problems:
        reader.refuse(root, "the file declares no pipelines", "`pipelines:` with a pipeline's name below it")
    fixed = tuple(one for one in declared.values() if isinstance(one, DeclaredPipeline))
    lived_in = tuple(one for pipeline in fixed for one in inhabitants(pipeline))
    check_places(reader, lived_in, home=home)
    problems = (*reader.problems, *defaults.problems())
    if problems:
        raise ConfigError(tuple(sorted(problems, key=lambda p: (p.line, p.column))))
    bound = tuple(one for one in declared.values() if isinstance(one, Template))
    grown = expand(bound, folders, path=path, declared=fixed, checks=checks, defaults=defaults, home=home)
    every = tuple(pipeline for one in declared.values() for pipeline in _of(one, grown))
    parents = tuple(dict.fromkeys(parent for one in bound for parent in one.for_each.parents))
    configuration = top.model_copy(
        update={
            "pipelines": tuple(_model(pipeline) for pipeline in every if pipeline.environments),
            "received": tuple(one.model for each in every for one in each.received if one.model is not None),
        }
    )
    return Declaration(configuration=configuration, parents=parents, left_out=grown.left_out)


def _top(reader: Reader, fields: Fields, checks: Checks) -> Configuration:
    """What is said of the whole file, without its pipelines."""
    if (version := fields.get("version")) and reader.text(version.value, "version") not in (None, "1"):
        reader.refuse(version.value, "this version of Caisson reads `version: 1` only", "`version: 1`")
    mode = reader.choice(fields["mode"].value, "mode", Mode) if "mode" in fields else None
    templates = read_templates(reader, fields["templates"], checks) if "templates" in fields else Templates()
    style = reader.choice(fields["commands"].value, "commands", CommandStyle) if "commands" in fields else None
    return Configuration(
        mode=mode or Mode.MERGE,
        templates=templates,
        commands=style or CommandStyle.PLAIN,
        emergency=read_emergency(reader, fields.get("emergency")),
    )


def _of(one: DeclaredPipeline | Template, grown: Expansion) -> tuple[DeclaredPipeline, ...]:
    """The pipelines that one declaration stands for."""
    if isinstance(one, DeclaredPipeline):
        return (one,)
    return tuple(pipeline for template, pipeline in grown.pipelines if template is one)


def _root(text: str, path: str) -> yaml_text.Node:
    try:
        root = yaml_text.compose(text)
    except NotReadable as error:
        at = error.spot
        problem = Problem(path=path, line=at.line, column=at.column, message=error.message, suggestion=error.remedy)
        raise ConfigError((problem,)) from error
    if root is None:
        problem = Problem(path=path, line=1, column=1, message="the file is empty", suggestion="`version: 1` first")
        raise ConfigError((problem,))
    return root


def _defaults(reader: Reader, entry: Entry | None, checks: Checks) -> Defaults:
    """What is under every environment, held against itself first: perhaps none takes it, or many would tell of it."""
    if entry is None:
        return Defaults(reader=Reader(reader.path))
    defaults = read_defaults(reader, entry, known=ENVIRONMENT_KEYS)
    upstream = yaml_text.compose("after: [upstream]")
    assert upstream is not None
    read_environment(
        Reader(reader.path),
        Entry("defaults", entry.key, upstream),
        # An expression speaks of environments, which each pipeline has its own.
        replace(checks, check_condition=_NO_CHECKS.check_condition),
        has_artifacts=True,
        around=Surroundings(pipeline="", environments=(), artifacts=("any",)),
        defaults=defaults,
    )
    if "keep" in defaults.fields:
        read_keep(defaults.reader, defaults.fields["keep"], promote=Promote.TREE, is_source=False)
    return defaults


def _pipelines(
    reader: Reader, entry: Entry | None, checks: Checks, defaults: Defaults, *, home: Home
) -> dict[str, DeclaredPipeline | Template]:
    """What each entry declares, by what stands there as its name; nothing for one that cannot be used."""
    found: dict[str, DeclaredPipeline | Template] = {}
    for one in reader.entries(entry.value, "`pipelines`") if entry else ():
        folders = _for_each(one.value)
        declared = (
            read_pipeline(reader, one, checks, defaults, home=home)
            if folders is None
            else read_template(reader, one, folders, checks, defaults, home=home)
        )
        if declared is not None:
            found[one.name] = declared
    return found


def _for_each(node: Node) -> Entry | None:
    """The key that makes a pipeline one for many folders."""
    mapping = yaml_text.resolved(node)
    pairs = mapping.entries if isinstance(mapping, yaml_text.Mapping) else ()
    found = ((key, value) for key, value in pairs if yaml_text.key_text(key) == "for_each")
    return next((Entry("for_each", key, value) for key, value in found), None)


def _model(declared: DeclaredPipeline) -> Pipeline:
    return Pipeline(
        name=declared.name,
        images=dict(declared.artifacts.images),
        charts=dict(declared.artifacts.charts),
        release=declared.release,
        environments=tuple(environment.model for environment in declared.environments),
    )
