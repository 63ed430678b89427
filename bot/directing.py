"""Who decides what an environment takes instead of its candidate, and whether a head that says so may be believed.

No I/O. A directive opens gates: a rollback soaks nowhere. Its trailer is in a commit of ours, but a squash made by hand
keeps our name under any message. So we put a check run on each head that we direct, as nobody else can, and a head
without it directs nothing.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.actions import CheckText
from bot.content import proposed_release
from bot.degradation import Degradation, degradation
from bot.directives import TRAILER, Directed, Directive, DirectiveKind, directed_by
from bot.model import CheckStatus, Commit, Observation, Place, PullRequest, Release
from bot.release_record import one_line, release_to_json, trailers
from bot.standing import Standing
from config.pipeline import Environment, Gates, Pipeline

VOUCHER = "caisson/directive"


def degradations(pipeline: Pipeline, seen: Observation, standings: Mapping[str, Standing]) -> Mapping[str, Degradation]:
    """What `on_degraded` comes to, by environment."""
    return {e.name: degradation(e, standings[e.name], seen) for e in pipeline.environments}


Commanded = Callable[[Pipeline, Observation, Mapping[str, Standing]], Mapping[str, Directive]]


def nothing_commanded(_: Pipeline, _seen: Observation, _standings: Mapping[str, Standing]) -> Mapping[str, Directive]:
    """Nobody asked for anything."""
    return {}


def in_place_of(wanted: Mapping[str, Directive], standings: Mapping[str, Standing]) -> Mapping[str, Directive]:
    """What people asked for, each with the release that it is to take the place of."""
    told: dict[str, Directive] = {}
    for name, directive in wanted.items():
        active = standings[name].active
        said = replace(directive.directed, instead_of=active.id if active is not None else "")
        told[name] = replace(directive, directed=said)
    return told


def directives(
    pipeline: Pipeline,
    seen: Observation,
    standings: Mapping[str, Standing],
    *,
    degraded: Mapping[str, Degradation],
    commanded: Mapping[str, Directive],
) -> Mapping[str, Directive]:
    """Environment → what it takes instead of its candidate, as decided now or by the head that stands there.

    What people command comes first, and the latest of it counts; then what an open pull request carries already, which
    no candidate moves; then `on_degraded`.
    """
    found: dict[str, Directive] = {}
    for environment in pipeline.environments:
        name = environment.name
        chosen = commanded.get(name) or carried(seen.places[name], standings[name]) or degraded[name].directive
        if chosen is not None:
            found[name] = chosen
    return found


def carried(place: Place, standing: Standing) -> Directive | None:
    """What the head of our open pull request was directed to bring, while that still makes sense."""
    pull, head = place.pull, place.head
    if pull is None or not pull.by_us or head is None or head.sha != pull.head or not vouched_for(pull, head):
        return None
    directed, release = directed_by(head), proposed_release(head)
    if directed is None or release is None or standing.active is None or release.id == standing.active.id:
        return None
    if directed.instead_of not in ("", standing.active.id):
        return None
    record = standing.record_of(release)
    if directed.kind is DirectiveKind.ROLLBACK and record is None:
        return None
    return Directive(
        environment=standing.name, release=record.release if record is not None else release, directed=directed
    )


# --- heads that may be believed ---------------------------------------------------------------------------------------


def voucher(directed: Directed, release: Release) -> CheckText:
    """The check run that goes onto a head with its directive."""
    what = f"{'roll back' if directed.kind is DirectiveKind.ROLLBACK else 'promote'}"
    who = f"{directed.by} asked to {what}" if directed.by else f"on_degraded: {what}"
    return CheckText(
        name=VOUCHER,
        external_id=f"v1:directive:{_fingerprint(directed, release)}",
        status=CheckStatus.COMPLETED,
        conclusion="NEUTRAL",
        title=f"{who} to {release.label}"[:200],
        summary="Caisson made this head for that. A head without this check is none that was asked for.",
    )


def vouched_for(pull: PullRequest, head: Commit) -> bool:
    """Whether we put the check run there that goes with what the head says."""
    directed, release = directed_by(head), proposed_release(head)
    if directed is None or release is None:
        return False
    wanted = voucher(directed, release).external_id
    return any(c.name == VOUCHER and c.commit == head.sha and c.external_id == wanted for c in pull.checks)


def _fingerprint(directed: Directed, release: Release) -> str:
    said = one_line([directed.kind.value, directed.by, directed.by_id, directed.comment, directed.instead_of])
    return hashlib.sha256(f"{said}\0{one_line(release_to_json(release))}".encode()).hexdigest()[:24]


def is_directed(pull: PullRequest, head: Commit, directed: Directed | None) -> bool:
    """Whether a head is directed as it should be; where nothing should direct it, it must not even say so."""
    if directed is None:
        return TRAILER not in trailers(head.message)
    return directed_by(head) == directed and vouched_for(pull, head)


# --- what a rollback asks for -----------------------------------------------------------------------------------------


def is_rollback(directed: Directed | None) -> bool:
    return directed is not None and directed.kind is DirectiveKind.ROLLBACK


def as_directed(environment: Environment, directed: Directed | None) -> Environment:
    """The environment with the gates that apply: for a rollback those only that no rollback escapes.

    Of what is declared these are the approvals of a rollback; `on_degraded` merges by itself where none are asked for.
    Signatures, holds and the head itself are judged of every promotion; a freeze is another's to judge.
    """
    if directed is None or directed.kind is not DirectiveKind.ROLLBACK:
        return environment
    changed = {
        "approvals": environment.rollback_approvals,
        "auto": environment.auto or not directed.by,
        "gates": Gates(),
        "windows": (),
    }
    return environment.model_copy(update=changed)
