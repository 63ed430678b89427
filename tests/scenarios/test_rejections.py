"""Releases that people turn away: by closing our pull request, or by taking them out of Git."""

from sandbox.github import pulls, refs
from tests.world import World

STAGING = "applications/web-app/staging/kustomization.yaml"


async def _waiting(world: World, config: str | None = None) -> None:
    """1.1.0 is open into production, and waits for its soak."""
    await world.start(config=config)
    await world.settle()
    world.push("1.1.0")
    await world.settle()


async def test_closing_a_promotion_turns_its_release_away(world: World) -> None:
    """Closed by a person with write it stays closed, everybody is told, and something newer goes on."""
    await _waiting(world)
    pull = world.pull_request(into="production")
    world.laptop.close(world.repository, pull, by="bob")
    await world.settle()
    assert not world.open_pull_requests(into="production")
    assert "bob closed this: `1.1.0` stays out of production" in pull.comments[-1].body
    await world.after("1h")
    assert not world.open_pull_requests(into="production")
    assert f"1.1.0 was rejected in production: bob closed #{pull.number}" in world.board("production").waiting
    world.push("1.2.0")
    await world.settle()
    assert world.pull_request(into="production").title == "Promote web-app 1.2.0 to production"


async def test_what_a_root_turned_away_is_not_chosen_again(world: World) -> None:
    """The registry still has it as the newest; the board says who closed it."""
    await world.start(config=_config(development="approvals: {count: 1}"))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="development")
    world.laptop.close(world.repository, pull, by="bob")
    await world.settle()
    assert not world.open_pull_requests(into="development")
    assert f"bob closed #{pull.number}; a newer version goes on" in world.board("development").waiting


async def test_reopening_takes_it_back(world: World) -> None:
    """The pull request goes on where it was."""
    await _waiting(world)
    pull = world.pull_request(into="production")
    world.laptop.close(world.repository, pull, by="bob")
    await world.settle()
    pulls.reopen_pull_request(world.laptop.github, world.repository, world.laptop.user("bob"), pull)
    await world.after("31m")
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at


async def test_somebody_without_write_turns_nothing_away(world: World) -> None:
    """Triage may close a pull request on GitHub; the promotion is proposed again."""
    await _waiting(world)
    pull = world.pull_request(into="production")
    world.laptop.close(world.repository, pull, by="tom")
    await world.settle()
    again = world.pull_request(into="production")
    assert (again.number != pull.number, again.title) == (True, pull.title)


async def test_deleting_our_branch_turns_nothing_away(world: World) -> None:
    """GitHub closes the pull request then, in the name of whoever deleted the branch."""
    await _waiting(world)
    pull = world.pull_request(into="production")
    refs.delete_ref(world.laptop.github, world.repository, world.laptop.person("bob"), f"refs/heads/{pull.head_ref}")
    await world.settle()
    assert world.pull_request(into="production").title == pull.title


async def test_a_branch_deleted_after_the_closing_changes_nothing(world: World) -> None:
    """People tidy up what they closed."""
    await _waiting(world)
    pull = world.pull_request(into="production")
    world.laptop.close(world.repository, pull, by="bob")
    await world.after("1m")
    refs.delete_ref(world.laptop.github, world.repository, world.laptop.person("bob"), f"refs/heads/{pull.head_ref}")
    await world.after("1h")
    assert not world.open_pull_requests(into="production")


async def test_a_rejection_outlives_our_store_and_the_access_of_its_author(world: World) -> None:
    """Our comment on the closed pull request keeps that whoever closed it had write then."""
    await _waiting(world)
    pull = world.pull_request(into="production")
    world.laptop.close(world.repository, pull, by="bob")
    await world.settle()
    world.repository.collaborators["bob"] = "read"
    await world.lose_the_store()
    await world.after("1h")
    assert not world.open_pull_requests(into="production")


async def test_somebody_elses_words_on_a_closed_pull_request_turn_nothing_away(world: World) -> None:
    """A comment with our marker counts only if it is ours, and unedited."""
    await _waiting(world)
    pull = world.pull_request(into="production")
    world.laptop.close(world.repository, pull, by="tom")
    at = f"{world.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    world.comment(pull, f"<!-- caisson:closed {at} -->\ntom closed this", by="tom")
    await world.settle()
    assert world.pull_request(into="production").title == pull.title


async def test_what_was_taken_out_upstream_goes_no_further(world: World) -> None:
    """Nor after something newer came there: what was verified there counts no more."""
    await _waiting(world)
    before = world.file(STAGING).replace("1.1.0", "1.0.0")
    world.laptop.commit(world.repository, {STAGING: before}, "Back to 1.0.0", by="alice")
    await world.after("31m")
    pull = world.pull_request(into="production")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "1.1.0 was rejected in staging: it was taken out of Git by hand" in world.board("production").waiting
    world.laptop.cluster.progress("web-app-staging")
    world.push("1.2.0")
    await world.after("1h")
    assert world.board("staging").active == "1.2.0"
    assert not pull.merged_at, "1.2.0 is not verified yet, and 1.1.0 stays rejected"


def _config(*, development: str) -> str:
    return f"""\
version: 1
pipelines:
  web-app:
    images:
      web: {{repository: "{{image}}", constraint: ">=1.0 <2"}}
    environments:
      development:
        path: applications/web-app/development
        {development}
      staging: {{path: applications/web-app/staging, after: [development], auto: true}}
      production: {{path: applications/web-app/production, after: [staging], approvals: {{count: 1}}}}
"""
