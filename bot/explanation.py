"""The answer to `/explain`: why this version of an artifact, and why not each of the others. No I/O."""

from collections import Counter
from collections.abc import Mapping

from bot.actions import Ask
from bot.messages import cell, code
from bot.model import Observation, Release, Tags, Unknown
from bot.selection import consider, pick
from bot.spans import spoken
from bot.versions import Choice, Rejection, overtaking
from config.pipeline import Artifacts, ImageSource, Pipeline, Strategy

_MOST_SHOWN = 20
_MOST_REASONS = 10
_MOST_ADMITTED = 10
# GitHub takes comments of 65,536 characters (REST, "Create an issue comment"), and one may answer several commands.
_LONGEST = 30_000


def explain(pipeline: Pipeline, seen: Observation, release: Release, artifact: str | None) -> str:
    """Markdown about one artifact by its name, or about all of a pipeline's."""
    if not pipeline.artifacts:
        return "This pipeline promotes commits of a branch; there is no choice of versions to explain."
    wanted = [artifact] if artifact is not None else list(pipeline.artifacts)
    unknown = [name for name in wanted if name not in pipeline.artifacts]
    if unknown:
        known = ", ".join(code(name) for name in pipeline.artifacts)
        return f"There is no artifact {code(unknown[0])} in this pipeline; there are {known}."
    return _fitting({name: _one(name, pipeline.artifacts[name], seen, release) for name in wanted})


def _fitting(answers: Mapping[str, str]) -> str:
    """As many whole answers as a comment takes; what to ask for the others."""
    said: list[str] = []
    length = 0
    for answer in answers.values():
        length += len(answer) + 2
        if said and length > _LONGEST:
            rest = len(answers) - len(said)
            last = list(answers)[-1]
            said.append(f"{rest} more artifacts do not fit in here; ask for one of them: `/explain {last}`.")
            break
        said.append(answer)
    return "\n\n".join(said)


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
    # Admitted tags that the registry's facts rule out, such as an image for too few platforms.
    ruled_out = pick(name, source, seen, present, pinned=False).refused
    return f"{head}\n\n{_admitted(considered)}{read}.{_refused(considered, ruled_out)}"


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
    if isinstance(source, ImageSource) and source.extract is not None:
        parts.append(f"extract {code(source.extract)}")
    if isinstance(source, ImageSource) and source.platforms:
        parts.append(f"platforms {', '.join(code(platform) for platform in source.platforms)}")
    if source.minimum_age:
        parts.append(f"minimum_age {spoken(source.minimum_age)}")
    return ", ".join(parts)


def _admitted(choice: Choice) -> str:
    if not choice.accepted:
        return "No tag is admitted"
    newest = [code(tag) for tag in reversed(choice.accepted[-_MOST_ADMITTED:])]
    more = len(choice.accepted) - len(newest)
    return f"Admitted, newest first: {', '.join(newest)}{f' and {more} older' if more else ''}"


def _refused(choice: Choice, ruled_out: tuple[Rejection, ...]) -> str:
    """Those that would have been newer first, then others, with their reasons one by one; the rest by reason."""
    ahead = (*ruled_out, *overtaking(choice, limit=_MOST_SHOWN))
    ordered = dict.fromkeys((*ahead, *reversed(choice.rejected)))
    if not ordered:
        return ""
    told = tuple(ordered)
    listed = "\n".join(_row(one) for one in told[:_MOST_SHOWN])
    return f"\n\n| Refused tag | It |\n|---|---|\n{listed}{_others(told[_MOST_SHOWN:])}"


def _row(one: Rejection) -> str:
    return f"| {code(one.tag)} | {cell(one.reason)} |"


def _others(rest: tuple[Rejection, ...]) -> str:
    if not rest:
        return ""
    counted = Counter(one.reason for one in rest).most_common(_MOST_REASONS)
    reasons = "; ".join(f"{count} {cell(reason)}" for reason, count in counted)
    return f"\n\nOf {len(rest)} more refused tags: {reasons}."
