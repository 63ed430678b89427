"""The demo's stories, on the machine's own clock: each must end as it promises."""

import io
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from rich.console import Console

from bot.demo import branches, road, rolled_back


@pytest.mark.parametrize(
    ("story", "end"),
    [
        pytest.param(partial(road, auto=True), "production runs web-app 1.1.0; 3 pull requests merged", id="the road"),
        pytest.param(
            rolled_back,
            "staging was rolled back from web-app 1.1.0 to 1.0.0 and runs 1.2.0; 5 pull requests merged",
            id="a rollback",
        ),
        pytest.param(partial(branches, auto=True), "and says welcome; 2 pull requests merged", id="branches"),
    ],
)
async def test_a_story_ends_as_it_promises(
    story: Callable[[Console], Awaitable[None]], end: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line says what came of it, and nobody was waited for."""
    await story(Console(file=io.StringIO()))
    assert end in capsys.readouterr().out.splitlines()[-1]
