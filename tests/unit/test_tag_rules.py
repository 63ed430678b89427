"""What was declared is read once into rules; what does not go together is refused with the field to mend. Tables."""

from datetime import timedelta

import pytest

from bot.errors import UserError
from bot.versions import ConstraintError, PatternError, RulesError, make_rules, rules_of
from config.pipeline import ChartSource, Cosign, ImageSource, Strategy, Verify, Write


def image(**changed: object) -> ImageSource:
    return ImageSource.model_validate({"repository": "ghcr.io/org/app", **changed})


def test_an_image_is_read_whole() -> None:
    """Every field that says something of tags."""
    rules = rules_of(
        image(constraint="^1", allow_tags="^v", ignore_tags=["*-arm"], extract="$0", minimum_age=timedelta(hours=1))
    )
    assert rules.constraint is not None
    assert rules.constraint.text == "^1"
    assert rules.allow is not None
    assert rules.allow.text == "^v"
    assert [glob.text for glob in rules.ignore] == ["*-arm"]
    assert rules.extract is not None
    assert rules.minimum_age == timedelta(hours=1)


def test_a_chart_has_the_same_rules() -> None:
    """Its versions are semantic ones."""
    rules = rules_of(ChartSource(repository="oci://ghcr.io/org/app", constraint="^1", ignore_tags=("1.0.0",)))
    assert rules.strategy is Strategy.SEMVER
    assert rules.constraint is not None
    assert [glob.text for glob in rules.ignore] == ["1.0.0"]


def test_a_declaration_is_read_once() -> None:
    """However often it is asked for, whatever else it declares."""
    whole = {
        "verify": Verify(cosign=Cosign(key="k")),
        "write": (Write(file="values.yaml"),),
        "platforms": ("linux/arm",),
    }
    assert rules_of(image(**whole)) is rules_of(image(**whole))
    assert rules_of(image(constraint="^2")) is not rules_of(image())


@pytest.mark.parametrize(
    ("declared", "field", "message"),
    [
        pytest.param({"strategy": "digest"}, "constraint", "name it", id="digest follows some tag"),
        pytest.param({"strategy": "digest", "constraint": ">=1 <2"}, "constraint", "is none", id="and only a tag"),
        pytest.param({"strategy": "alphabetical", "constraint": "^1"}, "constraint", "no constraint", id="text"),
        pytest.param({"strategy": "numerical", "constraint": "5"}, "constraint", "no constraint", id="numbers"),
        pytest.param({"strategy": "newest-build", "constraint": "^1"}, "constraint", "no constraint", id="builds"),
        pytest.param({"strategy": "numerical", "extract": "$1"}, "extract", "allow_tags", id="nothing is captured"),
        pytest.param(
            {"strategy": "newest-build", "extract": "$1", "allow_tags": "(.)"}, "extract", "leave", id="not by text"
        ),
        pytest.param(
            {"strategy": "digest", "constraint": "a", "extract": "$1", "allow_tags": "(.)"},
            "extract",
            "leave",
            id="nor",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(declared: dict[str, str], field: str, message: str) -> None:
    """Declaration → the field to mend, and words that say how."""
    with pytest.raises(RulesError, match=message) as refused:
        rules_of(image(**declared))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("declared", "error"),
    [
        ({"constraint": "latest"}, ConstraintError),
        ({"allow_tags": "("}, PatternError),
        ({"ignore_tags": ["["]}, PatternError),
        ({"allow_tags": "(a)", "extract": "$2"}, RulesError),
    ],
)
def test_what_cannot_be_read_is_the_authors_mistake(declared: dict[str, object], error: type[Exception]) -> None:
    """An error that the author is shown, never rules that match nothing."""
    with pytest.raises(error) as refused:
        rules_of(image(**declared))
    assert isinstance(refused.value, UserError)
    assert isinstance(refused.value, ValueError)


def test_a_number_of_rules_can_be_made_from_texts() -> None:
    """Without a declaration, as the command line does."""
    assert make_rules().strategy is Strategy.SEMVER
    assert make_rules(strategy=Strategy.DIGEST, constraint="latest").follow == "latest"
