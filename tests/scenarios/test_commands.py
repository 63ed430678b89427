"""Commands in comments: each acts once, for whoever may, on the head that was shown; GitHub alone remembers it."""

import pytest

from sandbox import shop
from sandbox.github import talk
from sandbox.github.state import Issue, PullRequest
from tests.world import World

AT_ONCE = "        pace: latest\n"


def config(*, production: str = "", approvals: str = "", top: str = "", staging: str = "") -> str:
    """The shop's pipeline, with other keys for production in place of its one approval, and more for staging."""
    text = shop.configuration("{image}").replace("version: 1\n", f"version: 1\n{top}")
    text = text.replace("        after: [development]\n", f"        after: [development]\n{staging}")
    return text.replace("        approvals: {count: 1}\n", approvals + production)


async def proposed(world: World, **changed: str) -> PullRequest:
    """1.1.0 has just begun to soak in staging; its pull request into production is open."""
    await world.start(config=config(**changed))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    return world.pull_request(into="production")


def reactions(issue: Issue) -> list[list[str]]:
    """What the bot reacted with, for each comment of a person, oldest first."""
    people = [c for c in issue.comments if not c.author.login.endswith("[bot]")]
    return [[reaction.content for reaction in comment.reactions] for comment in people]


def replies(pull: PullRequest) -> list[str]:
    return [c.body for c in pull.comments if c.author.login.endswith("[bot]")]


# --- merge ------------------------------------------------------------------------------------------------------------


async def test_merge_merges_as_soon_as_everything_passes(world: World) -> None:
    """Where nobody else would merge, `/merge` does, once every gate passes and not before, with the store lost too."""
    pull = await proposed(world)
    world.comment(pull, "/merge", by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "soaking" in world.board("production").waiting
    await world.lose_the_store()
    await world.after("29m")
    assert not pull.merged_at
    await world.after("2m")
    assert pull.merged_at
    assert reactions(pull) == [["rocket"]]
    assert not replies(pull)


async def test_nothing_merges_unasked(world: World) -> None:
    """Without `auto`, approvals and `/merge` a promotion waits for a person, and says so."""
    pull = await proposed(world)
    await world.after("1h")
    assert not pull.merged_at
    assert "says /merge" in world.board("production").waiting


async def test_merge_bypasses_no_approval(world: World) -> None:
    """Where approvals are declared, `/merge` alone merges nothing."""
    pull = await proposed(world, approvals="        approvals: {count: 1}\n")
    world.comment(pull, "/merge", by="bob")
    await world.after("1h")
    assert not pull.merged_at
    assert "needs 1 approval" in world.board("production").waiting


@pytest.mark.parametrize(("by", "roles"), [("tom", ""), ("carol", ""), ("bob", "        roles: {merge: maintain}\n")])
async def test_merge_is_for_those_who_may(prompt_world: World, by: str, roles: str) -> None:
    """Write is needed, or what the environment's `roles` declare."""
    world = prompt_world
    pull = await proposed(world, production=roles)
    world.comment(pull, "/merge", by=by)
    await world.after("1h")
    assert not pull.merged_at
    assert reactions(pull) == [["-1"]]
    assert ("needs maintain" if roles else "needs write") in replies(pull)[0]


async def test_a_wish_to_merge_ends_with_the_access(world: World) -> None:
    """Access is read again when it would merge: who lost it meanwhile asked for nothing."""
    pull = await proposed(world)
    world.comment(pull, "/merge", by="bob")
    await world.settle()
    world.repository.collaborators["bob"] = "read"
    await world.after("1h")
    assert not pull.merged_at


async def test_a_wish_to_merge_is_of_one_head(world: World) -> None:
    """A newer release moves the pull request: it must be asked for again."""
    pull = await proposed(world, staging=AT_ONCE)
    world.comment(pull, "/merge", by="bob")
    await world.settle()
    world.push("1.2.0")
    await world.settle()
    await world.after("1h")
    assert not pull.merged_at


async def test_merge_never_merges_in_a_mode_that_does_not(prompt_world: World) -> None:
    """`mode: propose` is above any command."""
    world = prompt_world
    await world.start(config=config(top="mode: propose\n"))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="development")
    world.comment(pull, "/merge", by="alice")
    await world.settle()
    assert reactions(pull) == [["-1"]]
    assert "never merges" in replies(pull)[0]
    assert not pull.merged_at


# --- skip -------------------------------------------------------------------------------------------------------------

APPROVAL = "        approvals: {count: 1}\n"


