"""Which version of one artifact goes into the next release, and why. No I/O.

The choice among tags is `bot.versions`; here it meets the facts that only the registry has: where a tag points, when it
was built, for which platforms. They are asked for newest first and only as far as they matter.
"""

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.actions import Ask
from bot.model import Artifact, Digest, ImageDetails, Observation, Tags, Unknown, short_digest
from bot.platforms import platform_matches
from bot.versions import Choice, Rejection, choose, newer, rules_of
from config.pipeline import Artifacts, ImageSource, Pin, Strategy

# Past so many tags without a build time, or refused for their platforms, people should narrow the declaration.
_MOST_DATED = 500
_MOST_TRIED = 10
_ASKED_TOGETHER = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """What became of one artifact.

    `artifact` None: nothing can be said yet, for `reason`, or `ask` says what is missing.
    `refused`: admitted tags that the registry's facts rule out. `until`: when a tag that is too young comes of age.
    """

    artifact: Artifact | None
    reason: str
    ask: Ask = Ask()
    choice: Choice | None = None
    refused: tuple[Rejection, ...] = field(default=())

    @property
    def until(self) -> datetime | None:
        return self.choice.until if self.choice else None


def pick(name: str, source: Artifacts, seen: Observation, present: Artifact | None, *, pinned: bool) -> Pick:
    """The newest version the declaration admits, or `present` where that is no older.

    `pinned`: a digest is written in Git, so a tag that was moved is a change that can be promoted.
    """
    considered = consider(name, source, seen, present)
    if isinstance(considered, Unknown):
        return Pick(artifact=None, reason=considered.reason)
    if isinstance(considered, Ask):
        return Pick(artifact=None, reason=f"{source.location}: reading when its tags were built", ask=considered)
    refused: list[Rejection] = []
    for tag in _later(considered, forward(name, source, seen, present)):
        match resolved(name, source, tag, seen, with_it=_next_to_try(source, tag, considered)):
            case Artifact() as artifact:
                reason = f"{tag} is the newest version the declaration admits"
                return Pick(artifact=artifact, reason=reason, choice=considered, refused=tuple(refused))
            case Ask() as ask:
                return Pick(artifact=None, reason="resolving digests", ask=ask, choice=considered)
            case Unknown(reason):
                return Pick(artifact=None, reason=f"{source.location}:{tag}: {reason}", choice=considered)
            case why:
                refused.append(Rejection(tag, why))
        if len(refused) == _MOST_TRIED:
            reason = (
                f"the {_MOST_TRIED} newest tags of {source.location} are refused; {refused[0].tag} {refused[0].reason}"
            )
            return Pick(artifact=None, reason=reason, choice=considered, refused=tuple(refused))
    return _standing(name, source, considered, seen, present, refused=tuple(refused), pinned=pinned)


def consider(name: str, source: Artifacts, seen: Observation, present: Artifact | None) -> Choice | Unknown | Ask:
    """The choice among the tags the registry lists; or the facts that are missing for it."""
    tags = seen.tags.get(name, Unknown("the registry has not been read"))
    if isinstance(tags, Unknown):
        return Unknown(f"{source.location}: {tags.reason}")
    choice = choose(
        tags.names,
        rules_of(source),
        present=present.tag if present and present.tag else None,
        built=built(name, source, seen),
        appeared=appeared(tags),
        now=seen.now,
    )
    return _dates(source, choice.undated, tags, seen) if choice.undated else choice


def appeared(tags: Tags) -> Mapping[str, datetime]:
    """Since when a tag is what it is: by the registry's clock, else by ours. Never by its publisher's."""
    return {**tags.first_seen, **tags.pushed}


def built(name: str, source: Artifacts, seen: Observation) -> Mapping[str, datetime | None] | None:
    """For `newest-build`: when each tag was built, as far as it is known; None where it is known to say nothing."""
    tags = seen.tags.get(name)
    if (
        not isinstance(source, ImageSource)
        or source.strategy is not Strategy.NEWEST_BUILD
        or not isinstance(tags, Tags)
    ):
        return None
    times: dict[str, datetime | None] = dict(tags.pushed)
    for tag in tags.names:
        digest = _pointing(source, tag, tags, seen)
        if tag in times or isinstance(digest, Unknown):
            continue
        details = seen.details.get((source.location, digest)) if digest else None
        if digest is None:
            times[tag] = None
        elif isinstance(details, ImageDetails):
            wanted = [t for p, t in details.platforms.items() if t and _offers(source.platforms, p)]
            times[tag] = max(wanted, default=None)
    return times


