"""Truth tables: which comments act, who may say what, and that each is answered once."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actions import Action, Ask, Edits, PostCheck, Propose, React, Say, SetLabel
from bot.answers import DONE, PUZZLED, REFUSED, UNJUDGED, WAITING, Answer, Queries, Setting
from bot.gates.hold import LABEL, Hold
from bot.gates.verdicts import passed, waits
from bot.messages import LONGEST_COMMENT, gates_check, hold_comment, released_comment, reply_marker
from bot.model import ActorKind, Comment, Permission, PullRequest, Review, ReviewState, Sha, Unknown
from bot.orders import MOST_ANSWERS, obey, pending, sticky
from config.pipeline import Access, CommandStyle, Mode, Roles
from tests.unit.facts import (
    HEAD,
    NEW,
    PRODUCTION,
    SHOP,
    US,
    at,
    check,
    comment,
    commit,
    labelled,
    observation,
    our_comment,
    person,
    pull,
    review,
    sha,
)

ACCESS: dict[str, Permission | Unknown] = {
    "carol": Permission.READ,
    "tom": Permission.TRIAGE,
    "bob": Permission.WRITE,
    "nobody": Permission.NONE,
    "mona": Permission.MAINTAIN,
    "hidden": Unknown("GitHub is away"),
}
QUERIES = Queries(
    status=lambda: "so it stands",
    explain=lambda artifact: f"why {artifact or 'all'}",
    diff=lambda: "so it changes",
)
REPOST = PostCheck(
    commit=HEAD, existing=check(), text=gates_check(SHOP, PRODUCTION, NEW, (passed("head", "made by Caisson"),))
)
REBUILD = Propose(
    environment="production",
    branch="caisson/shop/production",
    base_branch="main",
    parent=sha("tip"),
    head_before=HEAD,
    content=Edits(texts={}, modes={}, base_tree=sha("tree")),
    message="",
    title="",
    body="",
    pull=pull(),
    check=REPOST.text,
)
SETTING = Setting(
    environment=PRODUCTION,
    mode=Mode.MERGE,
    style=CommandStyle.PLAIN,
    verdicts=(waits("soak (staging)", "soaking until 12:30 UTC"), waits("check (ci)", "not yet")),
    rebuild=None,
    repost=REPOST,
)
TOM = person("tom")
HELD = Hold(by=US, by_us=True)
BY_TOM = our_comment(hold_comment("tom", TOM.id, "sale today"), minute=-10)


def answered(
    opened: PullRequest, *, hold: Hold | None = None, setting: Setting = SETTING, **seen: Any
) -> tuple[tuple[Action, ...], Ask]:
    return obey(opened, observation(permissions=ACCESS, **seen), hold=hold, queries=QUERIES, setting=setting)


def reaction(actions: tuple[Action, ...]) -> str | None:
    return next((a.content for a in actions if isinstance(a, React)), None)


def deeds(actions: tuple[Action, ...]) -> list[Action]:
    """What was done, beside answering."""
    return [a for a in actions if isinstance(a, PostCheck | SetLabel)]


def replies(actions: tuple[Action, ...]) -> str:
    return "\n".join(a.body for a in actions if isinstance(a, Say))


# --- which comments act -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "acts"),
    [
        pytest.param(comment("bob", "/approve"), True, id="a comment"),
        pytest.param(review("bob", ReviewState.COMMENTED, body="/approve"), True, id="a review"),
        pytest.param(comment("bob", "/approve", edited=True), False, id="an edited comment"),
        pytest.param(review("bob", ReviewState.COMMENTED, body="/approve", edited=True), False, id="an edited review"),
        pytest.param(comment("ci", "/approve", author=person("ci", ActorKind.BOT)), False, id="a bot's comment"),
        pytest.param(comment("app", "/approve", author=person("app", ActorKind.OTHER)), False, id="no user's comment"),
        pytest.param(our_comment("/approve"), False, id="our own comment"),
        pytest.param(comment("bob", "/approve", reactions=frozenset({DONE})), False, id="done already"),
        pytest.param(comment("bob", "/approve", reactions=frozenset({REFUSED})), False, id="refused already"),
        pytest.param(comment("bob", "/approve", reactions=frozenset({PUZZLED})), False, id="not understood already"),
        pytest.param(comment("bob", "/approve", reactions=frozenset({"EYES"})), True, id="accepted, not done yet"),
        pytest.param(comment("bob", "approve"), False, id="plain words"),
        pytest.param(comment("bob", "> /approve"), False, id="a quotation"),
        pytest.param(comment("bob", "```\n/approve\n```"), False, id="code"),
        pytest.param(comment("bob", "<!-- /approve -->"), False, id="a comment in HTML"),
        pytest.param(comment("bob", "/approve once it is green"), False, id="an approval with a condition"),
    ],
)
def test_which_comments_act(*, said: Comment | Review, acts: bool) -> None:
    """A person's own visible words, never edited, not yet finally answered."""
    opened = pull(comments=(said,)) if isinstance(said, Comment) else pull(reviews=(said,))
    assert bool(deeds(answered(opened)[0])) is acts


