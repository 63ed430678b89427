"""What is said outside open promotions: which command means what, for whom, and that each acts once."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Ask, OpenIssue, React, Say
from bot.answers import WAITING
from bot.conversations import listen
from bot.directing import VOUCHER, voucher
from bot.directives import Directed, Directive, DirectiveKind, directive_trailers
from bot.model import ActorKind, Comment, Commit, Conversation, Forum, Merged, Permission, Release, Unknown
from bot.release_record import RELEASE, format_trailers, one_line, release_to_json
from bot.room import Heard, Hearing, Room, carried
from config.pipeline import Access, CommandStyle, Configuration, Roles
from tests.unit.facts import NEW, NOON, OLD, PRODUCTION, SHOP, at, check, comment, commit, our_comment, person
from tests.unit.facts import place as place_of
from tests.unit.facts import pull as pull_of

WEB = SHOP.model_copy(update={"name": "web"})
VERSIONS = {"1.0.0": OLD, "1.1.0": NEW}
PEOPLE = {"bob": Permission.WRITE, "alice": Permission.ADMIN, "tom": Permission.TRIAGE, "carol": Permission.READ}


def known(_environment: str, kind: DirectiveKind, version: str | None) -> Release | Unknown | str | None:
    """A rollback without a version goes to 1.0.0; of "soon" nothing is known yet."""
    if version is None:
        return OLD if kind is DirectiveKind.ROLLBACK else None
    if version == "soon":
        return Unknown("not read yet")
    return VERSIONS.get(version, f"There is no {version}.")


def conversation(*comments: Comment, forum: Forum = Forum.BOARD, **changed: Any) -> Conversation:
    made = Conversation(id="I_1", number=1, forum=forum, comments=comments)
    return replace(made, **changed)


def hear(*talks: Conversation, **changed: Any) -> Heard:
    room = Room(
        now=NOON,
        declared=Configuration(pipelines=(SHOP,)),
        conversations=talks,
        permissions=PEOPLE,
        identities={login: person(login).id for login in PEOPLE},
    )
    return listen(replace(room, **changed), resolve=known)


def reacted(heard: Heard) -> list[str]:
    return [action.content for action in heard.actions if isinstance(action, React)]


def merged(head: Commit) -> Merged:
    return Merged(
        number=6,
        by_us=True,
        created=at(-60),
        merged_at=at(-50),
        merged_by=None,
        merged_by_us=True,
        head=head,
        commit=None,
        files={},
    )


def said(heard: Heard) -> str:
    return "\n".join(action.body for action in heard.actions if isinstance(action, Say))


def test_a_directive_waits_for_the_head_that_carries_it() -> None:
    """It is accepted, and done when a head of ours says so: never before."""
    asked = comment("bob", "/rollback production")
    first = hear(conversation(asked))
    directed = Directed(kind=DirectiveKind.ROLLBACK, by="bob", by_id=person("bob").id, comment=asked.id)
    assert first.directives == {"shop/production": Directive(environment="production", release=OLD, directed=directed)}
    assert reacted(first) == [WAITING]
    again = hear(conversation(replace(asked, reactions=frozenset({WAITING}))))
    assert again.directives == first.directives
    assert again.actions == ()
    done = hear(conversation(asked), carried=frozenset({("shop/production", asked.id)}))
    assert done.directives == {}
    assert reacted(done) == ["ROCKET"]


@pytest.mark.parametrize("where", ["open", "merged", "closed"])
def test_what_a_head_carries_is_done(where: str) -> None:
    """Wherever the head is by now: on our branch, merged, or on what was closed; somebody else's proves nothing."""
    directed = Directed(kind=DirectiveKind.PROMOTE, comment="IC_1")
    release = {RELEASE: one_line(release_to_json(OLD))}
    trailer = format_trailers({**release, **directive_trailers(directed)})
    ours, theirs = (commit(message=f"Promote\n\n{trailer}", by=by) for by in (None, "eve"))
    on_head = check(VOUCHER, external_id=voucher(directed, OLD).external_id, conclusion="NEUTRAL")
    for head, expected in ((ours, {("shop/production", "IC_1")}), (theirs, set())):
        here = place_of(PRODUCTION)
        talks: tuple[Conversation, ...] = ()
        match where:
            case "open":
                here = replace(here, head=head, pull=pull_of(commits=(head,), checks=(on_head,)))
            case "merged":
                here = replace(here, merged=(merged(head),))
            case _:
                talks = (conversation(forum=Forum.PROMOTION, environment="shop/production", head=head),)
        assert carried({"shop/production": here}, talks) == expected


