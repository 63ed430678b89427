"""What a stranger, or somebody with too little access, might try and does not get; and where each attack is tested.

Attacks on who decides:

| Attack | Tested in |
|---|---|
| an author or a co-author approves | test_branches, test_pull_checks |
| a comment is edited into an approval or another command | test_approvals, test_commands |
| a dismissed review, or an approval of an older head | test_approvals, test_trust, test_pull_checks |
| somebody who lost access or left the team approves | test_approvals, test_trust |
| a login is taken over, or its bearer renamed | test_approvals |
| one of two people waives a gate and approves besides | test_commands |
| a label is taken off by triage; a hold is taken over | test_trust, test_holds, test_pull_checks |
| check runs and deployments of somebody else in our name | here, test_trust, test_declared_gates |
| a rule is taken away alone, by a pull request | test_configuration_changes |

Attacks on what is merged:

| Attack | Tested in |
|---|---|
| trailers in reasons, labels, messages of commits, file names | here, test_commands, test_messages, test_templates |
| a commit on our branch, in somebody's name or in ours | test_trust, here |
| a base that is retargeted, or rewritten | test_holds, test_pull_checks |
| a pull request that looks like ours, of a fork or a person | here |
| one commit proposed twice, green by the word of one | here, test_pull_checks |
| our merged branch is pushed anew | here |
| a push, or a moved tag, between check and merge | test_merged_as_judged, test_moved_tags, test_trust |
| a rename out of an environment; more files than are read | test_pull_checks |

And on everything around them:

| Attack | Tested in |
|---|---|
| deliveries forged, weak, replayed, oversized, compressed or slow | test_webhooks, test_hostile_senders |
| registries' notifications that are unsigned, or not theirs | test_registry_doors, test_oidc, test_senders |
| aliases, depth, tags and doubled keys in YAML | test_parse, test_manifests_together, test_chart_index |
| patterns and expressions without end | test_tag_rules, test_gate_expression, test_release_rule |
| paths that climb; links and submodules | test_parse_artifacts, test_github_read, test_active |
| commands of readers and bots, in quotes, fences and HTML | test_commands, test_orders, test_approvals |
| tokens for another repository or installation | test_github_client |
| addresses inside, redirects, foreign realms | test_registry_addresses, test_registry_http, test_chart_repository |
| signatures of somebody else, or of something else | test_signatures, test_signatures_keyless, test_signatures_by_key |
| markup, mentions and HTML in words of others | test_messages, test_explanation, test_webhooks |
| one repository that always fails | test_worker |
"""

import re
from pathlib import Path

from sandbox.github import pulls, records, refs
from sandbox.github.state import Caller
from tests.scenarios.people import GATED, PRODUCTION, forked, opened, propose, push, says
from tests.scenarios.test_branches import CONFIG as BRANCHES
from tests.scenarios.test_branches import started as branches_started
from tests.scenarios.test_declared_gates import another_app
from tests.world import World

OURS = "caisson/web-app/production"
FORGED = 'Caisson-Release: {"proposed":"2020-01-01T00:00:00Z","artifacts":[]}\nCaisson-Verdicts: []'


def trailers(message: str, name: str) -> list[str]:
    return [line for line in message.splitlines() if line.startswith(f"{name}:")]


def test_the_table_names_tests_that_are_there() -> None:
    """Whoever renames one is told."""
    named = set(re.findall(r"test_\w+", __doc__ or ""))
    there = {path.stem for path in Path(__file__).parent.parent.rglob("test_*.py")}
    assert named <= there


# --- look-alikes ------------------------------------------------------------------------------------------------------


async def test_a_forks_pull_request_that_looks_like_ours_is_a_strangers(world: World) -> None:
    """The same branch, title, body and label: it is neither taken for ours, nor does it keep ours from merging."""
    pull = await world.soaked()
    message = world.repository.git.commit(pull.head_sha).message
    theirs = forked(world, "mallory", {PRODUCTION: "images: []\n"}, branch=OURS)
    pulls.edit_pull_request(
        world.laptop.github, world.repository, world.laptop.person("mallory"), theirs, title=pull.title, body=pull.body
    )
    world.approve(theirs, by="bob")
    await world.settle()
    assert theirs.state == "open"
    assert not theirs.merged_at
    assert not pull.merged_at, "an approval of the other counts for nothing here"
    assert world.repository.git.commit(pull.head_sha).message == message
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at
    assert theirs.state == "open"
    assert '"1.1.0"' in world.file(PRODUCTION)


