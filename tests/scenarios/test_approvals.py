"""Who may approve: teams, owners, combinations; and the ways in which somebody might count who must not."""

import pytest

from sandbox import shop
from sandbox.github import talk
from sandbox.github.state import PullRequest
from tests.world import World

PRODUCTION = "applications/web-app/production/kustomization.yaml"


async def soaked(world: World, approvals: str, *, owners: str | None = None) -> PullRequest:
    """1.1.0 has soaked in staging, and its pull request into production lacks only what `approvals` asks for."""
    await world.laptop_ready()
    config = shop.configuration(world.image).replace("{count: 1}", approvals)
    files = dict(shop.files(world.image, "1.0.0", config=config))
    if owners is not None:
        files[".github/CODEOWNERS"] = owners
    await world.start(config=config, files=files)
    world.laptop.github.add_team("acme/sre", "bob", "carol")
    world.laptop.github.add_team("acme/web", "wanda")
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    await world.after("30m")
    return world.pull_request(into="production")


async def test_a_team_must_approve(world: World) -> None:
    """An approval counts for its team; whoever is none of it is not enough, and it says who is missing."""
    pull = await soaked(world, "{teams: [acme/sre]}")
    world.approve(pull, by="wanda")
    await world.settle()
    assert not pull.merged_at
    assert "needs 1 approval of @acme/sre" in world.board("production").waiting
    world.approve(pull, by="carol")
    await world.settle()
    assert not pull.merged_at, "carol is of the team, but may only read"
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at


async def test_nobody_is_called_by_what_a_check_says(world: World) -> None:
    """A team is named in the check and the text without a mention: each change would call all of its members."""
    pull = await soaked(world, "{teams: [acme/sre]}")
    said = [pull.body, *(f"{run.title} {run.summary}" for run in world.repository.check_runs)]
    assert any("acme/sre" in text for text in said)
    assert not [text for text in said if "@acme/sre" in text]


async def test_the_owners_of_the_changed_path_must_approve(world: World) -> None:
    """By CODEOWNERS of the base branch: somebody of each changed path's owners, the last matching line deciding."""
    pull = await soaked(world, "{codeowners: true}", owners="* @bob\n/applications/*/production/ @alice @acme/web\n")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "needs an owner of /applications/*/production/ (alice or @acme/web)" in world.board("production").waiting
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at


async def test_new_owners_count_from_when_they_stand_on_the_base(world: World) -> None:
    """What the base branch says at the merge counts, not what it said when the pull request was opened."""
    pull = await soaked(world, "{codeowners: true}", owners="* @bob\n")
    world.laptop.commit(world.repository, {".github/CODEOWNERS": "* @wanda\n"}, "New owners", by="alice")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "needs an owner of * (wanda)" in world.board("production").waiting
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at


