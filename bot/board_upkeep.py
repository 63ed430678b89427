"""When the board issue is written: along with other writes, or a minute later for itself. No I/O.

What is remembered here is lost with the process, which costs a minute.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot import board_issue
from bot.actions import Action, AddLabels, EditIssue, Merge, PostCheck, Propose, RecordStatusChange, Retitle
from bot.model import Issues

# How long the board issue may lag behind where nothing else is written that it could travel with.
LAG = timedelta(minutes=1)
# A board that was opened and does not show up yet is not opened once more for so long.
PATIENCE = timedelta(hours=1)
# What is sent as a document that takes the board along.
_DOCUMENTS = PostCheck | Propose | RecordStatusChange | Retitle


@dataclass(slots=True, kw_only=True)
class BoardUpkeep:
    """By repository key. `stale`: when a board that lags behind is written for itself.

    `opened`: until when one that was opened may be on its way to be seen.
    """

    stale: dict[str, datetime] = field(default_factory=dict)
    opened: dict[str, datetime] = field(default_factory=dict)

    def forget(self, key: str) -> None:
        self.stale.pop(key, None)
        self.opened.pop(key, None)

    def with_board(
        self, key: str, issues: Issues, text: str, todo: list[tuple[Action, ...]], *, now: datetime
    ) -> tuple[list[tuple[Action, ...]], datetime | None]:
        """The writes with the board's among them, or when it will be written for itself."""
        board = board_issue.board_issue(issues)
        if board is None:
            if not issues.enabled or now < self.opened.get(key, now):
                return todo, None
            self.opened[key] = now + PATIENCE
            return [*todo, (board_issue.opened(text),)], None
        if board.open and not board_issue.is_labelled(board):
            todo = [*todo, (AddLabels(number=board.number, labels=(board_issue.LABEL,)),)]
        edit = board_issue.edited(board, text)
        if edit is None:
            self.stale.pop(key, None)
            return todo, None
        together = _together(todo, edit)
        if together is not None:
            return together, None
        due = self.stale.setdefault(key, now + LAG)
        return ([*todo, (edit,)], None) if due <= now else (todo, due)


def _together(todo: list[tuple[Action, ...]], edit: EditIssue) -> list[tuple[Action, ...]] | None:
    """With what is written anyway, but with no merge: no board may stop one. None where nothing takes it along."""
    for place, actions in enumerate(todo):
        travels = any(isinstance(action, _DOCUMENTS) for action in actions)
        if travels and not any(isinstance(action, Merge) for action in actions):
            return [*todo[:place], (*actions, edit), *todo[place + 1 :]]
    return None
