"""Entries of the audit log, from facts and from deeds.

| fact or deed                            | entry                                             |
|-----------------------------------------|---------------------------------------------------|
| our head in an open pull request        | `proposed`, once for each head                    |
| the gates say something else of a head  | `gates`; other words of the same outcome are none |
| merged by our App                       | `merged`, enforced, with the verdicts it carries  |
| merged by a person                      | `merged`, not enforced, without verdicts          |
| a comment that we answered for good     | `command`; an edited one, or a bot's, is none     |
| nothing written yet                     | nothing: what fails is not told as done           |
"""

import json
from dataclasses import replace

import pytest

from bot import audit
from bot.actions import Close, Outcome, Plan, React, Say, Verdict
from bot.answers import DONE, REFUSED
from bot.audit_entry import Entry, Kind, body_of
from bot.decide import decide
from bot.messages import reply_marker
from bot.model import Comment, Configured, Conversation, Forum, Merged, Place, RecordState
from bot.release_record import RELEASE, format_trailers, one_line, release_to_json
from tests.unit import facts
from tests.unit.facts import NEW, NOON, PRODUCTION, SHOP, US, at, person


def scene(production: Place, *conversations: Conversation) -> audit.Scene:
    """The shop, with production as given."""
    seen = facts.observation({"production": production})
    return audit.Scene(repository=seen.repository, pipeline=SHOP, places=seen.places, conversations=conversations)


def proposed(*comments: Comment) -> Place:
    """Production with our open pull request for 1.1.0, at a head that GitHub and the branch agree on."""
    place = facts.proposal(PRODUCTION, NEW, facts.place(PRODUCTION, facts.record(facts.OLD)), comments=comments)
    assert place.head is not None
    assert place.pull is not None
    return replace(place, pull=replace(place.pull, head=place.head.sha))


def merged_by(*, us: bool) -> Merged:
    """A merge of 1.1.0 into production whose message carries verdicts, whoever made it."""
    carried = format_trailers(
        {RELEASE: one_line(release_to_json(NEW)), "Caisson-Verdicts": '[["soak","pass","soaked"]]'}
    )
    return Merged(
        number=7,
        by_us=True,
        created=at(-20),
        merged_at=at(-1),
        merged_by=US if us else person("bob"),
        merged_by_us=us,
        head=facts.commit(message=f"Promote\n\n{carried}"),
        commit=facts.commit("merge", message=f"Promote\n\n{carried}"),
        files={},
    )


def of_kind(kind: Kind, entries: tuple[Entry, ...]) -> list[Entry]:
    return [entry for entry in entries if entry.kind is kind]


def one(kind: Kind, entries: tuple[Entry, ...]) -> Entry:
    """The only entry of a kind."""
    (found,) = of_kind(kind, entries)
    return found


def told(plan: Plan | None, place: Place) -> tuple[Entry, ...]:
    return audit.facts(scene(place), plan, now=NOON)


def verdicts(*outcomes: Outcome, reason: str = "said so") -> Plan:
    """A plan whose view of production has gates that say this."""
    seen = facts.observation({"production": proposed()})
    plan = decide(SHOP, seen, last=True)
    assert isinstance(plan, Plan)
    said = tuple(Verdict(gate=f"gate {i}", outcome=o, reason=reason) for i, o in enumerate(outcomes))
    views = tuple(replace(v, verdicts=said) if v.name == "production" else v for v in plan.views)
    return Plan(views=views)


def test_a_head_is_told_of_with_its_release() -> None:
    """Which release, at which head, made from which base, in which pull request."""
    entry = one(Kind.PROPOSED, told(None, proposed()))
    assert entry.environment == "production"
    assert entry.said["head"] == facts.HEAD
    assert entry.said["pull_request"] == 7
    assert "1.1.0" in json.dumps(entry.said["release"])


def test_a_head_that_is_not_ours_is_not_told_of_as_proposed() -> None:
    """Somebody else's commit on our branch carries no release, whatever it says."""
    place = proposed()
    assert place.head is not None
    assert not of_kind(Kind.PROPOSED, told(None, replace(place, head=replace(place.head, by_us=False))))


