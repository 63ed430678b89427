"""GitHub's words for refusing a merge: which are races, and what else they come to."""

import pytest

from bot.github.merge_refusals import lasting


@pytest.mark.parametrize(
    "text",
    [
        "Head branch was modified. Review and try the merge again.",
        "Base branch was modified. Review and try the merge again.",
        "Pull Request is not mergeable",
        "Pull Request is still a draft",
        'Required status check "caisson/gates" is expected.',
        'Repository rule violations found\n\nRequired status check "caisson/gates" is in progress.',
        "Merge conflict checking is in progress. Try again in a few moments.",
    ],
)
def test_a_race_is_looked_at_again(text: str) -> None:
    """The next look sees another head, another base, a conflict, a draft, or our own check."""
    assert lasting(text) is None


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        pytest.param("At least 1 approving review is required by reviewers with write access.", "must review", id="1"),
        pytest.param("Waiting on code owner review from acme/sre.", "must review", id="code owners"),
        pytest.param("Changes requested by reviewers.", "must review", id="changes requested"),
        pytest.param(
            "New changes require approval from someone other than the last pusher.", "must review", id="the last pusher"
        ),
        pytest.param('Required status check "ci/test" is expected.', "checks that GitHub asks for", id="a check"),
        pytest.param("2 of 3 required status checks are failing.", "checks that GitHub asks for", id="several checks"),
        pytest.param("A conversation must be resolved before this pull request can be merged.", "resolve", id="talk"),
        pytest.param("Commits must have verified signatures.", "must be signed", id="signatures"),
        pytest.param("Changes must be made through the merge queue", "merge queue", id="a merge queue"),
        pytest.param("Squash merges are not allowed on this repository.", "merge_method: merge", id="no squashes"),
        pytest.param("Merge commits are not allowed on this repository.", "merge_method: squash", id="no merges"),
        pytest.param("This branch must not contain merge commits.", "merge_method: squash", id="linear"),
        pytest.param("You're not authorized to push to this branch.", "administrator", id="not authorised"),
        pytest.param("Something nobody has ever read.", "", id="unheard of"),
    ],
)
@pytest.mark.parametrize("heading", ["", "Repository rule violations found\n\n"], ids=["plain", "by a ruleset"])
def test_a_rule_is_told_with_what_helps(text: str, remedy: str, heading: str) -> None:
    """GitHub's words, without the rulesets' heading, and whose turn it is."""
    said = lasting(heading + text)
    assert said is not None
    words = text.rstrip(".").replace("'", "'")
    assert said.startswith(f"GitHub refuses the merge: {words}")
    assert remedy in said


def test_several_violations_are_one_sentence() -> None:
    """Rulesets list them on lines of their own; nothing in them calls people or makes a link."""
    said = lasting("Repository rule violations found\n\nAsk @acme/sre.\nSee https://example.com")
    assert said is not None
    assert "\n" not in said
    assert "@acme" not in said
    assert "https://e" not in said


def test_no_words_are_told_as_such() -> None:
    """Even an empty answer is explained."""
    assert lasting("") == "GitHub refuses the merge: it gives no reason"