async def test_groups_combine(world: World) -> None:
    """All of several groups, or any of them."""
    groups = "{all_of: [{teams: [acme/sre]}, {any_of: [{users: [alice]}, {teams: [acme/web]}]}]}"
    pull = await soaked(world, groups)
    world.comment(pull, "/approve", by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "of alice at this head, 0 given, or needs 1 approval of @acme/web" in world.board("production").waiting
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at


async def test_triage_may_approve_where_that_is_declared(world: World) -> None:
    """`permission` says what an approver must have, by review and by command."""
    pull = await soaked(world, "{count: 2, permission: triage}")
    world.comment(pull, "/approve", by="tom")
    world.approve(pull, by="carol")
    await world.settle()
    assert not pull.merged_at, "carol may only read"
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at


async def test_membership_is_read_live_at_the_merge(world: World) -> None:
    """Whoever left the team between approval and merge does not count for it any more."""
    await world.laptop_ready()
    await world.start(config=shop.configuration(world.image).replace("{count: 1}", "{teams: [acme/sre]}"))
    team = world.laptop.github.add_team("acme/sre", "bob")
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    world.approve(pull, by="bob")
    await world.settle()
    team.members["bob"] = "pending"
    await world.after("30m")
    assert not pull.merged_at
    assert "of @acme/sre" in world.board("production").waiting


async def test_a_reviewer_removed_from_the_repository_does_not_count(world: World) -> None:
    """Access is that of the merge, not of the approval, by review and by command."""
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    world.comment(pull, "/approve", by="bob")
    world.approve(pull, by="wanda")
    await world.settle()
    del world.repository.collaborators["bob"], world.repository.collaborators["wanda"]
    await world.after("30m")
    assert not pull.merged_at


@pytest.mark.parametrize("comment_stays", [True, False], ids=["the comment is there", "the comment is gone"])
async def test_a_login_taken_over_by_somebody_else_approves_nothing(world: World, *, comment_stays: bool) -> None:
    """Who approved is a person, not a login: whoever takes a login that is free takes no approval with it."""
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    world.comment(pull, "/approve", by="bob")
    await world.settle()
    github = world.laptop.github
    github.rename_user("bob", to="robert")
    del world.repository.collaborators["robert"]
    github.add_user("bob")
    world.repository.collaborators["bob"] = "admin"
    if not comment_stays:
        talk.delete_comment(github, world.repository, world.laptop.person("robert"), pull.comments[0])
    await world.after("30m")
    assert not pull.merged_at


async def test_a_person_who_was_renamed_still_approves(world: World) -> None:
    """The same person under another login, with their access, approved."""
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    world.comment(pull, "/approve", by="bob")
    await world.settle()
    world.laptop.github.rename_user("bob", to="robert")
    await world.after("30m")
    assert pull.merged_at


async def test_a_comment_edited_into_an_approval_is_none(world: World) -> None:
    """Anybody with write may edit others' comments: an edited one never acts."""
    pull = await world.soaked()
    world.comment(pull, "Looks fine so far", by="bob")
    await world.settle()
    talk.edit_comment(
        world.laptop.github, world.repository, world.laptop.person("wanda"), pull.comments[-1], "/approve"
    )
    await world.settle()
    assert not pull.merged_at
    assert "0 given" in world.board("production").waiting


async def test_a_dismissed_review_does_not_fall_back(world: World) -> None:
    """Whoever approved twice and was dismissed last approves no more."""
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    world.comment(pull, "/approve", by="bob")
    await world.settle()
    world.approve(pull, by="bob")
    await world.settle()
    talk.dismiss_review(world.laptop.github, world.repository, world.laptop.person("alice"), pull, pull.reviews[-1])
    await world.after("30m")
    assert not pull.merged_at


async def test_a_bot_approves_nothing(world: World) -> None:
    """Not by a review, not by a comment, whatever access it has."""
    pull = await world.soaked()
    world.laptop.github.add_user("renovate[bot]", "Bot")
    world.repository.collaborators["renovate[bot]"] = "admin"
    world.approve(pull, by="renovate[bot]")
    world.comment(pull, "/approve", by="renovate[bot]")
    await world.settle()
    assert not pull.merged_at
    assert "0 given" in world.board("production").waiting


async def test_changes_requested_by_one_outweigh_the_approvals(world: World) -> None:
    """An objection blocks, whoever else approves, until it is taken back."""
    pull = await soaked(world, "{teams: [acme/sre]}")
    github, repository = world.laptop.github, world.repository
    talk.submit_review(github, repository, world.laptop.person("wanda"), pull, event="REQUEST_CHANGES", body="Wait")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "changes requested by wanda" in world.board("production").waiting
    world.approve(pull, by="wanda")
    await world.settle()
    assert pull.merged_at


async def test_those_who_are_named_are_requested_once(world: World) -> None:
    """Users and teams of the approvals are requested when the pull request opens, and not again once taken off."""
    pull = await soaked(world, "{users: [alice, wanda], teams: [acme/sre]}")
    assert {user.login for user in pull.requested} == {"alice", "wanda"}
    assert [team.slug for team in pull.requested_teams] == ["sre"]
    pull.requested.clear()
    world.push("1.2.0")
    await world.settle()
    await world.after("30m")
    assert world.pull_request(into="production") is pull
    assert "1.2.0" in pull.title
    assert not pull.requested


async def test_somebody_who_cannot_be_requested_is_named_once(world: World) -> None:
    """GitHub refuses a request for one who is no collaborator: the others are requested, and it is said once."""
    pull = await soaked(world, "{any_of: [{users: [stranger]}, {users: [alice], teams: [acme/none]}]}")
    assert [user.login for user in pull.requested] == ["alice"]
    await world.after("1h")
    assert [comment.body for comment in pull.comments if "stranger, acme/none" in comment.body] == [
        comment.body for comment in pull.comments
    ]
    assert len(pull.comments) == 1


async def test_nobody_is_asked_where_nobody_is_named(world: World) -> None:
    """A count alone names nobody: no request is made, and none is spent."""
    pull = await world.soaked()
    assert [*pull.requested, *pull.requested_teams, *pull.assignees, *pull.comments] == []
