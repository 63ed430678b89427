"""What is looked for in files: one artifact of a pipeline, an image or a chart. No I/O."""

import re
from dataclasses import dataclass, replace

from bot.image_reference import HUB, ImageReference, ImageReferenceError, normalise_repository, parse_reference
from config.pipeline import Artifacts, ChartSource, Pipeline, Write

_URL = re.compile(r"(https?)://([^/#]+)(/[^#]*)?", re.IGNORECASE)
# What a template puts behind a repository does not stand there.
_FILLED_IN = r"(?!:?[ \t]*[\"']?\{\{)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`name`: what markers call it. `write`: the places declared, instead of all that are inferred.

    `repository`: normalised (`ghcr.io/org/app`); a chart of an HTTP repository is `https://host/path#name`.
    """

    name: str
    repository: str
    write: tuple[Write, ...] = ()
    chart: bool = False

    @classmethod
    def of(cls, name: str, source: Artifacts) -> "Subject":
        """The artifact that is declared so. Raises ImageReferenceError where its repository names none."""
        chart = isinstance(source, ChartSource)
        location = source.location
        return cls(
            name=name,
            repository=chart_url(location) if "://" in location else normalise_repository(location),
            write=source.write,
            chart=chart,
        )

    @property
    def last(self) -> str:
        """What every text that holds it holds too: the last part of its repository."""
        return self.repository.rpartition("#" if "#" in self.repository else "/")[2]

    def reference(self, text: str) -> ImageReference | None:
        """The text as a reference of this image, or None where it is none or another's.

        A template is left in the tag: `app:{{ .Values.tag }}` names the image as well.
        """
        if self.last not in text:
            return None
        name, template, rest = text.partition("{{")
        try:
            reference = parse_reference(name.rstrip(":@") if template else text)
        except ImageReferenceError:
            return None
        if template and name[-1:].isalnum() and not (reference.tag or reference.digest):
            # The template goes on with the repository's name.
            return None
        if reference.repository != self.repository:
            return None
        return replace(reference, tag=f"{template}{rest}") if template else reference

    def mentioned_in(self, text: str) -> bool:
        """Whether a text that cannot be read as YAML appears to hold it."""
        return _mention(self).search(text) is not None


def subjects(pipeline: Pipeline) -> tuple[Subject, ...]:
    """Every artifact of a pipeline, in the order of the declaration."""
    return tuple(Subject.of(name, source) for name, source in pipeline.artifacts.items())


def _mention(subject: Subject) -> re.Pattern[str]:
    """Docker's own images have names that are common words: they count as a reference or an image's value only."""
    repository, _, _ = subject.repository.partition("#")
    host, _, path = repository.partition("/")
    path = path.removeprefix("library/") if host == HUB else path
    if subject.chart:
        # Files name a chart's repository and the chart apart.
        whole = repository if "://" in repository else path.rpartition("/")[0] or host
        return re.compile(re.escape(whole), re.IGNORECASE)
    if "/" in path or host != HUB:
        # A values file may keep host and path apart; elsewhere a path is that of many things, such as of the code.
        whole = rf"(?<![\w./-]){re.escape(f'{host}/{path}')}"
        short = rf"(?i:repository|image|name)[\"']?:[ \t]*[\"']?{re.escape(path)}"
        if host == HUB:
            short = rf"{short}|(?<![\w./-]){re.escape(path)}(?=:\w|@sha)"
        return re.compile(rf"(?:{whole}|{short})(?![\w./-]){_FILLED_IN}")
    name = re.escape(path)
    return re.compile(
        rf"library/{name}(?![\w./-]){_FILLED_IN}|(?<![\w./-]){name}(?::\w|@sha)"
        rf"|(?:image|repository|newName|- name):[ \t]*[\"']?{name}[\"']?[ \t]*(?:$|#)",
        re.MULTILINE,
    )


def chart_url(location: str) -> str:
    """The address of a chart in an HTTP repository, `https://host/path#name`, in one spelling."""
    address, _, name = location.partition("#")
    found = _URL.match(address)
    if found is None:
        return location
    return f"{found[1].lower()}://{found[2].lower()}{(found[3] or '').rstrip('/')}#{name}"


def chart_location(repository: str, name: str | None) -> str | None:
    """Where a chart lies that a file names by repository and name; None where the two name none.

    `oci://host/path`, `https://host/path`, or an OCI registry as Argo CD writes it, without scheme.
    """
    if repository.lower().startswith(("https://", "http://")):
        return chart_url(f"{repository}#{name}") if name else None
    path = repository.removeprefix("oci://").rstrip("/")
    try:
        return normalise_repository(f"{path}/{name}" if name else path)
    except ImageReferenceError:
        return None
