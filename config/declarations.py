"""One pipeline of the file: its images and environments, read and held against each other. No I/O."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from config.environments import DeclaredEnvironment, read_environment
from config.pipeline import NAME, ImageSource
from config.reading import Entry, Reader
from config.yaml_text import Node

_KEYS = ("images", "environments")
_KEYS_LATER = ("for_each", "charts", "release")
_IMAGE_KEYS = ("repository", "strategy", "constraint", "allow_tags", "ignore_tags")
_IMAGE_KEYS_LATER = ("platforms", "minimum_age", "verify")
_STRATEGIES_LATER = frozenset({"newest-build", "digest", "alphabetical", "numerical"})
_LONGEST_NAME = 60

Check = Callable[[str], object]


def _anything(_: str) -> None:
    """The check that accepts all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """What judges texts whose grammar is not ours; each raises ValueError with the reason to show."""

    check_repository: Check = _anything
    check_constraint: Check = _anything
    check_pattern: Check = _anything
    check_glob: Check = _anything


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredPipeline:
    """`environments`: upstream first, as far as the graph could be ordered."""

    name: str
    images: dict[str, ImageSource] = field(default_factory=dict)
    environments: tuple[DeclaredEnvironment, ...] = ()


def read_pipeline(reader: Reader, entry: Entry, checks: Checks) -> DeclaredPipeline | None:
    """One pipeline, or None where not even its name can be used."""
    name = _name(reader, entry, "pipeline")
    fields = reader.fields(entry.value, f"pipeline `{entry.name}`", known=_KEYS, later=_KEYS_LATER)
    images = _images(reader, fields.get("images"), checks)
    declared = fields.get("environments")
    if declared is None:
        reader.refuse(entry.key, f"pipeline `{entry.name}` has no environments", "`environments:` with at least one")
        return None
    entries = reader.entries(declared.value, "`environments`")
    if not entries:
        reader.refuse(declared.key, f"pipeline `{entry.name}` has no environments", "at least one environment")
    has_images = "images" in fields
    environments = tuple(
        read_environment(reader, one, has_images=has_images)
        for one in entries
        if _name(reader, one, "environment") is not None
    )
    ordered = _ordered(reader, environments, declared={one.name for one in entries})
    return DeclaredPipeline(name=name, images=images, environments=ordered) if name else None


def _name(reader: Reader, entry: Entry, what: str) -> str | None:
    if re.fullmatch(NAME, entry.name) and len(entry.name) <= _LONGEST_NAME:
        return entry.name
    better = re.sub(r"[^a-z0-9]+", "-", entry.name.lower()).strip("-")[:_LONGEST_NAME]
    message = f"the {what} name {entry.name!r} must be lower-case letters, digits and hyphens, at most {_LONGEST_NAME}"
    reader.refuse(entry.key, message, f"`{better}`" if better else None)
    return None


# --- images -----------------------------------------------------------------------------------------------------------


def _images(reader: Reader, entry: Entry | None, checks: Checks) -> dict[str, ImageSource]:
    images: dict[str, ImageSource] = {}
    if entry is None:
        return images
    entries = reader.entries(entry.value, "`images`")
    if not entries:
        reader.refuse(entry.key, "`images` names no image", "at least one image, or remove `images`")
    for one in entries:
        name = _name(reader, one, "image")
        image = _image(reader, one, checks)
        if name is None or image is None:
            continue
        if other := next((n for n, i in images.items() if i.repository == image.repository), None):
            reader.refuse(one.key, f"image `{other}` has the repository {image.repository} too", "each repository once")
        images[name] = image
    return images


def _image(reader: Reader, entry: Entry, checks: Checks) -> ImageSource | None:
    what = f"image `{entry.name}`"
    fields = reader.fields(entry.value, what, known=_IMAGE_KEYS, later=_IMAGE_KEYS_LATER)
    if "repository" not in fields:
        reader.refuse(entry.key, f"{what} has no repository", "`repository:` and where the image is pushed to")
        return None
    repository = _repository(reader, fields["repository"].value, checks)
    if strategy := fields.get("strategy"):
        _strategy(reader, strategy.value)
    constraint = fields.get("constraint")
    allowed = fields.get("allow_tags")
    ignored = fields.get("ignore_tags")
    texts = reader.texts(ignored.value, "`ignore_tags`") if ignored else ()
    image = ImageSource(
        repository=repository or "",
        constraint=(_checked(reader, constraint.value, "constraint", checks.check_constraint) if constraint else "")
        or "*",
        allow_tags=_checked(reader, allowed.value, "allow_tags", checks.check_pattern) if allowed else None,
        ignore_tags=tuple(
            text for text, node in texts if _checked(reader, node, "an item of `ignore_tags`", checks.check_glob)
        ),
    )
    return image if repository else None


def _strategy(reader: Reader, node: Node) -> None:
    text = reader.text(node, "strategy")
    if text in _STRATEGIES_LATER:
        reader.refuse(node, f"the strategy {text!r} is not supported by this version yet", "`semver`")
    elif text not in (None, "semver"):
        reader.refuse(node, f"{text!r} is not a strategy", "`semver`")


def _repository(reader: Reader, node: Node, checks: Checks) -> str | None:
    text = reader.text(node, "repository")
    if text is None:
        return None
    name = text.partition("@")[0]
    last = name.rfind("/") + 1
    bare = name[:last] + name[last:].partition(":")[0]
    if "://" in text:
        reader.refuse(node, "an image's repository is written without a scheme", f"`{text.partition('://')[2]}`")
    elif text != bare:
        reader.refuse(node, "an image's repository is written without tag and digest", f"`{bare}`")
    elif text != text.lower():
        reader.refuse(node, "an image's repository is written in lower case", f"`{text.lower()}`")
    else:
        return _checked(reader, node, "repository", checks.check_repository)
    return None


def _checked(reader: Reader, node: Node, what: str, check: Check) -> str | None:
    text = reader.text(node, what)
    if text is None:
        return None
    try:
        check(text)
    except ValueError as error:
        reader.refuse(node, f"{what}: {error}")
        return None
    return text


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