def test_comments_and_reviews_are_heard_in_order() -> None:
    """By creation, whichever list they came in."""
    opened = pull(
        comments=(comment("tom", "/status", minute=-1), comment("bob", "/help", minute=-3)),
        reviews=(review("carol", ReviewState.COMMENTED, body="/status", minute=-2),),
    )
    assert [s.author.login for s in pending(opened)] == ["bob", "carol", "tom"]


# --- who may say what -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "by", "answer"),
    [
        pytest.param("/approve", "bob", DONE, id="write may approve"),
        pytest.param("/approve", "tom", REFUSED, id="triage may not approve"),
        pytest.param("/approve", "carol", REFUSED, id="a reader may not approve"),
        pytest.param("/approve", "nobody", REFUSED, id="a stranger may not approve"),
        pytest.param("/approve", "hidden", REFUSED, id="access that could not be read approves nothing"),
        pytest.param("/unapprove", "bob", DONE, id="write may withdraw"),
        pytest.param("/unapprove", "tom", REFUSED, id="triage has nothing to withdraw"),
        pytest.param("/hold", "tom", DONE, id="triage may hold"),
        pytest.param("/hold", "carol", REFUSED, id="a reader may not hold"),
        pytest.param("/hold", "hidden", REFUSED, id="access that could not be read holds nothing"),
        pytest.param("/status", "carol", DONE, id="a reader may ask"),
        pytest.param("/help", "carol", DONE, id="a reader may ask for help"),
        pytest.param("/diff", "carol", DONE, id="a reader may see what changes"),
        pytest.param("/diff", "nobody", REFUSED, id="a stranger may not see it"),
        pytest.param("/merge", "bob", DONE, id="write may ask for the merge"),
        pytest.param("/merge", "tom", REFUSED, id="triage may not ask for the merge"),
        pytest.param("/merge", "hidden", REFUSED, id="access that could not be read asks for no merge"),
        pytest.param("/retry", "tom", DONE, id="triage may retry"),
        pytest.param("/retry", "carol", REFUSED, id="a reader may not retry"),
        pytest.param("/skip gate=soak now", "mona", DONE, id="maintain may skip"),
        pytest.param("/skip gate=soak now", "bob", REFUSED, id="write may not skip"),
        pytest.param("/skip gate=soak now", "hidden", REFUSED, id="access that could not be read skips nothing"),
        pytest.param("/skip gate=soak", "mona", PUZZLED, id="a skip without a reason"),
        pytest.param("/skip gate=checks now", "mona", REFUSED, id="a gate that may not be skipped"),
        pytest.param("/status", "nobody", REFUSED, id="a stranger may not ask"),
        pytest.param("/aprove", "bob", PUZZLED, id="nearly a command"),
        pytest.param("/deploy", "bob", None, id="somebody else's command"),
        pytest.param("/caisson frobnicate", "bob", PUZZLED, id="surely for us, and unknown"),
    ],
)
def test_who_may_say_what(*, line: str, by: str, answer: str | None) -> None:
    """Access is read live, and fails closed; whatever is refused does nothing."""
    actions, ask = answered(pull(comments=(comment(by, line),)))
    assert reaction(actions) == answer
    assert not ask
    if answer in (REFUSED, PUZZLED):
        assert not deeds(actions)
        assert replies(actions)


