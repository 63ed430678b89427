"""`caisson debug edit`: what a version would look like in one file, without a repository or a pull request around it.

The file is read and never written: the result goes to standard output, byte for byte.
"""

from dataclasses import replace
from pathlib import Path

import click

from bot.errors import UserError
from bot.image_reference import ImageReferenceError, normalise_repository
from bot.manifests.subject import Subject, chart_location
from bot.manifests.versions import set_version
from config.pipeline import Pin, Write


@click.command("edit")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--image", metavar="REPOSITORY", help="The image, as files name it: nginx, ghcr.io/org/app.")
@click.option("--chart", metavar="REPOSITORY", help="Or a chart: oci://host/path/name, or https://host/path#name.")
@click.option("--to", required=True, metavar="TAG[@DIGEST]", help="The version that is to stand.")
@click.option("--pin", type=click.Choice([pin.value for pin in Pin]), help="What to write where it does not stand yet.")
@click.option("--name", help="What markers call it. [default: the last part of the repository]")
def command(file: Path, *, image: str | None, chart: str | None, to: str, pin: str | None, name: str | None) -> None:
    """Print FILE with the version of one image or chart set, and not a byte else changed."""
    if (image is None) == (chart is None):
        raise click.UsageError("name one of --image and --chart")
    tag, _, digest = to.partition("@")
    repository = _image(image) if image is not None else _chart(chart or "")
    try:
        # Naming the file as the place makes any file name do.
        write = (Write(file=str(file)),)
        subject = Subject(name=name or "", repository=repository, write=write, chart=chart is not None)
        subject = replace(subject, name=name or subject.last)
        text = file.read_bytes().decode()
        edited = set_version(
            {str(file): text}, subject, tag=tag, digest=digest or None, pin=Pin(pin) if pin else None, folder=""
        )
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file}: not UTF-8 text: {error}") from error
    except UserError as error:
        raise click.ClickException(str(error)) from error
    # Bytes go out as they are; text would have its line endings translated on some systems.
    click.echo(edited.get(str(file), text).encode(), nl=False)


def _image(text: str) -> str:
    if any(letter.isspace() for letter in text):
        raise click.UsageError(f"--image {text!r}: the name of a repository holds no spaces")
    try:
        return normalise_repository(text)
    except ImageReferenceError as error:
        raise click.UsageError(f"--image: {error}") from error


def _chart(text: str) -> str:
    repository, _, name = text.partition("#")
    location = chart_location(repository, name or None)
    if location is None:
        raise click.UsageError(f"--chart {text} names no chart: write oci://host/path/name or https://host/path#name")
    return location
