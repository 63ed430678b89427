"""Carry a plan out on GitHub: heads first, then everything that can share one document, then records, then merges."""

from collections.abc import Callable
from datetime import datetime

from bot.actions import (
    Action,
    AddLabels,
    Close,
    DeleteBranch,
    EditIssue,
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
from bot.github.invite import invite
from bot.model import Repository

BATCHED = PostCheck | Retitle | Close | RecordStatusChange | DeleteBranch | React | Say | EditIssue


async def act(
    client: write.Client, repository: Repository, actions: tuple[Action, ...], *, now: Callable[[], datetime]
) -> None:
    """Write what was decided. Raises Conflict when something was no longer as read: the next pass looks again.

    A head that cannot be made stops neither the other environments nor the records: it is raised at the end.
    """
    batch: list[Mutation] = []
    failure: CaissonError | None = None
    for action in actions:
        if isinstance(action, Propose):
            try:
                batch.extend(await _propose(client, repository, action, now=now))
            except (Transient, Permanent) as error:
                failure = failure or error
        elif isinstance(action, BATCHED):
            batch.append(write.mutation(repository, action, now=now()))
    # A freeze or a hold must bite before the reaction says that it was done.
    for issue in (a for a in actions if isinstance(a, OpenIssue)):
        await write.open_issue(client, repository, issue)
    for label in (a for a in actions if isinstance(a, SetLabel)):
        await write.set_label(client, repository, label)
    await write.send(client, batch)
    await _call_on_people(client, repository, actions)
    for entry in (a for a in actions if isinstance(a, RecordRelease)):
        await write.record(client, repository, entry)
    for merge in (a for a in actions if isinstance(a, Merge)):
        await write.merge(client, repository, merge)
    if failure is not None:
        raise failure


async def _call_on_people(client: write.Client, repository: Repository, actions: tuple[Action, ...]) -> None:
    """Labels by which people sort pull requests, and whom to ask for a review."""
    for labels in (a for a in actions if isinstance(a, AddLabels)):
        await write.add_labels(client, repository, labels)
    for invitation in (a for a in actions if isinstance(a, Invite)):
        await invite(client, repository, invitation)


async def _propose(
    client: write.Client, repository: Repository, action: Propose, *, now: Callable[[], datetime]
) -> tuple[Mutation, ...]:
    """Make the head; what is left is its pull request and its checks."""
    head = await write.make_head(client, repository, action)
    # The check says since when the head is there: the clock is read after it was made.
    texts = (action.check, action.voucher) if action.voucher else (action.check,)
    checks = (write.check_run(repository, head, text, existing=None, now=now()) for text in texts)
    return write.open_pull_request(repository, action), *checks
