"""`caisson audit`: the audit log of a store's file as JSON lines, while the bot runs or after it."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from bot.audit_entry import Wanted, line_of, moment_from
from bot.errors import StoreUnavailable
from bot.store.audit_table import read_file
from config.settings import STORE

_UNITS = {"m": 60, "h": 3600, "d": 86400}


def _since(_: click.Context, __: click.Parameter, text: str | None) -> datetime | None:
    """A moment with its time zone, or how long ago (`90m`, `12h`, `7d`)."""
    if text is None:
        return None
    amount, unit = text[:-1], text[-1:]
    if amount.isascii() and amount.isdecimal() and unit in _UNITS and len(amount) < len("1000000"):
        return datetime.now(UTC) - timedelta(seconds=int(amount) * _UNITS[unit])
    try:
        return moment_from(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}, or how long ago, such as 7d") from error


@click.command("audit")
@click.option("--since", metavar="MOMENT", callback=_since, help="From then on: 2026-11-24T09:30:00Z, or 7d ago.")
@click.option("--repository", metavar="ORG/NAME", help="Of one repository only.")
@click.option("--pipeline", metavar="NAME", help="Of one pipeline only.")
@click.option("--environment", metavar="NAME", help="Of one environment only.")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only entries with a higher number.")
@click.option("--store", "path", type=click.Path(path_type=Path), help="The store's file; default: CAISSON_STORE.")
def command(
    *,
    since: datetime | None,
    repository: str | None,
    pipeline: str | None,
    environment: str | None,
    after: int,
    path: Path | None,
) -> None:
    """Print the audit log as JSON lines, oldest first (docs/audit.md says what stands in them)."""
    file = path or Path(os.environ.get(STORE, "").strip() or "caisson.db")
    if not file.is_file():
        raise click.UsageError(f"there is no store at {file}: name its file with --store, or set {STORE}")
    wanted = Wanted(since=since, repository=repository, pipeline=pipeline, environment=environment)
    try:
        for kept in read_file(file, wanted, after=after):
            click.echo(line_of(kept), nl=False)
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from error
