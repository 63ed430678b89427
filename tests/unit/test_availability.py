"""Tables: which releases may come from upstream, and which of them people turned away on the road."""

from collections.abc import Mapping

import pytest

from bot.availability import available, rejection
from bot.model import RecordState
from bot.standing import Standing
from bot.targets import named_release
from config.pipeline import Environment
from tests.unit.facts import NEW, record, standing

WELL = (RecordState.HEALTHY, -80.0)
ANY = Environment(name="production", after_any=("eu", "us"))
ALL = Environment(name="production", after=("eu", "us"))


def there(name: str, *, has: bool = True, closed: bool = False) -> Standing:
    records = (record(NEW, WELL, minute=-90),) if has else ()
    return standing(*records, name=name, closed={NEW.id: "bob closed #4"} if closed else {})


def graph(eu: Standing, us: Standing, **production: bool) -> Mapping[str, Standing]:
    return {"eu": eu, "us": us, "production": there("production", has=False, **production)}


GONE = "1.1.0 was rejected in {}: bob closed #4"


@pytest.mark.parametrize(
    ("environment", "standings", "comes", "why"),
    [
        pytest.param(ALL, graph(there("eu"), there("us")), True, None, id="verified in all"),
        pytest.param(ALL, graph(there("eu"), there("us", has=False)), False, None, id="not in all"),
        pytest.param(ANY, graph(there("eu"), there("us", has=False)), True, None, id="verified in one of any"),
        pytest.param(
            ALL, graph(there("eu"), there("us", closed=True)), False, GONE.format("us"), id="rejected in one of all"
        ),
        pytest.param(ANY, graph(there("eu"), there("us", closed=True)), True, None, id="rejected in one of any"),
        pytest.param(
            ANY,
            graph(there("eu", has=False), there("us", closed=True)),
            False,
            GONE.format("us"),
            id="rejected in the only one of any that had it",
        ),
        pytest.param(
            ANY, graph(there("eu"), there("us"), closed=True), False, GONE.format("production"), id="rejected here"
        ),
    ],
)
def test_what_may_come(
    environment: Environment, standings: Mapping[str, Standing], why: str | None, *, comes: bool
) -> None:
    """A rejection bans from where it was said, and from what comes after it by no other way."""
    assert [r.id for r in available(environment, standings)] == ([NEW.id] if comes else [])
    assert rejection(environment, NEW, standings) == why


def test_a_name_goes_by_the_same_predicate() -> None:
    """One of `after_any` is enough for `/promote version=` too, and being rejected here is no hindrance."""
    assert named_release(ANY, graph(there("eu"), there("us", closed=True), closed=True), "1.1.0") == NEW
    assert named_release(ALL, graph(there("eu"), there("us", closed=True)), "1.1.0") == GONE.format("us")
