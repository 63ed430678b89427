"""What judges the texts whose grammar is not the file's own: versions, patterns, rules, keys. No I/O.

The bot knows these grammars and passes its judges in; the file's reader only finds the text and names its place.
"""

from collections.abc import Callable
from dataclasses import dataclass

from config.pipeline import TemplateKind

Check = Callable[[str], object]


def _anything(_: str) -> None:
    """The check that accepts all."""


def _anything_extracted(_pattern: str, _template: str) -> None:
    """Accepts all, too."""


def _any_expression(_text: str, _names: tuple[str, ...]) -> None:
    """Accepts all, too."""


def _any_template(_text: str, _kind: TemplateKind) -> None:
    """Accepts all, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a gate's expression may speak of: names of its pipeline.

    `is_root`: nothing is upstream of its environment. `hydrated`: it is a branch into which a hydrated one is promoted.
    """

    environments: tuple[str, ...]
    artifacts: tuple[str, ...]
    is_root: bool
    hydrated: bool = False

    @property
    def is_source(self) -> bool:
        """A root without artifacts: nothing is promoted into it, so that no gate would ever be asked."""
        return self.is_root and not self.artifacts and not self.hydrated


def _any_condition(_text: str, _scope: Scope) -> None:
    """Accepts all, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checks:
    """Each raises ValueError with the reason to show; `line` and `column` (from 1) of the error, if any, say where.

    `check_repository` may answer the repository as it is compared with others. `check_chart_repository` gets the
    address of a chart repository, `http://` or `https://`: whether a host may be spoken to without TLS is the
    operator's to say. `check_extract` gets the pattern and the template, `check_expression` a rule and the names of the
    pipeline's artifacts, `check_condition` a gate's expression, `check_key` a public key in PEM, `check_cron` the five
    fields of cron, `check_timezone` a name of the IANA time zone database.
    """

    check_repository: Check = _anything
    check_chart_repository: Check = _anything
    check_constraint: Check = _anything
    check_pattern: Check = _anything
    check_glob: Check = _anything
    check_platform: Check = _anything
    check_extract: Callable[[str, str], object] = _anything_extracted
    check_expression: Callable[[str, tuple[str, ...]], object] = _any_expression
    check_template: Callable[[str, TemplateKind], object] = _any_template
    check_condition: Callable[[str, Scope], object] = _any_condition
    check_key: Check = _anything
    check_cron: Check = _anything
    check_timezone: Check = _anything
