"""The world as a fixture. On leaving, one more resync must write nothing, and nothing unexpected may have happened."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.world import Mode, World


async def _closed(world: World) -> None:
    """The promise every scenario ends on: converged, silent, and GitHub asked for nothing that it does not have."""
    if hasattr(world, "service"):
        await world.settle()
        # What was put off for GitHub's limits on a minute, in which whole scenarios may take place; and the board
        # issue, which may lag behind as long.
        await world.after("1m")
        before = len(world.writes)
        world.laptop.github.outbox.clear()
        await world.clock.advance(timedelta(minutes=1))
        await world.service.resync()
        await world.service.worker.drain()
        late = [f"{c.method} {c.path}" for c in world.writes[before:]]
        unexpected = [f"{u.key}: {u.error!r}" for u in world.service.worker.unexpected]
        await world.stop()
        assert not late, f"a resync after everything settled still wrote: {late}"
        assert not unexpected, unexpected
    assert not world.laptop.github_server.unmodelled, world.laptop.github_server.unmodelled


@pytest.fixture(params=list(Mode))
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """A world in each of the three delivery modes: for scenarios without faults of their own."""
    made = World(tmp_path, mode=request.param)
    yield made
    await _closed(made)


@pytest.fixture
async def prompt_world(tmp_path: Path) -> AsyncIterator[World]:
    """A world whose webhooks arrive promptly: for scenarios that bring their own faults."""
    made = World(tmp_path)
    yield made
    await _closed(made)
