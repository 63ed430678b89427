"""`caisson debug comment`: what Caisson would understand of a comment."""

import json
import sys

import click

from bot.command_grammar import Command, Misunderstood, parse_comment
from config.pipeline import CommandStyle

_LARGEST = 1024 * 1024


@click.command("comment")
@click.option("--prefixed", is_flag=True, help="As under `commands: prefixed`, where only /caisson lines count.")
def command(*, prefixed: bool) -> None:
    """Print the commands of a comment on standard input, in order, as JSON.

    A line that was surely meant for Caisson and is no command prints as `{"misunderstood": …, "suggestion": …}`, where
    the suggestion may be null. What is no command of Caisson's is left out.
    """
    body = sys.stdin.buffer.read(_LARGEST + 1)
    if len(body) > _LARGEST:
        raise click.ClickException("the comment is larger than 1 MiB")
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        raise click.ClickException(f"the comment is not UTF-8 text: {error}") from error
    style = CommandStyle.PREFIXED if prefixed else CommandStyle.PLAIN
    click.echo(json.dumps([_shown(one) for one in parse_comment(text, style=style)], ensure_ascii=False))


def _shown(one: Command | Misunderstood) -> dict[str, object]:
    if isinstance(one, Misunderstood):
        return {"misunderstood": one.text, "suggestion": one.suggestion and f"/{one.suggestion}"}
    return {"command": one.name, "arguments": dict(one.arguments)}
