"""Which HTML elements are open at a place in a comment, so far as they set their content apart. No I/O.

Markdown ends an HTML block at a blank line while its element is still open: what follows is a paragraph to Markdown,
and stands inside the element on the page. Whoever hides a command will write HTML that readers take differently, so
doubt counts against the text: anything that may open an element does, and only what is plainly an end tag closes one.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

# Elements whose content is set apart, folded away, struck out, turned round, listed, or not shown at all.
_RAW = "iframe|noembed|noframes|noscript|plaintext|script|style|textarea|title|xmp"
_APART = (
    "a|bdo|blockquote|caption|cite|code|del|details|div|dl|figcaption|figure|h[1-6]|ins|kbd|mark|math|ol|picture|pre|q|"
    "rp|rt|ruby|s|samp|section|select|small|span|strike|sub|summary|sup|svg|table|template|tt|ul|var"
)
_OPENING = re.compile(rf"<({_APART}|{_RAW})(?=[\s/>]|\Z)", re.IGNORECASE)
_RAW_NAME = re.compile(_RAW, re.IGNORECASE)
# A tag on whose end all readers agree: CommonMark's own grammar of tags (0.31.2, section 6.6).
_ATTRIBUTE = r"""\s+[a-z_:][\w.:-]*(?:\s*=\s*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?"""
_TAG = re.compile(rf"<(/?)([a-z][a-z0-9-]*)(?:{_ATTRIBUTE})*\s*/?>", re.IGNORECASE | re.ASCII)
_MARKUP = re.compile(r"<!--.*?-->|<[a-z/!?]", re.IGNORECASE | re.DOTALL)
_COMMENT = "<!--"


@dataclass(slots=True)
class OpenElements:
    """Counts as HTML is read, piece by piece in order."""

    _open: Counter[str] = field(default_factory=Counter)

    @property
    def any(self) -> bool:
        return self._open.total() > 0

    def read(self, html: str) -> None:
        """One piece of HTML: a block, or a tag within a paragraph."""
        self._open.update(name.lower() for name in _OPENING.findall(html))
        for name in _closed(html):
            if self._open[name] > 0:
                self._open[name] -= 1
        if html.rfind(_COMMENT) > html.rfind("-->"):
            # It hides all that follows, for Markdown writes no more raw ends of it.
            self._open[_COMMENT] += 1


def _closed(html: str) -> list[str]:
    """Names of the end tags, up to where it is no longer certain what is a tag."""
    names: list[str] = []
    at, lowered = 0, html.lower()
    while found := _MARKUP.search(html, at):
        if found.group().startswith(_COMMENT):
            at = found.end()
            continue
        tag = _TAG.match(html, found.start())
        if tag is None:
            break
        name, at = tag[2].lower(), tag.end()
        if tag[1]:
            names.append(name)
        elif _RAW_NAME.fullmatch(name):
            end = lowered.find(f"</{name}", at)
            if end < 0:
                break
            at = end
    return names
