"""The board issue: where the releases of one repository stand, on GitHub itself, and where commands are heard. No I/O.

It is an issue of our App, opened once the file is valid; whoever does not want it closes it, and then it is neither
opened again nor kept up to date until somebody reopens it. Its text is ours: what people write into it is written over.
"""

from collections.abc import Iterable, Mapping, Sequence

from bot.actions import EditIssue, EnvironmentView, OpenIssue
from bot.commands import spelled
from bot.freezes import is_freeze
from bot.gates.freeze import Freeze, dated
from bot.messages import cell, clipped
from bot.model import Issues, OurIssue, Unknown
from config.pipeline import CommandStyle

LABEL = "caisson/board"
MARKER = "<!-- caisson:board -->"
TITLE = "Caisson: which release stands where"
# GitHub takes issues of as many characters as comments.
_LONGEST = 65_000


def board_issue(issues: Issues) -> OurIssue | None:
    """The board: the lowest of our issues that carries the marker.

    Where its text was overwritten, the one with the label; else the one that we opened as the board.
    """
    candidates = [one for one in issues.ours if not is_freeze(one)]
    marked = [one for one in candidates if one.body.startswith(MARKER)]
    labelled = [one for one in candidates if is_labelled(one)]
    return next(iter(marked or labelled or [one for one in candidates if one.title == TITLE]), None)


def is_labelled(board: OurIssue) -> bool:
    """Without its label it is found while it is among what moved last, and no longer."""
    return any(name.lower() == LABEL for name in board.labels)


def opened(body: str) -> OpenIssue:
    return OpenIssue(title=TITLE, body=body, labels=(LABEL,))


def edited(board: OurIssue, body: str) -> EditIssue | None:
    """None where the board says so already, or is switched off."""
    same = board.body.replace("\r\n", "\n").strip() == body.strip()
    return None if same or not board.open else EditIssue(issue=board.id, body=body)


def board_text(
    pipelines: Mapping[str, Sequence[EnvironmentView]],
    freezes: Iterable[Freeze] | Unknown,
    *,
    style: CommandStyle,
) -> str:
    """The whole text: a table for each pipeline, upstream first. Times are absolute: it changes with the facts only."""
    parts = [
        MARKER,
        "Where the releases of this repository stand. Caisson keeps this text up to date while it is open.",
    ]
    for name, views in pipelines.items():
        rows = "\n".join(_row(view) for view in views)
        parts.append(
            f"### {name}\n\n| Environment | Active | Health | Proposed | Waiting for |\n|---|---|---|---|---|\n{rows}"
        )
    if isinstance(freezes, Unknown):
        parts.append(f"**What is frozen is not known**: {cell(freezes.reason)}")
    elif listed := "\n".join(_frozen(one) for one in freezes):
        parts.append(f"### Frozen\n\n{listed}")
    parts.append(
        "Commands are heard here: `/promote`, `/rollback`, `/freeze`, `/unfreeze`; `/help` lists them all. "
        "Close this issue if you do not want it: it is not opened again."
    )
    return clipped(spelled("\n\n".join(parts), style), most=_LONGEST)


def _row(view: EnvironmentView) -> str:
    proposed = cell(view.proposed) if view.proposed else ""
    if view.pull_request:
        proposed = f"{proposed} #{view.pull_request}".strip()
    cells = (view.name, cell(view.active or ""), cell(view.health), proposed, cell(view.waiting))
    return f"| {' | '.join(cells)} |"


def _frozen(freeze: Freeze) -> str:
    until = f" until {dated(freeze.until)}" if freeze.until else ""
    by = f" by {cell(freeze.by)}" if freeze.by else ""
    why = f": {cell(freeze.reason)}" if freeze.reason else ""
    where = f" (#{freeze.number})" if freeze.number else ""
    return f"- {freeze.environment}{by}{until}{why}{where}"
