"""An environment in another repository of the installation: accepted there, judged there, and nowhere else."""

from sandbox import shop
from sandbox.github.state import PullRequest, Repository
from tests.world import FULL_NAME, World

OTHER = "acme/production"
PATH = "apps/web"
PEOPLE = {"olga": "admin", "otto": "write", "rita": "read"}


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
    repository: str = FULL_NAME, pipeline: str = "web-app", environment: str = "production", *, more: str = "", top: str = ""
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
    world.laptop.cluster.add_application(
        "web-app-live", repository_url=f"https://github.com/{OTHER}.git", path=PATH, target_revision="HEAD"
    )
    await world.settle()
    return made


def opened(other: Repository) -> list[PullRequest]:
    return [pull for pull in other.pulls if pull.state == "open"]


async def test_a_release_goes_into_another_repository_that_accepts_it(world: World) -> None:
    """From the pull request to the merge, the record and its health: all in the repository written to."""
    other = await started(world, accepting())
    assert world.board("production").active == "1.0.0"
    world.push("1.1.0")
    await world.settle()
    assert world.board("production").live == "1.1.0"
    assert world.board("production").health == "Healthy"
    tip = other.branch("main")
    assert tip is not None
    assert 'newTag: "1.1.0"' in world.laptop.read(other, tip, f"{PATH}/kustomization.yaml")
    assert [pull.head_ref for pull in other.pulls] == ["caisson/web/live"]
    assert {deployment.environment for deployment in other.deployments} == {"web/live"}
    assert {deployment.environment for deployment in world.repository.deployments} == {"web-app/development"}
