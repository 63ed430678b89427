"""What the benchmark of the choice measures: the list is as it says, and the answer is the plain one."""

import json

from bot.versions import choose, make_rules
from tests.bench import choice


def test_the_list_is_a_third_commits_and_the_same_every_time() -> None:
    """The rest are versions in four spellings; no two tags are alike."""
    listed = choice.tags(3000)
    assert listed == choice.tags(3000)
    assert len(set(listed)) == len(listed) == 3000
    assert sum(tag.startswith("sha-") for tag in listed) == 1000
    spellings = {tag.partition("-")[2].partition(".")[0] for tag in listed if not tag.startswith("sha-")}
    assert spellings == {"", "alpine", "rc"}
    assert any(tag.startswith("v") for tag in listed)


def test_what_is_measured_is_the_choice() -> None:
    """One time for each run, and the tag that the plain way accepts last."""
    listed = choice.tags(3000)
    selected, times = choice.measure(json.dumps(listed), runs=2)
    assert selected == choose(listed, make_rules(constraint=choice.CONSTRAINT)).accepted[-1]
    assert len(times) == 2
