"""An environment in another repository of the installation: accepted there, judged there, and nowhere else."""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from sandbox import shop
from sandbox.github import refs
from sandbox.github.access import change_repositories
from sandbox.github.server import Fault
from sandbox.github.settings import archive_repository, rename_repository
from sandbox.github.state import MergeQueue, Protection, PullRequest, Repository, Role
from tests.world import FULL_NAME, World

OTHER = "acme/production"
PATH = "apps/web"
PEOPLE: Mapping[str, Role] = {"olga": "admin", "otto": "write", "rita": "read"}


def configuration(*, production: str = "auto: true", there: str = OTHER) -> str:
    """Development at home merges by itself; production lives in the other repository."""
    return f"""\
version: 1
pipelines:
  web-app:
    images:
      web: {{repository: {{image}}, constraint: ">=1.0 <2"}}
    environments:
      development:
        path: applications/web-app/development
        auto: true
        health: {{from: none}}
      production:
        repository: {there}
        path: {PATH}
        after: [development]
        {production}
"""


def accepting(
    repository: str = FULL_NAME,
    pipeline: str = "web-app",
    environment: str = "production",
    *,
    more: str = "",
    top: str = "",
) -> str:
    """The other repository's file."""
    return f"""\
version: 1
{top}
pipelines:
  web:
    environments:
      live:
        path: {PATH}
        accept_from: [{{repository: {repository}, pipeline: {pipeline}, environment: {environment}}}]
        {more}
"""


async def started(world: World, file: str | None, *, declared: str | None = None, tag: str = "1.0.0") -> Repository:
    """A settled world of two repositories in which 1.0.0 runs; the other one, whose file is `file`."""
    await world.laptop_ready()
    await world.start(config=declared or configuration())
    return await joined(world, file, tag=tag)


async def joined(world: World, file: str | None, *, tag: str = "1.0.0") -> Repository:
    """The other repository, taken into the installation."""
    files = {"README.md": "# Production\n", f"{PATH}/kustomization.yaml": shop.kustomization(world.image, tag)}
    if file is not None:
        files[".github/caisson.yaml"] = file
    made = world.laptop.repository(OTHER, files, people=PEOPLE, beside=world.repository)
    followed(world)
    await world.settle()
    return made


def followed(world: World) -> None:
    """Argo CD deploys what the other repository says."""
    world.laptop.cluster.add_application(
        "web-app-live", repository_url=f"https://github.com/{OTHER}.git", path=PATH, target_revision="HEAD"
    )


def opened(other: Repository) -> list[PullRequest]:
    return [pull for pull in other.pulls if pull.state == "open"]


async def test_a_release_goes_into_another_repository_that_accepts_it(world: World) -> None:
    """From the pull request to the merge, the record and its health: all in the repository written to."""
    other = await started(world, accepting())
    assert world.board("production").active == "1.0.0"
    (shown,) = (await world.service.board()).repositories
    assert [e.name for e in shown.environments] == ["development", "production (acme/production)"]
    world.push("1.1.0")
    await world.settle()
    assert world.board("production").live == "1.1.0"
    assert world.board("production").health == "Healthy"
    tip = other.branch("main")
    assert tip is not None
    assert 'newTag: "1.1.0"' in world.laptop.read(other, tip, f"{PATH}/kustomization.yaml")
    (pull,) = other.pulls
    assert (pull.head_ref, pull.title) == ("caisson/web/live", "Promote web-app 1.1.0 to production")
    assert "The pipeline `web-app` of `acme/deploy` promotes into this repository" in pull.body
    head = other.git.commit(pull.head_sha)
    assert "Caisson-Repository: acme/deploy" in head.message
    assert {deployment.environment for deployment in other.deployments} == {"web/live"}
    assert {deployment.environment for deployment in world.repository.deployments} == {"web-app/development"}


