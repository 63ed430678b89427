"""The command line: `caisson serve`, `caisson demo`, `caisson check`, `caisson schema`, `caisson debug …`.

Exit status 2 means that what was given is wrong.
"""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
from functools import partial
from pathlib import Path

import click
import structlog
from rich.console import Console

from bot import audit_command, explain_command
from bot.clock import SystemClock
from bot.debug import comment, edit, event, tags
from bot.errors import CaissonError
from bot.plain_http import needed_allowances
from bot.reconcile import CHECKS
from bot.service import Parts, Service
from bot.web.app import favour_the_loop
from config.parse import ConfigError, read
from config.schema import json_schema
from config.settings import Settings, SettingsError

STORIES = ("road", "rollback", "branches")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="caisson")
def main() -> None:
    """Promote deployments through pull requests."""


@main.command()
def serve() -> None:
    """Run the bot. Settings come from the environment (see the README)."""
    _log_as_json(logging.INFO)
    try:
        settings = Settings.from_environment(os.environ)
        asyncio.run(_serve(settings))
    except (SettingsError, CaissonError) as error:
        raise click.UsageError(str(error)) from error


async def _serve(settings: Settings) -> None:
    parts = Parts(
        app_id=settings.app_id,
        private_key=settings.private_key,
        webhook_secrets=settings.webhook_secrets,
        github_url=settings.github_url,
        store=settings.store,
        host=settings.host,
        port=settings.port,
        kube=str(settings.kubeconfig) if settings.kubeconfig else _in_cluster(),
        kube_context=settings.kube_context,
        registry_doors=settings.registry_doors,
        registries=settings.registries,
        registry_credentials=settings.registry_credentials,
        trusted_root=settings.trusted_root,
        resync_interval=settings.resync_interval,
        poll_interval=settings.poll_interval,
        audit_tokens=settings.audit_tokens,
        audit_kept_for=settings.audit_kept_for,
        operator=settings.operator,
    )
    favour_the_loop()
    service = await Service(parts, SystemClock()).start()
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stopping.set)
    structlog.get_logger().info("serving", url=service.url)
    working = asyncio.create_task(service.run())
    waiting = asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        await service.stop()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


def _in_cluster() -> str | None:
    return "in-cluster" if os.environ.get("KUBERNETES_SERVICE_HOST") else None


@main.command()
@click.argument("story", type=click.Choice(STORIES), default=STORIES[0])
@click.option("--auto", is_flag=True, help="Do the person's part as well, and exit.")
def demo(*, story: str, auto: bool) -> None:
    """Tell a story on this machine alone, with a GitHub, a registry and a cluster of its own.

    `road`: a pushed image travels to production. `rollback`: staging degrades, is rolled back, the bad release stays
    out, and the next one goes on (nobody is asked). `branches`: a commit travels through a branch per environment.
    """
    # Imported here: the sandbox is no part of a running bot.
    from bot.demo import DemoFailed, branches, road, rolled_back

    _log_as_json(logging.WARNING)
    console = Console(highlight=False)
    tell = {
        "road": partial(road, console, auto=auto),
        "rollback": partial(rolled_back, console),
        "branches": partial(branches, console, auto=auto),
    }
    try:
        asyncio.run(tell[story]())
    except DemoFailed as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        console.print("stopped")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=".github/caisson.yaml")
def check(file: Path) -> None:
    """Check a configuration file and print every problem as path:line:column."""
    try:
        text = file.read_text(encoding="utf-8")
        declaration = read(text, path=str(file), checks=CHECKS)
        folders = {parent: _folders_in(_root_of(file) / parent) for parent in declaration.parents}
        declaration = read(text, path=str(file), checks=CHECKS, folders=folders)
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file}: not UTF-8 text: {error}") from error
    except ConfigError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(1)
    declared = declaration.configuration
    for problem in declaration.left_out:
        click.echo(str(problem), err=True)
    for allowance in needed_allowances(declared):
        click.echo(f"{file}: {allowance}", err=True)
    names = ", ".join(p.name for p in declared.pipelines) or "no pipelines"
    click.echo(f"{file}: valid ({names})")


def _root_of(file: Path) -> Path:
    """The repository's root, where the file lies in its own folder there; else whatever holds the file."""
    folder = file.resolve().parent
    return folder.parent if folder.name == ".github" else folder


def _folders_in(folder: Path) -> tuple[str, ...] | None:
    """As they lie on this disk, which may hold what Git does not."""
    return tuple(sorted(one.name for one in folder.iterdir() if one.is_dir())) if folder.is_dir() else None


@main.group()
def debug() -> None:
    """Show what Caisson would make of something, without a repository around it."""


debug.add_command(tags.command)
debug.add_command(event.command)
debug.add_command(edit.command)
debug.add_command(comment.command)
main.add_command(audit_command.command)
main.add_command(explain_command.command)


@main.command()
def schema() -> None:
    """Print the JSON Schema of the configuration file, for editors."""
    click.echo(json.dumps(json_schema(), indent=2))


def _log_as_json(level: int) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )
