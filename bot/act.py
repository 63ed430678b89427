"""Carry a plan out on GitHub: heads first, then everything that can share one document, then records, then merges."""

from datetime import datetime
from typing import assert_never

from bot.actions import (
    Action,
    Close,
    DeleteBranch,
    Merge,
    PostCheck,
    Propose,
    React,
    RecordRelease,
    RecordStatusChange,
    Retitle,
    Say,
    SetLabel,
)
from bot.github import write
from bot.github.documents import Mutation
from bot.model import Repository


async def act(client: write.Client, repository: Repository, actions: tuple[Action, ...], *, now: datetime) -> None:
    """Write what was decided. Raises Conflict when something was no longer as read: the next pass looks again."""
    batch: list[Mutation] = []
    records: list[RecordRelease] = []
    labels: list[SetLabel] = []
    merges: list[Merge] = []
    for action in actions:
        match action:
            case Propose():
                head = await write.make_head(client, repository, action)
                batch.append(write.open_pull_request(repository, action))
                batch.append(write.check_run(repository, head, action.check, existing=None, now=now))
            case RecordRelease():
                records.append(action)
            case SetLabel():
                labels.append(action)
            case Merge():
                merges.append(action)
            case PostCheck() | Retitle() | Close() | RecordStatusChange() | DeleteBranch() | React() | Say():
                batch.append(write.mutation(repository, action, now=now))
            case _:
                assert_never(action)
    # A hold must bite before the reaction says that it was done.
    for label in labels:
        await write.set_label(client, repository, label)
    await write.send(client, batch)
    for entry in records:
        await write.record(client, repository, entry)
    for merge in merges:
        await write.merge(client, repository, merge)
