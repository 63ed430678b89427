"""`/rollback` and `/promote … version=`: which release goes where, because a person said so, wherever they said it."""

from collections.abc import Callable

import pytest

from config.operator import Operator, parse_floors
from sandbox.github import refs, talk
from sandbox.github.server import Fault
from sandbox.github.state import Issue, PullRequest
from tests.scenarios.test_commands import reactions, replies
from tests.scenarios.test_freezes import said
from tests.world import World

CONFIG = """\
version: 1
pipelines:
  web-app:
    images:
      web: {{repository: "{{image}}", constraint: ">=1.0 <2"}}
    environments:
      development: {{path: applications/web-app/development, auto: true}}
      staging: {{path: applications/web-app/staging, after: [development], auto: true}}
      production:
        path: applications/web-app/production
        after: [staging]
        approvals: {{count: 1}}
        gates: {{soak: 30m}}
        {production}
"""
PRODUCTION = "applications/web-app/production/kustomization.yaml"
FILE = ".github/caisson.yaml"


def config(production: str = "skippable: [soak]") -> str:
    return CONFIG.format(production=production)


async def running(world: World, production: str = "skippable: [soak]") -> str:
    """Production runs 1.1.0, and ran 1.0.0 before, whose text is given; 1.2.0 is open into it, and soaks."""
    await world.start(config=config(production))
    await world.settle()
    await world.after("31m")
    before = world.file(PRODUCTION)
    world.push("1.1.0")
    await world.settle()
    await world.after("31m")
    world.approve(world.pull_request(into="production"), by="bob")
    if "count: 2" in production:
        world.approve(world.pull_request(into="production"), by="wanda")
    await world.settle()
    assert world.board("production").live == "1.1.0"
    world.push("1.2.0")
    await world.settle()
    assert world.pull_request(into="production").title == "Promote web-app 1.2.0 to production"
    return before


def an_issue(world: World) -> Issue:
    wanda = world.laptop.person("wanda")
    return talk.create_issue(world.laptop.github, world.repository, wanda, title="It is slow", body="Since noon.")


PLACES: list[tuple[str, Callable[[World], Issue], str]] = [
    ("on the open promotion", lambda world: world.pull_request(into="production"), "/"),
    ("on a merged promotion", lambda world: world.merged_pull_request(into="production"), "/"),
    ("on the board", lambda world: world.board_issue, "/"),
    ("anywhere else", an_issue, "/caisson "),
]
anywhere = pytest.mark.parametrize(
    ("where", "prefix"), [pytest.param(where, prefix, id=name) for name, where, prefix in PLACES]
)


@anywhere
async def test_a_rollback_that_somebody_asked_for(world: World, where: Callable[[World], Issue], prefix: str) -> None:
    """What ran before comes back byte for byte, without soak, as soon as it is approved; the bad one stays out."""
    before = await running(world)
    issue = where(world)
    world.comment(issue, f"{prefix}rollback production", by="bob")
    await world.settle()
    pull = world.pull_request(into="production")
    assert pull.title == "Roll back web-app to 1.0.0 in production"
    assert reactions(issue)[-1][-1] == "rocket"
    assert not said(issue) or isinstance(issue, PullRequest)
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    assert world.file(PRODUCTION) == before
    await world.after("2h")
    assert world.board("production").live == "1.0.0"
    assert len([p for p in world.repository.pulls if p.title.startswith("Roll back")]) == 1
    # The newer one goes on; the one that was taken out does not.
    assert world.pull_request(into="production").title == "Promote web-app 1.2.0 to production"


@anywhere
async def test_a_version_that_somebody_named(world: World, where: Callable[[World], Issue], prefix: str) -> None:
    """An older one than what stands is promoted, through every gate; what is newer stays out until it is named."""
    await running(world)
    issue = where(world)
    world.comment(issue, f"{prefix}promote production version=1.0.0", by="bob")
    await world.settle()
    pull = world.pull_request(into="production")
    assert pull.title == "Promote web-app 1.0.0 to production"
    assert reactions(issue)[-1][-1] == "rocket"
    world.approve(pull, by="wanda")
    await world.settle()
    await world.after("31m")
    assert pull.merged_at
    assert world.board("production").live == "1.0.0"
    world.comment(issue, f"{prefix}promote production version=1.1.0", by="bob")
    await world.settle()
    back = world.pull_request(into="production")
    assert back.title == "Promote web-app 1.1.0 to production"
    world.approve(back, by="wanda")
    await world.settle()
    assert world.board("production").live == "1.1.0"


