"""A release that somebody, or `on_degraded`, wants in an environment in place of the candidate. No I/O.

It is kept where only our App can write: a trailer of the head that carries the release, and of its merge. So it
outlives our store, and is done once however often it is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.model import Commit, Release
from bot.release_record import decoded, one_line, trailers

TRAILER = "Caisson-Directive"


class DirectiveKind(StrEnum):
    """`/promote … version=` (`promote`), or `/rollback` and `on_degraded: rollback` (`rollback`)."""

    PROMOTE = "promote"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Directed:
    """What the head of a directed promotion says of how it came about.

    `by`, `by_id`: who said so, "" and None for `on_degraded`. `comment`: the node id of what they wrote. `instead_of`:
    the id of the release that stood there then.
    """

    kind: DirectiveKind
    by: str = ""
    by_id: int | None = None
    comment: str = ""
    instead_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """One release for one environment."""

    environment: str
    release: Release
    directed: Directed


def directive_trailers(directed: Directed) -> Mapping[str, str]:
    """The trailer of a directed promotion's head."""
    written = {
        "kind": directed.kind.value,
        "by": directed.by,
        "by_id": directed.by_id,
        "comment": directed.comment,
        "instead_of": directed.instead_of,
    }
    return {TRAILER: one_line({key: value for key, value in written.items() if value})}


def directed_by(commit: Commit | None) -> Directed | None:
    """What a commit of our App says of its directive; None where it was not directed, or is not ours."""
    if commit is None or not commit.by_us:
        return None
    said = decoded(trailers(commit.message).get(TRAILER))
    if not isinstance(said, dict):
        return None
    kind = next((kind for kind in DirectiveKind if kind.value == said.get("kind")), None)
    by, by_id, comment, instead_of = (said.get(key) for key in ("by", "by_id", "comment", "instead_of"))
    if kind is None or isinstance(by_id, bool) or not isinstance(by_id, int | None):
        return None
    return Directed(
        kind=kind,
        by=by if isinstance(by, str) else "",
        by_id=by_id,
        comment=comment if isinstance(comment, str) else "",
        instead_of=instead_of if isinstance(instead_of, str) else "",
    )