def _pointing(source: Artifacts, tag: str, tags: Tags, seen: Observation) -> Digest | Unknown | None:
    """Where a tag points, as just asked, else as it was not long ago."""
    known = tags.pointing.get(tag) or Unknown("not asked")
    return seen.digests.get((source.location, tag), known)


def _offers(platforms: tuple[str, ...], offered: str) -> bool:
    return not platforms or any(platform_matches(wanted, offered) for wanted in platforms)


def _dates(source: Artifacts, undated: tuple[str, ...], tags: Tags, seen: Observation) -> Ask | Unknown:
    """What to ask for to learn when these tags were built."""
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
        known = seen.details.get((source.location, digest))
        if isinstance(known, Unknown):
            return Unknown(f"{source.location}:{tag}: {known.reason}")
        details.add((source.location, digest))
    return Ask(digests=frozenset(digests), details=frozenset(details))


def forward(name: str, source: Artifacts, seen: Observation, present: Artifact | None) -> Callable[[str], bool]:
    """Tells whether a tag would be a step forward from what stands."""
    rules, times = rules_of(source), built(name, source, seen)

    def onward(tag: str) -> bool:
        if present is None or not present.tag:
            return True
        if rules.strategy is Strategy.DIGEST:
            # The one tag that is followed, unless it stands already: then only its digest can be news.
            return tag != present.tag
        return newer(tag, present.tag, rules, built=times)

    return onward


def _later(choice: Choice, onward: Callable[[str], bool]) -> Iterator[str]:
    """The admitted tags that would be a step forward, newest first; all are sorted only once the first is refused."""
    if choice.selected is None or not onward(choice.selected):
        return
    yield choice.selected
    yield from itertools.takewhile(onward, (tag for tag in reversed(choice.accepted) if tag != choice.selected))


def resolved(
    name: str, source: Artifacts, tag: str, seen: Observation, *, with_it: tuple[str, ...] = ()
) -> Artifact | Ask | Unknown | str:
    """The tag as an artifact; what is missing for that; or a sentence's end that says why it cannot be taken.

    `with_it`: tags whose digests are asked for along with it, since they may be needed next.
    """
    if (source.location, tag) not in seen.digests:
        return Ask(digests=frozenset((source.location, t) for t in (tag, *with_it)))
    digest = seen.digests[source.location, tag]
    if isinstance(digest, Unknown):
        return digest
    if digest is None:
        return "is gone from the registry"
    if isinstance(source, ImageSource) and source.platforms:
        details = seen.details.get((source.location, digest))
        if details is None:
            return Ask(details=frozenset({(source.location, digest)}))
        if isinstance(details, Unknown):
            return details
        lacking = [w for w in source.platforms if not any(platform_matches(w, p) for p in details.platforms)]
        if lacking:
            return f"has no image for {', '.join(lacking)}"
    return Artifact(name=name, repository=source.location, tag=tag, digest=digest)


def _next_to_try(source: Artifacts, tag: str, choice: Choice) -> tuple[str, ...]:
    """Where a tag may yet be refused for its platforms, the ones before it are asked for along with it."""
    if not isinstance(source, ImageSource) or not source.platforms:
        return ()
    at = choice.accepted.index(tag)
    return choice.accepted[max(0, at + 1 - _ASKED_TOGETHER) : at]


def _standing(
    name: str,
    source: Artifacts,
    choice: Choice,
    seen: Observation,
    present: Artifact | None,
    *,
    refused: tuple[Rejection, ...],
    pinned: bool,
) -> Pick:
    """Nothing newer: what stands stays, unless its tag now points elsewhere and Git can say so."""
    if present is None:
        said = f"; {refused[0].tag} {refused[0].reason}" if refused else ""
        reason = f"no tag of {source.location} satisfies the declaration{said}"
        return Pick(artifact=None, reason=reason, choice=choice, refused=refused)
    stays = Pick(artifact=present, reason=f"{present.tag} stands", choice=choice, refused=refused)
    if not (pinned or pins(source)) or not choice.admits(present.tag):
        return stays
    match resolved(name, source, present.tag, seen):
        case Ask() as ask:
            return Pick(artifact=None, reason="resolving digests", ask=ask, choice=choice)
        case Artifact() as moved if moved.digest != present.digest:
            reason = (
                f"the tag {present.tag} was moved from {short_digest(present.digest)} to {short_digest(moved.digest)}"
            )
            return Pick(artifact=moved, reason=reason, choice=choice, refused=refused)
        case _:
            # Where it points cannot be told, or nowhere: what runs is known by its digest and stays.
            return stays


def pins(source: Artifacts) -> bool:
    """Whether the digest is to be written, so that it is what is promoted."""
    return isinstance(source, ImageSource) and source.pin in (Pin.DIGEST, Pin.BOTH)
