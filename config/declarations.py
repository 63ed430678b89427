"""One pipeline of the file: its artifacts and environments, read and held against each other. No I/O."""

from dataclasses import dataclass, replace

from config.artifacts import DeclaredArtifacts, read_artifacts
from config.checks import Checks
from config.content import check_sources
from config.defaults import Defaults
from config.environments import DeclaredEnvironment, read_environment
from config.gates import Surroundings
from config.graph import ordered
from config.pipeline import ReleaseRule
from config.places import Home
from config.reading import PLACEHOLDER, Entry, Reader, Section
from config.received import DeclaredReceived, is_received, read_received, refuse_own

_KEYS = ("for_each", "images", "charts", "release", "environments")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredPipeline:
    """`environments`: upstream first, as far as the graph could be ordered.

    `received`: those that other repositories promote into.
    """

    name: str
    artifacts: DeclaredArtifacts
    release: ReleaseRule | None
    environments: tuple[DeclaredEnvironment, ...]
    received: tuple[DeclaredReceived, ...] = ()


def read_pipeline(
    reader: Reader, entry: Entry, checks: Checks, defaults: Defaults, *, home: Home
) -> DeclaredPipeline | None:
    """One pipeline, or None where not even its name or its environments can be used.

    Where it is declared for many folders, the one for the folder that the reader has.
    """
    name = reader.name(
        Entry(entry.name.replace(PLACEHOLDER, reader.folder or PLACEHOLDER), entry.key, entry.value), "pipeline"
    )
    if not reader.has_keys(entry.value, f"pipeline `{entry.name}`", "`images:` and `environments:` below it"):
        return None
    fields = reader.fields(entry.value, f"pipeline `{entry.name}`", known=_KEYS)
    artifacts = read_artifacts(reader, fields, checks)
    release = _release(reader, fields["release"], checks, artifacts.names) if "release" in fields else None
    declared = fields.get("environments")
    if declared is None:
        reader.refuse(entry.key, f"pipeline `{entry.name}` has no environments", "`environments:` with at least one")
        return None
    entries = reader.entries(declared.value, "`environments`")
    if not entries:
        reader.refuse(declared.key, f"pipeline `{entry.name}` has no environments", "at least one environment")
    has_artifacts = "images" in fields or "charts" in fields
    named = [one for one in entries if reader.name(one, "environment") is not None]
    received = tuple(read_received(reader, one, defaults, pipeline=name) for one in named if is_received(one))
    refuse_own(reader, received, home)
    own = [one for one in entries if not is_received(one)]
    around = Surroundings(pipeline=entry.name, environments=tuple(one.name for one in own), artifacts=artifacts.names)
    environments = tuple(
        read_environment(reader, one, checks, has_artifacts=has_artifacts, around=around, defaults=defaults)
        for one in named
        if not is_received(one)
    )
    if not own and has_artifacts:
        message = f"pipeline `{entry.name}` promotes nothing itself: other repositories promote into its environments"
        reader.refuse(entry.key, message, "no `images`, `charts` and `release`, or an environment of its own")
    travelling = ordered(
        reader,
        environments,
        declared={one.name for one in own},
        received={one.name for one in received},
        has_artifacts=has_artifacts,
    )
    if not has_artifacts:
        check_sources(reader, tuple((one.model, one.place) for one in travelling))
    if name is None:
        return None
    return DeclaredPipeline(
        name=name,
        artifacts=artifacts,
        release=release,
        environments=tuple(_at_home(one, home) for one in travelling),
        received=received,
    )


def _at_home(declared: DeclaredEnvironment, home: Home) -> DeclaredEnvironment:
    """The environment as if it did not name the repository that its own file lies in."""
    named = declared.model.repository
    if named is None or not home.is_named(named):
        return declared
    return replace(declared, model=declared.model.model_copy(update={"repository": None}))


def _release(reader: Reader, entry: Entry, checks: Checks, names: tuple[str, ...]) -> ReleaseRule | None:
    """The rule may speak of every artifact that is declared, whether or not it could be read."""
    section = Section(reader, "`release`", reader.fields(entry.value, "`release`", known=("when", "settle")))
    if not names:
        message = "`release` waits for artifacts that belong together, and this pipeline declares none"
        reader.refuse(entry.key, message, "`images:` or `charts:`, or remove `release`")
        return None
    when = section.judged("when", lambda text: checks.check_expression(text, names))
    settle = section.duration("settle")
    return ReleaseRule(when=when, settle=ReleaseRule().settle if settle is None else settle)
