"""Which version of one artifact goes into the next release, and why. No I/O.

The choice among tags is `bot.versions`; here it meets the facts that only the registry has: where a tag points, when it
was built, for which platforms. They are asked for newest first and only as far as they matter.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot import build_times
from bot.actions import Ask
from bot.bounded import Bounded
from bot.model import Artifact, ImageDetails, Observation, Tags, Unknown, short_digest
from bot.platforms import platform_matches
from bot.versions import Choice, Rejection, choose, newer, rules_of
from config.pipeline import Artifacts, ImageSource, Pin, Strategy

# Past so many tags refused for their platforms people should look at the declaration, or at the builds.
_MOST_REFUSED = 10
_ASKED_TOGETHER = 4


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
    later = _later(considered, forward(considered, seen, present))
    for tag in later:
        match resolved(name, source, tag, seen):
            case Artifact() as artifact:
                reason = f"{tag} is the newest version the declaration admits"
                return Pick(artifact=artifact, reason=reason, choice=considered, refused=tuple(refused))
            case Ask() as ask:
                ask |= _next_to_try(name, source, itertools.islice(later, _ASKED_TOGETHER), seen)
                return Pick(artifact=None, reason="resolving digests", ask=ask, choice=considered)
            case Unknown(reason):
                return Pick(artifact=None, reason=f"{source.location}:{tag}: {reason}", choice=considered)
            case why:
                refused.append(Rejection(tag, why))
        if len(refused) == _MOST_REFUSED:
            newest = refused[0]
            reason = f"the {len(refused)} newest tags of {source.location} are refused; {newest.tag} {newest.reason}"
            return Pick(artifact=None, reason=reason, choice=considered, refused=tuple(refused))
    return _standing(name, source, considered, seen, present, refused=tuple(refused), pinned=pinned)


def consider(name: str, source: Artifacts, seen: Observation, present: Artifact | None) -> Choice | Unknown | Ask:
    """The choice among the tags the registry lists; or the facts that are missing for it."""
    tags = seen.tags.get(name, Unknown("the registry has not been read"))
    if isinstance(tags, Unknown):
        return Unknown(f"{source.location}: {tags.reason}")
    if isinstance(source, ImageSource) and source.strategy is Strategy.NEWEST_BUILD:
        return _dated(source, tags, seen, present)
    return _chosen(source, tags, seen, present)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What a choice was made of. `facts`: the identities of what it looked at; `size`: how many tags it holds."""

    source: Artifacts
    present: Artifact | None
    now: datetime | None
    facts: tuple[int, ...]
    size: int


# A choice among very many tags takes long, and a pass asks for the same one several times. What it looked at is kept
# along with it, so that nothing else can take on its identity. So many tags are kept, some megabytes.
_MOST_KEPT = 250_000
_kept: Bounded[_Made, tuple[Choice, tuple[object, ...]]] = Bounded(_MOST_KEPT, weigh=lambda made: made.size)


def _chosen(
    source: Artifacts,
    tags: Tags,
    seen: Observation,
    present: Artifact | None,
    *,
    times: Callable[[], build_times.Times] | None = None,
    of: tuple[object, ...] = (),
) -> Choice:
    """The choice, from memory where it was made of the same facts. `times`: by what to date, worked out from `of`."""
    rules = rules_of(source)
    aging = rules.minimum_age is not None
    looked_at = (tags.names, *of, *((tags.first_seen, tags.pushed) if aging else ()))
    made = _Made(
        source=source,
        present=present,
        now=seen.now if aging else None,
        facts=tuple(id(fact) for fact in looked_at),
        size=len(tags.names) + 1,
    )
    known = _kept.get(made)
    if known is not None:
        return known[0]
    standing = present.tag if present and present.tag else None
    built = times() if times else None
    choice = choose(tags.names, rules, present=standing, built=built, appeared=appeared(tags), now=seen.now)
    _kept.put(made, (choice, looked_at))
    return choice


def _dated(source: ImageSource, tags: Tags, seen: Observation, present: Artifact | None) -> Choice | Unknown | Ask:
    """The choice by build times: by the registry's clock, where it has a time for all, else by what the images say."""

    def by_push() -> build_times.Times:
        return build_times.pushed(tags, present)

    def by_image() -> build_times.Times:
        return build_times.built(source, tags, seen, present)

    if build_times.tells_pushes(tags, present):
        choice = _chosen(source, tags, seen, present, times=by_push, of=(tags.pushed,))
        if not choice.undated:
            return choice
    choice = _chosen(source, tags, seen, present, times=by_image, of=(tags.pointing, seen.digests, seen.details))
    if not choice.accepted and not choice.undated:
        return choice
    missing = build_times.missing(source, choice.undated, tags, seen, present)
    return missing if isinstance(missing, Unknown) or missing else choice


