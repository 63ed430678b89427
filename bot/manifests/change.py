"""Splices of YAML text, and the proof that they change what they are meant to and nothing else. No I/O.

Every character outside a splice stays. Then the new text is read again, event by event beside the old one: if it says
anything but the intended values in the intended places, nothing is written.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import yaml

from bot.manifests.fields import Field
from bot.manifests.reading import YamlText
from bot.manifests.scalars import CannotEdit, has_template, plain_or_quoted
from config.yaml_text import Alias, NotReadable, Scalar, Spot, parse_events

_PROPERTIES = re.compile(r"(?:[&!]\S*[ \t]+)+")
_WRITABLE = re.compile(r"[A-Za-z0-9._/:@\[\]=+*-]+")
_TEXT_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Put `written` where the characters from `start` to `end` of `text` stand.

    Thereby the scalar of that `order` reads `value`; or the scalars `added` stand after it.
    """

    text: YamlText
    start: int
    end: int
    written: str
    order: int
    value: str | None = None
    added: tuple[str, ...] = ()


def replacement(text: YamlText, field: Field, value: str) -> Change:
    """The change that gives a scalar another value, in the quotes it has. Raises CannotEdit where that is not safe."""
    scalar = field.value
    if field.merged is not None:
        raise text.refusal(field.merged, "a merge key (<<) brings the version from elsewhere; write the keys out")
    if isinstance(scalar, Alias):
        raise text.refusal(scalar.start, f"this is the alias *{scalar.name}; write the value itself")
    if not isinstance(scalar, Scalar):
        raise text.refusal(scalar.start, "this is not a single value (a template such as {{ … }}?)")
    _refuse_special(text, scalar, value)
    start, end = scalar.start.offset, scalar.end.offset
    if properties := _PROPERTIES.match(text.text, start, end):
        start = properties.end()
    if not scalar.plain:
        written = f"{scalar.style}{value}{scalar.style}"
    elif start < end and not (properties is None and (scalar.anchor or scalar.tag)):
        written = plain_or_quoted(value)
    elif text.text[start - 1 : start] == ":":
        # `newTag:` with nothing after it: the empty value begins at the colon.
        written = f" {plain_or_quoted(value)}"
    else:
        raise text.refusal(scalar.start, "there is no value to edit here")
    return Change(text=text, start=start, end=end, written=written, order=scalar.order, value=value)


def refuse_shared(text: YamlText, order: int) -> None:
    """An edit inside an anchored piece would change every place that refers to it."""
    for alias in text.stream.aliases:
        target = alias.target
        last = target.order if isinstance(target, Scalar) else target.last
        if target.order <= order <= last:
            reason = f"&{target.anchor} is used elsewhere too (line {text.line(alias.start)}); write both out"
            raise text.refusal(target.start, reason)


def apply(text: YamlText, changes: Iterable[Change]) -> str:
    """The text with every change made. Raises CannotEdit where it would say more, or less, than intended."""
    made = list(dict.fromkeys(changes))
    inner: dict[YamlText, list[Change]] = {}
    for change in made:
        if change.text is not text:
            inner.setdefault(change.text, []).append(change)
    flat = [change for change in made if change.text is text]
    for inside, its in inner.items():
        flat += _lifted(inside, its)
    edited = _spliced(text.text, flat)
    _prove(text, edited, flat)
    return edited


def _spliced(text: str, changes: Iterable[Change]) -> str:
    pieces: list[str] = []
    at = 0
    # Of two at one place, what is added stands behind what is replaced.
    for change in sorted(changes, key=lambda c: (c.start, bool(c.added))):
        pieces += text[at : change.start], change.written
        at = change.end
    return "".join([*pieces, text[at:]])


def _refuse_special(text: YamlText, scalar: Scalar, value: str) -> None:
    if not _WRITABLE.fullmatch(value):
        raise text.refusal(scalar.start, f"{value!r} holds characters that are not written")
    refuse_shared(text, scalar.order)
    if scalar.tag not in _TEXT_TAGS:
        raise text.refusal(scalar.start, f"a value tagged {scalar.tag} cannot be edited; write it without the tag")
    if scalar.style in ("|", ">") or scalar.start.line != scalar.end.line:
        raise text.refusal(scalar.start, "a value over several lines cannot be edited; write it on one line")
    if has_template(scalar.value):
        raise text.refusal(scalar.start, "a template cannot be edited; write the value itself")


def _lifted(inside: YamlText, changes: Sequence[Change]) -> list[Change]:
    """The changes to the text inside a scalar, as changes to the text that the scalar stands in."""
    host = inside.host
    if host is None:
        raise AssertionError("a change to another file")
    if host.starts is None:
        raise host.text.refusal(
            host.scalar.start, "YAML inside this kind of value cannot be edited; write it as a block that begins with |"
        )
    refuse_shared(host.text, host.scalar.order)
    value = apply(inside, changes)
    lifted = []
    begins = [0, *(found.end() for found in re.finditer("\n", inside.text))]
    for change in changes:
        line = bisect_right(begins, change.start) - 1
        shift = host.starts[line] - begins[line]
        lifted.append(
            Change(
                text=host.text,
                start=change.start + shift,
                end=change.end + shift,
                written=change.written,
                order=host.scalar.order,
                value=value,
            )
        )
    return lifted


def _prove(text: YamlText, edited: str, changes: Iterable[Change]) -> None:
    values = {change.order: change.value for change in changes if change.value is not None}
    added = {change.order: change.added for change in changes if change.added}
    after = parse_events(edited)
    try:
        for order, before in enumerate(text.stream.events):
            event = next(after, None)
            if isinstance(before, yaml.ScalarEvent):
                same = _reads(event, before, values.get(order, before.value))
            else:
                same = type(event) is type(before) and _named(event) == _named(before)
            if same and order in added:
                same = all(_holds(next(after, None), value) for value in added[order])
            if not same:
                raise _unproven(text, before)
        if next(after, None) is not None:
            raise _unproven(text, text.stream.events[-1])
    except NotReadable as error:
        raise text.refusal(error.spot, "the edit would leave what is not YAML") from error


def _reads(event: yaml.Event | None, before: yaml.ScalarEvent, value: str) -> bool:
    return (
        isinstance(event, yaml.ScalarEvent)
        and event.value == value
        and event.anchor == before.anchor
        and event.tag == before.tag
    )


def _holds(event: yaml.Event | None, value: str) -> bool:
    return isinstance(event, yaml.ScalarEvent) and event.value == value and event.anchor is None and event.tag is None


def _named(event: yaml.Event | None) -> tuple[str | None, str | None]:
    """What an event carries beside its kind: anchor and tag, or the anchor that an alias refers to."""
    if isinstance(event, yaml.CollectionStartEvent):
        return event.anchor, event.tag
    return (event.anchor, None) if isinstance(event, yaml.AliasEvent) else (None, None)


def _unproven(text: YamlText, event: yaml.Event) -> CannotEdit:
    line = event.start_mark.line + 1 if event.start_mark else 1
    return text.refusal(Spot(0, line, 1), "the edit would change more than the version")
