"""Carry a plan out on GitHub: heads, then everything that can share one document, records, merges, and invitations."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from bot.actions import (
    Action,
    AddLabels,
    Close,
    DeleteBranch,
    Dequeue,
    EditIssue,
    Enqueue,
    Invite,
    Merge,
    OpenIssue,
    PostCheck,
    Propose,
    React,
    RecordRelease,
    RecordStatusChange,
    Retitle,
    Say,
    SetLabel,
)
from bot.errors import CaissonError, Permanent, Transient
from bot.github import write
from bot.github.documents import Mutation
from bot.github.failures import RateLimited, Refused
from bot.github.invite import invite
from bot.github.merge_refusals import lasting
from bot.model import Repository
from bot.refusals import kept

BATCHED = PostCheck | Retitle | Close | Dequeue | RecordStatusChange | DeleteBranch | React | Say | EditIssue


async def act(
    client: write.Client, repository: Repository, actions: tuple[Action, ...], *, now: Callable[[], datetime]
) -> None:
    """Write what was decided. Raises Conflict when something was no longer as read: the next pass looks again.

    What cannot be written keeps nothing else from it, but for what rests on it: nothing is merged on a check or a hold
    that did not arrive. What failed first is raised at the end.
    """
    failures = Failures()
    batch: list[Mutation] = []
    for action in actions:
        if isinstance(action, Propose):
            with failures.kept():
                batch.extend(await _propose(client, repository, action, now=now))
        elif isinstance(action, BATCHED):
            batch.append(write.mutation(repository, action, now=now()))
    # A freeze or a hold must bite before the reaction says that it was done.
    for issue in (a for a in actions if isinstance(a, OpenIssue)):
        await write.open_issue(client, repository, issue)
    for label in (a for a in actions if isinstance(a, SetLabel)):
        await write.set_label(client, repository, label)
    await write.send(client, batch)
    for entry in (a for a in actions if isinstance(a, RecordRelease)):
        with failures.kept():
            await write.record(client, repository, entry)
    for merge in (a for a in actions if isinstance(a, Merge | Enqueue)):
        with failures.kept():
            await _merge(client, repository, merge, now=now)
    await _call_on_people(client, repository, actions, failures)
    if failures.first is not None:
        raise failures.first


async def _call_on_people(
    client: write.Client, repository: Repository, actions: tuple[Action, ...], failures: "Failures"
) -> None:
    """Last, and each for itself: what people are called on with decides nothing."""
    for labels in (a for a in actions if isinstance(a, AddLabels)):
        with failures.kept():
            await write.add_labels(client, repository, labels)
    for invitation in (a for a in actions if isinstance(a, Invite)):
        with failures.kept():
            await invite(client, repository, invitation)


async def _merge(
    client: write.Client, repository: Repository, action: Merge | Enqueue, *, now: Callable[[], datetime]
) -> None:
    """Merge, or put it into the queue that merges.

    A refusal that would come again is written on the head, where the next pass reads it; a race is raised.
    """
    try:
        if isinstance(action, Enqueue):
            await write.enqueue(client, action)
        else:
            await write.merge(client, repository, action)
    except Refused as refused:
        reason = lasting(refused.text)
        if reason is None:
            raise
        moment = now()
        noted = kept(reason, action.pull, at=moment)
        await write.send(client, [write.mutation(repository, noted, now=moment)])


class Failures:
    """What could not be written, while the rest goes on."""

    def __init__(self) -> None:
        self.first: CaissonError | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """A pause that GitHub asks for holds for everything: it is raised at once."""
        try:
            yield
        except RateLimited:
            raise
        except (Transient, Permanent) as error:
            self.first = self.first or error


async def _propose(
    client: write.Client, repository: Repository, action: Propose, *, now: Callable[[], datetime]
) -> tuple[Mutation, ...]:
    """Make the head; what is left is its pull request and its checks."""
    made = await write.make_head(client, repository, action)
    opened = write.open_pull_request(repository, action)
    # What was foreseen was said of a merge: where there is a conflict the next pass says what holds of that.
    foreseen = None if made.conflict else action.check
    texts = [text for text in (foreseen, action.voucher) if text is not None]
    # The check says since when the head is there: the clock is read after it was made.
    checks = (write.check_run(repository, made.head, text, existing=None, now=now()) for text in texts)
    return opened, *checks
