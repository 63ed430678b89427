"""Environments whose branches Argo CD's source hydrator writes: a dry commit travels, by what was made of it."""

import json

from sandbox import hydrator, shop
from sandbox.github import pulls, queueing, records, refs
from sandbox.github.access import register_app
from sandbox.github.state import Caller, MergeQueue, Protection, PullRequest
from tests.world import FULL_NAME, ROOT, World

# Whose commits the hydrated ones are.
HYDRATOR = "tom"
NAMES = ("development", "staging", "production")
CONFIG = """\
version: 1
pipelines:
  site:
    environments:
      development: {branch: environment/development, hydrated: environment/development-next, auto: true}
      staging:
        {branch: environment/staging, hydrated: environment/staging-next, after: [development], auto: true}
      production:
        branch: environment/production
        hydrated: environment/production-next
        after: [staging]
        approvals: {count: 1}
"""


def _branch(name: str) -> str:
    return f"environment/{name}"


def _hydrate(world: World, dry: str, text: str, *names: str) -> None:
    """The hydrator makes of a dry commit what `text` says, for some environments, or all."""
    for name in names or NAMES:
        hydrator.hydrate(
            world.laptop.github,
            world.repository,
            f"{_branch(name)}-next",
            dry=dry,
            manifests={"site": f"text: {text}\n"},
            by=world.laptop.user(HYDRATOR),
        )


def _dry(world: World, text: str, *, by: str = "bob") -> str:
    return world.laptop.commit(world.repository, {"values.yaml": f"text: {text}\n"}, f"Say {text}", by=by)


def _text(world: World, name: str) -> str:
    return world.file("site/manifest.yaml", branch=_branch(name)).removeprefix("text: ").strip()


def _waiting(world: World, name: str) -> str:
    return world.board(name, pipeline="site").waiting


async def _started(world: World) -> str:
    """Every environment stands at the first dry commit, hydrated and healthy."""
    await world.start(config=CONFIG, files={"values.yaml": "text: one\n"}, branches=("unrelated",))
    dry = world.repository.branch("main")
    assert dry is not None
    _hydrate(world, dry, "one")
    for name in NAMES:
        files = {"hydrator.metadata": json.dumps({"drySha": dry}), "site/manifest.yaml": "text: one\n"}
        hydrator.push(world.laptop.github, world.repository, _branch(name), files, by=world.laptop.user(HYDRATOR))
    shop.deploy(world.laptop, FULL_NAME, branch_of={name: _branch(name) for name in NAMES})
    await world.settle()
    return dry


def _production(world: World) -> PullRequest:
    return world.pull_request(into="production", pipeline="site")


async def test_a_dry_commit_travels_by_its_hydrated_branches(world: World) -> None:
    """Into each environment goes what was made for it, whole, and everywhere it is called by the dry commit."""
    await _started(world)
    dry = _dry(world, "two")
    _hydrate(world, dry, "two")
    await world.settle()
    assert (_text(world, "development"), _text(world, "staging"), _text(world, "production")) == ("two", "two", "one")
    pull = _production(world)
    assert pull.title == f"Promote site {dry[:7]} to production"
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at
    assert _text(world, "production") == "two"
    assert json.loads(world.file("hydrator.metadata", branch=_branch("production")))["drySha"] == dry
    assert [world.board(name, pipeline="site").live for name in NAMES] == [dry[:7]] * 3


async def test_what_the_hydrator_leaves_out_goes_and_what_people_changed_makes_way(world: World) -> None:
    """The branch becomes exactly what was hydrated."""
    await _started(world)
    extra = {"by-hand.yaml": "a: 1\n", "site/manifest.yaml": "text: by hand\n"}
    world.laptop.commit(world.repository, extra, "A quick fix", by="alice", branch=_branch("staging"))
    await world.settle()
    assert "environment/staging was changed by hand" in _waiting(world, "staging")
    _hydrate(world, _dry(world, "two"), "two")
    await world.settle()
    for name in ("development", "staging"):
        tip, hydrated = (world.repository.branch(b) for b in (_branch(name), f"{_branch(name)}-next"))
        assert tip is not None
        assert hydrated is not None
        assert world.repository.git.commit(tip).tree == world.repository.git.commit(hydrated).tree