async def test_news_of_the_cluster_are_heard(prompt_world: World) -> None:
    """An Application follows the other repository: when it is Degraded, the pipeline's own repository is looked at."""
    world = prompt_world
    await started(world, accepting())
    assert world.board("production").health == "Healthy"
    world.laptop.cluster.degrade("web-app-live", "crash loop")
    await world.settle()
    assert world.board("production").health == "Degraded"


# --- without acceptance -----------------------------------------------------------------------------------------------

LINE = f"accept_from: [{{repository: {FULL_NAME}, pipeline: web-app, environment: production}}]"

REFUSED = [
    pytest.param(None, LINE, id="it has no file"),
    pytest.param("version: 1\npipelines: {}\n", LINE, id="its file says nothing of it"),
    pytest.param(accepting(pipeline="other"), LINE, id="it accepts another pipeline"),
    pytest.param(accepting(environment="staging"), LINE, id="it accepts another environment"),
    pytest.param(accepting("acme/other"), "promoted into by web-app/production of acme/other", id="it accepts another"),
    pytest.param(accepting().replace(PATH, "apps/else"), "in apps/else on main, and", id="it accepts another folder"),
    pytest.param(
        accepting().replace("accept_from", "branch: live\n        accept_from"),
        "in apps/web on live, and",
        id="it accepts another branch",
    ),
    pytest.param(accepting(top="mode: whatever"), "has a mistake", id="its file has a mistake"),
    pytest.param(
        OWN := f"""\
version: 1
pipelines:
  web:
    images: {{web: {{repository: ghcr.io/acme/other}}}}
    environments:
      live: {{path: {PATH}}}
""",
        "acme/production promotes into apps/web on main itself, in its environment web/live",
        id="it promotes into the folder itself",
    ),
]


@pytest.mark.parametrize(("file", "why"), REFUSED)
async def test_what_is_not_accepted_is_not_touched(prompt_world: World, file: str | None, why: str) -> None:
    """Nobody gets into a repository by their own word: nothing is written there, and the board says what to write."""
    world = prompt_world
    other = await started(world, file)
    heads = dict(other.git.refs)
    world.push("1.1.0")
    await world.settle()
    assert why in world.board("production").waiting, world.board("production").waiting
    assert world.board("development").active == "1.1.0"
    assert (other.git.refs, other.pulls, other.deployments) == (heads, [], [])


async def test_accepting_it_is_enough(world: World) -> None:
    """The push that accepts the environment is heard: the release that waited goes in."""
    other = await started(world, None)
    world.push("1.1.0")
    await world.settle()
    assert LINE in world.board("production").waiting
    assert ".github/caisson.yaml of acme/production, on main" in world.board("production").waiting
    world.laptop.commit(other, {".github/caisson.yaml": accepting()}, "Let them in", by="olga")
    await world.settle()
    assert world.board("production").active == "1.1.0"


async def test_an_acceptance_on_another_branch_is_none(prompt_world: World) -> None:
    """Whoever may push some branch has not opened the repository: the default branch speaks."""
    other = await started(prompt_world, None)
    prompt_world.laptop.commit(other, {".github/caisson.yaml": accepting()}, "Let us in", by="otto", branch="ours")
    await prompt_world.settle()
    assert LINE in prompt_world.board("production").waiting
    assert not other.pulls


async def test_an_acceptance_that_is_withdrawn_stops_what_is_open(world: World) -> None:
    """The pull request was approved and waits for nothing else: it merges no more, and the board says why."""
    other = await started(world, accepting(more="approvals: {count: 1}"))
    world.push("1.1.0")
    await world.settle()
    (pull,) = opened(other)
    world.laptop.commit(other, {".github/caisson.yaml": accepting("acme/other")}, "Not them", by="olga")
    world.laptop.approve(other, pull, by="otto")
    await world.settle()
    assert not pull.merged_at
    assert "would have to be" in world.board("production").waiting
    world.laptop.commit(other, {".github/caisson.yaml": accepting(more="approvals: {count: 1}")}, "Yes", by="olga")
    await world.settle()
    assert pull.merged_at


# --- whose word counts ------------------------------------------------------------------------------------------------


async def test_people_count_by_their_access_there(world: World) -> None:
    """Whoever may write to the pipeline's repository commands nothing in the other; its own people do."""
    other = await started(world, accepting(), declared=configuration(production="approvals: {count: 1}"))
    other.private = False
    world.push("1.1.0")
    await world.settle()
    (pull,) = opened(other)
    for body in ("/approve", "/merge", "/hold not yet"):
        world.laptop.comment(other, pull, body, by="alice")
    world.laptop.approve(other, pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "needs 1 approval" in world.board("production").waiting
    assert {r.content for c in pull.comments for r in c.reactions if c.author.login == "alice"} >= {"-1"}
    assert not pull.labels
    world.laptop.comment(other, pull, "/approve", by="otto")
    await world.settle()
    assert pull.merged_at
    assert {r.content for c in pull.comments for r in c.reactions if c.author.login == "otto"} >= {"rocket"}


async def test_nobody_of_the_other_repository_commands_at_home(prompt_world: World) -> None:
    """Access is of one repository, in either direction."""
    world = prompt_world
    await started(world, accepting(), declared=configuration().replace("auto: true", "approvals: {count: 1}", 1))
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="development")
    world.comment(pull, "/approve", by="olga")
    await world.settle()
    assert not pull.merged_at
    world.comment(pull, "/approve", by="bob")
    await world.settle()
    assert pull.merged_at


async def test_the_other_repository_may_ask_for_more(world: World) -> None:
    """What its file asks for comes on top: the promoting file cannot let itself in."""
    other = await started(world, accepting(more="approvals: {users: [olga]}"))
    world.push("1.1.0")
    await world.settle()
    (pull,) = opened(other)
    world.laptop.approve(other, pull, by="otto")
    await world.settle()
    assert not pull.merged_at
    world.laptop.approve(other, pull, by="olga")
    await world.settle()
    assert pull.merged_at


async def test_owners_are_those_of_the_other_repository(prompt_world: World) -> None:
    """CODEOWNERS is that of the branch that is merged into; at home it names somebody else."""
    world = prompt_world
    declared = configuration(production="approvals: {codeowners: true}")
    other = await started(world, accepting(), declared=declared)
    world.laptop.commit(world.repository, {"CODEOWNERS": "* @bob\n"}, "Owners", by="alice")
    world.laptop.commit(other, {"CODEOWNERS": "* @olga\n"}, "Owners", by="olga")
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    (pull,) = opened(other)
    world.laptop.approve(other, pull, by="otto")
    await world.settle()
    assert not pull.merged_at
    world.laptop.approve(other, pull, by="olga")
    await world.settle()
    assert pull.merged_at


@pytest.mark.parametrize("mode", ["observe", "propose"])
async def test_its_file_says_how_far_we_go_there(prompt_world: World, mode: str) -> None:
    """`mode` of the repository that is written to holds for what is written there."""
    other = await started(prompt_world, accepting(top=f"mode: {mode}"))
    prompt_world.push("1.1.0")
    await prompt_world.settle()
    assert prompt_world.board("development").active == "1.1.0"
    assert len(opened(other)) == (mode == "propose")
    assert not [pull for pull in other.pulls if pull.merged_at]
    if mode == "propose":
        assert "mode: propose of acme/production never merges" in prompt_world.board("production").waiting


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param("", "emergency: {people: 2}", id="the pipeline's file has none"),
        pytest.param("emergency: {people: 2}", "", id="its own file has none"),
    ],
)
async def test_an_emergency_there_takes_both_files(prompt_world: World, ours: str, theirs: str) -> None:
    """One file alone lets nobody waive what the other asks, and the answer names both."""
    world = prompt_world
    declared = configuration(production="approvals: {count: 3}") + f"{ours}\n"
    other = await started(world, accepting(top=theirs), declared=declared)
    world.push("1.1.0")
    await world.settle()
    (pull,) = opened(other)
    for by in ("olga", "otto"):
        world.laptop.comment(other, pull, "/emergency payments are down", by=by)
    await world.settle()
    assert not pull.merged_at
    assert f"in this repository's file, or none in that of {FULL_NAME}; it takes both" in pull.comments[-1].body


