"""When the images behind an artifact's tags were built, for `strategy: newest-build`. No I/O.

One clock for all of them: the registry's, where it tells when every tag that counts was pushed, else what the images
say of themselves. Between the two nothing could be compared. What stands in Git is dated by its own digest: its tag may
be gone from the registry, or point elsewhere by now.
"""

from collections.abc import Mapping
from datetime import datetime

from bot.actions import Ask
from bot.model import Artifact, Digest, ImageDetails, Observation, Tags, Unknown
from bot.platforms import platform_matches
from config.pipeline import ImageSource

# Past so many tags without a build time people should narrow the declaration.
_MOST_DATED = 500
# The key, no tag's name, of the time of what stands.
_STANDING = ""

Times = Mapping[str, datetime | None]


def tells_pushes(tags: Tags, present: Artifact | None) -> bool:
    """Whether the registry's clock has a time for what stands."""
    return bool(tags.pushed) and (present is None or present.tag in tags.pushed)


def pushed(tags: Tags, present: Artifact | None) -> Times:
    """By the registry's clock; empty where it has no time for what stands."""
    if present is None:
        return tags.pushed
    # A tag that was moved was pushed after what stands, so that nothing is taken for newer that is not.
    since = tags.pushed.get(present.tag)
    return {**tags.pushed, _STANDING: since} if since else {}


def built(source: ImageSource, tags: Tags, seen: Observation, present: Artifact | None) -> Times:
    """By what the images say, as far as it is known; None where one is known to say nothing, or is gone."""
    times: dict[str, datetime | None] = {}
    for tag in tags.names:
        digest = _pointing(source, tag, tags, seen)
        if digest is None:
            times[tag] = None
        elif isinstance(details := _details(source, digest, seen), ImageDetails):
            times[tag] = _latest(source, details)
    if present is not None and isinstance(details := _details(source, present.digest, seen), ImageDetails):
        times[_STANDING] = _latest(source, details)
    return times


def later(tag: str, present: Artifact, times: Times) -> bool:
    """Whether the tag's image was built after what stands; of one moment, by name, so that two never take turns."""
    if _STANDING not in times:
        return False
    mine, theirs = times.get(tag), times[_STANDING]
    return mine is not None and (theirs is None or (mine, tag) > (theirs, present.tag))


def moved_back(present: Artifact, times: Times) -> bool:
    """Whether the tag that stands points at an image now that was built before what stands, or says no time."""
    mine, theirs = times.get(present.tag), times.get(_STANDING)
    return theirs is not None and (mine is None or mine < theirs)


def missing(
    source: ImageSource, undated: tuple[str, ...], tags: Tags, seen: Observation, present: Artifact | None
) -> Ask | Unknown:
    """What to ask for to learn when these tags and what stands were built; an empty Ask if nothing is missing."""
    if len(undated) > _MOST_DATED:
        return Unknown(
            f"{source.location}: {len(undated)} tags are admitted, and the build time of each would have to be read; "
            "narrow them with allow_tags"
        )
    digests: set[tuple[str, str]] = set()
    details: set[tuple[str, str]] = set()
    for tag in undated:
        digest = _pointing(source, tag, tags, seen)
        if isinstance(digest, Unknown) or digest is None:
            if (source.location, tag) in seen.digests:
                return Unknown(f"{source.location}:{tag}: {digest.reason if digest else 'it is gone'}")
            digests.add((source.location, tag))
            continue
        known = _details(source, digest, seen)
        if isinstance(known, Unknown):
            return Unknown(f"{source.location}:{tag}: {known.reason}")
        details.add((source.location, digest))
    if present is not None:
        known = _details(source, present.digest, seen)
        if known is None:
            details.add((source.location, present.digest))
        if isinstance(known, Unknown) and not digests and not details:
            return Unknown(f"{source.location}:{present.label}: when it was built is not known: {known.reason}")
    return Ask(digests=frozenset(digests), details=frozenset(details))


def _pointing(source: ImageSource, tag: str, tags: Tags, seen: Observation) -> Digest | Unknown | None:
    """Where a tag points, as just asked, else as it was not long ago."""
    known = tags.pointing.get(tag) or Unknown("not asked")
    return seen.digests.get((source.location, tag), known)


def _details(source: ImageSource, digest: Digest | Unknown, seen: Observation) -> ImageDetails | Unknown | None:
    return None if isinstance(digest, Unknown) else seen.details.get((source.location, digest))


def _latest(source: ImageSource, details: ImageDetails) -> datetime | None:
    """When the last of the builds for the declared platforms was made."""
    wanted = source.platforms
    times = (t for p, t in details.platforms.items() if not wanted or any(platform_matches(w, p) for w in wanted))
    return max((t for t in times if t), default=None)
