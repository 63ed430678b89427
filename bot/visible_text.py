"""What a reader of a comment sees as its own plain words: the lines of top-level paragraphs, as rendered. No I/O.

Quotes, lists, headings, tables, fences, indented code, footnotes, formulas and HTML blocks are not its plain words.
Inside a paragraph, what is written as code, link, escape, entity or HTML keeps its marks, so that it cannot pass for a
line of plain words.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.open_elements import OpenElements

_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable(["text_join"])

# GitHub shows footnotes at the end of the comment. They run on like quotes, so they are read as such; CommonMark would
# take them for the definition of a link and leave what follows as a paragraph.
_FOOTNOTE = re.compile(r"^( {0,3})\[\^[^\]\s]+\]:", re.MULTILINE)
_FORMULA = "$$"


def visible_lines(body: str) -> tuple[str, ...]:
    """Each line of each top-level paragraph, trimmed, in order."""
    lines: list[str] = []
    elements = OpenElements()
    in_paragraph = False
    for token in _MARKDOWN.parse(_FOOTNOTE.sub(r"\1> ", body)):
        if token.type == "html_block":
            elements.read(token.content)
        elif token.type == "paragraph_open":
            in_paragraph = token.level == 0
        elif token.type == "inline":
            paragraph = _lines(token.children or [], elements)
            lines += paragraph if in_paragraph else []
        elif token.type == "paragraph_close":
            in_paragraph = False
    return tuple(lines)


def _lines(children: list[Token], elements: OpenElements) -> list[str]:
    """The lines of one paragraph that begin outside every element, link and formula."""
    lines: list[str] = []
    line, apart, links, formula = "", elements.any, 0, False
    for child in [*children, Token("softbreak", "", 0)]:
        if child.type in ("softbreak", "hardbreak"):
            lines += [] if apart else [line.strip()]
            line, apart = "", elements.any or links > 0 or formula
            continue
        if child.type == "html_inline":
            elements.read(child.content)
        elif child.type in ("link_open", "s_open"):
            links += 1
        elif child.type in ("link_close", "s_close"):
            links -= 1
        elif child.type == "text" and child.content.count(_FORMULA) % 2:
            formula = not formula
        line += _written(child)
    return lines


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