def test_access_is_asked_for_before_anything_is_done() -> None:
    """An unread permission is a question, and nobody else's comment is asked about."""
    opened = pull(comments=(comment("stranger", "/approve"), comment("other", "nice"), comment("third", "/deploy")))
    actions, ask = obey(opened, observation(), hold=None, queries=QUERIES, setting=SETTING)
    assert (actions, ask) == ((), Ask(permissions=frozenset({"stranger"})))


# --- approve ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opened", "answer"),
    [
        pytest.param(pull(), DONE, id="the head was shown before"),
        pytest.param(pull(checks=(check(minute=-5),)), REFUSED, id="shown in that very second: who knows"),
        pytest.param(pull(checks=(check(minute=-4),)), REFUSED, id="the head is newer than the comment"),
        pytest.param(pull(checks=()), REFUSED, id="the head was never shown"),
        pytest.param(pull(checks=(replace(check(), started=None),)), REFUSED, id="shown, but who knows when"),
        pytest.param(pull(checks=(check(commit=sha("older")),)), REFUSED, id="an older head was shown"),
        pytest.param(pull(checks=(check("caisson/config"),)), REFUSED, id="another check of ours is no sight of it"),
        pytest.param(pull(commits=(commit("x", by="bob"), commit())), REFUSED, id="an author"),
        pytest.param(
            pull(
                commits=(
                    commit("x", by="al", message="Fix\n\nCo-authored-by: B <1+BOB@users.noreply.github.com>"),
                    commit(),
                )
            ),
            REFUSED,
            id="a co-author",
        ),
    ],
)
def test_an_approval_is_of_the_head_its_author_saw(*, opened: PullRequest, answer: str) -> None:
    """`/approve` counts only if our gates check stood on the present head before; never an author's."""
    actions, _ = answered(replace(opened, comments=(comment("bob", "/approve"),)))
    assert reaction(actions) == answer
    assert [a.commit for a in deeds(actions) if isinstance(a, PostCheck)] == ([HEAD] if answer == DONE else [])


@pytest.mark.parametrize(("on", "answer"), [(HEAD, DONE), (sha("older"), REFUSED)], ids=["this head", "an older head"])
def test_an_approval_in_a_review_is_of_the_commit_reviewed(*, on: Sha, answer: str) -> None:
    """A review names its commit: that one was looked at, whenever it was sent."""
    opened = pull(reviews=(review("bob", ReviewState.COMMENTED, body="/approve", commit=on),))
    assert reaction(answered(opened)[0]) == answer


def test_an_approval_is_kept_under_its_person() -> None:
    """One check run for each person and head; a withdrawal writes over it."""
    (made,) = deeds(answered(pull(comments=(comment("bob", "/approve"),)))[0])
    assert isinstance(made, PostCheck)
    assert (made.text.name, made.text.conclusion, made.existing) == ("caisson/approval (bob)", "SUCCESS", None)
    kept = check(made.text.name, external_id=made.text.external_id)
    opened = pull(comments=(comment("bob", "/unapprove", minute=-1),), checks=(check(), kept))
    (gone,) = deeds(answered(opened)[0])
    assert isinstance(gone, PostCheck)
    assert (gone.text.name, gone.text.conclusion, gone.existing) == (made.text.name, "NEUTRAL", kept)


