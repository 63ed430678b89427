"""When releases may enter an environment: `windows`, read. No I/O."""

from datetime import timedelta

from config.checks import Checks, Scope
from config.pipeline import Window
from config.reading import Entry, Reader, Section
from config.yaml_text import Node

_MOST = 20


def read_windows(reader: Reader, entry: Entry, checks: Checks, scope: Scope) -> tuple[Window, ...]:
    """The windows that could be read, in the file's order."""
    if scope.is_source:
        reader.refuse(entry.key, "nothing is promoted into a branch whose tip is the release", "no `windows`")
    items = reader.sequence(entry.value, "`windows`")
    if len(items) > _MOST:
        reader.refuse(items[_MOST], f"an environment has at most {_MOST} windows, and here are {len(items)}")
    windows = [_window(reader, item, checks) for item in items[:_MOST]]
    return tuple(window for window in windows if window is not None)


def _window(reader: Reader, node: Node, checks: Checks) -> Window | None:
    before = len(reader.problems)
    known = ("allow", "exclude", "for", "timezone")
    section = Section(reader, "a window", reader.fields(node, "a window", known=known))
    if len(reader.problems) > before:
        return None
    kinds = [key for key in ("allow", "exclude") if key in section.fields]
    if len(kinds) != 1:
        remedy = '`allow: "0 9 * * 1-5"` or `exclude: …`'
        reader.refuse(node, "a window either allows or excludes", f"one of the two, such as {remedy}")
        return None
    if "for" not in section.fields:
        reader.refuse(node, "a window needs `for`: how long it lasts", "`for: 8h`")
        return None
    begins = section.judged(kinds[0], checks.check_cron)
    zone = section.judged("timezone", checks.check_timezone)
    span = section.duration("for")
    if span == timedelta():
        reader.refuse(section.fields["for"].value, "a window of no length never opens", "a duration such as `8h`")
    if len(reader.problems) > before or span is None:
        return None
    return Window.model_validate({kinds[0]: begins, "for": span, "timezone": zone or "UTC"})
