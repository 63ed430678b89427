"""`on_degraded: hold`: promotions into an environment wait for a person while what stands there is Degraded. No I/O.

It is the hold that people know: our label, our comment, and `/unhold` by somebody with write lets a fix through. It is
put on once for each pull request and each time that the environment degrades, so what was released stays released.
"""

from bot.actions import Action, Say, SetLabel
from bot.commands import spelled
from bot.gates.hold import LABEL, Hold
from bot.judgement import Case
from bot.messages import degraded_hold_comment
from bot.model import PullRequest
from bot.orders import sticky


def hold_degraded(case: Case, pull: PullRequest, held: Hold | None) -> tuple[Action, ...]:
    """The hold to put on, if there is one; none where it was put on since the environment degraded."""
    since = case.held_since
    if since is None or held is not None:
        return ()
    if any(event.label == LABEL and event.added and event.by_us and event.at >= since for event in pull.labelling):
        return ()
    standing, note = case.standings[case.environment.name], sticky(pull).comment
    active = standing.active.label if standing.active else "what stands"
    told = f"{active} is Degraded in {standing.name}: {standing.health.reason}"
    body = spelled(degraded_hold_comment(told), case.style)
    return (
        SetLabel(number=pull.number, label=LABEL, present=True),
        Say(subject=pull.id, comment=note.id if note else None, body=body),
    )