# --- hold and unhold --------------------------------------------------------------------------------------------------


def test_a_hold_is_a_label_and_a_reason() -> None:
    """The label is put on, and the one sticky comment says who and why."""
    actions, _ = answered(pull(comments=(comment("tom", "/hold sale today"),)))
    assert deeds(actions) == [SetLabel(number=7, label=LABEL, present=True)]
    said = sticky(pull(comments=(our_comment(replies(actions)),)))
    assert (said.holder, said.holder_id, said.reason) == ("tom", TOM.id, "sale today")


@pytest.mark.parametrize(
    ("by", "notes", "answer"),
    [
        pytest.param("tom", (BY_TOM,), DONE, id="the holder, with triage"),
        pytest.param("bob", (BY_TOM,), DONE, id="somebody with write"),
        pytest.param("carol", (BY_TOM,), REFUSED, id="a reader who holds nothing"),
        pytest.param("tom", (), REFUSED, id="triage, and no word of who holds"),
        pytest.param("tom", (replace(BY_TOM, ours=False),), REFUSED, id="a comment of ours that somebody edited"),
        pytest.param("hidden", (BY_TOM,), REFUSED, id="access that could not be read"),
    ],
)
def test_who_may_release_a_hold(*, by: str, notes: tuple[Comment, ...], answer: str) -> None:
    """Its holder, or write."""
    opened = pull(
        comments=(*notes, comment(by, "/unhold")),
        labels=frozenset({LABEL}),
        labelling=(labelled(US, added=True, minute=-10),),
    )
    actions, _ = answered(opened, hold=HELD)
    assert reaction(actions) == answer
    assert deeds(actions) == ([SetLabel(number=7, label=LABEL, present=False)] if answer == DONE else [])


@pytest.mark.parametrize("access", [Permission.NONE, Permission.READ, Permission.TRIAGE])
def test_the_holder_may_release_with_any_access(access: Permission) -> None:
    """Whoever stopped it may let it go, even if they may do less by now."""
    opened = pull(comments=(BY_TOM, comment("tom", "/unhold")))
    actions, _ = obey(opened, observation(permissions={"tom": access}), hold=HELD, queries=QUERIES, setting=SETTING)
    assert deeds(actions) == [SetLabel(number=7, label=LABEL, present=False)]


def test_a_namesake_is_not_the_holder() -> None:
    """People are known by their number: a login can change hands."""
    namesake = replace(person("tom"), id=1)
    opened = pull(comments=(BY_TOM, comment("tom", "/unhold", author=namesake)))
    assert reaction(answered(opened, hold=HELD)[0]) == REFUSED


def test_unhold_where_nothing_is_held() -> None:
    """It is said, and nothing is written."""
    actions, _ = answered(pull(comments=(comment("bob", "/unhold"),)))
    assert (reaction(actions), deeds(actions)) == (DONE, [])
    assert "not held" in replies(actions)


def test_a_release_is_written_into_the_sticky_comment() -> None:
    """There it stays readable, and names no holder any more."""
    actions, _ = answered(pull(comments=(BY_TOM, comment("bob", "/unhold"))), hold=HELD)
    (said,) = [a for a in actions if isinstance(a, Say)]
    assert said.comment == BY_TOM.id
    assert sticky(pull(comments=(our_comment(said.body),))).holder is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<!-- caisson:hold", id="cut short"),
        pytest.param("<!-- caisson:hold { -->", id="no JSON"),
        pytest.param(released_comment("bob"), id="released"),
    ],
)
def test_a_sticky_comment_without_a_holder(body: str) -> None:
    """Nobody is the holder; write may still release."""
    assert sticky(pull(comments=(our_comment(body),))).holder_id is None


# --- answers ----------------------------------------------------------------------------------------------------------