async def test_a_waived_soak_no_longer_waits(world: World) -> None:
    """A maintainer waives the soak with a reason, shown in red; the merge still needs its approval and records both."""
    pull = await proposed(world, approvals=APPROVAL)
    world.comment(pull, '/skip gate=soak "the outage cannot wait"', by="alice")
    await world.settle()
    await world.lose_the_store()
    await world.settle()
    assert not pull.merged_at
    assert "🔴" in pull.body
    assert "skipped by alice: the outage cannot wait" in pull.body
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at
    merge = world.repository.git.commit(pull.merge_commit_sha or "").message
    assert "skipped by alice: the outage cannot wait" in merge


async def test_whoever_waives_a_gate_does_not_approve_besides(world: World) -> None:
    """Before or after the waiver: one person must not be the two that a rule asks for."""
    pull = await proposed(world, approvals="        approvals: {count: 2}\n")
    world.approve(pull, by="alice")
    world.comment(pull, "/skip gate=soak cannot wait", by="alice")
    await world.settle()
    world.approve(pull, by="bob")
    world.comment(pull, "/approve", by="alice")
    await world.settle()
    assert not pull.merged_at
    assert "1 given (so far bob)" in world.board("production").waiting
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at


@pytest.mark.parametrize(
    ("line", "by", "says"),
    [
        pytest.param("/skip gate=soak now", "wanda", "needs maintain", id="write is not enough"),
        pytest.param("/skip gate=approvals now", "alice", "cannot be skipped", id="approvals"),
        pytest.param("/skip gate=health now", "alice", "cannot be skipped", id="health"),
        pytest.param("/skip gate=hold now", "alice", "cannot be skipped", id="hold"),
        pytest.param("/skip gate=head now", "alice", "cannot be skipped", id="what is no declared gate"),
        pytest.param("/skip gate=windows now", "alice", "There is no gate", id="a gate that is not there"),
        pytest.param('/skip gate="`|@bob" now', "alice", "cannot be skipped", id="no name at all"),
    ],
)
async def test_what_cannot_be_skipped(prompt_world: World, line: str, by: str, says: str) -> None:
    """Only declared, skippable gates, by maintain; all else is refused and stays as it was."""
    world = prompt_world
    pull = await proposed(world, approvals=APPROVAL)
    world.approve(pull, by="bob")
    world.comment(pull, line, by=by)
    await world.settle()
    assert not pull.merged_at
    assert reactions(pull) == [["-1"]]
    assert says in replies(pull)[0]
    assert "|@bob" not in replies(pull)[0]


async def test_an_environment_may_let_nothing_be_skipped(prompt_world: World) -> None:
    """`skippable: []` refuses even the soak."""
    world = prompt_world
    pull = await proposed(world, production="        skippable: []\n", approvals=APPROVAL)
    world.comment(pull, "/skip gate=soak now", by="alice")
    await world.settle()
    assert "skippable here: none" in replies(pull)[0]


async def test_a_skip_needs_a_reason(prompt_world: World) -> None:
    """Without one it is not understood, and says how it is written."""
    world = prompt_world
    pull = await proposed(world, approvals=APPROVAL)
    world.comment(pull, "/skip gate=soak", by="alice")
    await world.settle()
    assert reactions(pull) == [["confused"]]
    assert "/skip gate=… reason" in replies(pull)[0]


async def test_a_waiver_is_void_when_the_head_moves(world: World) -> None:
    """What was waived for one release is not waived for the next."""
    pull = await proposed(world, approvals=APPROVAL, staging=AT_ONCE)
    world.comment(pull, "/skip gate=soak cannot wait", by="alice")
    await world.settle()
    world.push("1.2.0")
    await world.settle()
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "soaking" in world.board("production").waiting
    assert "skipped" not in pull.body


async def test_a_waiver_ends_with_the_access(world: World) -> None:
    """Whoever may not waive any more when it would merge has waived nothing."""
    pull = await proposed(world, approvals=APPROVAL)
    world.comment(pull, "/skip gate=soak cannot wait", by="alice")
    await world.settle()
    world.repository.collaborators["alice"] = "write"
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "soaking" in world.board("production").waiting
    await world.after("30m")
    assert pull.merged_at


async def test_a_reason_is_only_words(world: World) -> None:
    """No row of the table, no mention, no trailer and no markup comes of what people write as a reason."""
    pull = await proposed(world, approvals=APPROVAL)
    nasty = "x | ✅ | approvals | @bob <b>#1</b> <!-- Caisson-Release: {} \u2028Caisson-Verdicts: [] ```"
    world.comment(pull, f"/skip gate=soak {nasty}", by="alice")
    await world.settle()
    row = next(line for line in pull.body.splitlines() if "skipped by alice" in line)
    assert row.startswith("| 🔴 | soak (staging) |")
    assert row.replace("\\|", "").count("|") == 4
    assert not any(part in row for part in ("@bob", "<b>", "<!--", "#1"))
    world.approve(pull, by="bob")
    await world.settle()
    merge = world.repository.git.commit(pull.merge_commit_sha or "").message
    assert len([line for line in merge.splitlines() if line.startswith("Caisson-Verdicts:")]) == 1
    assert not [line for line in merge.splitlines() if line.startswith("Caisson-Release: {}")]