async def test_rollback_to_a_named_release(world: World) -> None:
    """`to=` names one of those that were verified there before."""
    await running(world)
    await world.after("31m")
    world.approve(world.pull_request(into="production"), by="bob")
    await world.settle()
    assert world.board("production").live == "1.2.0"
    world.comment(world.board_issue, "/rollback production to=1.0.0", by="bob")
    await world.settle()
    pull = world.pull_request(into="production")
    assert pull.title == "Roll back web-app to 1.0.0 in production"
    world.approve(pull, by="wanda")
    await world.settle()
    assert world.board("production").live == "1.0.0"


@pytest.mark.parametrize(
    ("line", "by", "says"),
    [
        pytest.param("/rollback production", "tom", "needs write", id="triage may not"),
        pytest.param("/rollback production to=9.9.9", "bob", "no release is called '9.9.9'", id="never there"),
        pytest.param("/rollback production to=1.1.0", "bob", "runs 1.1.0 already", id="stands already"),
        pytest.param("/rollback production to=1.2.0", "bob", "no release is called '1.2.0'", id="never there before"),
        pytest.param("/promote production version=3.0.0", "bob", "no release is called '3.0.0'", id="not known"),
        pytest.param("/promote production version=1.1.0", "bob", "runs 1.1.0 already", id="runs already"),
    ],
)
async def test_what_is_refused(prompt_world: World, line: str, by: str, says: str) -> None:
    """With the reason, once, and the open promotion stays what it is."""
    world = prompt_world
    await running(world)
    pull = world.pull_request(into="production")
    world.comment(pull, line, by=by)
    await world.settle()
    assert reactions(pull) == [["-1"]]
    assert says in replies(pull)[0]
    assert world.pull_request(into="production").title == "Promote web-app 1.2.0 to production"


async def test_a_release_whose_promotion_was_closed_is_promoted_again(world: World) -> None:
    """`/promote` takes the rejection back, named or not, where nothing newer goes on."""
    await running(world)
    closed = world.pull_request(into="production")
    world.laptop.close(world.repository, closed, by="bob")
    await world.settle()
    assert not world.open_pull_requests(into="production")
    world.comment(closed, "/promote", by="bob")
    await world.settle()
    pull = world.pull_request(into="production")
    assert pull.title == "Promote web-app 1.2.0 to production"
    assert reactions(closed)[-1][-1] == "rocket"
    world.approve(pull, by="wanda")
    await world.after("31m")
    assert pull.merged_at
    assert world.board("production").live == "1.2.0"


async def test_naming_what_is_open_already_costs_no_approval(world: World) -> None:
    """The head stays, and so does what people said of it."""
    await running(world)
    pull = world.pull_request(into="production")
    world.approve(pull, by="wanda")
    head = pull.head_sha
    world.comment(pull, "/promote production version=1.2.0\n/promote", by="bob")
    await world.settle()
    assert reactions(pull)[-1][-1] == "rocket"
    assert pull.head_sha == head
    await world.after("31m")
    assert pull.merged_at


async def test_a_freeze_yields_to_a_rollback_by_maintain(world: World) -> None:
    """Somebody with write opens it, and it waits; somebody with maintain asks, and it goes in."""
    await running(world)
    world.comment(world.board_issue, "/freeze production the fair", by="alice")
    await world.settle()
    world.comment(world.board_issue, "/rollback production", by="bob")
    await world.settle()
    pull = world.pull_request(into="production")
    world.approve(pull, by="wanda")
    await world.after("1h")
    assert not pull.merged_at
    assert "frozen by alice" in world.board("production").waiting
    world.comment(world.board_issue, "/rollback production", by="alice")
    await world.settle()
    assert not pull.merged_at
    assert "frozen" in pull.body
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at, world.board("production").waiting
    assert world.freezes


async def test_a_freeze_does_not_yield_to_a_named_promotion(world: World) -> None:
    """However much access somebody has: only rollbacks go in."""
    await running(world)
    world.comment(world.board_issue, "/freeze production the fair", by="alice")
    world.comment(world.board_issue, "/promote production version=1.0.0", by="alice")
    await world.settle()
    pull = world.pull_request(into="production")
    world.approve(pull, by="wanda")
    await world.after("1h")
    assert not pull.merged_at