def test_several_commands_get_one_answer() -> None:
    """One reply and one reaction, the worst of them."""
    actions, _ = answered(pull(comments=(comment("carol", "/status\n/approve\n/help"),)))
    assert (reaction(actions), len([a for a in actions if isinstance(a, Say)])) == (REFUSED, 1)
    said = replies(actions)
    assert "so it stands" in said
    assert "needs write access" in said
    assert "| Command |" in said


def test_a_reply_is_given_once() -> None:
    """Where the reaction was lost but the reply stands, only the reaction is written."""
    asked = comment("bob", "/status")
    opened = pull(comments=(asked, our_comment(f"so it stands\n\n{reply_marker(asked.id)}")))
    assert answered(opened)[0] == (React(subject=asked.id, content=DONE),)


def test_a_forged_marker_silences_nothing() -> None:
    """Only our own comment counts as our reply."""
    asked = comment("bob", "/status")
    opened = pull(comments=(asked, comment("mallory", reply_marker(asked.id))))
    assert "so it stands" in replies(answered(opened)[0])


def test_what_is_done_needs_no_words() -> None:
    """A reaction says it: an approval gets no reply."""
    actions, _ = answered(pull(comments=(comment("bob", "/approve"),)))
    assert replies(actions) == ""


def test_a_suggestion_for_what_is_nearly_a_command() -> None:
    """What was meant is said; it is not done."""
    assert "Did you mean `/approve`?" in replies(answered(pull(comments=(comment("bob", "/aprove"),)))[0])


# --- merge, skip, retry, diff -----------------------------------------------------------------------------------------


def kept(actions: tuple[Action, ...]) -> list[tuple[str, str]]:
    """What was written down on the head."""
    return [(a.text.name, a.text.title) for a in actions if isinstance(a, PostCheck) and a.commit == HEAD]


@pytest.mark.parametrize(
    ("line", "by", "name", "title"),
    [
        pytest.param("/merge", "bob", "caisson/merge (bob)", f"bob asked to merge {HEAD[:7]}", id="a wish to merge"),
        pytest.param(
            "/skip gate=soak it burns", "mona", "caisson/skip soak (mona)", "skipped by mona: it burns", id="a waiver"
        ),
    ],
)
def test_what_is_said_of_a_head_is_kept_on_it(line: str, by: str, name: str, title: str) -> None:
    """As a check run of ours, written over when it is said again."""
    actions, _ = answered(pull(comments=(comment(by, line),)))
    assert kept(actions) == [(name, title)]
    again = pull(comments=(comment(by, line),), checks=(check(), check(name)))
    assert [a.existing for a in answered(again)[0] if isinstance(a, PostCheck)] == [check(name)]


@pytest.mark.parametrize(("line", "by"), [("/merge", "bob"), ("/skip gate=soak it burns", "mona")])
def test_only_the_head_that_was_shown_counts(line: str, by: str) -> None:
    """As for an approval: one that came after the comment was not meant."""
    unseen = pull(comments=(comment(by, line),), checks=(check(minute=-4),))
    actions, _ = answered(unseen)
    assert (reaction(actions), kept(actions)) == (REFUSED, [])
    assert "the head is now" in replies(actions)


@pytest.mark.parametrize("mode", [Mode.OBSERVE, Mode.PROPOSE])
def test_no_wish_to_merge_where_nothing_merges(mode: Mode) -> None:
    """The mode of the file is above it."""
    opened = pull(comments=(comment("bob", "/merge"),))
    actions, _ = answered(opened, setting=replace(SETTING, mode=mode))
    assert (reaction(actions), kept(actions)) == (REFUSED, [])


