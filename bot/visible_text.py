"""What a reader of a comment sees as its own plain words: the lines of top-level paragraphs, as rendered. No I/O.

Quotes, lists, headings, tables, fences, indented code and HTML blocks are not its plain words. Inside a paragraph, what
is written as code, link, escape, entity or HTML keeps its marks, so that it cannot pass for a line of plain words.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable(["text_join"])

# HTML elements whose content is set apart, folded away, struck out or listed. A blank line ends an HTML *block* while
# its element is still open: what follows is a paragraph to Markdown, but stands inside the element on the page.
_APART = re.compile(
    r"<(/?)(details|summary|blockquote|pre|code|table|ul|ol|dl|div|section|picture|samp|kbd|del|s|strike|h[1-6]|a)"
    r"(?=[\s/>])",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def visible_lines(body: str) -> tuple[str, ...]:
    """Each line of each top-level paragraph, trimmed, in order."""
    lines: list[str] = []
    depth = 0
    in_paragraph = False
    for token in _MARKDOWN.parse(body):
        if token.type == "html_block":
            depth = _depth(depth, token.content)
        elif token.type == "paragraph_open":
            in_paragraph = token.level == 0
        elif token.type == "inline":
            paragraph, depth = _lines(token.children or [], depth)
            lines += paragraph if in_paragraph else []
        elif token.type == "paragraph_close":
            in_paragraph = False
    return tuple(lines)


def _lines(children: list[Token], depth: int) -> tuple[list[str], int]:
    """The lines of one paragraph that begin outside every element and link, and the depth of HTML after it."""
    lines: list[str] = []
    line, apart, links = "", depth > 0, 0
    for child in [*children, Token("softbreak", "", 0)]:
        if child.type in ("softbreak", "hardbreak"):
            lines += [] if apart else [line.strip()]
            line, apart = "", depth > 0 or links > 0
            continue
        if child.type == "html_inline":
            depth = _depth(depth, child.content)
        elif child.type in ("link_open", "s_open"):
            links += 1
        elif child.type in ("link_close", "s_close"):
            links -= 1
        line += _written(child)
    return lines, depth


def _written(token: Token) -> str:
    """A piece of a paragraph as it was written, near enough that its first character tells what it is."""
    match token.type:
        case "text":
            return token.content
        case "code_inline":
            return f"{token.markup}{token.content}{token.markup}"
        case "link_open":
            return "["
        case "link_close":
            return "]"
        case "image":
            return f"![{token.content}]"
        case "html_inline":
            return " ".join(token.content.split())
        case _:
            # Escapes and entities keep the backslash and the ampersand; emphasis its stars.
            return token.markup


def _depth(depth: int, html: str) -> int:
    for closing, _ in _APART.findall(_COMMENT.sub("", html)):
        depth = max(depth - 1, 0) if closing else depth + 1
    return depth
