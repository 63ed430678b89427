"""The truth table of the gate `tag`: a release whose digest Git does not hold is merged only while its tag names it."""

import pytest

from bot.actions import Outcome
from bot.gates import tag as gate
from bot.judgement import tagged_only
from bot.model import Artifact, Digest, Release, Unknown
from bot.standing import Standing
from config.pipeline import Pin
from tests.unit.facts import NOON, SHOP, standing

A, B = Digest("sha256:" + "a" * 64), Digest("sha256:" + "b" * 64)
REPOSITORY = SHOP.images["web"].repository
WEB = Artifact(name="web", repository=REPOSITORY, tag="1.2.0", digest=A)


@pytest.mark.parametrize(
    ("pointing", "outcome", "reason"),
    [
        pytest.param(
            B,
            Outcome.BLOCK,
            "the tag 1.2.0 was moved from sha256:aaaaaaaaaaaa to sha256:bbbbbbbbbbbb; "
            "push a new version, or pin digests (pin: digest)",
            id="moved",
        ),
        pytest.param(None, Outcome.WAIT, f"the tag 1.2.0 is gone from {REPOSITORY}", id="gone"),
        pytest.param(
            Unknown("the registry did not answer"),
            Outcome.WAIT,
            "where the tag 1.2.0 points is not known: the registry did not answer",
            id="could not be learnt",
        ),
    ],
)
def test_what_stops(*, pointing: Digest | Unknown | None, outcome: Outcome, reason: str) -> None:
    """What is known to be another image blocks; what is not known to be the same waits."""
    verdict = gate.judge(WEB, pointing)
    assert verdict is not None
    assert (verdict.gate, verdict.outcome, verdict.reason) == ("tag (web)", outcome, reason)


def test_a_tag_that_names_the_release_is_not_spoken_of() -> None:
    """There is nothing that anybody would have to do or know."""
    assert gate.judge(WEB, A) is None


@pytest.mark.parametrize(
    ("tag", "pin", "pinned", "asked"),
    [
        pytest.param("1.2.0", None, (), True, id="a tag alone"),
        pytest.param("1.2.0", Pin.TAG, (), True, id="a tag alone, as declared"),
        pytest.param("1.2.0", Pin.DIGEST, (), False, id="a digest will be written"),
        pytest.param("1.2.0", Pin.BOTH, (), False, id="both will be written"),
        pytest.param("1.2.0", None, ("web",), False, id="a digest stands"),
        pytest.param("", None, (), False, id="there is no tag"),
    ],
)
def test_whose_tags_matter(*, tag: str, pin: Pin | None, pinned: tuple[str, ...], asked: bool) -> None:
    """Those of which Git will hold nothing else."""
    artifact = Artifact(name="web", repository=REPOSITORY, tag=tag, digest=A)
    pipeline = SHOP.model_copy(update={"images": {"web": SHOP.images["web"].model_copy(update={"pin": pin})}})
    release = Release(artifacts=(artifact,), proposed=NOON)
    here: Standing = standing(pinned=frozenset(pinned))
    assert tagged_only(pipeline, release, here) == ((artifact,) if asked else ())


def test_what_is_declared_no_more_is_not_asked_about() -> None:
    """Its repository is nobody's any more."""
    other = Artifact(name="other", repository="ghcr.io/org/other", tag="1", digest=A)
    assert tagged_only(SHOP, Release(artifacts=(other,), proposed=NOON), standing()) == ()
