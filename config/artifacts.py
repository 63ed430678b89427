"""What travels through a pipeline: its images and charts, read and held against each other. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.charts import read_chart
from config.checks import Checks
from config.images import read_image
from config.pipeline import Artifacts, ChartSource, ImageSource
from config.reading import Entry, Fields, Reader


@dataclass(frozen=True, slots=True)
class DeclaredArtifacts:
    """What could be read of them, by name. `names`: all that are declared, readable or not."""

    images: Mapping[str, ImageSource] = field(default_factory=dict)
    charts: Mapping[str, ChartSource] = field(default_factory=dict)
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the artifacts of a pipeline lie, each under its one spelling, and who lies there."""

    reader: Reader
    checks: Checks
    taken: dict[str, str] = field(default_factory=dict)

    def take(self, entry: Entry, label: str, artifact: Artifacts) -> None:
        """Refuse an artifact that lies where another does."""
        location = artifact.location
        normal = location if "://" in location else self.checks.check_repository(location)
        place = normal if isinstance(normal, str) else location
        other = self.taken.setdefault(place, label)
        if other != label:
            self.reader.refuse(entry.key, f"{other} has the repository {location} too", "each repository once")


def read_artifacts(reader: Reader, fields: Fields, checks: Checks) -> DeclaredArtifacts:
    """The artifacts of a pipeline whose keys are `fields`. A name stands for one of them, and each lies elsewhere."""
    images: dict[str, ImageSource] = {}
    charts: dict[str, ChartSource] = {}
    places = _Places(reader, checks)
    declared_images, declared_charts = _entries(reader, fields, "images"), _entries(reader, fields, "charts")
    for one in declared_images:
        name, image = reader.name(one, "image"), read_image(reader, one, checks)
        if name and image:
            places.take(one, f"image `{name}`", image)
            images[name] = image
    for one in declared_charts:
        name, chart = reader.name(one, "chart"), read_chart(reader, one, checks)
        if name in images:
            message = f"`{name}` is the name of an image already, and rules and commands know both by their names"
            reader.refuse(one.key, message, "another name")
        elif name and chart:
            places.take(one, f"chart `{name}`", chart)
            charts[name] = chart
    return DeclaredArtifacts(images, charts, tuple(one.name for one in (*declared_images, *declared_charts)))


def _entries(reader: Reader, fields: Fields, key: str) -> tuple[Entry, ...]:
    if key not in fields:
        return ()
    before = len(reader.problems)
    entries = reader.entries(fields[key].value, f"`{key}`")
    if not entries and len(reader.problems) == before:
        reader.refuse(fields[key].key, f"`{key}` names no {key[:-1]}", f"at least one {key[:-1]}, or remove `{key}`")
    return entries
