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
    # Each is compared with many, and an order is not cheap to tell.
    orders = [record.release.order for record in records]
    standing = present.order if present is not None else None
    seen: set[str] = set()
    for i, record in enumerate(records):
        one, order = record.release.id, orders[i]
        if one in seen:
            continue
        seen.add(one)
        if i and min(orders[:i]) < order:
            # The first that displaced it says how.
            by = next(records[j] for j in reversed(range(i)) if orders[j] < order)
            found[one] = _how(by)
        elif standing is not None and standing < order:
            found[one] = _BY_HAND
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
