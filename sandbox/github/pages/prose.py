"""People's and bots' Markdown as HTML. No I/O. HTML in it is shown as the text it is; its comments are not shown.

The parser recognises HTML only so that a comment can be told from the same characters in a code block; the two rules
below are all that ever becomes of it.
"""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import escape

# One that is never closed hides the rest, as on GitHub.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def _as_text(_: RendererProtocol, tokens: Sequence[Token], at: int, __: OptionsDict, ___: EnvType) -> str:
    shown = _COMMENT.sub("", tokens[at].content)
    if tokens[at].type == "html_block":
        return f"<p>{escape(shown.strip())}</p>\n" if shown.strip() else ""
    return str(escape(shown))


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.add_render_rule("html_block", _as_text)
    parser.add_render_rule("html_inline", _as_text)
    return parser


_PARSER = _parser()


def html(text: str) -> str:
    """Safe HTML: what the text brought along is escaped, and links lead to web or mail addresses only."""
    return str(_PARSER.render(text))
