"""The answer to `/diff`: which files a promotion changes, and how. No I/O.

What stands in the files is other people's text: it is shown in a fence that nothing in it can end, within bounds, and
with the characters made visible that would show it otherwise than it is.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from bot.actions import Copy, Edits, MergeOf, Whole
from bot.content import Wanted
from bot.messages import code
from bot.model import File, PullRequest

_MOST_LINES = 300
_MOST_FILES = 50
_LONGEST_LINE = 400
_LONGEST = 30_000
_LONGEST_PATH = 200
# Comparing takes time that grows with the product: what is more than that is not compared.
_MOST_COMPARED = 4_000_000
_FENCES = re.compile(r"`{3,}")


def difference(wish: Wanted, files: Iterable[File], pull: PullRequest) -> str:
    """Markdown: the changed files, with our edits of their text. `files`: as the base has them."""
    if isinstance(wish.content, Copy):
        gone = [path for path, entry in wish.content.entries.items() if entry is None]
        copied = f"This promotion copies {code(wish.content.of)}. {_listed(sorted(wish.content.entries))}"
        return f"{copied}\n\nDeleted of these: {_listed(gone)}" if gone else copied
    if isinstance(wish.content, Whole):
        taken = f"This promotion takes {code(wish.content.of)} whole, at {code(wish.content.source)}."
        return f"{taken}\n\n{_listed(sorted(pull.changed or ()))}".rstrip()
    if not isinstance(wish.content, Edits):
        how = "This restores what the branch held with an earlier release."
        if isinstance(wish.content, MergeOf):
            how = f"This promotion merges commit {code(wish.content.source)}."
        return f"{how}\n\n{_listed(sorted(pull.changed or ()))}".rstrip()
    before = {file.path: file.text or "" for file in files}
    return _listed(sorted(wish.content.texts)) + _fenced(_lines(before, wish.content.texts))


def _listed(paths: Sequence[str]) -> str:
    noun = "file" if len(paths) == 1 else "files"
    shown = "".join(f"\n- {code(path[:_LONGEST_PATH])}" for path in paths[:_MOST_FILES])
    more = f"\n- and {len(paths) - _MOST_FILES} more" if len(paths) > _MOST_FILES else ""
    return f"**{len(paths)} changed {noun}:**\n{shown}{more}" if paths else ""


def _lines(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """All files' unified diffs, one after the other."""
    lines: list[str] = []
    for path in sorted(after):
        old, new = before.get(path, "").splitlines(), after[path].splitlines()
        name = _visible(path)
        if _size(old, new) > _MOST_COMPARED:
            lines += [f"--- a/{name}", f"+++ b/{name}", f"@@ too much changes to be compared: {len(new)} lines now @@"]
            continue
        lines += [_visible(line) for line in difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", lineterm="")]
    return lines


def _size(old: list[str], new: list[str]) -> int:
    """How many pairs of lines differ in place or by number: what a comparison would have to look at."""
    first = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    rest_old, rest_new = old[first:][::-1], new[first:][::-1]
    pairs = enumerate(zip(rest_old, rest_new, strict=False))
    last = next((i for i, (a, b) in pairs if a != b), min(len(rest_old), len(rest_new)))
    return (len(rest_old) - last) * (len(rest_new) - last)


def _fenced(lines: list[str]) -> str:
    shown: list[str] = []
    room = _LONGEST
    for line in lines[:_MOST_LINES]:
        room -= len(line) + 1
        if room < 0:
            break
        shown.append(line)
    text = "\n".join(shown)
    fence = "`" * (1 + max((len(run) for run in _FENCES.findall(text)), default=2))
    left = len(lines) - len(shown)
    more = f"\n\n{left} more lines are not shown here; see the files of this pull request." if left else ""
    return f"\n\n{fence}diff\n{text}\n{fence}{more}"


def _visible(line: str) -> str:
    """No control and no bidirectional character does what it does (the "Trojan Source" trick); none is lost either."""
    text = "".join(c if c.isprintable() or c == "\t" else f"\\u{ord(c):04x}" for c in line)
    return text if len(text) <= _LONGEST_LINE else f"{text[: _LONGEST_LINE - 1]}…"
