"""One pipeline of the file: its artifacts and environments, read and held against each other. No I/O."""

from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from config.artifacts import DeclaredArtifacts, read_artifacts
from config.checks import Checks
from config.content import check_sources
from config.environments import DeclaredEnvironment, read_environment
from config.gates import Surroundings
from config.hydrated import check_hydrated
from config.pipeline import ReleaseRule
from config.reading import Entry, Reader, Section

_KEYS = ("images", "charts", "release", "environments")
_KEYS_LATER = ("for_each",)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredPipeline:
    """`environments`: upstream first, as far as the graph could be ordered."""

    name: str
    artifacts: DeclaredArtifacts
    release: ReleaseRule | None
    environments: tuple[DeclaredEnvironment, ...]


def read_pipeline(reader: Reader, entry: Entry, checks: Checks) -> DeclaredPipeline | None:
    """One pipeline, or None where not even its name or its environments can be used."""
    name = reader.name(entry, "pipeline")
    if not reader.has_keys(entry.value, f"pipeline `{entry.name}`", "`images:` and `environments:` below it"):
        return None
    fields = reader.fields(entry.value, f"pipeline `{entry.name}`", known=_KEYS, later=_KEYS_LATER)
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
    around = Surroundings(environments=tuple(one.name for one in entries), artifacts=artifacts.names)
    environments = tuple(
        read_environment(reader, one, checks, has_artifacts=has_artifacts, around=around)
        for one in entries
        if reader.name(one, "environment") is not None
    )
    ordered = _ordered(reader, environments, declared={one.name for one in entries})
    if not has_artifacts:
        check_sources(reader, tuple((one.model, one.place) for one in ordered))
        check_hydrated(reader, tuple((one.model, one.place) for one in ordered))
    if name is None:
        return None
    return DeclaredPipeline(name=name, artifacts=artifacts, release=release, environments=ordered)


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


# --- the graph --------------------------------------------------------------------------------------------------------


def _ordered(
    reader: Reader, environments: tuple[DeclaredEnvironment, ...], *, declared: set[str]
) -> tuple[DeclaredEnvironment, ...]:
    """Upstream first, in the file's order where the graph leaves it open; unknown upstreams and cycles are refused."""
    by_name = {environment.model.name: environment for environment in environments}
    for environment in environments:
        for upstream, node in environment.after:
            if upstream == environment.model.name:
                reader.refuse(node, f"environment `{upstream}` cannot come after itself", "its upstream's name")
            elif upstream not in declared:
                near = reader.nearest(upstream, (name for name in by_name if name != environment.model.name))
                reader.refuse(node, f"there is no environment `{upstream}` in this pipeline", near)
    graph = {name: [u for u, _ in e.after if u in by_name and u != name] for name, e in by_name.items()}
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1]
        node = next(n for u, n in by_name[cycle[1]].after if u == cycle[0])
        reader.refuse(node, f"the environments come after each other in a circle: {' → '.join(cycle)}", "one as root")
        return environments
    places = {name: position for position, name in enumerate(by_name)}
    ordered: list[DeclaredEnvironment] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=places.__getitem__)
        ordered += [by_name[name] for name in ready]
        sorter.done(*ready)
    return tuple(ordered)
