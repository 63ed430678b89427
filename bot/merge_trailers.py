"""What a merge commit says of its merge, written by us and read back: the release, where it came from, who approved.

No I/O. A squash made by hand keeps our name and GitHub's signature, and a merge queue takes its message from the pull
request, which anybody with write may edit. So what a message says counts only where our App itself merged.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.actions import Outcome, Verdict
from bot.gates.approvers import Voice
from bot.model import Commit, Merged, Release, Sha
from bot.release_record import decoded, one_line, release_from_json, trailers

VERDICTS = "Caisson-Verdicts"
SOURCE = "Caisson-Source"
APPROVERS = "Caisson-Approvers"
_OUTCOMES = {one.value: one for one in Outcome}
_VERDICT_PARTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeAccount:
    """`source`: upstream environment → the commit at which the release stood there.

    `approvers`: login then → GitHub's number of the person.
    """

    release: Release
    source: Mapping[str, Sha]
    verdicts: tuple[Verdict, ...]
    approvers: Mapping[str, int]


def merge_message(
    head_message: str, verdicts: Sequence[Verdict], *, source: Mapping[str, Sha], approvers: Sequence[Voice]
) -> str:
    """The merge commit's body: the head's trailers, where the release came from, who approved, every verdict."""
    body = head_message.split("\n\n", 1)[-1].strip()
    said = json.dumps([[v.gate, v.outcome.value, v.reason] for v in verdicts], separators=(",", ":"), ensure_ascii=True)
    people = one_line([{"id": voice.id, "login": voice.login} for voice in approvers])
    return f"{body}\n{SOURCE}: {one_line(dict(source))}\n{APPROVERS}: {people}\n{VERDICTS}: {said}"


def account_of(merged: Merged) -> MergeAccount | None:
    """What the merge commit tells; None where our App did not write it, or it does not tell the release."""
    commit = merged.commit
    if commit is None or not (merged.by_us and merged.merged_by_us and commit.by_us) or merged.by_queue:
        return None
    found = trailers(commit.message)
    release = release_from_json(found.get("Caisson-Release"))
    if release is None:
        return None
    return MergeAccount(
        release=release,
        source=_source(decoded(found.get(SOURCE))),
        verdicts=_verdicts(decoded(found.get(VERDICTS))),
        approvers=_approvers(decoded(found.get(APPROVERS))),
    )


def speaker(merged: Merged) -> Commit | None:
    """The commit whose trailers tell what was merged: the head; where GitHub does not show it any more, our merge."""
    if merged.head is None and account_of(merged) is not None:
        return merged.commit
    return merged.head


def _source(value: object) -> dict[str, Sha]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {name: Sha(sha) for name, sha in pairs if isinstance(name, str) and isinstance(sha, str)}


def _verdicts(value: object) -> tuple[Verdict, ...]:
    rows = [row for row in value if isinstance(row, list)] if isinstance(value, list) else []
    whole = [row for row in rows if len(row) == _VERDICT_PARTS and all(isinstance(part, str) for part in row)]
    return tuple(Verdict(gate=g, outcome=_OUTCOMES[o], reason=r) for g, o, r in whole if o in _OUTCOMES)


def _approvers(value: object) -> dict[str, int]:
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    found = ((row.get("login"), row.get("id")) for row in rows)
    return {login: person for login, person in found if isinstance(login, str) and isinstance(person, int)}
