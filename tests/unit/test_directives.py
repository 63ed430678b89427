"""Table: what a directed promotion's head says of how it came about, and what is not believed."""

from datetime import UTC, datetime

import pytest

from bot.directives import Directed, DirectiveKind, directed_by, directive_trailers
from bot.model import Commit, Sha
from bot.release_record import format_trailers

WHOLE = Directed(kind=DirectiveKind.ROLLBACK, by="alice", by_id=7, comment="IC_1", instead_of="ab" * 32)


def head(message: str, *, by_us: bool = True) -> Commit:
    return Commit(
        sha=Sha("a" * 40),
        tree=Sha("b" * 40),
        parents=(Sha("c" * 40),),
        message=message,
        author="caisson[bot]",
        author_email="1+caisson[bot]@users.noreply.github.com",
        author_login="caisson[bot]",
        committed=datetime(2026, 1, 1, tzinfo=UTC),
        by_us=by_us,
    )


def message(directed: Directed) -> str:
    return f"Roll back\n\n{format_trailers(directive_trailers(directed))}"


@pytest.mark.parametrize(
    "directed", [WHOLE, Directed(kind=DirectiveKind.PROMOTE)], ids=["said by a person", "made by on_degraded"]
)
def test_what_is_written_is_read_back(directed: Directed) -> None:
    """A directive comes back from the head's message as it was written."""
    assert directed_by(head(message(directed))) == directed


@pytest.mark.parametrize(
    "commit",
    [
        pytest.param(None, id="no head"),
        pytest.param(head(message(WHOLE), by_us=False), id="somebody else's commit"),
        pytest.param(head("Promote shop 1.1.0"), id="a promotion that nobody directed"),
        pytest.param(head("x\n\nCaisson-Directive: nonsense"), id="not JSON"),
        pytest.param(head('x\n\nCaisson-Directive: {"kind":"dance"}'), id="an unknown kind"),
        pytest.param(head('x\n\nCaisson-Directive: {"kind":"promote","by_id":true}'), id="a number that is none"),
    ],
)
def test_what_is_not_ours_or_not_whole_is_no_directive(commit: Commit | None) -> None:
    """Nothing but a whole directive of our App counts."""
    assert directed_by(commit) is None