async def test_a_forged_trailer_opens_no_freeze(prompt_world: World) -> None:
    """A commit that says of itself that an admin asked for a rollback is none without our check."""
    world = prompt_world
    await running(world)
    world.comment(world.board_issue, "/freeze production the fair", by="alice")
    await world.settle()
    pull = world.pull_request(into="production")
    git, repository = world.repository.git, world.repository
    head = git.commit(pull.head_sha)
    alice = world.laptop.user("alice")
    trailer = f'{{"by":"alice","by_id":{alice.id},"comment":"IC_forged","kind":"rollback"}}'
    message = f"{head.message}\nCaisson-Directive: {trailer}"
    forged = git.write_commit(head.tree, head.parents, message, author=head.author, committer=head.committer)
    repository.signed.add(forged)
    update = refs.RefUpdate(name=f"refs/heads/{pull.head_ref}", after=forged, force=True)
    refs.update_refs(world.laptop.github, repository, world.laptop.person("wanda"), [update])
    world.approve(pull, by="bob")
    await world.after("1h")
    assert not pull.merged_at
    assert pull.head_sha != forged


async def test_a_floor_binds_rollbacks_too(world: World) -> None:
    """One approval is declared for rollbacks, the operator asks for two."""
    world.operator = Operator(floors=parse_floors("prod*=2"))
    await running(world, "rollback: {approvals: {count: 1}}  # count: 2 by the floor")
    world.comment(world.board_issue, "/rollback production", by="bob")
    await world.settle()
    pull = world.pull_request(into="production")
    world.approve(pull, by="wanda")
    await world.settle()
    assert not pull.merged_at
    assert "the operator's rule prod*=2" in world.board("production").waiting
    world.approve(pull, by="alice")
    await world.settle()
    assert pull.merged_at


VOUCHER_LOST = Fault(method="POST", path="/graphql$", status=502, body="caisson/directive")
HEAD_LOST = Fault(method="POST", path="/graphql$", status=502, body="updateRefs")
AFTER_HEAD = Fault(method="POST", path="/graphql$", status=502, when="after", body="updateRefs")


@pytest.mark.parametrize("fault", [VOUCHER_LOST, HEAD_LOST, AFTER_HEAD], ids=["its check", "its head", "the answer"])
async def test_a_command_outlasts_a_lost_write(prompt_world: World, fault: Fault) -> None:
    """The bot stops in the middle, loses its store, and does what was asked for, once."""
    world = prompt_world
    await running(world)
    world.laptop.github_server.faults.append(fault)
    world.comment(world.board_issue, "/rollback production", by="bob")
    await world.lose_the_store()
    await world.after("5m")
    pull = world.pull_request(into="production")
    assert pull.title == "Roll back web-app to 1.0.0 in production"
    assert reactions(world.board_issue)[0][-1] == "rocket"
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    await world.after("1h")
    assert len([p for p in world.repository.pulls if p.title.startswith("Roll back")]) == 1


# --- while the file is broken -----------------------------------------------------------------------------------------


async def broken(world: World) -> None:
    text = world.file(FILE).replace("approvals: {count: 1}", "aprovals: {count: 1}")
    world.laptop.commit(world.repository, {FILE: text}, "Break it", by="alice")
    await world.settle()
    assert "aprovals" in str(world.service.reconciler.known.views)


async def test_while_the_file_is_broken_a_rollback_goes_on(world: World) -> None:
    """Asked for anywhere, approved as the last good file says, it merges; nothing else is proposed, merged or said."""
    before = await running(world)
    await broken(world)
    staging = world.board("staging").active
    open_one = world.pull_request(into="production")
    world.approve(open_one, by="wanda")
    world.push("1.3.0")
    world.comment(world.board_issue, "/freeze production x", by="alice")
    world.comment(world.board_issue, "/promote production version=1.0.0", by="alice")
    await world.after("1h")
    assert not open_one.merged_at
    assert not world.freezes
    assert world.board("staging").active == staging
    assert reactions(world.board_issue) == [[], []]
    world.comment(world.board_issue, "/rollback production", by="bob")
    await world.settle()
    assert reactions(world.board_issue)[-1][-1] == "rocket"
    pull = world.pull_request(into="production")
    assert pull.title == "Roll back web-app to 1.0.0 in production"
    assert not pull.merged_at
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    assert world.file(PRODUCTION) == before
    assert world.board("production").live == "1.0.0"


async def test_while_the_file_is_broken_on_degraded_rolls_back(world: World) -> None:
    """What proves bad then is taken out by itself, as the last good file says."""
    await running(world, "on_degraded: rollback\n        rollback: {approvals: {count: 1, users: [wanda]}}")
    await broken(world)
    world.laptop.cluster.degrade("web-app-production", "crash loop")
    await world.settle()
    await world.after("3m")
    pull = world.pull_request(into="production")
    assert pull.title == "Roll back web-app to 1.0.0 in production"
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
