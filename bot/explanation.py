"""The answer to `/explain`: why this version of an artifact, and why not each of the others. No I/O."""

from collections import Counter

from bot.actions import Ask
from bot.messages import cell, code
from bot.model import Observation, Release, Tags, Unknown
from bot.selection import consider
from bot.versions import Choice, Rejection
from config.pipeline import Artifacts, ImageSource, Pipeline, Strategy

_MOST_SHOWN = 20
_MOST_REASONS = 10
_MOST_ADMITTED = 10


def explain(pipeline: Pipeline, seen: Observation, release: Release, artifact: str | None) -> str:
    """Markdown about one artifact by its name, or about all of a pipeline's."""
    if not pipeline.artifacts:
        return "This pipeline promotes commits of a branch; there is no choice of versions to explain."
    wanted = [artifact] if artifact is not None else list(pipeline.artifacts)
    unknown = [name for name in wanted if name not in pipeline.artifacts]
    if unknown:
        known = ", ".join(code(name) for name in pipeline.artifacts)
        return f"There is no artifact {code(unknown[0])} in this pipeline; there are {known}."
    return "\n\n".join(_one(name, pipeline.artifacts[name], seen, release) for name in wanted)


def _one(name: str, source: Artifacts, seen: Observation, release: Release) -> str:
    present = next((a for a in release.artifacts if a.name == name), None)
    head = f"**{name}** {code(source.location)}: {_declared(source)}."
    if present is not None:
        head = f"{head} This promotion carries {code(present.label)}."
    considered = consider(name, source, seen, present)
    if isinstance(considered, Unknown):
        return f"{head}\n\nThe choice cannot be told now: {cell(considered.reason)}."
    if isinstance(considered, Ask):
        return f"{head}\n\nThe choice cannot be told now: the build times of its tags are being read."
    tags = seen.tags[name]
    read = f", as read {tags.read_at:%Y-%m-%d %H:%M} UTC" if isinstance(tags, Tags) else ""
    return f"{head}\n\n{_admitted(considered)}{read}.{_refused(considered)}"


def _declared(source: Artifacts) -> str:
    """The rule in words."""
    strategy = source.strategy if isinstance(source, ImageSource) else Strategy.SEMVER
    parts = [f"strategy `{strategy}`"]
    if strategy in (Strategy.SEMVER, Strategy.DIGEST):
        parts.append(f"constraint {code(source.constraint)}")
    if source.allow_tags is not None:
        parts.append(f"allow_tags {code(source.allow_tags)}")
    if source.ignore_tags:
        parts.append(f"ignore_tags {', '.join(code(glob) for glob in source.ignore_tags)}")
    return ", ".join(parts)


def _admitted(choice: Choice) -> str:
    if not choice.accepted:
        return "No tag is admitted"
    newest = [code(tag) for tag in reversed(choice.accepted[-_MOST_ADMITTED:])]
    more = len(choice.accepted) - len(newest)
    return f"Admitted, newest first: {', '.join(newest)}{f' and {more} older' if more else ''}"


def _refused(choice: Choice) -> str:
    """The newest of the refused with their reasons one by one, the others by reason."""
    if not choice.rejected:
        return ""
    shown, rest = choice.rejected[-_MOST_SHOWN:], choice.rejected[:-_MOST_SHOWN]
    listed = "\n".join(_row(one) for one in reversed(shown))
    return f"\n\n| Refused tag | It |\n|---|---|\n{listed}{_others(rest)}"


def _row(one: Rejection) -> str:
    return f"| {code(one.tag)} | {cell(one.reason)} |"


def _others(rest: tuple[Rejection, ...]) -> str:
    if not rest:
        return ""
    counted = Counter(one.reason for one in rest).most_common(_MOST_REASONS)
    reasons = "; ".join(f"{count} {cell(reason)}" for reason, count in counted)
    return f"\n\nOf {len(rest)} more refused tags: {reasons}."