async def test_an_emergency_there_takes_its_people(world: World) -> None:
    """As many as the stricter file asks, of those with access there; the pipeline's own people call in vain."""
    declared = configuration(production="approvals: {count: 3}") + "emergency: {people: 2}\n"
    other = await started(world, accepting(top="emergency: {people: 2}"), declared=declared)
    other.private = False
    world.push("1.1.0")
    await world.settle()
    (pull,) = opened(other)
    for by in ("alice", "bob", "otto"):
        world.laptop.comment(other, pull, "/emergency payments are down", by=by)
    await world.settle()
    assert not pull.merged_at
    world.laptop.comment(other, pull, "/emergency I see it too", by="olga")
    await world.settle()
    assert pull.merged_at


async def test_the_rules_of_its_branch_are_told(prompt_world: World) -> None:
    """They are those of the branch there; a branch of the same name at home has its own, and merges."""
    world = prompt_world
    other = await started(world, accepting())
    other.protection["main"] = Protection(required_approvals=2)
    world.push("1.1.0")
    await world.settle()
    await world.after("5m")
    (pull,) = opened(other)
    assert world.board("development").active == "1.1.0"
    assert not pull.merged_at
    told = "main's rules ask for 2 approving reviews on GitHub"
    assert told in world.board("production").waiting
    for by in ("olga", "otto"):
        world.laptop.approve(other, pull, by=by)
    await world.after("1h")
    assert pull.merged_at


async def test_its_merge_queue_is_used(world: World) -> None:
    """Where its branch has one, the promotion is put in there, judged again on the group, and recorded as ours."""
    other = await started(world, accepting())
    other.queues["main"] = MergeQueue()
    other.protection["main"] = Protection(required_checks=("caisson/gates",))
    world.push("1.1.0")
    await world.settle()
    (pull,) = other.pulls
    assert pull.merged_at
    assert pull.merged_by is world.laptop.github.merge_queue_bot
    assert world.board("production").active == "1.1.0"


async def test_commands_are_written_as_its_file_wants_them(prompt_world: World) -> None:
    """Another bot of that repository may listen to the short form."""
    world = prompt_world
    other = await started(
        world, accepting(top="commands: prefixed"), declared=configuration(production="approvals: {count: 1}")
    )
    world.push("1.1.0")
    await world.settle()
    (pull,) = opened(other)
    world.laptop.comment(other, pull, "/approve", by="otto")
    await world.settle()
    assert not pull.merged_at
    world.laptop.comment(other, pull, "/caisson approve", by="otto")
    await world.settle()
    assert pull.merged_at


async def test_a_root_may_live_in_the_other_repository(world: World) -> None:
    """And the road may lead back: production at home takes what the other repository's environment verified."""
    declared = """\
version: 1
pipelines:
  web-app:
    images:
      web: {repository: {image}}
    environments:
      development: {repository: acme/production, path: apps/web, auto: true}
      production:
        path: applications/web-app/production
        after: [development]
        auto: true
        gates: {expressions: [{name: fine, when: "app.status.health.status == 'Healthy'"}]}
"""
    other = await started(world, accepting(environment="development"), declared=declared)
    world.push("1.1.0")
    await world.settle()
    assert [pull.merged_at is not None for pull in other.pulls] == [True]
    assert world.board("production").live == "1.1.0"


# --- what tokens open -------------------------------------------------------------------------------------------------