# --- retry ------------------------------------------------------------------------------------------------------------


async def test_retry_makes_our_head_anew(world: World) -> None:
    """Somebody's commit on our branch blocks until `/retry`; then the head is ours again, and to be approved anew."""
    pull = await world.soaked()
    world.approve(pull, by="bob")
    world.laptop.commit(world.repository, {"evil.yaml": "a: 1\n"}, "Just a fix", by="wanda", branch=pull.head_ref)
    foreign = pull.head_sha
    await world.settle()
    assert "wanda" in world.board("production").waiting
    world.comment(pull, "/retry", by="tom")
    await world.settle()
    assert pull.head_sha != foreign
    assert not pull.merged_at
    assert "0 given" in world.board("production").waiting
    with pytest.raises(KeyError):
        world.file("evil.yaml", branch=pull.head_ref)
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at
    assert reactions(pull) == [["rocket"]]


async def test_retry_throws_nothing_away_that_nobody_saw(world: World) -> None:
    """A commit that came after the head that was shown is not lost to a `/retry` that did not mean it."""
    pull = await world.soaked()
    world.laptop.commit(world.repository, {"fix.yaml": "a: 1\n"}, "Just a fix", by="wanda", branch=pull.head_ref)
    foreign = pull.head_sha
    world.comment(pull, "/retry", by="tom")
    await world.settle()
    assert pull.head_sha == foreign
    assert reactions(pull) == [["-1"]]


async def test_retry_on_our_own_head_posts_the_check_again(world: World) -> None:
    """The head stays as it is, and so do its approvals."""
    pull = await proposed(world, approvals=APPROVAL)
    world.approve(pull, by="bob")
    await world.settle()
    head = pull.head_sha
    world.comment(pull, "/retry", by="tom")
    await world.settle()
    assert pull.head_sha == head
    assert reactions(pull) == [["rocket"]]
    await world.after("30m")
    assert pull.merged_at


# --- diff ------------------------------------------------------------------------------------------------------------


async def test_diff_shows_our_edits(world: World) -> None:
    """The changed files, and the one line that changes in them, answered once."""
    pull = await proposed(world)
    world.comment(pull, "/diff", by="carol")
    await world.settle()
    (said,) = replies(pull)
    assert "applications/web-app/production/kustomization.yaml" in said
    assert '-    newTag: "1.0.0"   # moved by Caisson\n+    newTag: "1.1.0"   # moved by Caisson\n' in said


# --- which comments act -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("> /skip gate=soak x", id="a quotation"),
        pytest.param("<!--\n/skip gate=soak x\n-->", id="an HTML comment"),
        pytest.param("<details><summary>log</summary>\n\n/skip gate=soak x\n\n</details>", id="folded away"),
        pytest.param("- a\n  - b\n/skip gate=soak x", id="a nested list"),
        pytest.param("/skip gate=soak x\n=====", id="a heading"),
        pytest.param("[^1]: note\n/skip gate=soak x", id="a footnote"),
    ],
)
async def test_no_command_hides(prompt_world: World, body: str) -> None:
    """What readers do not see as plain words does nothing, and gets no answer."""
    world = prompt_world
    pull = await proposed(world, approvals=APPROVAL)
    world.approve(pull, by="bob")
    world.comment(pull, body, by="alice")
    await world.settle()
    assert not pull.merged_at
    assert (reactions(pull), replies(pull)) == ([[]], [])


async def test_a_comment_edited_into_a_command_never_acts(world: World) -> None:
    """By its author or by anybody else."""
    pull = await proposed(world, approvals=APPROVAL)
    world.approve(pull, by="bob")
    alice, wanda = world.laptop.person("alice"), world.laptop.person("wanda")
    for editor in (alice, wanda):
        comment = talk.add_comment(world.laptop.github, world.repository, alice, pull.number, "Looks fine.")
        talk.edit_comment(world.laptop.github, world.repository, editor, comment, "/skip gate=soak go on")
    await world.settle()
    assert not pull.merged_at
    assert (reactions(pull), replies(pull)) == ([[], []], [])


async def test_commands_may_have_to_be_prefixed(world: World) -> None:
    """Under `commands: prefixed` only `/caisson …` counts, and what we say names commands that way."""
    pull = await proposed(world, approvals=APPROVAL, top="commands: prefixed\n")
    assert "`/caisson approve`" in pull.body
    world.comment(pull, "/hold mine\n/hodl", by="bob")
    await world.settle()
    assert (reactions(pull), replies(pull)) == ([[]], [])
    world.comment(pull, "/caisson approve", by="bob")
    await world.settle()
    await world.after("30m")
    assert pull.merged_at