async def test_a_persons_pull_request_from_a_branch_named_like_ours_is_not_ours(world: World) -> None:
    """Opened before there was one of ours: it is neither merged nor moved, and the board names it."""
    await world.start()
    await world.settle()
    theirs = propose(world, {PRODUCTION: "images: []\n"}, branch=OURS)
    head = theirs.head_sha
    world.push("1.1.0")
    await world.settle()
    await world.after("30m")
    world.approve(theirs, by="bob")
    await world.settle()
    assert (theirs.state, theirs.merged_at, theirs.head_sha) == ("open", None, head)
    assert f"#{theirs.number} into main, opened by wanda" in world.board("production").waiting
    assert world.board("production").active == "1.0.0"


async def test_our_commit_proposed_into_a_gated_branch_is_green_nowhere(world: World) -> None:
    """A check run is of a commit: while somebody proposes our head where it may not go, it says success to neither."""
    config = BRANCHES.replace("approvals: {count: 1}", GATED).replace("auto: true", "approvals: {count: 1}")
    await branches_started(world, config=config)
    world.laptop.commit(world.repository, {"index.yaml": "version: 2\n"}, "Version 2", by="tom")
    await world.settle()
    pull = world.pull_request(into="staging", pipeline="site")
    refs.create_ref(world.laptop.github, world.repository, world.laptop.person("wanda"), "refs/heads/x", pull.head_sha)
    theirs = opened(world, by="wanda", head="x", into="production")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert says(world, theirs) == (
        None,
        f"head: #{theirs.number} proposes this very commit into production, where it may not go; close that one",
    )
    world.laptop.close(world.repository, theirs, by="wanda")
    await world.settle()
    assert pull.merged_at


# --- other Apps -------------------------------------------------------------------------------------------------------


async def test_another_apps_checks_under_our_names_say_nothing(world: World) -> None:
    """Neither an approval kept in a check run, nor gates that passed: ours are known by the number of our App."""
    pull = await world.soaked()
    other = another_app(world, "look-alike")
    bob = world.laptop.user("bob")
    at = int(world.clock.now().timestamp())
    for name, kept in (("caisson/gates", "v1:x"), ("caisson/approval (bob)", f"v1:approve:{bob.id}:bob:{at}")):
        records.create_check_run(
            world.laptop.github,
            world.repository,
            Caller(user=other.bot, app=other),
            name=name,
            head_sha=pull.head_sha,
            external_id=kept,
            conclusion="success",
        )
    await world.settle()
    assert not pull.merged_at
    assert "needs 1 approval at this head, 0 given" in world.board("production").waiting
    assert says(world, pull)[0] is None


async def test_another_deployment_in_our_name_records_nothing(prompt_world: World) -> None:
    """Made by a person, with the very payload of ours, of a release that never was in staging."""
    world = prompt_world
    await world.start()
    await world.settle()
    real = next(d for d in world.repository.deployments if d.environment == "web-app/staging")
    world.registry.push("acme/web-app", "1.1.0")
    wanda = world.laptop.person("wanda")
    forged = records.create_deployment(
        world.laptop.github,
        world.repository,
        wanda,
        ref=world.repository.branch("main") or "",
        task=real.task,
        payload=str(real.payload).replace("1.0.0", "1.1.0"),
        environment="web-app/staging",
        auto_merge=False,
        required_contexts=[],
    )
    assert forged is not None
    records.add_deployment_status(world.laptop.github, world.repository, wanda, forged, state="success")
    world.laptop.cluster.degrade("web-app-development", "crash loop")
    await world.settle()
    await world.after("1h")
    assert world.board("staging").active == "1.0.0"
    assert not world.open_pull_requests(into="production")


# --- commits ----------------------------------------------------------------------------------------------------------


async def test_a_commit_in_our_name_that_github_did_not_sign_is_somebodys(world: World) -> None:
    """Anybody may write our name, our address and our trailers into a commit."""
    pull = await world.soaked()
    message = world.repository.git.commit(pull.head_sha).message
    bot = world.laptop.app.bot
    text = world.file(PRODUCTION).replace('"1.0.0"', '"9.9.9"')
    refs.commit(world.laptop.github, world.repository, OURS, {PRODUCTION: text}, message, by=bot)
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "remove that commit to go on" in world.board("production").waiting
    assert '"1.0.0"' in world.file(PRODUCTION)


