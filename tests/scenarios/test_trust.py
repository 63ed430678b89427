"""What must not merge, must not count, and must not be lost."""

import json
from datetime import timedelta

from bot.release_record import trailers
from sandbox import shop
from sandbox.github import records, refs, talk
from tests.world import World

STAGING = "applications/web-app/staging/kustomization.yaml"
PRODUCTION = "applications/web-app/production/kustomization.yaml"


async def test_a_foreign_commit_on_our_branch_blocks(world: World) -> None:
    """Somebody else's commit on our branch is never merged nor overwritten; the board names its author."""
    pull = await world.soaked()
    world.laptop.commit(world.repository, {"evil.yaml": "a: 1\n"}, "Just a fix", by="wanda", branch=pull.head_ref)
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "wanda" in world.board("production").waiting


async def test_a_push_between_approval_and_merge_voids_the_approval(world: World) -> None:
    """An approval is of one head: when a newer release moves the pull request, it must be given again."""
    staging = "        after: [development]\n"
    await world.start(config=shop.configuration("{image}").replace(staging, f"{staging}        pace: latest\n"))
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    old = pull.head_sha
    world.push("1.2.0")
    await world.settle()
    assert pull.head_sha != old
    talk.submit_review(
        world.laptop.github, world.repository, world.laptop.person("bob"), pull, event="APPROVE", commit_id=old
    )
    await world.after("30m")
    assert not pull.merged_at
    assert "0 given" in world.board("production").waiting


async def test_a_forged_health_record_opens_nothing(prompt_world: World) -> None:
    """Statuses that people add to our deployments, and deployments they make, count for nothing."""
    world = prompt_world
    await world.start()
    await world.settle()
    world.laptop.cluster.degrade("web-app-staging", "crash loop")
    world.push("1.1.0")
    await world.settle()
    staged = next(d for d in reversed(world.repository.deployments) if d.environment == "web-app/staging")
    records.add_deployment_status(
        world.laptop.github, world.repository, world.laptop.person("wanda"), staged, state="success"
    )
    await world.after("1h")
    assert not world.open_pull_requests(into="production")
    assert world.board("staging").health == "Degraded"


async def test_a_squash_by_hand_is_recorded_as_such(world: World) -> None:
    """A person may merge on GitHub: it is recorded as theirs, with the gates not enforced."""
    pull = await world.soaked()
    world.laptop.merge(world.repository, pull, by="wanda")
    await world.settle()
    assert world.board("production").live == "1.1.0"
    record = next(d for d in reversed(world.repository.deployments) if d.environment == "web-app/production")
    assert "merged by wanda, gates not enforced" in str(record.payload)


async def test_the_store_may_be_lost_in_the_middle_of_a_soak(world: World) -> None:
    """Soak is read back from GitHub: an empty store neither restarts nor shortens it."""
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    world.approve(pull, by="bob")
    await world.after("20m")
    await world.lose_the_store()
    await world.settle()
    assert not pull.merged_at
    await world.after("9m")
    assert not pull.merged_at
    await world.after("2m")
    assert pull.merged_at


async def test_other_commits_on_the_base_void_nothing(world: World) -> None:
    """Only the blobs a promotion edits matter: a commit elsewhere neither rebuilds the head nor voids the approval."""
    pull = await world.soaked()
    head = pull.head_sha
    world.laptop.commit(world.repository, {"README.md": "# New words\n"}, "Reword", by="alice")
    await world.settle()
    assert pull.head_sha == head
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at


async def test_a_change_of_the_promoted_file_rebuilds_the_head(world: World) -> None:
    """When somebody changes the file under the promotion, the head is made anew and both changes survive."""
    pull = await world.soaked()
    world.approve(pull, by="bob")
    text = world.file(PRODUCTION).replace("# what all environments share", "# shared")
    world.laptop.commit(world.repository, {PRODUCTION: text}, "Reword", by="alice")
    await world.settle()
    assert not pull.merged_at, "the approval was of another head"
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merged_at
    assert "# shared" in world.file(PRODUCTION)
    assert '"1.1.0"' in world.file(PRODUCTION)


async def test_an_api_server_that_is_away_merges_nothing(prompt_world: World) -> None:
    """What cannot be read is unknown, and unknown waits; when it is back, things go on."""
    world = prompt_world
    pull = await world.soaked()
    world.laptop.cluster.away = True
    await world.cluster_lost()
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "cannot be reached" in world.board("production").waiting
    world.laptop.cluster.away = False
    await world.cluster_back()
    await world.settle()
    assert pull.merged_at


