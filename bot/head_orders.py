"""Commands about the head that is shown: approve it, ask for its merge, waive one of its gates, make it anew. No I/O.

Each counts only for a head that its author could see, and is kept as a check run of ours on that head.
"""

from dataclasses import replace

from bot import waivers
from bot.actions import CheckText, PostCheck
from bot.answers import DONE, UNJUDGED, Answer, Said, Setting, refused
from bot.command_grammar import Command
from bot.emergency import emergency_check
from bot.merge_requests import request_check
from bot.messages import GATES, cell, check_text
from bot.model import CheckStatus, PullRequest
from bot.opinions import APPROVAL_CHECK, approval_id, is_author
from config.pipeline import Mode


def approve(said: Said, pull: PullRequest) -> Answer:
    if is_author(said.author.id, said.author.login, pull):
        return refused(said, "You are an author of what is promoted here; somebody else must approve.")
    if not _was_shown(said, pull):
        return _unseen(said, pull, "approve")
    return Answer(reaction=DONE, actions=(opinion(said, pull, approves=True),))


def _was_shown(said: Said, pull: PullRequest) -> bool:
    """Whether the author could see the present head: it was shown when our gates check appeared on it."""
    shown = next((c for c in pull.checks if c.name == GATES and c.commit == pull.head), None)
    return (
        shown is not None and shown.started is not None and shown.started < said.at and said.commit in (None, pull.head)
    )


def _unseen(said: Said, pull: PullRequest, deed: str) -> Answer:
    why = f"the head is now `{pull.head[:7]}`, which was not there when you wrote; look at it and {deed} again"
    return refused(said, f"Not counted: {why}.")


def ask_for_merge(said: Said, pull: PullRequest, setting: Setting) -> Answer:
    if setting.mode is not Mode.MERGE:
        return refused(said, f"`mode: {setting.mode}` never merges; a person may do so on GitHub.")
    if not _was_shown(said, pull):
        return _unseen(said, pull, "ask for the merge")
    author = said.author
    text = request_check(login=author.login, person=author.id, head=pull.head, at=said.at)
    return Answer(reaction=DONE, actions=(_kept_on_head(pull, text),))


def waive(order: Command, said: Said, pull: PullRequest, setting: Setting) -> Answer:
    """One gate by one person, or in an emergency what only costs time by several."""
    call = _call_emergency if order.name == "emergency" else _skip
    return call(order, said, pull, setting)


def _skip(order: Command, said: Said, pull: PullRequest, setting: Setting) -> Answer:
    gate = order.arguments["gate"]
    if [verdict.gate for verdict in setting.verdicts] == [UNJUDGED]:
        return refused(
            said, f"No gate is judged here just now ({setting.verdicts[0].reason}); ask again when they are."
        )
    why = waivers.refusal(gate, setting.environment, setting.verdicts)
    if why is not None:
        return refused(said, why)
    if not _was_shown(said, pull):
        return _unseen(said, pull, "skip the gate")
    text = waivers.waiver_check(
        gate,
        reason=order.reason,
        login=said.author.login,
        person=said.author.id,
        head=pull.head,
        at=said.at,
        waits=[cell(v.reason) for v in setting.verdicts if waivers.kind(v) == gate],
    )
    return Answer(reaction=DONE, actions=(_kept_on_head(pull, text),))


def _call_emergency(order: Command, said: Said, pull: PullRequest, setting: Setting) -> Answer:
    """One person's call; alone it opens nothing."""
    if setting.emergency is None:
        both = f", or none in that of {setting.home}; it takes both" if setting.home else ""
        return refused(said, f"No `emergency` is declared in this repository's file{both}: every gate stands.")
    if is_author(said.author.id, said.author.login, pull):
        return refused(said, "You are an author of what is promoted here; others must call an emergency.")
    if not _was_shown(said, pull):
        return _unseen(said, pull, "call the emergency")
    author = said.author
    text = emergency_check(reason=order.reason, login=author.login, person=author.id, head=pull.head, at=said.at)
    return Answer(reaction=DONE, actions=(_kept_on_head(pull, text),))


def _kept_on_head(pull: PullRequest, text: CheckText) -> PostCheck:
    """A check run on the present head, written over the one of the same name."""
    existing = next((c for c in pull.checks if c.name == text.name and c.commit == pull.head), None)
    return PostCheck(commit=pull.head, existing=existing, text=text)


def retry(said: Said, pull: PullRequest, setting: Setting) -> Answer:
    if setting.rebuild is None:
        return Answer(reaction=DONE, actions=(setting.repost,))
    # Somebody's commit is thrown away: only one that could be seen.
    if not _was_shown(said, pull):
        return _unseen(said, pull, "retry")
    return Answer(reaction=DONE, actions=(setting.rebuild,))


def opinion(said: Said, pull: PullRequest, *, approves: bool) -> PostCheck:
    name = f"{APPROVAL_CHECK} ({said.author.login})"
    verb = "approves of" if approves else "withdrew the approval of"
    text = check_text(
        name,
        said.author.login,
        f"{said.author.login} {verb} {pull.head[:7]}",
        f"By a comment of {said.at:%Y-%m-%d %H:%M} UTC. Access is checked again when the pull request merges.",
        status=CheckStatus.COMPLETED,
        conclusion="SUCCESS" if approves else "NEUTRAL",
    )
    kept = approval_id(said.author.id, said.author.login, at=said.at)
    return _kept_on_head(pull, replace(text, external_id=kept))