async def test_an_author_of_the_dry_commits_may_not_approve(world: World) -> None:
    """Though the hydrator's commit is another's."""
    await _started(world)
    _dry(world, "something", by="wanda")
    _hydrate(world, _dry(world, "two"), "two")
    await world.settle()
    pull = _production(world)
    world.approve(pull, by="bob")
    world.approve(pull, by="wanda")
    await world.settle()
    assert not pull.merged_at
    assert "0 given" in _waiting(world, "production")


async def test_an_environment_waits_until_it_is_hydrated(world: World) -> None:
    """The hydrator is late with one branch: that is said, and it goes on when it is there."""
    old = await _started(world)
    dry = _dry(world, "two")
    _hydrate(world, dry, "two", "development")
    await world.settle()
    said = f"environment/staging-next is hydrated to {old[:7]}, not yet to {dry[:7]}"
    assert said in _waiting(world, "staging")
    assert _text(world, "staging") == "one"
    _hydrate(world, dry, "two", "staging")
    await world.settle()
    assert _text(world, "staging") == "two"


async def test_an_environment_that_is_hydrated_ahead_takes_the_release_it_is_due(world: World) -> None:
    """Never what was made of a newer commit that nothing upstream has verified."""
    await _started(world)
    two, three = _dry(world, "two"), _dry(world, "three")
    _hydrate(world, two, "two")
    _hydrate(world, three, "three", "staging", "production")
    await world.settle()
    assert (_text(world, "development"), _text(world, "staging")) == ("two", "two")
    pull = _production(world)
    assert pull.title == f"Promote site {two[:7]} to production"
    world.approve(pull, by="wanda")
    await world.settle()
    assert _text(world, "production") == "two"
    _hydrate(world, three, "three", "development")
    await world.settle()
    assert (_text(world, "development"), _text(world, "staging")) == ("three", "three")


async def test_a_commit_that_changes_nothing_in_one_environment_goes_on_through_it(world: World) -> None:
    """The hydrator then only notes it: it is promoted there all the same, with every gate, and changes no file."""
    await _started(world)
    dry = _dry(world, "two")
    _hydrate(world, dry, "two", "development", "production")
    _hydrate(world, dry, "one", "staging")
    await world.service.resync()
    await world.settle()
    assert world.merged_pull_request(into="staging", pipeline="site").title == f"Promote site {dry[:7]} to staging"
    assert world.board("staging", pipeline="site").live == dry[:7]
    assert _text(world, "staging") == "one"
    assert _production(world).title == f"Promote site {dry[:7]} to production"


async def test_of_two_commits_in_a_row_the_newer_goes_on(world: World) -> None:
    """The pull request that waits for its approval is moved to it."""
    await _started(world)
    _hydrate(world, _dry(world, "two"), "two")
    await world.settle()
    pull = _production(world)
    three = _dry(world, "three")
    _hydrate(world, three, "three")
    await world.settle()
    assert _production(world).number == pull.number
    assert _production(world).title == f"Promote site {three[:7]} to production"
    world.approve(pull, by="wanda")
    await world.settle()
    assert _text(world, "production") == "three"


async def test_what_is_merged_by_hand_is_recorded_as_what_it_is(world: World) -> None:
    """With no gate enforced, and known by its dry commit."""
    await _started(world)
    dry = _dry(world, "two")
    _hydrate(world, dry, "two", "production")
    tip = world.repository.branch("environment/production-next")
    assert tip is not None
    git = world.repository.git
    files = {path: git.blob(entry.sha).decode() for path, entry in git.files(git.commit(tip).tree).items()}
    alice = world.laptop.user("alice")
    hydrator.push(world.laptop.github, world.repository, _branch("production"), files, by=alice)
    await world.settle()
    assert world.board("production", pipeline="site").live == dry[:7]