def test_gates_are_told_of_with_every_verdict_and_the_head_and_base() -> None:
    """All of them, those that pass as well."""
    entry = one(Kind.GATES, told(verdicts(Outcome.PASS, Outcome.WAIT), proposed()))
    assert entry.said["head"] == facts.HEAD
    assert entry.said["base"] == facts.sha("tip")
    assert json.dumps(entry.said["verdicts"]).count('"outcome"') == 2


@pytest.mark.parametrize(
    ("before", "after", "news"),
    [
        pytest.param(verdicts(Outcome.WAIT), verdicts(Outcome.PASS), True, id="a gate that opens is news"),
        pytest.param(verdicts(Outcome.WAIT), verdicts(Outcome.BLOCK), True, id="a gate that blocks is news"),
        pytest.param(verdicts(Outcome.WAIT), verdicts(Outcome.WAIT), False, id="the same once more is none"),
        pytest.param(
            verdicts(Outcome.WAIT), verdicts(Outcome.WAIT, reason="in other words"), False, id="other words are none"
        ),
    ],
)
def test_only_a_change_of_outcome_is_news(before: Plan, after: Plan, *, news: bool) -> None:
    """The fingerprint tells; the subject stays, so that the store can compare."""
    first, second = (one(Kind.GATES, told(plan, proposed())) for plan in (before, after))
    assert first.subject == second.subject
    assert (first.fingerprint != second.fingerprint) is news


def test_a_merge_of_ours_carries_its_verdicts() -> None:
    """As the merge commit has them, with who merged."""
    entry = one(Kind.MERGED, told(None, facts.place(PRODUCTION, facts.record(NEW), merged=(merged_by(us=True),))))
    assert entry.said["enforced"] is True
    assert entry.said["verdicts"] == [{"gate": "soak", "outcome": "pass", "reason": "soaked"}]
    assert entry.at == at(-1)


def test_a_person_s_merge_never_carries_verdicts() -> None:
    """Although the message has the trailer: whoever merges by hand may write there what they like."""
    entry = one(Kind.MERGED, told(None, facts.place(PRODUCTION, facts.record(NEW), merged=(merged_by(us=False),))))
    assert entry.said["enforced"] is False
    assert entry.said["verdicts"] is None
    assert entry.said["who"] == {"login": "bob", "id": person("bob").id}


def test_health_is_told_of_change_by_change() -> None:
    """Each status that we wrote on a record, at its time."""
    record = facts.record(NEW, (RecordState.HEALTHY, -90), (RecordState.DEGRADED, -10))
    found = of_kind(Kind.HEALTH, told(None, facts.place(PRODUCTION, record)))
    here = [(e.said["state"], e.at) for e in found if e.environment == "production"]
    assert here == [("healthy", at(-90)), ("degraded", at(-10))]


@pytest.mark.parametrize(
    ("comment", "result"),
    [
        pytest.param(facts.comment("bob", "/hold not today"), None, id="a command that nobody answered yet is none"),
        pytest.param(
            facts.comment("bob", "/hold not today", reactions=frozenset({DONE})), "obeyed", id="one that was obeyed"
        ),
        pytest.param(
            facts.comment("bob", "/hold not today", reactions=frozenset({REFUSED})),
            "refused",
            id="one that was refused",
        ),
        pytest.param(
            facts.comment("bob", "/hold", reactions=frozenset({DONE}), edited=True),
            None,
            id="an edited comment says nothing of what was obeyed",
        ),
        pytest.param(
            facts.comment("bob", "words", reactions=frozenset({DONE})), None, id="a comment without a command is none"
        ),
        pytest.param(
            facts.comment("renovate", "/hold", author=US, reactions=frozenset({DONE})),
            None,
            id="a bot commands nothing",
        ),
    ],
)
def test_a_command_is_told_of_once_it_was_answered(comment: Comment, result: str | None) -> None:
    """Who said what, and what came of it."""
    found = of_kind(Kind.COMMAND, told(None, proposed(comment)))
    assert [e.said["result"] for e in found] == ([result] if result else [])


def test_a_refusal_says_why() -> None:
    """In the words of our reply, without its marker."""
    comment = facts.comment("carol", "/approve", reactions=frozenset({REFUSED}))
    reply = facts.our_comment(f"@carol no access.\n\n{reply_marker(comment.id)}", minute=-4)
    entry = one(Kind.COMMAND, told(None, proposed(comment, reply)))
    assert entry.said["answer"] == "@carol no access."