async def test_a_degraded_upstream_restarts_the_soak(world: World) -> None:
    """Soak is unbroken Healthy time: Degraded in between starts it again."""
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    world.approve(pull, by="bob")
    await world.after("20m")
    world.laptop.cluster.degrade("web-app-staging", "crash loop")
    await world.settle()
    await world.after("5m")
    world.laptop.cluster.recover("web-app-staging")
    await world.settle()
    await world.after("15m")
    assert not pull.merged_at, "20 minutes before and 15 after are not 30 unbroken"
    await world.after("20m")
    assert pull.merged_at


async def test_an_author_cannot_approve_through_a_second_door(world: World) -> None:
    """Neither bots nor readers nor people without write count, whatever way they approve."""
    pull = await world.soaked()
    world.approve(pull, by="carol")
    world.comment(pull, "/approve", by="tom")
    await world.settle()
    assert not pull.merged_at


async def test_write_access_is_read_live_at_the_merge(world: World) -> None:
    """Somebody who lost access between approval and merge does not count any more."""
    await world.start()
    await world.settle()
    world.push("1.1.0")
    await world.settle()
    pull = world.pull_request(into="production")
    world.approve(pull, by="bob")
    await world.settle()
    world.repository.collaborators["bob"] = "read"
    await world.after("30m")
    assert not pull.merged_at


async def test_a_label_removed_by_triage_still_holds(world: World) -> None:
    """A hold ends by its holder, by write, or by us: taking the label off is not enough for triage."""
    pull = await world.soaked()
    world.comment(pull, "/hold look first", by="wanda")
    await world.settle()
    talk.remove_label(world.laptop.github, world.repository, world.laptop.person("tom"), pull, "caisson/hold")
    world.approve(pull, by="bob")
    await world.settle()
    assert not pull.merged_at
    assert "held by wanda" in world.board("production").waiting


async def test_our_branch_deleted_is_made_again(world: World) -> None:
    """Somebody deletes our branch: GitHub closes the pull request, and the promotion is proposed again."""
    pull = await world.soaked()
    refs.delete_ref(world.laptop.github, world.repository, world.laptop.person("wanda"), f"refs/heads/{pull.head_ref}")
    await world.settle()
    again = world.pull_request(into="production")
    assert again.title == pull.title
    await world.clock.advance(timedelta(minutes=1))


async def test_others_deployments_push_no_record_of_ours_off_the_page(prompt_world: World) -> None:
    """Many deployments of somebody else in production's name: what stands there is still known, not adopted anew."""
    world = prompt_world
    pull = await world.soaked()
    world.approve(pull, by="bob")
    await world.settle()
    ours = len([d for d in world.repository.deployments if d.creator is world.laptop.app.bot])
    tip = world.repository.branch("main")
    assert tip is not None
    for _ in range(130):
        wanda, named = world.laptop.person("wanda"), "web-app/production"
        records.create_deployment(world.laptop.github, world.repository, wanda, ref=tip, environment=named)
    await world.after("10m")
    assert world.board("production").active == "1.1.0"
    assert world.board("production").live == "1.1.0"
    assert len([d for d in world.repository.deployments if d.creator is world.laptop.app.bot]) == ours


async def test_a_merge_deep_in_a_busy_branch_is_still_ours(prompt_world: World) -> None:
    """Many commits elsewhere between the merge and the look: it is recorded as promoted, and verified."""
    world = prompt_world
    pull = await world.soaked()
    world.approve(pull, by="bob")
    while not pull.merged_at:
        await world.service.resync()
        await world.service.worker.run_once()
        await world.clock.advance(timedelta(seconds=1))
    for n in range(120):
        world.laptop.commit(world.repository, {"elsewhere.txt": f"{n}\n"}, f"Elsewhere {n}", by="alice")
    await world.after("1m")
    newest = [d for d in world.repository.deployments if d.environment == "web-app/production"][-1]
    assert isinstance(newest.payload, dict)
    assert newest.payload["how"] == "promoted"


async def test_the_merge_tells_its_own_story(world: World) -> None:
    """Git alone says what was merged, from where, by whose approval and on which verdicts."""
    pull = await world.soaked()
    world.approve(pull, by="bob")
    await world.settle()
    assert pull.merge_commit_sha is not None
    said = trailers(world.repository.git.commit(pull.merge_commit_sha).message)
    assert json.loads(said["Caisson-Approvers"]) == [{"id": world.laptop.user("bob").id, "login": "bob"}]
    staged = next(p for p in world.repository.pulls if p.head_ref == "caisson/web-app/staging")
    assert json.loads(said["Caisson-Source"]) == {"staging": staged.merge_commit_sha}
    gates = [gate for gate, *_ in json.loads(said["Caisson-Verdicts"])]
    assert {"head", "hold", "approvals", "soak (staging)"} <= set(gates)
