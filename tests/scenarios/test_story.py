"""The story of a release, as `caisson explain` and `/status` tell it, whatever became of the store."""

import asyncio
import sys
from pathlib import Path

from bot.clock import SystemClock
from bot.explain_command import Asked, explain
from bot.story import in_words
from sandbox import shop
from sandbox.laptop import WEBHOOK_SECRET, Laptop
from tests.world import FULL_NAME, PEOPLE, ROOT, World


async def told(world: World, release: str) -> str:
    """What `caisson explain` prints now."""
    found = await explain(world.service.github, Asked(release=release, repository=FULL_NAME), now=world.clock.now())
    return "\n".join(in_words(story) for _, story in found.stories)


async def test_the_story_is_the_same_without_the_store(world: World) -> None:
    """Who merged it on which verdicts, since when it is healthy, what it waits for: all of it stands on GitHub."""
    pull = await world.soaked()
    before = await told(world, "1.1.0")
    assert "production: proposed" in before
    assert "waits: approvals: needs 1 approval" in before
    world.approve(pull, by="bob")
    await world.settle()
    before = await told(world, "1.1.0")
    assert "production: healthy" in before
    assert "staging: healthy, soaked 30 min" in before
    assert f"merged by Caisson, #{pull.number}" in before
    assert "approvals: approved by bob" in before

    await world.lose_the_store()
    await world.settle()
    assert await told(world, "1.1.0") == before


async def test_a_release_that_was_taken_out_by_hand_is_told_so(world: World) -> None:
    """Somebody puts the old version back in Git: the bad one was rolled back, and when."""
    await world.soaked()
    path = "applications/web-app/staging/kustomization.yaml"
    text = world.file(path).replace("1.1.0", "1.0.0")
    world.laptop.commit(world.repository, {path: text}, "Take it out", by="alice")
    await world.settle()
    assert "staging: rolled back" in await told(world, "1.1.0")
    assert "rolled back to 1.0.0" in await told(world, "1.1.0")


async def test_a_merge_is_told_long_after_it(prompt_world: World) -> None:
    """Further back than a pass looks: which verdicts it was merged on stands on GitHub still."""
    world = prompt_world
    await world.start(config=shop.configuration("{image}", staging="pace: latest"))
    for tag in ("1.1.0", "1.2.0", "1.3.0", "1.4.0", "1.5.0", "1.6.0"):
        world.push(tag)
        await world.after("5m")
    assert world.board("development").live == "1.6.0"
    assert "merged by Caisson, #2" in await told(world, "1.1.0")


async def test_status_tells_the_way_so_far(world: World) -> None:
    """Beside what every gate says, where the release has been, in absolute times."""
    pull = await world.soaked()
    world.comment(pull, "/status", by="carol")
    await world.settle()
    assert "So far: development healthy since 2026-11-23 12:00 UTC; staging healthy since" in pull.comments[-1].body


async def test_the_command_reads_github_and_no_store(tmp_path: Path) -> None:
    """As an operator runs it, on the machine's own clock: a name that nothing has is answered with what is known."""
    laptop = Laptop(tmp_path, SystemClock().now, manifest=ROOT / "app.yml")
    await laptop.start()
    try:
        config = shop.configuration("ghcr.io/acme/web-app")
        laptop.repository(FULL_NAME, {".github/caisson.yaml": config}, people=PEOPLE)
        status, said, error = await _run(laptop, tmp_path, "9.9.9", "--repository", FULL_NAME)
    finally:
        await laptop.stop()
    assert (status, said) == (1, "")
    assert error == f"Error: nothing on GitHub is called '9.9.9'; known are\n  {FULL_NAME}, web-app: none\n"
    assert not (tmp_path / "none.db").exists()


async def _run(laptop: Laptop, folder: Path, *arguments: str) -> tuple[int, str, str]:
    """`caisson explain` in a process of its own: status, output, errors."""
    (folder / "key.pem").write_text(laptop.app.private_key)
    (folder / "secret").write_text(WEBHOOK_SECRET)
    environment = {
        "PATH": "/usr/bin:/bin",
        "CAISSON_APP_ID": str(laptop.app.id),
        "CAISSON_PRIVATE_KEY_FILE": str(folder / "key.pem"),
        "CAISSON_WEBHOOK_SECRET_FILE": str(folder / "secret"),
        "CAISSON_GITHUB_URL": laptop.github_server.url,
        "CAISSON_STORE": str(folder / "none.db"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "explain",
        *arguments,
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, error = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, said.decode(), error.decode()
