"""What Prometheus is told about registries. Hosts come from people's files, so labels are few by construction."""

import re
from enum import StrEnum

from prometheus_client import Counter, Gauge

REQUESTS = Counter(
    "caisson_registry_requests",
    "Requests to registries, by kind of host and by how they ended.",
    ["registry", "outcome"],
)
BUDGET = Gauge(
    "caisson_registry_budget_remaining", "Requests that a registry says it still allows us, by host.", ["host"]
)
OTHER = "other"
_MOST_HOSTS = 20
_KINDS = {
    name: re.compile(pattern)
    for name, pattern in {
        "docker.io": r"docker\.io|(?:auth|hub)\.docker\.(?:io|com)",
        "ghcr.io": r"ghcr\.io",
        "quay.io": r"quay\.io",
        "gitlab.com": r"(?:registry\.)?gitlab\.com",
        "ecr": r".+\.amazonaws\.com(?:\.cn)?|public\.ecr\.aws",
        "gar": r".+-docker\.pkg\.dev|(?:.+\.)?gcr\.io",
        "acr": r".+\.azurecr\.(?:io|cn|us)",
    }.items()
}


class Outcome(StrEnum):
    """How a request ended."""

    ANSWERED = "answered"
    REFUSED = "refused"
    SLOWED = "slowed"
    UNWELL = "unwell"
    UNREACHED = "unreached"
    HELD_BACK = "held_back"


def kind(host: str) -> str:
    """The label under which a host is counted: a known service's, or `other`."""
    name = host.partition(":")[0]
    return next((label for label, pattern in _KINDS.items() if pattern.fullmatch(name)), OTHER)


class BudgetFigure:
    """Sets the gauge for the first twenty hosts that speak of a budget, and leaves the others out."""

    def __init__(self) -> None:
        self._hosts: set[str] = set()

    def set(self, host: str, remaining: int) -> None:
        if host not in self._hosts and len(self._hosts) >= _MOST_HOSTS:
            return
        self._hosts.add(host)
        BUDGET.labels(host).set(remaining)