def test_an_open_head_without_our_check_carries_nothing() -> None:
    """The bot stopped between the two, or a squash made by hand says what it likes: what was asked for is still due."""
    directed = Directed(kind=DirectiveKind.ROLLBACK, comment="IC_1")
    trailer = format_trailers({RELEASE: one_line(release_to_json(OLD)), **directive_trailers(directed)})
    head = commit(message=f"Promote\n\n{trailer}")
    other = check(VOUCHER, external_id=voucher(replace(directed, comment="IC_2"), OLD).external_id)
    bare = replace(place_of(PRODUCTION), head=head)
    for pull in (None, pull_of(commits=(head,)), pull_of(commits=(head,), checks=(other,))):
        assert not carried({"shop/production": replace(bare, pull=pull)}, ())


def test_one_comment_may_direct_several_environments() -> None:
    """What one of them carries is done; the comment is answered when all are."""
    asked = comment("bob", "/rollback production\n/rollback staging")
    half = hear(conversation(asked), carried=frozenset({("shop/production", asked.id)}))
    assert set(half.directives) == {"shop/staging"}
    assert reacted(half) == [WAITING]


def test_the_later_of_two_directives_counts() -> None:
    """The earlier is refused and told so, and acts no more."""
    first = comment("bob", "/rollback production", minute=-5)
    second = comment("alice", "/promote production version=1.1.0", minute=-4)
    heard = hear(conversation(second, first))
    assert heard.directives["shop/production"].release == NEW
    assert heard.directives["shop/production"].directed.comment == second.id
    assert sorted(reacted(heard)) == [WAITING, "THUMBS_DOWN"]
    assert "a later comment wants something else" in said(heard)


def test_what_a_later_comment_overtook_is_not_done_afterwards() -> None:
    """The later one is carried by a head already; the earlier was never answered, since a pass broke off."""
    first = comment("bob", "/rollback production", minute=-5)
    second = comment("alice", "/promote production version=1.1.0", minute=-4, reactions=frozenset({"ROCKET"}))
    heard = hear(conversation(first, second), carried=frozenset({("shop/production", second.id)}))
    assert not heard.directives
    assert reacted(heard) == ["THUMBS_DOWN"]
    elsewhere = hear(conversation(first, second), carried=frozenset({("shop/staging", second.id)}))
    assert set(elsewhere.directives) == {"shop/production"}


def test_where_nothing_is_written_nobody_is_heard() -> None:
    """And nobody's access is read."""
    heard = hear(conversation(comment("alice", "/freeze production x")), hearing=Hearing.NONE, permissions={})
    assert heard == Heard()


@pytest.mark.parametrize("forum", [Forum.BOARD, Forum.PROMOTION])
def test_while_the_file_is_broken_only_rollbacks_are_heard(forum: Forum) -> None:
    """What asks for anything else stays as it is, without a reaction, until the file is mended."""
    lines = ("/freeze production x", "/promote production version=1.1.0", "/rollback production\n/unfreeze production")
    others = [comment("alice", line, minute=-9 + n) for n, line in enumerate(lines)]
    back = comment("bob", "/rollback production", minute=-1)
    heard = hear(conversation(*others, back, forum=forum), hearing=Hearing.ROLLBACKS)
    assert heard.directives["shop/production"].directed.comment == back.id
    assert [action for action in heard.actions if isinstance(action, React)] == [
        React(subject=back.id, content=WAITING)
    ]
    assert not heard.freezes


