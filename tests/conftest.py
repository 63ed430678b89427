"""What every kind of test shares: it says what it holds, and how it says that it needs a real server.

`require("skopeo")` answers the program's path, `require("KUBE_APISERVER_UP")` the variable's value. Where it is absent
the test is skipped with the reason; under `CAISSON_REQUIRE_REAL=1`, as in CI, it fails instead, so that no gap goes
unseen. `CAISSON_ABSENT` names programs that CI itself could not get.
"""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says something of the machine, nothing of the property.
settings.register_profile("caisson", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("caisson")

REAL = Path(__file__).parent / "real"


def require(need: str) -> str:
    """The path of a program, or the value of a variable (a name in capitals); without it the test ends here."""
    found = os.environ.get(need) if need.isupper() else shutil.which(need)
    if not found and need in os.environ.get("CAISSON_ABSENT", "").split():
        pytest.skip(f"the program {need} is not to be had on this machine")
    if not found:
        absent(f"the variable {need} is not set" if need.isupper() else f"the program {need} is not installed")
    return found


def require_file(path: Path) -> None:
    """The test ends here unless the file is there, which other projects' conformance data need not be."""
    if not path.exists():
        absent(f"{path.name} of the conformance data is not beside this checkout")


def absent(reason: str) -> NoReturn:
    """Skip, or fail where everything is demanded."""
    if os.environ.get("CAISSON_REQUIRE_REAL") == "1":
        pytest.fail(f"{reason}, and CAISSON_REQUIRE_REAL=1 demands it")
    pytest.skip(reason)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark whatever stands in tests/real, so that `-m "not real"` leaves it out."""
    for item in items:
        if REAL in item.path.parents:
            item.add_marker(pytest.mark.real)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test that does not say in a docstring what holds."""
    if isinstance(item, pytest.Function) and not item.function.__doc__:
        pytest.fail(f"{item.originalname} has no docstring: say in a sentence what holds", pytrace=False)
