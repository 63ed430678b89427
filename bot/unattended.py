"""Commands on an open pull request whose environment takes nothing just now: people are heard all the same. No I/O."""

from bot.actions import Action, Ask, PostCheck, Verdict
from bot.answers import UNJUDGED, Queries, Setting
from bot.content import proposed_release
from bot.first_proposal import carried_on
from bot.gates import hold
from bot.gates.verdicts import waits
from bot.messages import GATES, gates_check, status_reply
from bot.model import Observation, Place
from bot.orders import obey, sticky
from bot.room import Heard
from config.pipeline import CommandStyle, Emergency, Environment, Mode, Pipeline


def hear(
    pipeline: Pipeline,
    environment: Environment,
    place: Place,
    seen: Observation,
    heard: Heard,
    *,
    why: str,
    mode: Mode,
    style: CommandStyle,
    emergency: Emergency | None = None,
) -> tuple[tuple[Action, ...], Ask]:
    """What the pending commands on a pull request of ours come to, while nothing is judged there because of `why`.

    Nothing is merged or made anew by it; approvals, waivers and holds are kept for the head that they were said of.
    """
    pull, proposed = place.pull, proposed_release(place.head)
    if pull is None or not pull.by_us or proposed is None or mode is Mode.OBSERVE:
        return (), Ask()
    verdicts: tuple[Verdict, ...] = (waits(UNJUDGED, why),)
    existing = next((c for c in pull.checks if c.name == GATES and c.commit == pull.head), None)
    text = carried_on(gates_check(pipeline, environment, proposed, verdicts), existing)
    repost = PostCheck(commit=pull.head, existing=existing, text=text)
    held, unsure = hold.standing_hold(pull, seen.permissions, holder_id=sticky(pull).holder_id)
    orders, ask = obey(
        pull,
        seen,
        hold=held,
        queries=Queries(
            status=lambda: status_reply(pipeline, environment, proposed, verdicts, seen.now),
            explain=lambda _: f"Nothing is chosen for {environment.name} just now: {why}.",
            diff=lambda: f"Nothing is proposed for {environment.name} just now: {why}.",
        ),
        setting=Setting(
            environment=environment,
            mode=mode,
            style=style,
            verdicts=verdicts,
            rebuild=None,
            repost=repost,
            wide=heard.answers,
            emergency=emergency.people if emergency else None,
            home=seen.home.full_name if seen.home else None,
        ),
    )
    return orders, ask | Ask(permissions=frozenset({unsure} if unsure and orders else set()))
