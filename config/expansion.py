"""Pipelines of one declaration for many folders: a pure function of the declaration and the folders' names. No I/O.

The declaration is read once under a name that is nobody's, so that its own mistakes are told like any others. Then it
is read for each folder; what goes wrong there is the folder's, which is left out and named, and the others go on.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from config.checks import Checks
from config.declarations import DeclaredPipeline, read_pipeline
from config.defaults import Defaults
from config.folders import MOST_FOLDERS, Folder, Folders, ForEach, is_name, read_for_each
from config.places import Home, Inhabitant, check_places, collisions, where
from config.problems import Problem
from config.reading import LONGEST_NAME, PLACEHOLDER, Entry, Reader

# Two folders that nobody has: what holds for both holds for any.
_ANY, _OTHER = "name", "name-of-another"


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A pipeline that is declared for many folders, without a mistake of its own."""

    entry: Entry
    for_each: ForEach


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """`pipelines`: by where their declarations stand in the file. `left_out`: folders that have none, and why."""

    pipelines: tuple[tuple[Template, DeclaredPipeline], ...] = ()
    left_out: tuple[Problem, ...] = ()


def read_template(
    reader: Reader, entry: Entry, for_each: Entry, checks: Checks, defaults: Defaults, *, home: Home
) -> Template | None:
    """The declaration, held against its own rules; None where it has mistakes, which are noted."""
    before = len(reader.problems)
    folders = read_for_each(reader, for_each)
    if PLACEHOLDER not in entry.name:
        message = f"a pipeline for many folders has the folder's name in its own: {PLACEHOLDER}"
        reader.refuse(entry.key, message, f'`"{PLACEHOLDER}"` or `"{entry.name}-{PLACEHOLDER}"`')
    told = len(defaults.reader.problems)
    sample = read_pipeline(replace(reader, folder=_ANY), entry, checks, defaults, home=home)
    if sample is None or len(reader.problems) > before or len(defaults.reader.problems) > told:
        return None
    another = read_pipeline(Reader(reader.path, folder=_OTHER), entry, checks, _aside(defaults), home=home)
    here, there = inhabitants(sample), inhabitants(another) if another else ()
    check_places(reader, here, home=home)
    if len(reader.problems) == before:
        for one, _ in collisions((*there, *here), home=home):
            message = f"every folder needs a place of its own, and this is one for all: {where(one.environment)}"
            reader.refuse(one.node, message, f"a `path` or `branch` with {PLACEHOLDER} in it")
    return Template(entry=entry, for_each=folders) if len(reader.problems) == before else None


def inhabitants(pipeline: DeclaredPipeline) -> tuple[Inhabitant, ...]:
    """Where a pipeline's environments live, as far as that could be read."""
    own = tuple(
        Inhabitant(pipeline=pipeline.name, environment=environment.model, node=environment.place)
        for environment in pipeline.environments
        if environment.place is not None
    )
    return own + tuple(one.inhabitant for one in pipeline.received if one.inhabitant is not None)


def _aside(defaults: Defaults) -> Defaults:
    """The same defaults, whose mistakes have been told already."""
    return Defaults(reader=Reader(defaults.reader.path), fields=defaults.fields)


# --- for the folders that there are -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """The pipeline of one folder."""

    template: Template
    folder: Folder
    pipeline: DeclaredPipeline


@dataclass(slots=True)
class _LeftOut:
    """What is said of folders, at the place where they are asked for."""

    path: str
    problems: list[Problem]

    def say(self, template: Template, message: str, suggestion: str | None = None) -> None:
        at = template.for_each.node.start
        self.problems.append(
            Problem(path=self.path, line=at.line, column=at.column, message=message, suggestion=suggestion)
        )

    def folder(self, template: Template, folder: Folder, why: str) -> None:
        self.say(template, f"the folder {folder.path} has no pipeline: {why}", f'`"!{folder.path}"` in `for_each`')


def expand(
    templates: Iterable[Template],
    folders: Folders,
    *,
    path: str,
    declared: tuple[DeclaredPipeline, ...],
    checks: Checks,
    defaults: Defaults,
    home: Home,
) -> Expansion:
    """The pipelines of every folder that is listed. `path`: the file's.

    `declared`: pipelines of their own, to which folders give way.
    """
    left_out = _LeftOut(path, [])
    made: list[_Made] = []
    for template in templates:
        made += _pipelines(template, folders, checks, defaults, left_out, home=home)
    made = list(_alone(made, declared, left_out))
    kept = _apart(made, declared, left_out, home=home)
    return Expansion(pipelines=tuple((one.template, one.pipeline) for one in kept), left_out=tuple(left_out.problems))


def _pipelines(
    template: Template, listed: Folders, checks: Checks, defaults: Defaults, left_out: _LeftOut, *, home: Home
) -> Iterator[_Made]:
    for missing in template.for_each.missing(listed):
        left_out.say(template, f"there is no folder {missing or 'at the root'} on the default branch")
    found = template.for_each.folders(listed)
    if len(found) > MOST_FOLDERS:
        message = f"{len(found)} folders match, and at most {MOST_FOLDERS} have a pipeline: those by the first names"
        left_out.say(template, message, "narrower patterns")
    for folder in found[:MOST_FOLDERS]:
        if not is_name(folder.name):
            why = f"its name must be lower-case letters, digits and hyphens, at most {LONGEST_NAME}"
            left_out.folder(template, folder, why)
            continue
        reader = Reader(left_out.path, folder=folder.name)
        quiet = _aside(defaults)
        pipeline = read_pipeline(reader, template.entry, checks, quiet, home=home)
        problem = next(iter((*reader.problems, *quiet.reader.problems)), None)
        if pipeline is None or problem is not None:
            left_out.folder(template, folder, problem.message if problem else "its declaration cannot be read")
            continue
        yield _Made(template=template, folder=folder, pipeline=pipeline)


def _alone(made: list[_Made], declared: tuple[DeclaredPipeline, ...], left_out: _LeftOut) -> Iterator[_Made]:
    """Those whose names nobody else has: of two that share one neither may have the history of the other."""
    names = Counter(one.pipeline.name for one in made)
    taken = {pipeline.name for pipeline in declared}
    for one in made:
        name = one.pipeline.name
        if name in taken:
            left_out.folder(one.template, one.folder, f"the pipeline {name} is declared by itself")
        elif names[name] > 1:
            left_out.folder(one.template, one.folder, f"several folders would have the pipeline {name}")
        else:
            yield one


def _apart(
    made: list[_Made],
    declared: tuple[DeclaredPipeline, ...],
    left_out: _LeftOut,
    *,
    home: Home,
) -> list[_Made]:
    """Those whose environments live where nobody else's do."""
    fixed = tuple(one for pipeline in declared for one in inhabitants(pipeline))
    grown = tuple(one for each in made for one in inhabitants(each.pipeline))
    clashes: dict[str, str] = {}
    for one, other in collisions((*fixed, *grown), home=home):
        for mine, theirs in ((one, other), (other, one)):
            clashes.setdefault(mine.pipeline, f"{theirs.pipeline}/{theirs.environment.name} lives where it would")
    kept: list[_Made] = []
    for each in made:
        why = clashes.get(each.pipeline.name)
        if why is None:
            kept.append(each)
        else:
            left_out.folder(each.template, each.folder, why)
    return kept
