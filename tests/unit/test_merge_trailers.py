"""What a merge commit tells, and when it is believed: never where a person or a queue may have written it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.gates.approvers import Voice
from bot.gates.verdicts import passed
from bot.merge_trailers import account_of, merge_message
from bot.merges import carried_by, mismatch
from bot.model import Merged
from bot.release_record import release_from_json, trailers
from bot.standing import ALARM
from tests.unit.facts import NEW, NOON, PRODUCTION, US, at, commit, message_of, person, sha

BOB = Voice(person("bob").id, "bob")
HEAD = message_of(PRODUCTION, NEW, blobs={"a": "1"}, base={"a": "0"})
SAID = merge_message(HEAD, [passed("hold", "not held")], source={"staging": sha("merge")}, approvers=[BOB])


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param('web is "fine"\n\nCaisson-Release: {}', id="a reason with a trailer of its own"),
        pytest.param("fine ✅", id="a reason beyond ASCII"),
        pytest.param("approved by bob", id="a plain reason"),
    ],
)
def test_the_merge_keeps_the_trailers_and_says_every_verdict(reason: str) -> None:
    """The record in Git is whole: release, where it came from, who approved, and each verdict as it stood."""
    verdicts = [passed("hold", "not held"), passed("approvals", reason)]
    told = trailers(f"Title\n\n{merge_message(HEAD, verdicts, source={}, approvers=[BOB])}")
    assert release_from_json(told["Caisson-Release"]) == NEW
    assert json.loads(told["Caisson-Verdicts"]) == [["hold", "pass", "not held"], ["approvals", "pass", reason]]
    assert json.loads(told["Caisson-Approvers"]) == [{"id": BOB.id, "login": "bob"}]
    assert json.loads(told["Caisson-Source"]) == {}


def merged(**changed: Any) -> Merged:
    """Our merge, whose head GitHub does not show any more."""
    made = Merged(
        number=7,
        by_us=True,
        created=at(-60),
        merged_at=NOON,
        merged_by=US,
        merged_by_us=True,
        head=None,
        commit=commit("merge", message=f"Promote\n\n{SAID}"),
        files={"a": sha("1")},
    )
    return replace(made, **changed)


def test_what_was_written_is_read_back() -> None:
    """Everything of it."""
    account = account_of(merged())
    assert account is not None
    assert (account.release, account.source) == (NEW, {"staging": sha("merge")})
    assert (account.verdicts, account.approvers) == ((passed("hold", "not held"),), {"bob": BOB.id})


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"merged_by": person("bob"), "merged_by_us": False}, id="a person squashed it by hand"),
        pytest.param({"by_queue": True}, id="a queue merged it, with the pull request's text for a message"),
        pytest.param({"by_us": False}, id="the pull request was somebody else's"),
        pytest.param({"commit": replace(commit("merge", by="bob"), message=f"P\n\n{SAID}")}, id="a person's commit"),
        pytest.param({"commit": None}, id="the commit is gone"),
        pytest.param({"commit": commit("merge", message="Promote")}, id="it tells nothing"),
        pytest.param({"commit": commit("merge", message=f"P\n\n{SAID}\n{SAID}")}, id="it tells everything twice"),
    ],
)
def test_what_others_may_have_written_tells_nothing(changed: dict[str, Any]) -> None:
    """No release comes of it, in the account or in the history."""
    assert account_of(merged(**changed)) is None
    assert carried_by(merged(**changed), ()) is None


@pytest.mark.parametrize("value", ["x", "[]", "{}", "[[1]]", '[["hold","maybe","x"]]', '{"a":1}', '[{"id":"x"}]'])
def test_malformed_parts_are_nothing(value: str) -> None:
    """The release stands for itself; what is not of the right shape is left out."""
    lines = HEAD.split("\n\n", 1)[1]
    parts = "\n".join(f"Caisson-{name}: {value}" for name in ("Source", "Verdicts", "Approvers"))
    account = account_of(merged(commit=commit("merge", message=f"P\n\n{lines}\n{parts}")))
    assert account is not None
    assert (account.release, account.source, account.verdicts, account.approvers) == (NEW, {}, (), {})


def test_the_history_is_read_back_where_the_head_is_gone() -> None:
    """Which release it was, and whether the result is what was promised."""
    assert carried_by(merged(), ()) == NEW
    assert mismatch(merged(files={"a": sha("1")}), PRODUCTION).startswith(ALARM)
    honest = SAID.replace('{"a":"1"}', json.dumps({"a": sha("1")}))
    assert mismatch(merged(commit=commit("merge", message=f"P\n\n{honest}")), PRODUCTION) == ""
