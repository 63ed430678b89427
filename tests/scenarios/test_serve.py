"""`caisson serve` as an operator runs it: a process of its own, settings from the environment, stopped by SIGTERM."""

import asyncio
import signal
import sys
from pathlib import Path

import aiohttp

from sandbox.laptop import WEBHOOK_SECRET
from tests.world import ROOT, World

PATIENCE = 30.0


async def test_it_serves_until_sigterm_and_then_ends_well(prompt_world: World, tmp_path: Path) -> None:
    """It says where it serves, answers its probes, refuses unsigned deliveries, and exits 0 on SIGTERM."""
    world = prompt_world
    await world.start()
    (tmp_path / "key.pem").write_text(world.laptop.app.private_key)
    (tmp_path / "secret").write_text(WEBHOOK_SECRET)
    environment = {
        "PATH": "/usr/bin:/bin",
        "CAISSON_APP_ID": str(world.laptop.app.id),
        "CAISSON_PRIVATE_KEY_FILE": str(tmp_path / "key.pem"),
        "CAISSON_WEBHOOK_SECRET_FILE": str(tmp_path / "secret"),
        "CAISSON_GITHUB_URL": world.laptop.github_server.url,
        "CAISSON_STORE": str(tmp_path / "served.db"),
        "CAISSON_LISTEN": "127.0.0.1:0",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "serve", cwd=ROOT, env=environment, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(PATIENCE):
            url = await _url(process.stderr)
            async with aiohttp.ClientSession() as session:
                async with session.get(f"{url}/livez") as alive:
                    assert alive.status == 200
                async with session.post(f"{url}/webhooks/github", data=b"{}") as unsigned:
                    assert unsigned.status == 401
            process.send_signal(signal.SIGTERM)
            await process.stderr.read()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_a_missing_setting_is_named(tmp_path: Path) -> None:
    """Without its settings it does not start: it names the variable and what to write."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "serve",
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 2
    assert b"CAISSON_APP_ID is not set" in said


async def _url(output: asyncio.StreamReader) -> str:
    """The address from the line that says it serves."""
    async for line in output:
        if b'"url": "' in line and b'"event": "serving"' in line:
            return line.split(b'"url": "')[1].split(b'"')[0].decode()
    raise AssertionError("it ended without serving")
