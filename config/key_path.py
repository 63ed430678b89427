"""Paths of keys into YAML, as people write them: `spec.images[0].tag`, `annotations["example.com/a"]`. No I/O.

A path is a tuple of keys (text) and indices (from 0). A key that holds a dot, a bracket or a quote is written in quotes
between brackets.
"""

import re

KeyPath = tuple[str | int, ...]

_STEP = re.compile(
    r'(?:(?:^|\.)(?P<key>[^.\[\]"\s]+))|\[(?P<index>[0-9]{1,6})\]|\["(?P<quoted>[^"]+)"\]|\[\'(?P<single>[^\']+)\'\]'
)


class KeyPathError(ValueError):
    """The text is no path of keys; the message says why."""


def parse_key_path(text: str) -> KeyPath:
    """Read a path; KeyPathError where it is none."""
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None or (step["key"] is not None and at == 0 and text.startswith(".")):
            example = 'image.tag, containers[0].image or annotations["example.com/version"]'
            raise KeyPathError(f"{text!r} is not a path of keys (column {at + 1}); write one such as {example}")
        steps.append(int(step["index"]) if step["index"] else step["key"] or step["quoted"] or step["single"])
        at = step.end()
    if not steps:
        raise KeyPathError("a path of keys is empty; write one such as image.tag")
    return tuple(steps)