async def test_a_token_opens_exactly_the_two(prompt_world: World) -> None:
    """Of a third repository of the installation nothing can be touched by a pass over these two."""
    world = prompt_world
    other = await started(world, accepting())
    third = world.laptop.repository("acme/third", {"README.md": "# Third\n"}, people=PEOPLE, beside=world.repository)
    world.push("1.1.0")
    await world.settle()
    assert world.board("production").active == "1.1.0"
    opens = {token.repository_ids for token in world.laptop.github.tokens.values() if token.repository_ids}
    home, there = world.repository.id, other.id
    assert opens == {frozenset({home}), frozenset({there}), frozenset({home, there}), frozenset({third.id})}
    # The lister's token opens all, to be named only.
    whole = [token.permissions for token in world.laptop.github.tokens.values() if token.repository_ids is None]
    assert all(permissions == {"metadata": "read"} for permissions in whole)


# --- repositories that are not what they were -------------------------------------------------------------------------


async def test_a_repository_of_another_installation_is_not_ours_to_write(prompt_world: World) -> None:
    """Though it accepts us, and the App is installed there too."""
    world = prompt_world
    await world.laptop_ready()
    await world.start(config=configuration(there="else/production"))
    files = {
        ".github/caisson.yaml": accepting(),
        f"{PATH}/kustomization.yaml": shop.kustomization(world.image, "1.0.0"),
    }
    other = world.laptop.repository("else/production", files, people=PEOPLE)
    await world.settle()
    assert "is not among the repositories of the installation of acme" in world.board("production").waiting
    assert not other.deployments


async def test_a_repository_that_the_app_was_taken_from_waits(world: World) -> None:
    """The owner takes it out of the installation: nothing is written there any more, and giving it back suffices."""
    other = await started(world, accepting())
    installation = world.laptop.installation(other)
    change_repositories(world.laptop.github, installation, remove=[other])
    world.push("1.1.0")
    await world.settle()
    assert world.board("development").active == "1.1.0"
    assert "is not among the repositories of the installation of acme" in world.board("production").waiting
    assert not other.pulls
    change_repositories(world.laptop.github, installation, add=[other])
    await world.settle()
    assert world.board("production").active == "1.1.0"


async def test_an_archived_repository_waits(world: World) -> None:
    """GitHub would refuse every write: none is tried, and the board says so."""
    other = await started(world, accepting())
    archive_repository(world.laptop.github, other, by=world.laptop.user("olga"))
    world.push("1.1.0")
    await world.settle()
    assert world.board("production").waiting == "acme/production is archived, so nothing can be promoted into it"
    assert not other.pulls


async def test_a_repository_that_was_renamed_waits_for_its_new_name(world: World) -> None:
    """The declaration is to name it as it is called; the history goes on, since the repository is the same."""
    other = await started(world, accepting())
    rename_repository(world.laptop.github, other, "live", by=world.laptop.user("olga"))
    world.push("1.1.0")
    await world.settle()
    assert world.board("production").waiting == "acme/production is called acme/live now: write `repository: acme/live`"
    assert not other.pulls
    renamed = configuration(there="acme/live").replace("{image}", world.image)
    world.laptop.commit(world.repository, {".github/caisson.yaml": renamed}, "Its name", by="alice")
    world.laptop.cluster.add_application(
        "web-app-renamed", repository_url="https://github.com/acme/live.git", path=PATH, target_revision="HEAD"
    )
    await world.settle()
    assert world.board("production").live == "1.1.0"
    assert len(other.deployments) == 2


async def test_whoever_takes_a_name_takes_no_acceptance(prompt_world: World) -> None:
    """A new repository under the old name is another one, and has accepted nobody."""
    world = prompt_world
    other = await started(world, accepting())
    rename_repository(world.laptop.github, other, "live", by=world.laptop.user("olga"))
    files = {f"{PATH}/kustomization.yaml": shop.kustomization(world.image, "1.0.0")}
    squatter = world.laptop.repository(OTHER, files, people=PEOPLE, beside=world.repository)
    world.push("1.1.0")
    await world.settle()
    assert LINE in world.board("production").waiting
    assert (squatter.pulls, squatter.deployments, other.pulls) == ([], [], [])


