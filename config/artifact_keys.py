"""The keys that images and charts have alike, read: which tags count, what is proved, where it is written. No I/O."""

import re
from dataclasses import dataclass
from datetime import timedelta

from config.checks import Checks
from config.pipeline import Verify, Write
from config.reading import Fields, Reader, Section
from config.verification import read_verify
from config.writes import read_writes

KEYS = (
    "repository",
    "constraint",
    "allow_tags",
    "ignore_tags",
    "minimum_age",
    "verify",
    "write",
    "release_notes",
)
_LINK = re.compile(r"https://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """What they declare besides where they lie and by what they are chosen; each key left out is None or empty."""

    allow_tags: str | None
    ignore_tags: tuple[str, ...]
    minimum_age: timedelta | None
    verify: Verify | None
    write: tuple[Write, ...]
    release_notes: str | None


def fill_alike(reader: Reader, fields: Fields) -> Fields:
    """The fields with the folder's name for `{name}` where it may stand; in `release_notes` beside `{tag}`."""
    return reader.fill(reader.fill(fields, "repository"), "release_notes", also=("tag",))


def read_alike(section: Section, checks: Checks, *, keys: tuple[str, ...]) -> Alike:
    """The values of `KEYS`, but for the repository and the constraint. `keys`: those of `write` besides its file."""
    reader, fields = section.reader, section.fields
    return Alike(
        allow_tags=section.judged("allow_tags", checks.check_pattern),
        ignore_tags=section.each("ignore_tags", checks.check_glob),
        minimum_age=section.duration("minimum_age"),
        verify=read_verify(reader, fields["verify"], checks) if "verify" in fields else None,
        write=read_writes(reader, fields["write"], keys=keys) if "write" in fields else (),
        release_notes=section.judged("release_notes", _check_link),
    )


def _check_link(text: str) -> None:
    """An address, in which `{tag}` may stand for the tag."""
    rest = text.replace("{tag}", "tag")
    if "{" in rest or "}" in rest:
        raise ValueError("in this address only {tag} stands for something")
    if not _LINK.fullmatch(rest):
        raise ValueError("this is not an https:// address; write one such as https://example.com/notes/{tag}")


def bare_repository(text: str) -> tuple[str, str] | None:
    """How a repository should be written, and it written so; None where it is."""
    name = text.partition("@")[0]
    last = name.rfind("/") + 1
    bare = name[:last] + name[last:].partition(":")[0]
    wrong = [
        *(["without tag and digest"] if text != bare else []),
        *(["in lower case"] if bare != bare.lower() else []),
    ]
    return (" and ".join(wrong), bare.lower()) if wrong else None
