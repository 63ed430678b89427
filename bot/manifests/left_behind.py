"""What a promotion leaves as it is although it names the artifact, so that nobody takes it for promoted. No I/O.

A reference in an argument, an environment variable, a patch or a custom resource is not written: nobody can tell from
outside what it is for. A reviewer can, and is told.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from bot.image_reference import HUB
from bot.manifests.inferred import Inferred, infer
from bot.manifests.place import standing
from bot.manifests.scalars import CannotEdit
from bot.manifests.subject import Subject

_MOST = 5
_BEHIND = r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}+))?+(?:@(?P<digest>sha256:[0-9a-f]{64}))?+(?![\w:@/{$])"


def left_behind(files: Mapping[str, str], subject: Subject, *, folder: str) -> tuple[str, ...]:
    """A sentence for each place in the folder's files, as they are to be, that keeps another version; the first few.

    Where `write` says which places count, the others are left alone on purpose, and nothing is said.
    """
    if subject.write:
        return ()
    try:
        found = infer(files, subject, folder=folder)
        direct = [place for place in found.places if not place.filled]
        versions = {version for place in direct for version in standing(place) if version is not None}
    except CannotEdit:
        return ()
    if not direct:
        return ()
    said = [f"{p.text.path} line {p.line}: {p.barred}" for p in found.places if p.filled and p.barred]
    if not subject.chart:
        said += _references(files, subject, found, versions)
    more = (
        (f"{len(said) - _MOST} more places name {subject.repository} and are not moved",) if len(said) > _MOST else ()
    )
    return (*said[:_MOST], *more)


def _references(files: Mapping[str, str], subject: Subject, found: Inferred, versions: set[str]) -> Iterator[str]:
    """Whole references outside every place that is known, but for those in comments."""
    pattern = _pattern(subject)
    known = {(place.text.path, place.line) for place in (*found.places, *found.overruled)}
    for path in sorted(found.looked - found.closed):
        text = files[path]
        begins: list[int] = []
        for match in pattern.finditer(text):
            tag, digest = match["tag"], match["digest"]
            if not (tag or digest) or ((tag is None or tag in versions) and (digest is None or digest in versions)):
                continue
            begins = begins or [0, *(end.end() for end in re.finditer("\n", text))]
            line = bisect_right(begins, match.start())
            if (path, line) not in known and not _comment(text[begins[line - 1] : match.start()][-_LONGEST_LINE:]):
                yield (
                    f"{path} line {line} still names {match.group()}, where versions are not written by themselves; "
                    "name the place in `write` if it is to move"
                )


# Of a longer line only the end is looked at, so that a file of one line costs no more than another.
_LONGEST_LINE = 500


def _comment(before: str) -> bool:
    return re.search(r"(?:^|\s)#", before) is not None


def _pattern(subject: Subject) -> re.Pattern[str]:
    host, _, path = subject.repository.partition("/")
    name = re.escape(subject.repository)
    if host == HUB:
        # A bare word with a number behind a colon may be a host with its port.
        short = path.removeprefix("library/")
        name = rf"(?:docker\.io/(?:library/)?{re.escape(short)}|{re.escape(path)})"
    return re.compile(rf"(?<![\w./-]){name}{_BEHIND}")
