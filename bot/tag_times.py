"""Since when a tag points where it points, by a clock its publisher does not own. No I/O.

Two clocks count: the registry's, where its vendor's API tells when a tag was pushed, and our own, which starts when we
first see the tag and starts again when it points elsewhere, so that a tag pushed again does not inherit an age. A
memory that is lost makes things wait again, nothing else.
"""

import heapq
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from bot.image_reference import is_digest
from bot.model import Digest, Tags

_NUMBER = re.compile(r"\d{1,18}")
_VERSION_LIKE = re.compile(r"v?\d+\.")


@dataclass(frozen=True, slots=True)
class Since:
    """`digest`: where the tag points since then; None where nobody said."""

    at: datetime
    digest: Digest | None


class FirstSeen:
    """Our own clock for the tags of one repository. `changed`: it holds what is not kept yet."""

    def __init__(self, since: Mapping[str, Since] | None = None) -> None:
        self.since = dict(since or {})
        self.changed = False

    def listed(self, names: Iterable[str], *, at: datetime) -> tuple[str, ...]:
        """A listing: tags not known start now, tags no longer listed are forgotten. Gives the new ones.

        A listing that is empty changes nothing: it may be a registry's mistake, and all ages would be lost by it.
        """
        ordered = dict.fromkeys(names)
        new = tuple(name for name in ordered if name not in self.since)
        gone = [name for name in self.since if name not in ordered] if ordered else []
        for name in gone:
            del self.since[name]
        self.since.update((name, Since(at, None)) for name in new)
        self.changed = self.changed or bool(new or gone)
        return new

    def pointed(self, tag: str, digest: Digest, *, at: datetime) -> bool:
        """A tag was found to point there: its time starts now, unless it did already. True if it starts.

        What was found earlier than what is known changes nothing.
        """
        known = self.since.get(tag)
        if known is not None and (known.digest == digest or at < known.at):
            return False
        self.since[tag] = Since(at, digest)
        self.changed = True
        return True

    def contradicts(self, tag: str, pushed: Since) -> bool:
        """Whether that push is of something else than what we saw: one of the two is out of date."""
        known = self.since.get(tag)
        return (
            None not in (pushed.digest, known and known.digest) and known is not None and known.digest != pushed.digest
        )

    def confirms(self, tag: str, pushed: Since) -> bool:
        """Whether that push is of what we saw. One that does not say of what may be of what the tag was before."""
        known = self.since.get(tag)
        return known is not None and pushed.digest is not None and known.digest == pushed.digest

    def dumped(self) -> str:
        """JSON: tag → [time, digest or null]."""
        return orjson.dumps({tag: [it.at, it.digest] for tag, it in self.since.items()}).decode()


def loaded(text: str | None) -> FirstSeen:
    """What `dumped` wrote; what cannot be read starts again."""
    try:
        document: object = orjson.loads(text or "{}")
        entries = document.items() if isinstance(document, dict) else ()
        moments: dict[str, datetime] = {}
        return FirstSeen({str(tag): _since(entry, moments) for tag, entry in entries})
    except (ValueError, TypeError):
        return FirstSeen()


def dated(tags: Tags, *, seen: FirstSeen, pushed: Mapping[str, Since]) -> Tags:
    """The listing with both clocks. A push that is not of what we saw is left out, so that our clock decides."""
    names = frozenset(tags.names)
    return replace(
        tags,
        pushed={tag: it.at for tag, it in pushed.items() if tag in names and seen.confirms(tag, it)},
        first_seen={tag: it.at for tag, it in seen.since.items() if tag in names},
    )


def likeliest(tags: Sequence[str], *, most: int) -> tuple[str, ...]:
    """Those most likely to be chosen soon: what looks like a version before what does not, highest numbers first."""

    def likeliness(tag: str) -> tuple[bool, list[int]]:
        return (_VERSION_LIKE.match(tag) is not None, [int(number) for number in _NUMBER.findall(tag)])

    distinct = dict.fromkeys(tags)
    versions = [tag for tag in distinct if _VERSION_LIKE.match(tag)]
    return tuple(heapq.nlargest(most, versions if len(versions) >= most else distinct, key=likeliness))


def _since(entry: object, moments: dict[str, datetime]) -> Since:
    """`moments`: times read already; most tags share theirs with others."""
    if not isinstance(entry, list) or len(entry) != len(("time", "digest")):
        raise ValueError(entry)
    text, digest = entry
    at = moments.get(text) or moments.setdefault(text, datetime.fromisoformat(text))
    if at.tzinfo is None:
        raise ValueError(entry)
    return Since(at, Digest(digest) if isinstance(digest, str) and is_digest(digest) else None)