def appeared(tags: Tags) -> Mapping[str, datetime]:
    """Since when a tag is what it is: by the registry's clock, else by ours. Never by its publisher's."""
    return {**tags.first_seen, **tags.pushed}


def forward(choice: Choice, seen: Observation, present: Artifact | None) -> Callable[[str], bool]:
    """Tells whether a tag would be a step forward from what stands."""
    rules, times = choice.judge.rules, choice.judge.built
    names = _names(present, seen) if present else ()

    def onward(tag: str) -> bool:
        if present is None:
            return True
        if rules.strategy is Strategy.DIGEST:
            # The one tag that is followed, unless it stands already: then only its digest can be news.
            return tag != present.tag
        if rules.strategy is Strategy.NEWEST_BUILD:
            return tag != present.tag and build_times.later(tag, present, times)
        return all(newer(tag, name, rules) for name in names)

    return onward


def _names(present: Artifact, seen: Observation) -> tuple[str, ...]:
    """The tag that stands; where only a digest does, the tags that are known to point at it."""
    if present.tag:
        return (present.tag,)
    tags = seen.tags.get(present.name)
    known: dict[str, object] = dict(tags.pointing) if isinstance(tags, Tags) else {}
    known |= {tag: digest for (repository, tag), digest in seen.digests.items() if repository == present.repository}
    return tuple(tag for tag, digest in known.items() if digest == present.digest)


def _later(choice: Choice, onward: Callable[[str], bool]) -> Iterator[str]:
    """The admitted tags that would be a step forward, newest first."""
    if choice.selected is None or not onward(choice.selected):
        return
    yield from itertools.takewhile(onward, choice.descending())


def resolved(name: str, source: Artifacts, tag: str, seen: Observation) -> Artifact | Ask | Unknown | str:
    """The tag as an artifact; what is missing for that; or a sentence's end that says why it cannot be taken."""
    if (source.location, tag) not in seen.digests:
        return Ask(digests=frozenset({(source.location, tag)}))
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
        if lacking := lacking_platforms(source, details):
            return f"has no image for {', '.join(lacking)}"
    return Artifact(name=name, repository=source.location, tag=tag, digest=digest)


def _next_to_try(name: str, source: Artifacts, tags: Iterable[str], seen: Observation) -> Ask:
    """Where a tag may yet be refused for its platforms, the same is asked of the next ones along with it."""
    ask = Ask()
    if isinstance(source, ImageSource) and source.platforms:
        for tag in tags:
            match resolved(name, source, tag, seen):
                case Ask() as wanted:
                    ask |= wanted
                case _:
                    continue
    return ask


def lacking_platforms(source: ImageSource, details: ImageDetails) -> tuple[str, ...]:
    """The declared platforms for which there is no image."""
    return tuple(w for w in source.platforms if not any(platform_matches(w, p) for p in details.platforms))


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
    stays = Pick(artifact=present, reason=f"{present.label} stands", choice=choice, refused=refused)
    if not (pinned or pins(source)) or not choice.admits(present.tag):
        return stays
    match resolved(name, source, present.tag, seen):
        case Ask() as ask:
            return Pick(artifact=None, reason="resolving digests", ask=ask, choice=choice)
        case Artifact() as moved if moved.digest != present.digest and not _moved_back(present, choice):
            reason = (
                f"the tag {present.tag} was moved from {short_digest(present.digest)} to {short_digest(moved.digest)}"
            )
            return Pick(artifact=moved, reason=reason, choice=choice, refused=refused)
        case _:
            # Where it points cannot be told, or nowhere: what runs is known by its digest and stays.
            return stays


def _moved_back(present: Artifact, choice: Choice) -> bool:
    """Where the newest build is wanted, whether the tag that stands was put on an older one."""
    newest_build = choice.judge.rules.strategy is Strategy.NEWEST_BUILD
    return newest_build and build_times.moved_back(present, choice.judge.built)


def pins(source: Artifacts) -> bool:
    """Whether the digest is to be written, so that it is what is promoted."""
    return isinstance(source, ImageSource) and source.pin in (Pin.DIGEST, Pin.BOTH)
