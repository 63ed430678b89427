"""What was decided and done, as entries of the audit log: from the facts of a pass, and from what it did. No I/O.

Nearly everything is told from facts, not from intentions: a merge is in the log once GitHub says that it is merged,
with the verdicts that the merge commit carries. So what failed is never told as done, and what was done just before a
crash is told by the next pass. What the gates say is written before it is acted upon. Only two things are told of a
pass's own writes, once they have succeeded, because GitHub shows them no more when the pull request is gone: commands
that were answered in the pass that merged, and pull requests that we closed.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.actions import Action, Close, EnvironmentView, Plan, Propose, React, Say, Verdict
from bot.answers import DONE, PUZZLED, REFUSED
from bot.audit_entry import Entry, Kind, moment
from bot.command_grammar import Command, Misunderstood, parse_comment
from bot.content import proposed_release
from bot.directives import directed_by
from bot.elsewhere import spoken
from bot.gates.hold import LABEL
from bot.merge_verdicts import merge_verdicts
from bot.merges import carried_by
from bot.messages import reply_marker
from bot.model import (
    Actor,
    ActorKind,
    Comment,
    Conversation,
    Merged,
    Place,
    PullRequest,
    Record,
    Release,
    Repository,
    Review,
    ReviewState,
)
from config.pipeline import CommandStyle, Pipeline

_RESULTS = {DONE: "obeyed", REFUSED: "refused", PUZZLED: "not understood"}
_LONGEST_ANSWER = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One pipeline's part of a pass. `places`: by environment; `conversations`: outside our open pull requests."""

    repository: Repository
    pipeline: Pipeline
    places: Mapping[str, Place]
    conversations: tuple[Conversation, ...] = ()
    style: CommandStyle = CommandStyle.PLAIN

    def lives_in(self, environment: str) -> Repository:
        """The repository that an environment lives in, where its pull requests and records are."""
        place = self.places.get(environment)
        return (place and place.elsewhere and place.elsewhere.repository) or self.repository

    def spoken_in(self, environment: str) -> CommandStyle:
        """How commands are written there."""
        place = self.places.get(environment)
        return spoken(self.style, place) if place else self.style


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spoken:
    """A comment or a review, with our comments beside it and where it was said."""

    said: Comment | Review
    beside: tuple[Comment, ...]
    number: int
    environment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What this pass wrote, beside what GitHub showed: final reactions by node id, and texts of comments."""

    reactions: Mapping[str, str] = field(default_factory=dict)
    texts: tuple[str, ...] = ()


def configuration_entry(
    repository: Repository, problems: Sequence[str], unapproved: Sequence[str] = (), *, now: datetime
) -> tuple[Entry, ...]:
    """The file on the default branch: accepted, or refused and why. Nothing where there is no file.

    `unapproved`: the environments (`pipeline/environment`) whose approvals its last change did not have.
    """
    config = repository.config
    if config.oid is None:
        return ()
    said = {
        "accepted": not problems,
        "problems": list(problems) or None,
        "unapproved": list(unapproved) or None,
        "commit": config.commit,
        "blob": config.oid,
    }
    return (
        Entry(
            subject=f"{repository.id}:configuration",
            fingerprint=_hash([config.oid, list(problems), list(unapproved)]),
            at=now,
            kind=Kind.CONFIGURATION,
            repository=repository.full_name,
            repository_id=repository.id,
            said=said,
        ),
    )


def facts(scene: Scene, plan: Plan | None, *, now: datetime) -> tuple[Entry, ...]:
    """Everything that can be told before this pass acts. `plan` None: the pipeline could not be decided on."""
    found: list[Entry] = []
    views = {view.name: view for view in plan.views} if plan else {}
    planned = [*plan.actions, *(one for there in plan.elsewhere.values() for one in there)] if plan else []
    moving = {action.environment for action in planned if isinstance(action, Propose)}
    for name, place in scene.places.items():
        tell = _Teller(scene, name)
        found += [tell.merged(one, place) for one in place.merged if one.by_us]
        for record in place.records:
            found += [tell.recorded(record), *tell.health(record)]
        if place.pull is not None and place.pull.by_us:
            found += [*tell.proposed(place, place.pull), *tell.reviews(place.pull), *tell.holds(place.pull)]
            # A head that is made anew in this pass is judged in the next.
            if name in views and name not in moving:
                found += tell.gates(place, place.pull, views[name], now=now)
    return (*found, *_commands(scene, _Answers()))


def carried_out(scene: Scene, actions: Iterable[Action], *, where: Repository, now: datetime) -> tuple[Entry, ...]:
    """What this pass wrote to the repository `where` and may never see again. Only for actions that succeeded."""
    done = tuple(actions)
    reactions = {a.subject: a.content for a in done if isinstance(a, React) and a.content in _RESULTS}
    closed = {a.pull.number for a in done if isinstance(a, Close)}
    found = [
        _Teller(scene, name).closed(place, place.pull, now=now)
        for name, place in scene.places.items()
        if place.pull is not None and place.pull.number in closed and scene.lives_in(name).id == where.id
    ]
    if not reactions:
        return tuple(found)
    answers = _Answers(reactions=reactions, texts=tuple(a.body for a in done if isinstance(a, Say)))
    return (*found, *_commands(scene, answers))


# --- one environment --------------------------------------------------------------------------------------------------


class _Teller:
    """Words entries of one environment of one repository."""

    def __init__(self, scene: Scene, environment: str) -> None:
        self._scene = scene
        self._environment = environment

    def entry(
        self, kind: Kind, subject: str, said: Mapping[str, object], *, at: datetime, fingerprint: str = ""
    ) -> Entry:
        repository = self._scene.lives_in(self._environment)
        return Entry(
            subject=f"{repository.id}:{kind}:{subject}",
            fingerprint=fingerprint,
            at=at,
            kind=kind,
            repository=repository.full_name,
            repository_id=repository.id,
            pipeline=self._scene.pipeline.name,
            environment=self._environment,
            said=said,
        )

    def proposed(self, place: Place, pull: PullRequest) -> Iterator[Entry]:
        """A release at a head of ours: each head once."""
        release = proposed_release(place.head)
        if release is None or place.head is None or place.head.sha != pull.head:
            return
        directed = directed_by(place.head)
        said: dict[str, object] = {
            "pull_request": pull.number,
            "head": pull.head,
            "base": place.head.parents[0] if place.head.parents else None,
            "release": _release(release),
        }
        if directed is not None:
            said["directed"] = {"kind": directed.kind.value, "login": directed.by or None, "id": directed.by_id}
        yield self.entry(Kind.PROPOSED, f"{pull.number}:{pull.head}", said, at=place.head.committed)

    def gates(self, place: Place, pull: PullRequest, view: EnvironmentView, *, now: datetime) -> Iterator[Entry]:
        """What every gate says of this head, when one of them says something else than before."""
        if not view.verdicts:
            return
        told = [[v.gate, v.outcome.value, v.skipped_by] for v in view.verdicts]
        release = proposed_release(place.head)
        said = {
            "pull_request": pull.number,
            "head": pull.head,
            "base": place.base.tip if place.base else None,
            "release": _release(release) if release else None,
            "verdicts": _verdicts(view.verdicts),
        }
        place_name = f"{self._scene.pipeline.name}/{self._environment}"
        yield self.entry(Kind.GATES, place_name, said, at=now, fingerprint=_hash([pull.head, told]))

    def reviews(self, pull: PullRequest) -> Iterator[Entry]:
        """Approvals, and requests for changes, with the head that they were given for."""
        opinions = (ReviewState.APPROVED, ReviewState.CHANGES_REQUESTED, ReviewState.DISMISSED)
        for review in pull.reviews:
            if review.state in opinions:
                said = {
                    "pull_request": pull.number,
                    "head": review.commit,
                    "who": _who(review.author),
                    "opinion": review.state.value.lower(),
                }
                yield self.entry(Kind.REVIEWED, review.id, said, at=review.at, fingerprint=review.state.value)

    def holds(self, pull: PullRequest) -> Iterator[Entry]:
        """The label of a hold, put on and taken off: by people, or by our App for whoever said so."""
        for event in pull.labelling:
            if event.label == LABEL:
                kind = Kind.HELD if event.added else Kind.RELEASED
                said = {"pull_request": pull.number, "head": pull.head, "who": _who(event.actor)}
                yield self.entry(kind, f"{pull.number}:{moment(event.at)}", said, at=event.at)

    def merged(self, merged: Merged, place: Place) -> Entry:
        """A merge of ours with the verdicts that it carries, or one that a person made: no gate was enforced then."""
        release = carried_by(merged, place.records)
        said = {
            "pull_request": merged.number,
            "head": merged.head.sha if merged.head else None,
            "commit": merged.commit.sha if merged.commit else None,
            "base": merged.commit.parents[0] if merged.commit and merged.commit.parents else None,
            "release": _release(release) if release else None,
            "who": _who(merged.merged_by) if merged.merged_by else None,
            "enforced": merged.merged_by_us,
            "verdicts": _verdicts(merge_verdicts(merged)) if merged.merged_by_us else None,
        }
        return self.entry(Kind.MERGED, str(merged.number), said, at=merged.merged_at)

    def closed(self, place: Place, pull: PullRequest, *, now: datetime) -> Entry:
        """A promotion that our App closed: its release is in already, or wanted no more."""
        release = proposed_release(place.head)
        said = {
            "pull_request": pull.number,
            "head": pull.head,
            "release": _release(release) if release else None,
        }
        return self.entry(Kind.CLOSED, f"{pull.number}:{pull.head}", said, at=now)

    def recorded(self, record: Record) -> Entry:
        """A release that is active here from now on."""
        said = {
            "deployment": record.number,
            "commit": record.commit,
            "release": _release(record.release),
            "how": record.how.value,
            "pull_request": record.pull_request,
            "note": record.note or None,
        }
        return self.entry(Kind.RECORDED, str(record.number), said, at=record.created)

    def health(self, record: Record) -> Iterator[Entry]:
        """Each change of health that was written down."""
        for status in record.statuses:
            said = {
                "deployment": record.number,
                "release": _release(record.release),
                "state": status.state.name.lower(),
                "reason": status.description,
            }
            subject = f"{record.number}:{moment(status.at)}:{status.state.name}"
            yield self.entry(Kind.HEALTH, subject, said, at=status.at)


# --- commands ---------------------------------------------------------------------------------------------------------


def _commands(scene: Scene, answers: _Answers) -> Iterator[Entry]:
    """Comments that were answered for good, by an earlier pass or by this one."""
    for remark in _spoken(scene):
        said = remark.said
        reaction = answers.reactions.get(said.id) or next((r for r in _RESULTS if r in said.reactions), None)
        # An edited comment commands nothing: what was obeyed was logged as it stood then.
        if reaction is None or said.edited or said.author.kind is not ActorKind.USER:
            continue
        understood = parse_comment(said.body, style=scene.spoken_in(remark.environment))
        if not understood:
            continue
        result = _RESULTS[reaction]
        told = {
            "pull_request": remark.number,
            "comment": said.id,
            "head": said.commit if isinstance(said, Review) else None,
            "who": _who(said.author),
            "commands": [_command(one) for one in understood],
            "result": result,
            "answer": None if reaction == DONE else _answer(remark, answers),
        }
        tell = _Teller(scene, remark.environment)
        yield tell.entry(Kind.COMMAND, said.id, told, at=said.at, fingerprint=result)


def _spoken(scene: Scene) -> Iterator[_Spoken]:
    for name, place in scene.places.items():
        pull = place.pull
        if pull is not None and pull.by_us:
            said_here: tuple[Comment | Review, ...] = (*pull.comments, *pull.reviews)
            for said in said_here:
                yield _Spoken(said=said, beside=pull.comments, number=pull.number, environment=name)
    for talk in scene.conversations:
        pipeline, _, environment = talk.environment.partition("/")
        if pipeline == scene.pipeline.name:
            for remark in talk.comments:
                yield _Spoken(said=remark, beside=talk.comments, number=talk.number, environment=environment)


def _answer(spoken: _Spoken, answers: _Answers) -> str | None:
    """Our words on a command that was not simply obeyed."""
    marker = reply_marker(spoken.said.id)
    texts = (*answers.texts, *(c.body for c in spoken.beside if c.ours))
    found = next((text for text in texts if marker in text), None)
    return found.replace(marker, "").strip()[:_LONGEST_ANSWER] if found else None


def _command(one: Command | Misunderstood) -> dict[str, object]:
    if isinstance(one, Misunderstood):
        return {"misunderstood": one.text}
    return {"command": one.name, "arguments": dict(one.arguments)}


# --- values -----------------------------------------------------------------------------------------------------------


def _who(actor: Actor) -> dict[str, object]:
    return {"login": actor.login, "id": actor.id}


def _release(release: Release) -> dict[str, object]:
    artifacts = [{"repository": a.repository, "tag": a.tag, "digest": a.digest} for a in release.artifacts]
    return {"label": release.label, "source": release.source, "artifacts": artifacts}


def _verdicts(verdicts: Iterable[Verdict]) -> list[dict[str, object]]:
    return [_verdict(verdict) for verdict in verdicts]


def _verdict(verdict: Verdict) -> dict[str, object]:
    """`skipped_by` stands only where somebody waived the gate."""
    skipped = {"skipped_by": verdict.skipped_by} if verdict.skipped_by else {}
    return {"gate": verdict.gate, "outcome": verdict.outcome.value, "reason": verdict.reason, **skipped}


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]
