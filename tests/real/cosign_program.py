"""Runs cosign in a folder that is its home, where its keys lie; no network but the registry's is needed."""

import asyncio
import os
from pathlib import Path

from tests.real.docker_registry import PATIENCE

OFFLINE = ("--tlog-upload=false", "--allow-http-registry", "--yes")


async def run_cosign(program: str, folder: Path, *arguments: str | Path) -> bool:
    """Whether it said yes."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "COSIGN_PASSWORD": "a password"},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return await asyncio.wait_for(process.wait(), PATIENCE) == 0
