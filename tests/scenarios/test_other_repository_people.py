"""What people change in a repository that another promotes into: its own pass looks after that, and nothing else."""

from collections.abc import Mapping

from sandbox.github import pulls, refs
from sandbox.github.state import Caller, PullRequest, Repository
from tests.scenarios.test_audit import log, of
from tests.scenarios.test_other_repository import OTHER, PATH, accepting, configuration, opened, started
from tests.scenarios.test_story import told
from tests.world import FULL_NAME, World

CONFIG = ".github/caisson.yaml"
FILE = f"{PATH}/kustomization.yaml"
GATED = "approvals: {users: [olga]}\n        manual_changes: gate"


def propose(
    world: World, other: Repository, files: Mapping[str, str | None], *, into: str = "main", branch: str = "change"
) -> PullRequest:
    """A pull request of somebody with write access there."""
    start, who = other.branch("main"), world.laptop.user("otto")
    refs.commit(world.laptop.github, other, branch, files, "Change", by=who, start=start)
    return pulls.create_pull_request(
        world.laptop.github, other, Caller(user=who), title="Change", head=branch, base=into, body=""
    )


def says(world: World, other: Repository, pull: PullRequest) -> tuple[str | None, str]:
    """The conclusion of our newest `caisson/gates` on the head, and its title."""
    ours = [c for c in other.check_runs if (c.head_sha, c.name) == (pull.head_sha, "caisson/gates")]
    runs = [c for c in ours if c.app.id == world.laptop.app.id]
    assert runs, f"#{pull.number} has no check"
    return runs[-1].conclusion, runs[-1].title or ""


async def test_a_persons_change_of_what_others_promote_into_is_told_of(world: World) -> None:
    """It is an environment of that repository's file, under the name that it has there."""
    other = await started(world, accepting())
    within = propose(world, other, {FILE: "images: []\n"})
    aside = propose(world, other, {"README.md": "# Ours\n"}, branch="aside")
    await world.settle()
    assert says(world, other, within) == ("success", "touches live; manual changes are allowed")
    assert says(world, other, aside) == ("success", "touches no environment")


async def test_with_manual_changes_gated_there_its_approvals_are_asked_for(world: World) -> None:
    """Those of the file that holds where the change is made."""
    other = await started(world, accepting(more=GATED))
    pull = propose(world, other, {FILE: "images: []\n"})
    await world.settle()
    assert says(world, other, pull)[0] is None
    world.laptop.approve(other, pull, by="olga")
    await world.settle()
    assert says(world, other, pull)[0] == "success"


async def test_who_is_let_in_is_changed_with_the_approvals_that_are_asked_for_there(world: World) -> None:
    """Letting another pipeline in, or asking for nothing any more, is no one person's to decide."""
    other = await started(world, accepting(more="approvals: {users: [olga]}"))
    pull = propose(world, other, {CONFIG: accepting("acme/else", more="approvals: {users: [olga]}")})
    same = propose(world, other, {CONFIG: "# Ours\n" + accepting(more="approvals: {users: [olga]}")}, branch="same")
    await world.settle()
    assert says(world, other, pull)[0] is None
    assert says(world, other, same) == ("success", "changes nothing that is declared of an environment so far")
    world.laptop.approve(other, pull, by="olga")
    await world.settle()
    assert says(world, other, pull)[0] == "success"


async def test_a_promotion_of_another_repository_is_left_to_its_pass(world: World) -> None:
    """The other repository's own pass says nothing on it; once it lets nobody in any more, that it is to be closed."""
    other = await started(world, accepting(), declared=configuration(production="approvals: {count: 1}"))
    world.push("1.1.0")
    await world.settle()
    (pull,) = opened(other)
    asked = says(world, other, pull)
    assert "needs 1 approval" in asked[1]
    world.laptop.commit(other, {"README.md": "# Ours\n"}, "News", by="olga")
    await world.service.resync()
    await world.settle()
    assert says(world, other, pull) == asked
    world.laptop.commit(other, {CONFIG: "version: 1\npipelines: {}\n"}, "Nobody", by="olga")
    await world.settle()
    assert "no environment that is declared proposes this any more; close it" in says(world, other, pull)[1]


async def test_a_commit_that_somebody_else_proposes_there_waits(world: World) -> None:
    """A check run is of a commit: a success for ours would let the other pull request in wherever it goes."""
    other = await started(world, accepting(), declared=configuration(production="approvals: {count: 1}"))
    world.push("1.1.0")
    await world.settle()
    (pull,) = opened(other)
    who = world.laptop.user("otto")
    refs.create_ref(world.laptop.github, other, Caller(user=who), "refs/heads/x", pull.head_sha)
    theirs = pulls.create_pull_request(
        world.laptop.github, other, Caller(user=who), title="Mine", head="x", base="main", body=""
    )
    world.laptop.approve(other, pull, by="olga")
    await world.settle()
    assert not pull.merged_at
    conclusion, title = says(world, other, pull)
    assert conclusion is None
    assert f"#{theirs.number} proposes this very commit" in title
    world.laptop.close(other, theirs, by="otto")
    await world.settle()
    assert pull.merged_at


async def test_explain_says_what_it_does_not_read(prompt_world: World) -> None:
    """It reads the repository whose file declares the pipeline; of an environment elsewhere it says where that is."""
    world = prompt_world
    await started(world, accepting())
    found = await told(world, "1.0.0")
    assert "development: healthy" in found or "development: merged" in found
    assert f"production: in {OTHER}, which is not read for this" in found


async def test_the_audit_log_tells_where_it_was_done(world: World) -> None:
    """Of what goes into the other repository that one is named, once; both files are told of."""
    await started(world, accepting())
    world.push("1.1.0")
    await world.settle()
    lines = await log(world)
    merged = [(line["repository"], line["environment"]) for line in of("merged", lines)]
    assert sorted(merged) == [(FULL_NAME, "development"), (OTHER, "production")]
    (proposed,) = [line for line in of("proposed", lines) if line["environment"] == "production"]
    assert (proposed["repository"], proposed["pipeline"]) == (OTHER, "web-app")
    recorded = [(line["repository"], line["release"]["label"]) for line in of("recorded", lines)]
    assert sorted(recorded) == [(FULL_NAME, "1.0.0"), (FULL_NAME, "1.1.0"), (OTHER, "1.0.0"), (OTHER, "1.1.0")]
    assert {line["repository"] for line in of("configuration", lines)} == {FULL_NAME, OTHER}
