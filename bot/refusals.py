"""Merges that GitHub refuses although every gate passes: remembered on the head, explained, tried again. No I/O.

A refusal is kept as a check run of ours on the head that was refused, with the state that GitHub gave the pull request
then. It makes us wait, and opens nothing. It is over when the head moves, when that state changes, or after an hour.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.actions import Ask, CheckText, PostCheck
from bot.messages import GATES, code
from bot.model import BranchRules, CheckStatus, ForeignCheck, PullRequest, Unknown
from bot.spans import SOON

CHECK = "caisson/refused"
# How long a refusal is believed while nothing changes that we can see.
RETRY = timedelta(hours=1)
# GitHub would refuse, or would have to be told to bypass its own rules: not even tried.
_STOPPED = frozenset({"BLOCKED", "BEHIND"})
_PASSING = frozenset({"SUCCESS", "NEUTRAL", "SKIPPED"})
_KEPT = 4
_LONGEST_TITLE = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """`merge_state`: GitHub's mergeStateStatus when it refused."""

    reason: str
    merge_state: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Resistance:
    """Why the merge is not even tried, in words; what explains it is read first, and kept. `until`: when it is."""

    reason: str
    ask: Ask = Ask()
    note: PostCheck | None = None
    until: datetime | None = None


def refusal_check(reason: str, *, pull: PullRequest, at: datetime) -> CheckText:
    """The check run that keeps a refusal. Its title is read back, and nobody but our App can change it."""
    return CheckText(
        name=CHECK,
        external_id=f"v1:refused:{pull.merge_state}:{int(at.timestamp())}",
        status=CheckStatus.COMPLETED,
        conclusion="NEUTRAL",
        title=reason[:_LONGEST_TITLE],
        summary=(
            f"Every gate of Caisson passes at {pull.head[:7]}. {reason}.\n\n"
            f"It is tried again when that changes, and at the latest at {at + RETRY:%Y-%m-%d %H:%M} UTC. "
            "Caisson never bypasses the rules of a branch.\n"
        ),
    )


def refusal_on(pull: PullRequest) -> Refusal | None:
    """What is remembered of the present head."""
    for check in pull.checks:
        parts = check.external_id.split(":")
        if check.name != CHECK or check.commit != pull.head or parts[:2] != ["v1", "refused"] or len(parts) != _KEPT:
            continue
        if parts[3].isdigit():
            return Refusal(reason=check.title, merge_state=parts[2], at=datetime.fromtimestamp(int(parts[3]), UTC))
    return None


def resistance(
    pull: PullRequest, base: str, *, rules: BranchRules | Unknown | None, now: datetime
) -> Resistance | None:
    """Why a merge of this head would be refused now; None where it may be tried.

    `rules`: of the base branch, None where they have not been read.
    """
    known = refusal_on(pull)
    if known is not None and now < known.at + RETRY and known.merge_state == pull.merge_state:
        # GitHub's own view may lag behind what it was just told: one look soon, then one when it is tried again.
        soon = known.at + SOON
        return Resistance(reason=known.reason, until=soon if now < soon else known.at + RETRY)
    # A queue is asked even where GitHub blocks the merge, for its own sake perhaps: it bypasses nothing.
    if pull.merge_state not in _STOPPED or (pull.queue_method is not None and _green(pull)):
        return None
    if not _green(pull):
        # Our own check may be what GitHub waits for: it is there when the next pass looks.
        return Resistance(reason=f"every gate passes; GitHub has still to see it before it lets {base} be merged into")
    if pull.merge_state == "BEHIND":
        reason = f"every gate passes; {base}'s rules ask that the branch be up to date: `/retry` makes our head anew"
    elif rules is None:
        return Resistance(reason="every gate passes; GitHub's branch protection asks for more", ask=_about(base))
    elif isinstance(rules, Unknown):
        return Resistance(reason=f"every gate passes; GitHub's branch protection asks for more ({rules.reason})")
    else:
        reason = f"every gate passes; {explained(rules, base, pull)}"
    return Resistance(reason=reason, note=kept(reason, pull, at=now), until=now + RETRY)


def kept(reason: str, pull: PullRequest, *, at: datetime) -> PostCheck:
    """The refusal, written over an earlier one of the same head."""
    existing = next((c for c in pull.checks if c.name == CHECK and c.commit == pull.head), None)
    return PostCheck(commit=pull.head, existing=existing, text=refusal_check(reason, pull=pull, at=at))


def _about(base: str) -> Ask:
    return Ask(rules=frozenset({base}))


def _green(pull: PullRequest) -> bool:
    ours = [c for c in pull.checks if c.name == GATES and c.commit == pull.head]
    return any(c.conclusion == "SUCCESS" for c in ours)


def explained(rules: BranchRules, base: str, pull: PullRequest) -> str:
    """What the branch's own rules ask for, as a sentence; what is known to be given already is left out."""
    wanted: list[str] = []
    if pull.review_decision != "APPROVED":
        plural = "" if rules.approvals == 1 else "s"
        wanted += [f"{rules.approvals} approving review{plural} on GitHub"] if rules.approvals else []
        wanted += ["a review by a code owner"] if rules.owners else []
    lacking = [name for name in rules.checks if name != GATES and not _passed(name, pull.foreign_checks)]
    wanted += [f"the check{'s' if len(lacking) > 1 else ''} {', '.join(map(code, lacking))}"] if lacking else []
    wanted += ["every conversation to be resolved"] if rules.conversations else []
    wanted += ["signed commits"] if rules.signatures else []
    wanted += ["a linear history (`merge_method: squash`)"] if rules.linear else []
    wanted += [f"deployments to {', '.join(map(code, rules.deployments))}"] if rules.deployments else []
    wanted += [f"what its rule {code(other)} says" for other in rules.others]
    if not wanted:
        return f"GitHub's branch protection of {base} asks for more than this App may read"
    return f"{base}'s rules ask for {', '.join(wanted[:-1])}{' and ' if wanted[1:] else ''}{wanted[-1]}"


def _passed(name: str, checks: tuple[ForeignCheck, ...]) -> bool:
    runs = [one for one in checks if one.name == name]
    return bool(runs) and all(one.conclusion in _PASSING for one in runs)