async def test_a_public_repository_that_takes_our_name_is_not_taken_for_ours(world: World) -> None:
    """Anybody's public repository can be read: by its number it is told from the one that was renamed."""
    await world.start()
    await world.settle()
    github = world.laptop.github
    rename_repository(github, world.repository, "deployments", by=world.laptop.user("alice"))
    squatter = github.add_repository(FULL_NAME, private=False)
    files = shop.files(world.image, "0.9.0", config=shop.configuration(world.image))
    refs.commit(github, squatter, "main", files, "Look at us", by=github.add_user("mallory"))
    shop.deploy(world.laptop, "acme/deployments")
    world.push("1.1.0")
    await world.settle()
    assert world.board("development").active == "1.1.0"
    assert [pull.title for pull in world.repository.pulls][:1] == ["Promote web-app 1.1.0 to development"]
    assert (squatter.pulls, squatter.deployments, squatter.check_runs) == ([], [], [])


async def test_a_promoting_repository_is_known_by_its_number_where_that_is_written(prompt_world: World) -> None:
    """A name can be taken over by another repository, a number cannot; so it also outlasts a renaming."""
    world = prompt_world
    await world.laptop_ready()
    await world.start(config=configuration())
    await joined(world, accepting(str(world.repository.id)))
    rename_repository(world.laptop.github, world.repository, "deployments", by=world.laptop.user("alice"))
    world.push("1.1.0")
    await world.settle()
    assert world.board("production").active == "1.1.0"


async def test_a_promoting_repository_that_was_renamed_is_accepted_no_more(prompt_world: World) -> None:
    """Its old name is free for others, who must not inherit what it was trusted with."""
    world = prompt_world
    other = await started(world, accepting())
    rename_repository(world.laptop.github, world.repository, "deployments", by=world.laptop.user("alice"))
    world.push("1.1.0")
    await world.settle()
    assert "is promoted into by web-app/production of acme/deploy" in world.board("production").waiting
    assert not other.pulls


async def test_the_same_repository_may_be_named(world: World) -> None:
    """It is no other one: no acceptance is asked for."""
    declared = configuration(there="Acme/Deploy").replace(f"path: {PATH}", "path: applications/web-app/production")
    await world.start(config=declared)
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert world.board("production").active == "1.1.0"


# --- several writers --------------------------------------------------------------------------------------------------


async def test_names_that_are_the_same_in_two_repositories_do_not_meet(world: World) -> None:
    """The other repository has a pipeline of that name of its own: each has its own branch, place and records."""
    await world.laptop_ready()
    await world.start(config=configuration())
    files = {
        "own/kustomization.yaml": shop.kustomization(world.image, "1.0.0"),
        f"{PATH}/kustomization.yaml": shop.kustomization(world.image, "1.0.0"),
        ".github/caisson.yaml": f"""\
version: 1
pipelines:
  web-app:
    images: {{web: {{repository: "{world.image}"}}}}
    environments:
      production: {{path: own, health: {{from: none}}}}
      received:
        path: {PATH}
        accept_from: [{{repository: {FULL_NAME}, pipeline: web-app, environment: production}}]
""",
    }
    other = world.laptop.repository(OTHER, files, people=PEOPLE, beside=world.repository)
    followed(world)
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert [pull.head_ref for pull in opened(other)] == ["caisson/web-app/production"]
    assert [pull.head_ref for pull in other.pulls if pull.merged_at] == ["caisson/web-app/received"]
    assert {d.environment for d in other.deployments} == {"web-app/production", "web-app/received"}


