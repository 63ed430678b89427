"""A copied folder (`promote: tree`) is rolled back as others are: to what an older release copies there."""

import pytest

from tests.scenarios.test_trees import HERE, THERE, started
from tests.world import World


@pytest.mark.parametrize("named", [pytest.param(False, id="the one before"), pytest.param(True, id="named")])
async def test_a_copied_folder_goes_back_and_on(world: World, *, named: bool) -> None:
    """The older content comes back by a pull request, what is kept stays, and only something newer comes in."""
    await started(world)
    before = world.board("staging", pipeline="site").active
    second = world.laptop.commit(world.repository, {f"{HERE}/index.yaml": "version: 2\n"}, "Version 2", by="bob")
    await world.settle()
    assert world.board("staging", pipeline="site").live == second[:7]
    world.comment(world.board_issue, f"/rollback staging{f' to={before}' if named else ''}", by="alice")
    await world.settle()
    assert world.merged_pull_request(into="staging", pipeline="site").title == f"Roll back site to {before} in staging"
    assert world.board("staging", pipeline="site").live == before
    assert world.file(f"{THERE}/index.yaml") == "version: 1\n"
    assert world.file(f"{THERE}/values.yaml") == "here: staging\n"
    third = world.laptop.commit(world.repository, {f"{HERE}/index.yaml": "version: 3\n"}, "Version 3", by="bob")
    await world.settle()
    assert world.board("staging", pipeline="site").live == third[:7]
