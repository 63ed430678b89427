"""How a value is written as a YAML scalar so that every reader takes it for text. No I/O."""

import re

from bot.errors import UserError

_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?0[xXoObB].*|[-+]?[0-9]+(?::[0-9]+)+")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "~", ""})
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*")


class CannotEdit(UserError):
    """The text cannot be read or edited safely; the message names the line and the reason."""


def plain_or_quoted(value: str) -> str:
    """The value as a plain scalar, quoted where any YAML (1.1, 1.2, Go's) would read a number, a truth or a date."""
    # Go's YAML drops underscores before it tries numbers.
    number = _NUMBER.fullmatch(value.replace("_", ""))
    return f'"{value}"' if number or _DATE.fullmatch(value) or value.lower() in _WORDS else value


def has_template(text: str) -> bool:
    """Whether a template engine is to fill the text in: Go's and Argo CD's `{{ }}`, Jinja's `{% %}`."""
    return "{{" in text or "{%" in text