@pytest.mark.parametrize(
    ("line", "by", "roles", "answer"),
    [
        pytest.param("/merge", "bob", Roles(merge=Access.MAINTAIN), REFUSED, id="less than the role"),
        pytest.param("/merge", "mona", Roles(merge=Access.MAINTAIN), DONE, id="the role"),
        pytest.param("/merge", "bob", Roles(freeze=Access.ADMIN), DONE, id="another role"),
        pytest.param("/approve", "bob", Roles(merge=Access.ADMIN), DONE, id="approving is no role"),
    ],
)
def test_roles_decide(*, line: str, by: str, roles: Roles, answer: str) -> None:
    """What the environment declares, and nothing else of it."""
    setting = replace(SETTING, environment=PRODUCTION.model_copy(update={"roles": roles}))
    assert reaction(answered(pull(comments=(comment(by, line),)), setting=setting)[0]) == answer


FROZEN = comment("mona", "/status\n/freeze production x")


@pytest.mark.parametrize(
    ("answer", "said", "reacted"),
    [
        pytest.param(Answer(reaction=DONE), "so it stands", DONE, id="done: its reaction, and the others' words"),
        pytest.param(Answer(reaction=REFUSED, reply="no"), "so it stands\n\nno", REFUSED, id="refused: its words too"),
        pytest.param(Answer(reaction=WAITING), "", WAITING, id="under way: so is the comment, with all it says"),
        pytest.param(None, "", None, id="not answered yet: nothing is said of it"),
    ],
)
def test_what_is_about_no_one_head_is_answered_elsewhere(*, answer: Answer | None, said: str, reacted: str) -> None:
    """A comment is answered as a whole, once all of its commands are."""
    wide = {(FROZEN.id, 1): answer} if answer else {}
    actions, _ = answered(pull(comments=(FROZEN,)), setting=replace(SETTING, wide=wide))
    assert reaction(actions) == reacted
    assert replies(actions).partition("\n\n<!--")[0] == said


def test_nothing_is_skipped_where_nothing_is_judged() -> None:
    """The environment takes nothing just now: which gates there would be is not known."""
    unjudged = replace(SETTING, verdicts=(waits(UNJUDGED, "#7 was retargeted"),))
    actions, _ = answered(pull(comments=(comment("mona", "/skip gate=soak now"),)), setting=unjudged)
    assert (reaction(actions), kept(actions)) == (REFUSED, [])
    assert "No gate is judged here just now (#7 was retargeted)" in replies(actions)


def test_that_it_is_under_way_is_said_once() -> None:
    """Else each pass would write."""
    there = replace(FROZEN, reactions=frozenset({WAITING}))
    wide = {(there.id, 1): Answer(reaction=WAITING)}
    assert answered(pull(comments=(there,)), setting=replace(SETTING, wide=wide))[0] == ()


def test_retry_posts_the_check_again() -> None:
    """Where nothing blocks, that is all."""
    actions, _ = answered(pull(comments=(comment("tom", "/retry"),)))
    assert deeds(actions) == [REPOST]


def test_retry_makes_a_blocked_head_anew_and_answers_then() -> None:
    """The pass ends with the new head: no reaction claims what may yet fail, and later words wait."""
    opened = pull(comments=(comment("tom", "/hold x\n/retry", minute=-3), comment("tom", "/status", minute=-2)))
    actions, _ = answered(opened, setting=replace(SETTING, rebuild=REBUILD))
    assert actions == (REBUILD,)


def test_retry_discards_only_what_was_shown() -> None:
    """A commit that came after the comment is not thrown away."""
    unseen = pull(comments=(comment("tom", "/retry"),), checks=(check(minute=-4),))
    actions, _ = answered(unseen, setting=replace(SETTING, rebuild=REBUILD))
    assert reaction(actions) == REFUSED
    assert REBUILD not in actions


def test_an_author_may_hold() -> None:
    """With read access, they may stop what they made; others with read access may not."""
    theirs = (commit("x", by="carol"), commit())
    assert reaction(answered(pull(comments=(comment("carol", "/hold"),), commits=theirs))[0]) == DONE
    assert reaction(answered(pull(comments=(comment("carol", "/unhold"),), commits=theirs), hold=HELD)[0]) == REFUSED
    hidden = (commit("x", by="hidden"), commit())
    assert reaction(answered(pull(comments=(comment("hidden", "/hold"),), commits=hidden))[0]) == REFUSED