async def test_a_promotion_that_a_person_squashes_is_the_same_release(world: World) -> None:
    """It is recorded as theirs, and the next one goes on from it."""
    await _started(world)
    two = _dry(world, "two")
    _hydrate(world, two, "two")
    await world.settle()
    world.laptop.merge(world.repository, _production(world), by="alice", method="squash")
    await world.settle()
    assert world.board("production", pipeline="site").live == two[:7]
    three = _dry(world, "three")
    _hydrate(world, three, "three")
    await world.settle()
    world.approve(_production(world), by="wanda")
    await world.settle()
    assert world.board("production", pipeline="site").live == three[:7]
    assert _text(world, "production") == "three"


async def test_an_approval_counts_for_what_was_hydrated_then(world: World) -> None:
    """The hydrated branch is written anew, in the name of the same dry commit: that is another head."""
    await _started(world)
    dry = _dry(world, "two")
    _hydrate(world, dry, "two")
    await world.settle()
    pull = _production(world)
    world.approve(pull, by="wanda")
    _hydrate(world, dry, "something else", "production")
    await world.settle()
    assert not pull.merged_at
    assert _text(world, "production") == "one"
    assert "0 given" in _waiting(world, "production")
    world.approve(pull, by="wanda")
    await world.settle()
    assert _text(world, "production") == "something else"


async def test_whoever_hydrates_by_hand_may_not_approve_of_it(world: World) -> None:
    """The authors of the hydrated commits count as authors, like those of the dry ones."""
    await _started(world)
    dry = _dry(world, "two")
    _hydrate(world, dry, "two", "development", "staging")
    files = {"hydrator.metadata": json.dumps({"drySha": dry}), "site/manifest.yaml": "text: mine\n"}
    wanda = world.laptop.user("wanda")
    hydrator.push(world.laptop.github, world.repository, "environment/production-next", files, by=wanda)
    await world.settle()
    pull = _production(world)
    world.approve(pull, by="wanda")
    await world.settle()
    assert not pull.merged_at
    world.approve(pull, by="alice")
    await world.settle()
    assert pull.merged_at


async def test_a_branch_that_holds_nothing_yet_takes_the_first_release(world: World) -> None:
    """As the hydrator makes it: empty, and with no history in common."""
    await world.start(config=CONFIG, files={"values.yaml": "text: one\n"}, branches=("unrelated",))
    dry = world.repository.branch("main")
    assert dry is not None
    for name in NAMES:
        empty = {"README.md": "nothing yet\n"}
        hydrator.push(world.laptop.github, world.repository, _branch(name), empty, by=world.laptop.user(HYDRATOR))
    shop.deploy(world.laptop, FULL_NAME, branch_of={name: _branch(name) for name in NAMES})
    await world.settle()
    assert "the branch environment/development-next" in _waiting(world, "development")
    _hydrate(world, dry, "one")
    await world.settle()
    assert (_text(world, "development"), _text(world, "staging")) == ("one", "one")
    world.approve(_production(world), by="wanda")
    await world.settle()
    assert _text(world, "production") == "one"


async def test_metadata_that_cannot_be_read_makes_it_wait(world: World) -> None:
    """Broken text, or a commit that the repository does not have: nothing is proposed, and why is said."""
    await _started(world)
    alice, branch = world.laptop.user("alice"), "environment/development-next"
    broken = {"hydrator.metadata": "{", "site/manifest.yaml": "text: broken\n"}
    hydrator.push(world.laptop.github, world.repository, branch, broken, by=alice)
    await world.settle()
    assert "hydrator.metadata of environment/development-next at" in _waiting(world, "development")
    assert "is not a JSON object" in _waiting(world, "development")
    forged = {**broken, "hydrator.metadata": json.dumps({"drySha": "ab" * 20})}
    hydrator.push(world.laptop.github, world.repository, branch, forged, by=alice)
    await world.settle()
    assert "the commit abababa is gone from GitHub" in _waiting(world, "development")
    assert _text(world, "development") == "one"
    assert not world.open_pull_requests(into="development", pipeline="site")