def test_only_the_lines_that_are_commands_are_kept() -> None:
    """Whatever else stands in the comment, a password say, is nobody's business."""
    comment = facts.comment("bob", "my password is hunter2\n\n/approve", reactions=frozenset({DONE}))
    entry = one(Kind.COMMAND, told(None, proposed(comment)))
    assert "hunter2" not in body_of(entry, recorded=NOON)


def test_a_command_answered_by_this_pass_is_the_same_entry_as_the_next_pass_would_tell() -> None:
    """So it is there although the pull request was merged at once, and not twice where it was not."""
    comment = facts.comment("carol", "/approve")
    reply = f"@carol no access.\n\n{reply_marker(comment.id)}"
    done = audit.carried_out(
        scene(proposed(comment)),
        (Say(subject="pull-7", comment=None, body=reply), React(subject=comment.id, content=REFUSED)),
        where=scene(proposed(comment)).repository,
        now=NOON,
    )
    answered = replace(comment, reactions=frozenset({REFUSED}))
    seen = told(None, proposed(answered, facts.our_comment(reply, minute=-4)))
    assert one(Kind.COMMAND, done) == one(Kind.COMMAND, seen)


def test_a_command_on_a_merged_promotion_is_told_of() -> None:
    """What was said there counts for the environment of that pull request."""
    comment = facts.comment("bob", "/status", reactions=frozenset({DONE}))
    talk = Conversation(
        id="pull-6", number=6, forum=Forum.PROMOTION, comments=(comment,), environment="shop/production"
    )
    entry = one(Kind.COMMAND, audit.facts(scene(facts.place(PRODUCTION), talk), None, now=NOON))
    assert (entry.environment, entry.said["pull_request"]) == ("production", 6)


def test_a_promotion_that_we_close_is_told_of() -> None:
    """Only once it has been done: the intention alone is none."""
    place = proposed()
    assert place.pull is not None
    plan = Plan(actions=(Close(pull=place.pull),))
    assert not of_kind(Kind.CLOSED, told(plan, place))
    entry = one(Kind.CLOSED, audit.carried_out(scene(place), plan.actions, where=scene(place).repository, now=NOON))
    assert entry.said["pull_request"] == 7


@pytest.mark.parametrize(
    ("problems", "accepted"),
    [pytest.param((), True, id="a valid file"), pytest.param(("1:1: wrong",), False, id="a broken one")],
)
def test_the_configuration_is_accepted_or_refused(problems: tuple[str, ...], *, accepted: bool) -> None:
    """With the commit that brought it, and what is wrong."""
    repository = facts.observation().repository
    config = Configured(text="", oid=facts.sha("file"), commit=facts.sha("brought"))
    (entry,) = audit.configuration_entry(replace(repository, config=config), problems, now=NOON)
    assert entry.said["accepted"] is accepted
    assert entry.said["commit"] == facts.sha("brought")


def test_a_change_without_its_approvals_is_told_of() -> None:
    """By the environments whose approvals it did not have; another entry than that of the same file with them."""
    repository = facts.observation().repository
    repository = replace(repository, config=Configured(text="", oid=facts.sha("file"), commit=facts.sha("brought")))
    (proper,) = audit.configuration_entry(repository, (), now=NOON)
    (entry,) = audit.configuration_entry(repository, (), ("shop/production",), now=NOON)
    assert (entry.said["unapproved"], entry.said["accepted"]) == (["shop/production"], True)
    assert proper.said["unapproved"] is None
    assert proper.fingerprint != entry.fingerprint


def test_a_repository_without_a_file_has_no_entry() -> None:
    """There is nothing to accept."""
    assert not audit.configuration_entry(facts.observation().repository, (), now=NOON)


def test_a_line_stays_a_line() -> None:
    """Whatever people write: line breaks of every kind are escaped."""
    comment = facts.comment("bob", '/hold "a\u2028b\u0085c"', reactions=frozenset({DONE}))
    body = body_of(one(Kind.COMMAND, told(None, proposed(comment))), recorded=NOON)
    assert len(body.splitlines()) == 1
