"""What people say outside our open promotions, read from GitHub's answer; and which issues are ours."""

import pytest

from bot.github.read import place_talk, read_talk
from bot.model import Conversation, Forum, IssueChange, Issues
from tests.unit.github_answers import AT, JSON, OUR_BOT, US, WHERE, answer, commit, listed, reaction

ALICE: JSON = {"__typename": "User", "login": "alice", "databaseId": 501}
# A person may be called as our bot is.
ECHO: JSON = {**OUR_BOT, "databaseId": 502}
NAME = "shop/staging"


def said(number: int = 1, /, **changed: object) -> JSON:
    made: JSON = {
        "id": f"IC_{number}",
        "databaseId": number,
        "body": "/caisson help",
        "createdAt": AT,
        "lastEditedAt": None,
        "author": ALICE,
        "editor": None,
        "reactions": listed(),
    }
    return made | changed


def issue(number: int = 12, /, **changed: object) -> JSON:
    """An issue of our App, as we opened it."""
    made: JSON = {
        "id": f"I_{number}",
        "number": number,
        "title": "Freeze shop/staging",
        "body": "why",
        "state": "OPEN",
        "createdAt": AT,
        "lastEditedAt": None,
        "author": OUR_BOT,
        "editor": None,
        "labels": listed({"id": "LA_1", "name": "caisson/freeze"}),
        "renamed": listed(),
        "events": listed(),
        "comments": listed(said()),
    }
    return made | changed


def pull(number: int = 7, /, **changed: object) -> JSON:
    """A pull request of our App's that was merged."""
    made: JSON = {
        "id": f"PR_{number}",
        "number": number,
        "state": "MERGED",
        "isCrossRepository": False,
        "headRefName": WHERE.head,
        "headRefOid": "c1",
        "author": OUR_BOT,
        "comments": listed(said()),
        "commits": listed({"commit": commit()}),
    }
    return made | changed


def read(**changed: object) -> tuple[tuple[Conversation, ...], Issues]:
    data = answer(**changed)
    return read_talk(data, {NAME: WHERE}, {NAME: place_talk(data, 0)}, identity=US)


def told(**changed: object) -> list[tuple[int, Forum, str]]:
    return [(one.number, one.forum, one.environment) for one in read(**changed)[0]]


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        pytest.param({"talk0": listed(pull())}, (7, Forum.PROMOTION, NAME), id="a merged promotion"),
        pytest.param({"talk0": listed(pull(state="CLOSED"))}, (7, Forum.PROMOTION, NAME), id="a closed promotion"),
        pytest.param(
            {"talk0": listed(pull()), "pulls": listed(pull())}, (7, Forum.PROMOTION, NAME), id="that moved lately: once"
        ),
        pytest.param({"talk0": listed(pull(author=ECHO))}, None, id="by somebody who is called as we are"),
        pytest.param({"talk0": listed(pull(isCrossRepository=True))}, None, id="from a fork's branch of that name"),
        pytest.param({"pulls": listed(pull(state="OPEN"))}, None, id="an open promotion is heard where it is judged"),
        pytest.param(
            {"pulls": listed(pull(state="OPEN", author=ECHO))}, (7, Forum.ELSEWHERE, ""), id="an open look-alike"
        ),
        pytest.param(
            {"pulls": listed(pull(state="OPEN", isCrossRepository=True))},
            (7, Forum.ELSEWHERE, ""),
            id="a fork's look-alike",
        ),
        pytest.param({"pulls": listed(pull(headRefName="other"))}, (7, Forum.ELSEWHERE, ""), id="of no environment"),
        pytest.param({"issues": listed(issue(author=ALICE))}, (12, Forum.ELSEWHERE, ""), id="a person's issue"),
        pytest.param({"issues": listed(issue())}, None, id="our own issue is kept apart"),
    ],
)
def test_where_a_conversation_takes_place(changed: dict[str, object], found: tuple[int, Forum, str] | None) -> None:
    """By whose it is and from which branch, never by how it looks."""
    assert told(**changed) == ([found] if found else [])


@pytest.mark.parametrize("connection", ["boards", "freezes", "created", "issues"])
def test_our_issues_are_ours_by_number(connection: str) -> None:
    """Wherever they are listed, and once; a person's with our label is none."""
    assert [one.number for one in read(**{connection: listed(issue(), issue(13, author=ECHO))})[1].ours] == [12]
    assert len(read(**{connection: listed(issue()), "issues": listed(issue())})[1].ours) == 1


def test_an_issue_is_read_whole() -> None:
    """Its first title, whether its text is believed, its labels, and who closed it."""
    events = listed(
        {"__typename": "ClosedEvent", "createdAt": AT, "actor": ALICE},
        {"__typename": "UnlabeledEvent", "createdAt": AT, "actor": OUR_BOT, "label": {"name": "caisson/freeze"}},
    )
    renamed = listed({"previousTitle": "Freeze shop/production"})
    (one,) = read(freezes=listed(issue(events=events, renamed=renamed, state="CLOSED")))[1].ours
    assert (one.title, one.open, one.believed, one.labels) == (
        "Freeze shop/production",
        False,
        True,
        {"caisson/freeze": "LA_1"},
    )
    assert [(e.change, e.actor.login, e.by_us, e.label) for e in one.events] == [
        (IssueChange.CLOSED, "alice", False, ""),
        (IssueChange.UNLABELLED, "caisson", True, "caisson/freeze"),
    ]


@pytest.mark.parametrize(
    ("changed", "believed"),
    [
        pytest.param({}, True, id="nobody"),
        pytest.param({"lastEditedAt": AT, "editor": OUR_BOT}, True, id="we ourselves"),
        pytest.param({"lastEditedAt": AT, "editor": ALICE}, False, id="a person"),
        pytest.param({"lastEditedAt": AT, "editor": None}, False, id="somebody who is gone"),
        pytest.param({"lastEditedAt": AT, "editor": ECHO}, False, id="somebody called as we are"),
    ],
)
def test_who_edited_an_issue(changed: dict[str, object], *, believed: bool) -> None:
    """Its text is believed only while nobody else did."""
    (one,) = read(freezes=listed(issue(**changed)))[1].ours
    assert one.believed is believed


def test_more_labelled_issues_than_are_read_are_told_of() -> None:
    """One of ours may be among the rest."""
    assert read()[1].complete
    assert not read(freezes=listed(issue(), more=True))[1].complete


def test_a_comment_with_more_reactions_than_are_read_is_left_out() -> None:
    """Ours may be among the rest: it would act a second time."""
    few, many = ([reaction(n, "EYES") for n in range(1000, 1000 + count)] for count in (19, 20))
    for reactions, heard in ((few, 1), (many, 0)):
        ((conversation),) = read(
            pulls=listed(pull(headRefName="x", comments=listed(said(reactions=listed(*reactions)))))
        )[0]
        assert len(conversation.comments) == heard


def test_what_a_promotion_carried_last_is_read() -> None:
    """The commit at its head, and no other."""
    (one,) = read(talk0=listed(pull()))[0]
    assert one.head is not None
    (other,) = read(talk0=listed(pull(headRefOid="c2")))[0]
    assert other.head is None