def test_what_must_be_read_before_a_release_can_be_named_is_asked_for() -> None:
    """Who closed a pull request may decide which release is meant: nothing is done before that is known."""

    def unread(_environment: str, _kind: DirectiveKind, _version: str | None) -> Ask:
        return Ask(permissions=frozenset({"dora"}))

    room = Room(
        now=NOON,
        declared=Configuration(pipelines=(SHOP,)),
        conversations=(conversation(comment("bob", "/rollback production")),),
        permissions=PEOPLE,
        identities={login: person(login).id for login in PEOPLE},
    )
    heard = listen(room, resolve=unread)
    assert heard.ask.permissions == {"dora"}
    assert reacted(heard) == [WAITING]
    assert not heard.directives


@pytest.mark.parametrize(
    ("line", "by", "reaction", "says"),
    [
        pytest.param("/rollback production", "tom", "THUMBS_DOWN", "needs write", id="triage may not"),
        pytest.param("/promote production version=9.9.9", "bob", "THUMBS_DOWN", "There is no 9.9.9", id="no such one"),
        pytest.param("/rollback prod", "bob", "THUMBS_DOWN", "There is no environment `prod`", id="no such place"),
        pytest.param("/rollback", "bob", "THUMBS_DOWN", "Name the environment", id="nowhere named"),
        pytest.param("/promote production version=soon", "bob", WAITING, "", id="what is not known yet waits"),
        pytest.param("/promote production", "bob", "ROCKET", "", id="what each pass does anyway is done"),
        pytest.param("/rolback production", "bob", "CONFUSED", "Did you mean `/rollback`", id="nearly a command"),
        pytest.param("/freeze production x", "bob", "THUMBS_DOWN", "needs maintain", id="write freezes nothing"),
        pytest.param("/approve", "bob", "THUMBS_DOWN", "is for open promotions", id="what is about one head"),
    ],
)
def test_what_comes_of_a_command(line: str, by: str, reaction: str, says: str) -> None:
    """A final reaction and a reason where it is refused; nothing final while it is not known."""
    heard = hear(conversation(comment(by, line)))
    assert reacted(heard) == [reaction]
    assert says in said(heard)
    assert not heard.directives


def test_two_pipelines_with_such_an_environment_are_asked_back() -> None:
    """Both are named, and nothing is done; on a promotion its own pipeline is meant."""
    both = Configuration(pipelines=(SHOP, WEB))
    heard = hear(conversation(comment("bob", "/rollback production")), declared=both)
    assert not heard.directives
    assert "may be `shop/production` or `web/production`: say which" in said(heard)
    there = conversation(comment("bob", "/rollback"), forum=Forum.PROMOTION, environment="web/production")
    heard = hear(there, declared=both)
    assert set(heard.directives) == {"web/production"}
    assert (set(heard.directed("web")), set(heard.directed("shop"))) == ({"production"}, set())


@pytest.mark.parametrize(
    ("line", "roles", "bob", "alice"),
    [
        pytest.param("/rollback production", Roles(rollback=Access.MAINTAIN), False, True, id="rollback"),
        pytest.param("/promote production version=1.1.0", Roles(promote=Access.ADMIN), False, True, id="promote"),
        pytest.param("/freeze production x", Roles(freeze=Access.WRITE), True, True, id="freeze for writers too"),
        pytest.param("/rollback production", Roles(freeze=Access.ADMIN), True, True, id="another role"),
    ],
)
def test_roles_decide(line: str, roles: Roles, *, bob: bool, alice: bool) -> None:
    """What the environment declares, for each command its own."""
    strict = SHOP.model_copy(update={"environments": (PRODUCTION.model_copy(update={"roles": roles}),)})
    for login, may in (("bob", bob), ("alice", alice)):
        heard = hear(conversation(comment(login, line)), declared=Configuration(pipelines=(strict,)))
        assert bool(heard.directives or heard.frozen("shop/production")) is may


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"edited": True}, id="edited"),
        pytest.param({"reactions": frozenset({"ROCKET"})}, id="answered"),
        pytest.param({"author": person("bob[bot]", ActorKind.BOT)}, id="a bot's"),
        pytest.param({"body": "> /freeze production x"}, id="quoted"),
    ],
)
def test_what_commands_nothing(changed: dict[str, Any]) -> None:
    """Edited comments, answered ones, bots' and quotations: no reaction, no access read."""
    heard = hear(conversation(replace(comment("alice", "/freeze production x"), **changed)), permissions={})
    assert heard.actions == ()
    assert not heard.ask


