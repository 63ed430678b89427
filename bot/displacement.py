"""Which releases were taken back in an environment, as our records of it tell: an older one displaced them. No I/O.

Nothing of ours moves back by itself, so a person did, or `on_degraded`. It is a rejection: until something newer comes
the release stays out, and what was verified there counts no more.
"""

from collections.abc import Mapping, Sequence

from bot.model import How, Record, Release


def taken_back(records: Sequence[Record], active: Release | None) -> Mapping[str, str]:
    """Release id → how it was taken back, for each that an older one displaced since. `records`: newest first.

    What was promoted again since is not among them.
    """
    found: dict[str, str] = {}
    present = active if records and active is not None and active.id != records[0].release.id else None
    seen: set[str] = set()
    for i, record in enumerate(records):
        if record.release.id in seen:
            continue
        seen.add(record.release.id)
        # The first that displaced it says how.
        by = next((r for r in reversed(records[:i]) if r.release.order < record.release.order), None)
        if by is not None:
            found[record.release.id] = _how(by)
        elif present is not None and present.order < record.release.order:
            found[record.release.id] = _BY_HAND
    return found


_BY_HAND = "it was taken out of Git by hand"


def _how(record: Record) -> str:
    number = f" (#{record.pull_request})" if record.pull_request else ""
    match record.how:
        case How.ROLLED_BACK:
            return f"it was rolled back to {record.release.label}{number}"
        case How.PROMOTED | How.MERGED_BY_PERSON:
            return f"{record.release.label} was put in its place{number}"
        case How.ADOPTED:
            return _BY_HAND
