"""`caisson debug event`: what a registry's notification, caught at its door, hints at."""

import json
import sys
from collections.abc import Callable, Iterable

import click

from bot.image_reference import HUB, host_and_path
from bot.senders import Hint, NotificationError, parse
from config.doors import ALSO_KNOWN_AS, Option, Sender, options_of, sender_named, wrong_with

_LARGEST = 25 * 1024 * 1024
# People write Docker Hub's official images without it.
_OFFICIAL = "library/"
_NAMES = sorted([*(sender.value for sender in Sender), *ALSO_KNOWN_AS])


def _pairs(separator: str) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], dict[str, str]]:
    """A callback that splits each value once; a usage error where there is nothing to split."""

    def read(_: click.Context, parameter: click.Parameter, values: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for value in values:
            name, found_separator, rest = value.partition(separator)
            if not (name.strip() and found_separator):
                raise click.BadParameter(f"{value!r}: write {parameter.metavar}")
            found[name.strip()] = rest.strip()
        return found

    return read


@click.command("event")
@click.option("--sender", required=True, type=click.Choice(_NAMES), help="Who sent it.")
@click.option(
    "--header", "headers", multiple=True, metavar="'K: V'", callback=_pairs(":"), help="A header it came with."
)
@click.option("--query", multiple=True, metavar="k=v", callback=_pairs("="), help="A parameter of the door's address.")
@click.option(
    "--option", "options", multiple=True, metavar="k=v", callback=_pairs("="), help="An option of the door's."
)
def command(*, sender: str, headers: dict[str, str], query: dict[str, str], options: dict[str, str]) -> None:
    """Print what a notification on standard input hints at, as JSON.

    Nothing is authenticated, asked or stored. What is a notification but no push prints `[]`.
    """
    who = sender_named(sender)
    if who is None:
        raise click.BadParameter(f"there is no sender {sender!r}")
    chosen = _options(who, options)
    body = sys.stdin.buffer.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise click.ClickException("the body is larger than 25 MiB")
    try:
        hints = parse(who, body, headers=headers, query=query, options=chosen)
    except NotificationError as error:
        raise click.ClickException(str(error)) from error
    click.echo(json.dumps([_shown(hint) for hint in hints]))


def _options(sender: Sender, given: dict[str, str]) -> dict[Option, str]:
    known = options_of(sender)
    options: dict[Option, str] = {}
    for name, value in given.items():
        if name not in known:
            listed = ", ".join(known) or "none"
            raise click.BadParameter(f"{sender} has no option {name!r}; it has: {listed}", param_hint="--option")
        option = Option(name)
        if wrong := wrong_with(option, value):
            raise click.BadParameter(wrong, param_hint="--option")
        options[option] = value
    return options


def _shown(hint: Hint) -> dict[str, str | None]:
    host, path = host_and_path(hint.repository)
    shown = path.removeprefix(_OFFICIAL) if host == HUB else path
    return {"registry": host or None, "repository": shown, "tag": hint.tag, "digest": hint.digest}
