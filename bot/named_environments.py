"""Which environment a command means: `production`, or `web-app/production` where several pipelines have one. No I/O."""

from collections.abc import Sequence
from difflib import get_close_matches

from bot.messages import code


def named_environment(text: str | None, *, known: Sequence[str], here: str = "") -> tuple[str, str | None]:
    """The environment as `pipeline/environment`, and None; or "" and, in a sentence, why none is meant.

    `known`: all of the repository, written so. `here`: the one whose pull request or issue this is said on: it is meant
    where nothing is named, and its pipeline where only the environment is.
    """
    if text is None:
        return _unnamed(known, here)
    pipeline = here.partition("/")[0]
    found = [name for name in known if text in (name, name.partition("/")[2])]
    own = [name for name in found if pipeline and name.partition("/")[0] == pipeline]
    if len(own or found) == 1:
        return (own or found)[0], None
    if found:
        return "", f"{code(text)} may be {_or(found)}: say which."
    near = get_close_matches(text, [*known, *(name.partition("/")[2] for name in known)], n=1, cutoff=0.7)
    hint = f" Did you mean `{near[0]}`?" if near else f" There is {_or(known)}." if known else ""
    return "", f"There is no environment {code(text)}.{hint}"


def _unnamed(known: Sequence[str], here: str) -> tuple[str, str | None]:
    if here in known:
        return here, None
    if len(known) == 1:
        return known[0], None
    return "", f"Name the environment: {_or(known)}."


def _or(names: Sequence[str]) -> str:
    shown = [f"`{name}`" for name in names[:20]]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