async def test_of_two_repositories_that_claim_one_place_the_named_one_writes(world: World) -> None:
    """The other's pipeline has the same names and says the same; it waits, and says whose the place is."""
    other = await started(world, accepting(), declared=configuration(production="approvals: {count: 1}"))
    text = configuration().replace("{image}", world.image)
    files = {p: t for p, t in shop.files(world.image, "1.0.0", config=text).items() if "production" not in p}
    world.laptop.repository("acme/third", files, people=PEOPLE, beside=world.repository)
    world.push("1.1.0")
    await world.settle()
    assert [pull.title for pull in opened(other)] == ["Promote web-app 1.1.0 to production"]
    boards = {one.repository: one.environments for one in (await world.service.board()).repositories}
    assert "needs 1 approval" in str(boards["acme/deploy"][1].waiting)
    claimed = "apps/web on main of acme/production is promoted into by web-app/production of acme/deploy"
    assert str(boards["acme/third"][1].waiting).startswith(claimed)
    assert boards["acme/third"][0].active == "1.1.0"


async def test_two_passes_that_write_into_one_repository_take_turns(prompt_world: World) -> None:
    """Both make a head there at once, its own pass and the other's: one after the other."""
    world = prompt_world
    await world.laptop_ready()
    root = "      production: {repository: acme/production, path: apps/web}\n"
    head = configuration().partition("      development:")[0]
    await world.start(config=head + root)
    own = f"""
  own:
    images: {{web: {{repository: "{world.image}"}}}}
    environments: {{here: {{path: here}}}}
"""
    files = {
        "here/kustomization.yaml": shop.kustomization(world.image, "1.0.0"),
        f"{PATH}/kustomization.yaml": shop.kustomization(world.image, "1.0.0"),
        ".github/caisson.yaml": accepting() + own.strip("\n") + "\n",
    }
    other = world.laptop.repository(OTHER, files, people=PEOPLE, beside=world.repository)
    await world.settle()
    before = len(world.calls)
    world.push("1.1.0")
    await world.settle()
    assert len(opened(other)) == 2
    made = [call.path.rpartition("/")[2] for call in world.calls[before:] if "/git/" in call.path]
    assert made == ["trees", "commits", "trees", "commits"]


async def test_two_repositories_that_promote_into_each_other_come_to_rest(world: World) -> None:
    """Each place has one writer, so neither undoes what the other did."""
    await world.laptop_ready()
    home = configuration() + (
        "      received:\n"
        "        path: received\n"
        f"        accept_from: [{{repository: {OTHER}, pipeline: back, environment: home}}]\n"
    )
    await world.start(
        config=home,
        files={
            **{p: t for p, t in shop.files(world.image, "1.0.0", config="").items() if not p.startswith(".")},
            "received/kustomization.yaml": shop.kustomization(world.image, "1.0.0"),
        },
    )
    back = f"""
  back:
    images: {{web: {{repository: "{world.image}"}}}}
    environments:
      here: {{path: here, auto: true, health: {{from: none}}}}
      home: {{repository: {FULL_NAME}, path: received, after: [here], auto: true, health: {{from: none}}}}
"""
    files = {
        "here/kustomization.yaml": shop.kustomization(world.image, "1.0.0"),
        f"{PATH}/kustomization.yaml": shop.kustomization(world.image, "1.0.0"),
        ".github/caisson.yaml": accepting() + back.strip("\n") + "\n",
    }
    other = world.laptop.repository(OTHER, files, people=PEOPLE, beside=world.repository)
    followed(world)
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    assert world.board("production").active == "1.1.0"
    assert world.board("home", pipeline="back").active == "1.1.0"
    assert 'newTag: "1.1.0"' in world.file("received/kustomization.yaml")
    assert len(other.pulls) == 2


# --- faults and figures -----------------------------------------------------------------------------------------------


async def test_an_idle_pass_reads_each_repository_once(prompt_world: World) -> None:
    """The pipeline's pass reads two repositories, the other's own pass reads one; nothing is written."""
    world = prompt_world
    await started(world, accepting())
    world.push("1.1.0")
    await world.settle()
    await world.service.resync()
    before = len(world.calls)
    assert await world.service.worker.drain() == 2 + 1, "two repositories and the image"
    calls = world.calls[before:]
    assert len([c for c in calls if c.kind == "graphql"]) == 3
    assert not [c for c in calls if c.writes]