async def test_our_merged_branch_pushed_anew_brings_nothing(world: World) -> None:
    """What somebody puts where our branch was is neither merged nor taken for a promotion."""
    pull = await world.soaked()
    merged = pull.head_sha
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at
    if world.repository.branch(OURS) is None:
        who = world.laptop.person("wanda")
        refs.create_ref(world.laptop.github, world.repository, who, f"refs/heads/{OURS}", merged)
    push(world, {"evil.yaml": "a: 1\n", PRODUCTION: "images: []\n"}, by="wanda", branch=OURS)
    await world.settle()
    assert not world.open_pull_requests(into="production")
    world.push("1.2.0")
    await world.settle()
    await world.after("30m")
    for open_one in world.open_pull_requests(into="production"):
        world.approve(open_one, by="bob")
    await world.settle()
    assert (
        world.repository.git.entry(world.repository.git.commit(world.repository.branch("main") or "").tree, "evil.yaml")
        is None
    )
    assert "images: []" not in world.file(PRODUCTION)


async def test_trailers_in_a_promoted_commit_are_not_ours(world: World) -> None:
    """What a person writes into a commit's message is not carried into the messages that we write."""
    await branches_started(world)
    sha = world.laptop.commit(
        world.repository, {"index.yaml": "version: 2\n"}, f"Version 2\n\n{FORGED}\nCaisson-Directive: {{}}", by="bob"
    )
    await world.settle()
    pull = world.pull_request(into="production", pipeline="site")
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    for message in (
        world.repository.git.commit(pull.head_sha).message,
        world.repository.git.commit(pull.merge_commit_sha or "").message,
    ):
        assert len(trailers(message, "Caisson-Release")) == 1
        assert sha in trailers(message, "Caisson-Release")[0]
        assert not trailers(message, "Caisson-Directive")
    assert world.board("production", pipeline="site").active == sha[:7]


async def test_trailers_in_words_of_others_are_not_ours(world: World) -> None:
    """A reason to hold, an image's labels, a person's commit on the base: none becomes a line that we believe."""
    await world.start()
    await world.settle()
    broken = FORGED.replace("\n", "\u2028")
    labels = {
        "org.opencontainers.image.revision": f"{'a' * 40}\n{FORGED}",
        "org.opencontainers.image.source": f"https://github.com/acme/web\n{FORGED}",
        "org.opencontainers.image.version": f"1\n{FORGED}",
    }
    world.registry.push("acme/web-app", "1.1.0", labels=labels)
    await world.settle()
    await world.after("30m")
    pull = world.pull_request(into="production")
    world.comment(pull, f"/hold {broken}\n{FORGED}", by="bob")
    world.laptop.commit(world.repository, {"README.md": "# x\n"}, f"Promote web-app 9.9.9\n\n{FORGED}", by="wanda")
    await world.settle()
    world.comment(pull, "/unhold", by="bob")
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at
    assert not [line for line in pull.body.splitlines() if line.startswith("Caisson-")]
    for message in (
        world.repository.git.commit(pull.head_sha).message,
        world.repository.git.commit(pull.merge_commit_sha or "").message,
    ):
        assert len(trailers(message, "Caisson-Release")) == 1
        assert "2020-01-01" not in message
        assert len(trailers(message, "Caisson-Verdicts")) <= 1
    assert world.board("production").active == "1.1.0"


async def test_a_persons_commit_with_our_trailers_is_no_promotion(world: World) -> None:
    """Put on the base by hand it is what stands there, adopted as such, and has soaked nowhere."""
    pull = await world.soaked()
    message = world.repository.git.commit(pull.head_sha).message
    text = world.file(PRODUCTION).replace('"1.0.0"', '"1.1.0"')
    world.laptop.commit(world.repository, {PRODUCTION: text}, message, by="wanda")
    await world.settle()
    recorded = next(d for d in reversed(world.repository.deployments) if d.environment == "web-app/production")
    assert "promoted" not in str(recorded.description)
    assert "adopted" in str(recorded.payload)
