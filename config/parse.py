"""The text of `.github/caisson.yaml` → what it declares, or every problem in it with its place. No I/O.

What cannot be judged here, below the grammar of versions and patterns, is judged by `Checks` that the bot passes in.
"""

from config import yaml_text
from config.checks import Checks
from config.declarations import DeclaredPipeline, at_home, read_pipeline
from config.pipeline import CommandStyle, Configuration, Mode, Pipeline, Templates
from config.places import Inhabitant, check_places
from config.problems import ConfigError, Problem
from config.reading import Entry, Reader
from config.received import refuse_own
from config.templates import read_templates
from config.yaml_text import NotReadable

__all__ = ["PATH", "Checks", "ConfigError", "Problem", "parse"]

PATH = ".github/caisson.yaml"

_KEYS = ("version", "mode", "templates", "commands", "pipelines")
_KEYS_LATER = ("defaults", "emergency")
_NO_CHECKS = Checks()


def parse(
    text: str,
    *,
    path: str = PATH,
    checks: Checks = _NO_CHECKS,
    default_branch: str | None = None,
    repository: str | None = None,
) -> Configuration:
    """The configuration, with each pipeline's environments upstream first; raises ConfigError with every problem.

    `default_branch` and `repository` (`owner/name`), where known, let an environment that names them be held against
    one that leaves them out.
    """
    reader = Reader(path)
    root = _root(text, path)
    reader.vet(root)
    fields = reader.fields(root, "the file", known=_KEYS, later=_KEYS_LATER)
    if (version := fields.get("version")) and reader.text(version.value, "version") not in (None, "1"):
        reader.refuse(version.value, "this version of Caisson reads `version: 1` only", "`version: 1`")
    mode = reader.choice(fields["mode"].value, "mode", Mode) if "mode" in fields else None
    templates = read_templates(reader, fields["templates"], checks) if "templates" in fields else Templates()
    style = reader.choice(fields["commands"].value, "commands", CommandStyle) if "commands" in fields else None
    declared = [at_home(pipeline, repository) for pipeline in _pipelines(reader, fields.get("pipelines"), checks)]
    if "pipelines" not in fields and not reader.problems:
        reader.refuse(root, "the file declares no pipelines", "`pipelines:` with a pipeline's name below it")
    inhabitants = tuple(
        Inhabitant(pipeline=pipeline.name, environment=environment.model, node=environment.place)
        for pipeline in declared
        for environment in pipeline.environments
        if environment.place is not None
    )
    received = tuple(one for pipeline in declared for one in pipeline.received)
    inhabitants += tuple(inhabitant for one in received if (inhabitant := one.inhabitant) is not None)
    check_places(reader, inhabitants, default_branch=default_branch)
    refuse_own(reader, received, repository)
    if reader.problems:
        raise ConfigError(tuple(sorted(reader.problems, key=lambda p: (p.line, p.column))))
    return Configuration(
        mode=mode or Mode.MERGE,
        templates=templates,
        commands=style or CommandStyle.PLAIN,
        pipelines=tuple(_model(pipeline) for pipeline in declared if pipeline.environments),
        received=tuple(one.model for one in received if one.model is not None),
    )


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


def _pipelines(reader: Reader, entry: Entry | None, checks: Checks) -> list[DeclaredPipeline]:
    entries = reader.entries(entry.value, "`pipelines`") if entry else ()
    read = [read_pipeline(reader, pipeline, checks) for pipeline in entries]
    return [pipeline for pipeline in read if pipeline is not None]


def _model(declared: DeclaredPipeline) -> Pipeline:
    return Pipeline(
        name=declared.name,
        images=dict(declared.artifacts.images),
        charts=dict(declared.artifacts.charts),
        release=declared.release,
        environments=tuple(environment.model for environment in declared.environments),
    )
