"""Deployments as records: anyone with push can make them and add statuses, so most of what is there may not count."""

import pytest

from bot.model import How, RecordState
from bot.release_record import one_line
from tests.unit.github_answers import JSON, PAYLOAD, PRETENDERS, RELEASE, deployment, listed, place, status


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(one_line(PAYLOAD), id="as text"),
        pytest.param(one_line(one_line(PAYLOAD)), id="as text of text"),
        pytest.param(PAYLOAD, id="as an object"),
    ],
)
def test_a_record_is_read_however_github_wraps_its_payload(payload: object) -> None:
    """An object comes back as text, text comes back encoded once more."""
    record = place(deployments0=listed(deployment(payload=payload))).records[0]
    assert (record.release, record.how, record.pull_request, record.note) == (RELEASE, How.PROMOTED, 4, "n")
    assert (record.commit, record.complete, record.statuses) == ("m1", True, ())


@pytest.mark.parametrize(
    "changed",
    [
        *(pytest.param({"creator": one}, id=f"made by {who}") for who, one in PRETENDERS.items()),
        pytest.param({"originalEnvironment": "shop/production"}, id="renamed into this environment by a status"),
        pytest.param({"payload": None}, id="without payload"),
        pytest.param({"payload": "{"}, id="with half a payload"),
        pytest.param({"payload": one_line(PAYLOAD | {"caisson": 2})}, id="of another version"),
        pytest.param({"payload": one_line(PAYLOAD | {"release": {}})}, id="without release"),
        pytest.param({"payload": one_line(PAYLOAD | {"how": "by magic"})}, id="come about in an unknown way"),
    ],
)
def test_what_is_no_record_of_ours_is_dropped(changed: JSON) -> None:
    """Anyone with push can make deployments."""
    assert place(deployments0=listed(deployment(**changed))).records == ()


def test_a_record_that_a_status_renamed_stays_where_it_was_made() -> None:
    """The original environment counts, not the present one."""
    assert len(place(deployments0=listed(deployment(environment="elsewhere"))).records) == 1


@pytest.mark.parametrize("by", PRETENDERS.values(), ids=PRETENDERS.keys())
def test_forged_statuses_are_dropped(by: JSON | None) -> None:
    """Anyone with push may add a status to our deployment."""
    forged = listed(status("SUCCESS", by=by), status("FAILURE"))
    record = place(deployments0=listed(deployment(statuses=forged))).records[0]
    assert [one.state for one in record.statuses] == [RecordState.DEGRADED]


def test_statuses_are_oldest_first_and_of_our_kinds() -> None:
    """Sorted by time; of the same second, GitHub's order (newest first) is turned round."""
    later = "2026-01-05T10:00:00Z"
    given = [status("SUCCESS", later), status("INACTIVE", later), status("FAILURE"), status("IN_PROGRESS")]
    record = place(deployments0=listed(deployment(statuses=listed(*given)))).records[0]
    assert [one.state for one in record.statuses] == [RecordState.WATCHING, RecordState.DEGRADED, RecordState.HEALTHY]


def test_a_record_with_more_statuses_than_were_read_is_incomplete() -> None:
    """Somebody may bury our statuses under a hundred of theirs."""
    assert not place(deployments0=listed(deployment(statuses=listed(more=True)))).records[0].complete


def test_records_are_newest_first() -> None:
    """By time, then by number."""
    old = deployment(1, createdAt="2026-01-04T09:00:00Z")
    assert [one.number for one in place(deployments0=listed(old, deployment(2), deployment(3))).records] == [3, 2, 1]


def test_a_record_has_the_tree_of_its_commit() -> None:
    """And of a whole branch what lies at its top; a commit that is gone has neither."""
    top = {"oid": "t1", "entries": [{"name": "index.yaml", "oid": "b1"}]}
    made = [deployment(1, commit={"tree": top}), deployment(2), deployment(3, commit=None)]
    found = place(deployments0=listed(*made)).records
    assert [(r.number, r.tree, dict(r.root)) for r in found] == [
        (3, None, {}),
        (2, "t-m1", {}),
        (1, "t1", {"index.yaml": "b1"}),
    ]