def test_access_is_read_before_anything_is_done() -> None:
    """And only of those who command."""
    chatter = comment("carol", "I would /freeze this, if I might.")
    heard = hear(conversation(chatter, comment("alice", "/freeze production x")), permissions={}, identities={})
    assert heard.ask.permissions == {"alice"}
    assert heard.actions == ()


def test_a_login_that_changed_hands_commands_nothing() -> None:
    """Whoever wrote it is not whose access was read."""
    heard = hear(conversation(comment("alice", "/freeze production x")), identities={"alice": 4711})
    assert reacted(heard) == ["THUMBS_DOWN"]
    assert not heard.frozen("shop/production")


def test_a_freeze_counts_in_the_pass_that_hears_of_it() -> None:
    """Before its issue is there."""
    heard = hear(conversation(comment("alice", "/freeze production x")))
    frozen = heard.frozen("shop/production")
    assert isinstance(frozen, tuple)
    assert [(freeze.by, freeze.reason) for freeze in frozen] == [("alice", "x")]
    assert heard.frozen("shop/staging") == ()
    assert [type(action) for action in heard.actions] == [OpenIssue, React]


@pytest.mark.parametrize(
    ("forum", "style"), [(Forum.ELSEWHERE, CommandStyle.PLAIN), (Forum.BOARD, CommandStyle.PREFIXED)]
)
def test_only_the_prefixed_form_counts_elsewhere(forum: Forum, style: CommandStyle) -> None:
    """On others' issues, and under `commands: prefixed` everywhere."""
    declared = Configuration(pipelines=(SHOP,), commands=style)
    plain = hear(conversation(comment("alice", "/freeze production x"), forum=forum), declared=declared)
    assert plain.actions == ()
    assert hear(conversation(comment("alice", "/caisson freeze production x"), forum=forum), declared=declared).actions


def test_what_is_said_on_an_open_promotion_is_answered_there() -> None:
    """The answer is handed on, by the comment and the place in it; nothing is said or reacted to here."""
    asked = comment("alice", "/hold\n/freeze staging x\n/rollback")
    heard = hear(pulls={"shop/production": pull_of(comments=(asked,))})
    assert {place: answer.reaction for (_, place), answer in heard.answers.items()} == {1: WAITING, 2: WAITING}
    assert [type(action) for action in heard.actions] == [OpenIssue]
    assert set(heard.directives) == {"shop/production"}


def test_a_reply_is_given_once_and_not_without_end() -> None:
    """It is there already; there were five within the hour; all that is read is of this hour."""
    asked = comment("bob", "/approve", minute=-1)
    there = our_comment(f"No. <!-- caisson:reply {asked.id} -->")
    many = [our_comment("x <!-- caisson:reply y -->", minute=-50 + n) for n in range(5)]
    crowd = [comment("eve", "Hm.", minute=-50 + n) for n in range(9)]
    old = [our_comment("x <!-- caisson:reply y -->", minute=-90 + n) for n in range(5)]
    assert said(hear(conversation(*old, asked)))
    for comments in ([there], many, crowd):
        heard = hear(conversation(*comments, asked))
        assert said(heard) == ""
        assert reacted(heard) == ["THUMBS_DOWN"]


def test_where_nothing_was_said_nothing_is_done() -> None:
    """And nobody's access is read."""
    assert hear() == Heard()


@pytest.mark.parametrize("line", ["/rollback production", "/promote production", "/freeze production x"])
def test_access_to_this_repository_is_worth_nothing_in_another(line: str) -> None:
    """An environment of another repository is not commanded from here, whoever asks."""
    moved = [e.model_copy(update={"repository": "org/live"}) if e == PRODUCTION else e for e in SHOP.environments]
    shop = SHOP.model_copy(update={"environments": tuple(moved)})
    heard = hear(conversation(comment("alice", line)), declared=Configuration(pipelines=(shop,)))
    assert reacted(heard) == ["THUMBS_DOWN"]
    assert "lives in org/live" in said(heard)
    assert not heard.directives
    assert not heard.freezes
