"""One image of the file, read. No I/O."""

import re

from config.artifact_keys import KEYS, bare_repository, fill_alike, read_alike
from config.checks import Checks
from config.pipeline import ImageSource, Pin, Strategy
from config.reading import Entry, Reader, Section
from config.writes import IMAGE_KEYS
from config.yaml_text import Node, Scalar, resolved

_KEYS = (*KEYS, "strategy", "extract", "platforms", "pin")
_FIRST_KEY = "`repository:` and where the image is pushed to"
# OCI distribution specification, "Pulling manifests".
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def read_image(reader: Reader, entry: Entry, checks: Checks) -> ImageSource | None:
    """The image, or None where it cannot be told what it is."""
    what = f"image `{entry.name}`"
    if not reader.has_keys(entry.value, what, _with_key(entry.value)):
        return None
    section = Section(reader, what, fill_alike(reader, reader.fields(entry.value, what, known=_KEYS)))
    if "repository" not in section.fields:
        reader.refuse(entry.key, f"{what} has no repository", _FIRST_KEY)
        return None
    repository = _repository(reader, section.fields["repository"].value, checks)
    strategy = section.choice("strategy", Strategy)
    if strategy is None and "strategy" not in section.fields:
        strategy = Strategy.SEMVER
    constraint = _constraint(section, strategy, checks)
    alike = read_alike(section, checks, keys=IMAGE_KEYS)
    extract = _extract(section, strategy, alike.allow_tags, checks)
    platforms = section.each("platforms", checks.check_platform)
    pin = _pin(section, strategy)
    if repository is None:
        return None
    return ImageSource(
        repository=repository,
        strategy=strategy or Strategy.SEMVER,
        constraint=constraint or "*",
        extract=extract,
        platforms=platforms,
        pin=pin,
        allow_tags=alike.allow_tags,
        ignore_tags=alike.ignore_tags,
        minimum_age=alike.minimum_age,
        verify=alike.verify,
        write=alike.write,
        release_notes=alike.release_notes,
    )


def _with_key(node: Node) -> str:
    """What is missing where the repository itself stands in place of the keys."""
    value = resolved(node)
    return f"`repository: {value.value}` below it" if isinstance(value, Scalar) and value.value else _FIRST_KEY


def _repository(reader: Reader, node: Node, checks: Checks) -> str | None:
    text = reader.text(node, "repository")
    if text is None:
        return None
    if "://" in text:
        rest = text.partition("://")[2]
        better = bare_repository(rest)
        reader.refuse(node, "an image's repository is written without a scheme", f"`{better[1] if better else rest}`")
    elif better := bare_repository(text):
        reader.refuse(node, f"an image's repository is written {better[0]}", f"`{better[1]}`")
    else:
        return reader.judged(node, "repository", checks.check_repository)
    return None


def _constraint(section: Section, strategy: Strategy | None, checks: Checks) -> str | None:
    """What `constraint` means is the strategy's to say; of an unknown strategy nothing is said."""
    match strategy:
        case None:
            return None
        case Strategy.SEMVER:
            return section.judged("constraint", checks.check_constraint)
        case Strategy.DIGEST:
            if "constraint" not in section.fields:
                message = "`strategy: digest` follows one tag, and none is named"
                section.reader.refuse(section.fields["strategy"].value, message, "`constraint:` with a tag as `latest`")
            return section.judged("constraint", _check_followed)
        case Strategy.NEWEST_BUILD | Strategy.ALPHABETICAL | Strategy.NUMERICAL:
            message = f"`strategy: {strategy}` takes no `constraint`, which orders versions"
            section.refuse_key("constraint", message, "`allow_tags` with a pattern of the tags that count")
            return None


def _check_followed(text: str) -> None:
    if not _TAG.fullmatch(text):
        raise ValueError(f"`strategy: digest` follows one tag, and {text!r} is none")


def _extract(section: Section, strategy: Strategy | None, allowed: str | None, checks: Checks) -> str | None:
    if "extract" not in section.fields:
        return None
    if strategy not in (None, Strategy.ALPHABETICAL, Strategy.NUMERICAL):
        message = f"`extract` is what `alphabetical` and `numerical` compare, and this is `{strategy}`"
        section.refuse_key("extract", message, "`strategy: numerical`, or remove `extract`")
    elif "allow_tags" not in section.fields:
        message = "`extract` takes parts of what `allow_tags` captured, and there is no `allow_tags`"
        section.refuse_key("extract", message, "`allow_tags:` with a group, such as '^main-(?P<run>[0-9]+)$'")
    elif allowed is not None:
        return section.judged("extract", lambda text: checks.check_extract(allowed, text))
    return None


def _pin(section: Section, strategy: Strategy | None) -> Pin | None:
    pin = section.choice("pin", Pin)
    if strategy is not Strategy.DIGEST:
        return pin
    if pin is Pin.TAG:
        message = "`strategy: digest` follows a tag that moves: only the digest says what is deployed"
        section.reader.refuse(section.fields["pin"].value, message, "`both` or `digest`")
    return pin or Pin.BOTH
