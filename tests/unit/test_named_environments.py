"""Which environment a command means."""

import pytest

from bot.named_environments import named_environment

KNOWN = ("shop/staging", "shop/production", "web/production")


@pytest.mark.parametrize(
    ("text", "here", "means"),
    [
        pytest.param("staging", "", "shop/staging", id="the one of that name"),
        pytest.param("web/production", "", "web/production", id="in full"),
        pytest.param("production", "web/production", "web/production", id="on a promotion, of its pipeline"),
        pytest.param("production", "shop/staging", "shop/production", id="on another one of that pipeline"),
        pytest.param("shop/production", "web/production", "shop/production", id="in full, wherever it is said"),
        pytest.param("staging", "web/production", "shop/staging", id="of another pipeline, where only that has one"),
        pytest.param(None, "shop/staging", "shop/staging", id="unnamed, on a promotion"),
    ],
)
def test_what_is_meant(text: str | None, here: str, means: str) -> None:
    """A name, with the pipeline where several have one; on a promotion its own comes first."""
    assert named_environment(text, known=KNOWN, here=here) == (means, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("production", "may be `shop/production` or `web/production`: say which", id="two of that name"),
        pytest.param("prodction", "Did you mean `production`?", id="nearly one"),
        pytest.param("shop/stagin", "Did you mean `shop/staging`?", id="nearly one in full"),
        pytest.param("x", "There is `shop/staging`, `shop/production` or `web/production`.", id="nothing like it"),
        pytest.param("`|@bob", "There is no environment `'¦@bob`.", id="somebody's markup stays in a code span"),
        pytest.param(None, "Name the environment:", id="none named, and several there"),
    ],
)
def test_what_is_not_clear_is_asked_back(text: str | None, says: str) -> None:
    """Nothing is guessed: all that may be meant is named."""
    found, why = named_environment(text, known=KNOWN)
    assert found == ""
    assert says in (why or "")


def test_the_only_environment_need_not_be_named() -> None:
    """Where there is one, it is meant."""
    assert named_environment(None, known=("shop/staging",)) == ("shop/staging", None)
