"""The graph of a pipeline's environments: what comes after what, held against what can never work. No I/O."""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from config.environments import DeclaredEnvironment
from config.reading import Reader
from config.yaml_text import Node

_Environments = Mapping[str, DeclaredEnvironment]


def ordered(
    reader: Reader,
    environments: tuple[DeclaredEnvironment, ...],
    *,
    declared: set[str],
    received: set[str],
    has_artifacts: bool,
) -> tuple[DeclaredEnvironment, ...]:
    """Upstream first, in the file's order where the graph leaves it open.

    Refused: unknown upstreams, circles, upstreams that say nothing, and environments that no release can reach.
    `declared`: the names of all environments, readable or not. `received`: of those that others promote into.
    """
    before = len(reader.problems)
    by_name = {environment.model.name: environment for environment in environments}
    for environment in environments:
        _check_names(reader, environment, by_name, declared, received)
    graph = {name: [u for u, _ in _upstreams(e) if u in by_name and u != name] for name, e in by_name.items()}
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        _refuse_circle(reader, by_name, error.args[1])
        return environments
    places = {name: position for position, name in enumerate(by_name)}
    found: list[DeclaredEnvironment] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=places.__getitem__)
        found += [by_name[name] for name in ready]
        sorter.done(*ready)
    # Of a graph that is mistaken already nothing more is said: what follows from a mistake is none of its own.
    if len(reader.problems) == before:
        _check_choices(reader, tuple(found))
        if not has_artifacts:
            _check_reach(reader, tuple(found))
    return tuple(found)


def _upstreams(environment: DeclaredEnvironment) -> tuple[tuple[str, Node], ...]:
    return (*environment.after, *environment.after_any)


def _check_names(
    reader: Reader, environment: DeclaredEnvironment, by_name: _Environments, declared: set[str], received: set[str]
) -> None:
    own = environment.model.name
    for upstream, node in _upstreams(environment):
        if upstream == own:
            reader.refuse(node, f"environment `{upstream}` cannot come after itself", "its upstream's name")
        elif upstream in received:
            message = f"another repository's pipeline promotes into `{upstream}`, and its releases end there"
            reader.refuse(node, message, "an environment that this pipeline promotes into")
        elif upstream not in declared:
            near = reader.nearest(upstream, (name for name in by_name if name != own))
            reader.refuse(node, f"there is no environment `{upstream}` in this pipeline", near)
    required = {name for name, _ in environment.after}
    for upstream, node in environment.after_any:
        if upstream in required:
            message = f"`{upstream}` stands in `after` too, which asks for it in any case"
            reader.refuse(node, message, "it in one of the two")


def _refuse_circle(reader: Reader, by_name: _Environments, circle: list[str]) -> None:
    node = next(n for u, n in _upstreams(by_name[circle[1]]) if u == circle[0])
    message = f"the environments come after each other in a circle: {' → '.join(circle)}"
    reader.refuse(node, message, "one as root")


# --- what never works, or never matters -------------------------------------------------------------------------------


def _check_choices(reader: Reader, environments: tuple[DeclaredEnvironment, ...]) -> None:
    """Refuse an `after_any` in which one environment always does: the others would be gates in appearance only."""
    passed: dict[str, frozenset[str]] = {}
    for environment in environments:
        model = environment.model
        ways = [passed[name] | {name} for name in model.after_any]
        passed[model.name] = frozenset().union(*(passed[name] | {name} for name in model.after))
        required = {*model.after, *passed[model.name]}
        for name, node in environment.after_any:
            for later in _later(name, environment, passed, required):
                message = f"what is verified in `{later}` was verified in `{name}` before, which then always does"
                reader.refuse(node, message, f"`after_any` without `{name}`")
                break
        if ways:
            passed[model.name] |= frozenset.intersection(*ways)


def _later(
    name: str, environment: DeclaredEnvironment, passed: Mapping[str, frozenset[str]], required: set[str]
) -> Iterator[str]:
    """The upstreams into which nothing comes that was not verified in `name`, itself one of `after_any`."""
    if name in required:
        yield next(one for one in environment.model.after if name in passed[one])
    yield from (one for one in environment.model.after_any if name in passed[one])


def _check_reach(reader: Reader, environments: tuple[DeclaredEnvironment, ...]) -> None:
    """Refuse an environment that asks for one commit from several roots.

    Where commits are promoted each root has its own: what is verified behind one is never verified behind the other.
    """
    sources: dict[str, frozenset[str]] = {}
    for environment in environments:
        model = environment.model
        asked = [sources[name] for name in model.after]
        asked += [frozenset().union(*(sources[name] for name in model.after_any))] if model.after_any else []
        # Of what lies behind an environment that cannot be reached nothing is said besides.
        known = all(asked)
        sources[model.name] = frozenset.intersection(*asked) if asked else frozenset({model.name})
        if known and not sources[model.name]:
            roots = " and ".join(f"`{root}`" for root in sorted(frozenset().union(*asked)))
            message = f"no release can reach `{model.name}`: {roots} are branches, each of commits of its own"
            reader.refuse(_upstreams(environment)[-1][1], message, "upstreams behind one root, or `after_any`")