async def test_a_repository_that_cannot_be_read_for_a_moment_stops_its_pipeline_only(prompt_world: World) -> None:
    """Nothing is decided on half of what a pipeline is; when it answers again everything goes on."""
    world = prompt_world
    # Nothing but its own failure is to bring the pipeline back; what no cluster tells of is not waited for.
    world.has_cluster = False
    more = """
  side:
    images:
      web: {repository: "{image}"}
    environments:
      alone: {path: side, auto: true, health: {from: none}}
"""
    production = "auto: true\n        pace: latest"
    declared = (configuration(production=production) + more.strip("\n") + "\n").replace('"{image}"', "{image}")
    await world.laptop_ready()
    files = {
        **shop.files(world.image, "1.0.0", config=""),
        "side/kustomization.yaml": shop.kustomization(world.image, "1.0.0"),
    }
    files.pop(".github/caisson.yaml")
    await world.start(config=declared, files=files)
    other = await joined(world, accepting())
    fault = Fault(method="POST", path="/graphql$", status=502, body='"name":"production"', times=1000)
    world.laptop.github_server.faults.append(fault)
    world.push("1.1.0")
    await world.laptop.notify(world.service.url)
    while await world.service.worker.drain():
        while world.laptop.github.outbox:
            await world.laptop.deliver(world.laptop.github.outbox.popleft(), world.service.url)
    shown = {(one.name, one.problem) for one in (await world.service.board()).repositories}
    assert ("web-app", "acme/production could not be read: GitHub answered 502; a write may have been applied") in shown
    assert world.board("alone", pipeline="side").active == "1.1.0"
    assert not world.open_pull_requests(into="development")
    world.laptop.github_server.faults.remove(fault)
    await world.clock.advance(timedelta(minutes=11))
    await world.settle()
    assert world.board("production").active == "1.1.0"
    assert [pull.merged_at is not None for pull in other.pulls] == [True]


async def test_a_store_that_is_lost_loses_nothing(prompt_world: World) -> None:
    """What was promoted into the other repository is read back from there, and its news are heard again."""
    world = prompt_world
    other = await started(world, accepting(more="approvals: {count: 1}"))
    world.push("1.1.0")
    await world.settle()
    await world.lose_the_store()
    await world.settle()
    (pull,) = opened(other)
    world.laptop.approve(other, pull, by="otto")
    await world.settle()
    assert pull.merged_at
    assert world.board("production").active == "1.1.0"


async def test_what_a_promotion_elsewhere_costs(prompt_world: World) -> None:
    """Each look reads both repositories once; all else is what a promotion at home costs."""
    world = prompt_world
    declared = configuration(production="approvals: {count: 1}").replace("auto: true", "approvals: {count: 1}", 1)
    other = await started(world, accepting(), declared=declared)
    world.push("1.1.0")
    await world.settle()
    world.approve(world.pull_request(into="development"), by="bob")
    before = len(world.calls)
    await world.settle()
    assert spent(world, before, other) == ["POST trees", "POST commits", "POST graphql", "POST graphql"]
    (pull,) = opened(other)
    before = len(world.calls)
    world.laptop.approve(other, pull, by="otto")
    await world.settle()
    # Last, that it is Healthy there, and that our branch is done with.
    merged = ["GET permission", "POST graphql", "PUT merge", "POST deployments", "POST graphql"]
    assert spent(world, before, other) == merged


def spent(world: World, before: int, repository: Repository) -> list[str]:
    """What was asked of one repository since, reads by GraphQL aside; mutations name none, and come last at home."""
    asked = [call for call in world.calls[before:] if call.writes or call.kind != "graphql"]
    first = next(i for i, call in enumerate(asked) if f"/{repository.full_name}/" in call.path)
    return [f"{call.method} {call.path.rpartition('/')[2]}" for call in asked[first:]]