@pytest.mark.parametrize(
    ("line", "answer"), [("/status", REFUSED), ("/hodl", PUZZLED), ("/hold", DONE)], ids=["asked", "typo", "done"]
)
def test_too_many_answers_are_noise(line: str, answer: str) -> None:
    """After so many replies within the hour a question is refused without words; what acts still does."""
    said = tuple(our_comment(f"so\n\n{reply_marker(str(i))}", minute=-30) for i in range(MOST_ANSWERS))
    actions, _ = answered(pull(comments=(*said, comment("tom", line))))
    assert reaction(actions) == answer
    assert not [a for a in actions if isinstance(a, Say) and reply_marker("x")[:20] in a.body]
    older = tuple(replace(one, at=at(-61)) for one in said)
    assert reaction(answered(pull(comments=(*older, comment("tom", "/status"))))[0]) == DONE


def test_a_prefixed_repository_hears_and_says_prefixed_commands() -> None:
    """The short form is not ours there, not even to suggest."""
    setting = replace(SETTING, style=CommandStyle.PREFIXED)
    assert answered(pull(comments=(comment("bob", "/approve\n/hodl"),)), setting=setting)[0] == ()
    actions, _ = answered(pull(comments=(comment("bob", "/caisson hodl"),)), setting=setting)
    assert "Did you mean `/caisson hold`?" in replies(actions)


def test_a_reply_fits_into_a_comment() -> None:
    """Whole answers, and a word on those that are left out."""
    queries = replace(QUERIES, diff=lambda: "x" * 40_000)
    opened = pull(comments=(comment("bob", "/diff\n/status\n/diff\n/help"),))
    actions, _ = obey(opened, observation(permissions=ACCESS), hold=None, queries=queries, setting=SETTING)
    said = replies(actions)
    assert len(said) < 65_536
    assert said.count("x" * 40_000) == 1
    assert "so it stands" in said
    assert "2 more answers do not fit in here" in said
    assert "caisson:reply" in said.splitlines()[-1]


def test_many_long_answers_make_one_comment_that_github_takes() -> None:
    """They are cut, and the comment still says what it answers, so that it is answered once."""
    long = replace(QUERIES, explain=lambda _: "\n".join(f"| `{n}` | is not a version |" for n in range(500)))
    asked = comment("bob", "\n".join(["/explain"] * 10))
    actions, _ = obey(
        pull(comments=(asked,)), observation(permissions=ACCESS), hold=None, queries=long, setting=SETTING
    )
    (said,) = [action.body for action in actions if isinstance(action, Say)]
    assert len(said) <= LONGEST_COMMENT
    assert said.endswith(reply_marker(asked.id))


def test_what_was_said_in_one_second_stays_in_its_order() -> None:
    """Node ids do not grow with time: only GitHub's own order tells which came first."""
    first, second = comment("tom", "/hold"), comment("tom", "/unhold")
    opened = pull(comments=(replace(first, id="IC_MTE0MA"), replace(second, id="IC_MTE0MQ")))
    swapped = pull(comments=(replace(first, id="IC_b"), replace(second, id="IC_A")))
    for one in (opened, swapped):
        assert [said.body for said in pending(one)] == ["/hold", "/unhold"]


def test_what_is_about_no_one_head_is_refused_across_repositories() -> None:
    """Nobody would answer it otherwise; what is about the head is heard as ever, in the same comment too."""
    there = replace(
        SETTING, home="org/deploy", environment=SETTING.environment.model_copy(update={"repository": "org/b"})
    )
    actions, _ = answered(pull(comments=(FROZEN,)), setting=there)
    assert reaction(actions) == REFUSED
    assert "so it stands" in replies(actions)
    assert "is not done across repositories" in replies(actions)
