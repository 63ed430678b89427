"""What people do besides promotions in the scenarios: pull requests of their own, and what they see on them."""

from collections.abc import Mapping

from sandbox.github import pulls, refs
from sandbox.github.state import Caller, CheckRun, PullRequest, Repository
from tests.world import World

CONFIG = ".github/caisson.yaml"
PRODUCTION = "applications/web-app/production/kustomization.yaml"
GATED = "approvals: {count: 1}\n        manual_changes: gate"


def propose(
    world: World,
    files: Mapping[str, str | None],
    *,
    by: str = "wanda",
    branch: str = "change",
    into: str = "main",
    co_authors: tuple[str, ...] = (),
) -> PullRequest:
    """Somebody's branch of this repository, and its pull request."""
    push(world, files, by=by, branch=branch, into=into, co_authors=co_authors)
    return opened(world, by=by, head=branch, into=into)


def push(
    world: World,
    files: Mapping[str, str | None],
    *,
    by: str,
    branch: str,
    into: str = "main",
    co_authors: tuple[str, ...] = (),
) -> str:
    """A commit on somebody's branch, which begins where `into` is if it is new."""
    others = [world.laptop.user(login) for login in co_authors]
    repository, who = world.repository, world.laptop.user(by)
    start = repository.branch(into)
    github = world.laptop.github
    return refs.commit(github, repository, branch, files, "Change", by=who, co_authors=others, start=start)


def opened(
    world: World, *, by: str, head: str, into: str = "main", title: str = "Change", body: str = ""
) -> PullRequest:
    caller = Caller(user=world.laptop.user(by))
    return pulls.create_pull_request(
        world.laptop.github, world.repository, caller, title=title, head=head, base=into, body=body
    )


def forked(world: World, owner: str, files: Mapping[str, str | None], *, branch: str) -> PullRequest:
    """A pull request from a stranger's fork."""
    github = world.laptop.github
    fork: Repository = github.add_repository(f"{owner}/{world.repository.name}")
    fork.git.fetch(world.repository.git, "refs/heads/main", "refs/heads/main")
    start = world.repository.branch("main")
    refs.commit(github, fork, branch, files, "Change", by=github.add_user(owner), start=start)
    return opened(world, by=owner, head=f"{owner}:{branch}")


def check(world: World, pull: PullRequest, name: str = "caisson/gates") -> CheckRun | None:
    """Our newest check run of that name on the head, as GitHub shows it."""
    runs = [
        r for r in world.repository.check_runs if (r.head_sha, r.name, r.app.id) == (pull.head_sha, name, app(world))
    ]
    return runs[-1] if runs else None


def app(world: World) -> int:
    return world.laptop.app.id


def says(world: World, pull: PullRequest, name: str = "caisson/gates") -> tuple[str | None, str]:
    """The conclusion, None while it waits, and the title of our check on the head."""
    found = check(world, pull, name)
    assert found is not None, f"#{pull.number} has no {name}"
    return found.conclusion, found.title or ""