async def test_an_idle_pass_costs_one_read(prompt_world: World) -> None:
    """What was noted, and who wrote what, is read once."""
    await _started(prompt_world)
    _hydrate(prompt_world, _dry(prompt_world, "two"), "two")
    await prompt_world.settle()
    before = len(prompt_world.calls)
    await prompt_world.service.resync()
    await prompt_world.settle()
    # Which repositories there are is not asked of one of them.
    of_it = [call.path for call in prompt_world.calls[before:] if "installation" not in call.path]
    assert of_it == ["/graphql"]


async def test_gates_hold_at_the_first_environment_too(world: World) -> None:
    """It is promoted into like the others."""
    config = CONFIG.replace("auto: true}\n      staging", "approvals: {count: 1}}\n      staging")
    await world.start(config=config, files={"values.yaml": "text: one\n"}, branches=("unrelated",))
    for name in NAMES:
        empty = {"README.md": "nothing yet\n"}
        hydrator.push(world.laptop.github, world.repository, _branch(name), empty, by=world.laptop.user(HYDRATOR))
    shop.deploy(world.laptop, FULL_NAME, branch_of={name: _branch(name) for name in NAMES})
    _hydrate(world, _dry(world, "one"), "one")
    await world.settle()
    pull = world.pull_request(into="development", pipeline="site")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    world.approve(pull, by="wanda")
    await world.settle()
    assert _text(world, "development") == "one"


async def test_a_hydrated_release_goes_through_a_merge_queue(world: World) -> None:
    """Our check on the group says that it brings the hydrated tree, and the queue's merge is recorded as promoted."""
    await _started(world)
    world.repository.queues[_branch("production")] = MergeQueue(method="merge")
    world.repository.protection[_branch("production")] = Protection(required_checks=("caisson/gates",))
    dry = _dry(world, "two")
    _hydrate(world, dry, "two")
    await world.settle()
    pull = _production(world)
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_by is world.laptop.github.merge_queue_bot
    assert _text(world, "production") == "two"
    record = [d for d in world.repository.deployments if d.environment == "site/production"][-1]
    assert isinstance(record.payload, dict)
    assert (record.payload["how"], record.payload["note"]) == ("promoted", "")
    assert world.board("production", pipeline="site").live == dry[:7]


async def test_a_merge_group_with_other_content_than_the_hydrated_tree_waits(prompt_world: World) -> None:
    """Another entry before ours adds a file: what would come of both is not what was hydrated."""
    world = prompt_world
    await _started(world)
    production = _branch("production")
    _hydrate(world, _dry(world, "two"), "two")
    await world.settle()
    pull = _production(world)
    ci = register_app(world.laptop.github, "ci", ROOT / "app.yml", webhook_secret="x")
    world.repository.queues[production] = MergeQueue(method="merge")
    world.repository.protection[production] = Protection(required_checks=("ci", "caisson/gates"))
    tip = world.repository.branch(production)
    assert tip is not None
    refs.create_ref(world.laptop.github, world.repository, world.laptop.person("wanda"), "refs/heads/theirs", tip)
    world.laptop.commit(world.repository, {"theirs.yaml": "a: 1\n"}, "Theirs", by="wanda", branch="theirs")
    other = pulls.create_pull_request(
        world.laptop.github,
        world.repository,
        world.laptop.person("wanda"),
        title="Theirs",
        head="theirs",
        base=production,
    )
    for sha, names in ((other.head_sha, ("ci", "caisson/gates")), (pull.head_sha, ("ci",))):
        for name in names:
            records.create_check_run(
                world.laptop.github,
                world.repository,
                Caller(user=ci.bot, app=ci),
                name=name,
                head_sha=sha,
                conclusion="success",
            )
    world.laptop.enqueue(world.repository, other, by="wanda")
    world.approve(pull, by="wanda")
    await world.settle()
    entry = queueing.entry_of(world.repository, pull)
    assert entry is not None
    said = [
        run.conclusion
        for run in world.repository.check_runs
        if (run.head_sha, run.name) == (entry.head_sha, "caisson/gates")
    ]
    assert said == [None]
    assert not pull.merged_at
