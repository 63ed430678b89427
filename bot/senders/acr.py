"""Azure Container Registry: single events in the form of the CNCF Distribution. No I/O.

https://learn.microsoft.com/azure/container-registry/container-registry-webhook-reference. It sends configured headers.
`ping`, `delete`, `quarantine` and the chart actions of Helm 2 are no pushes of images.
"""

from collections.abc import Iterator

from bot.senders.distribution import pushed
from bot.senders.hint import Hint
from bot.senders.notification import Notification, demand


def hints(said: Notification) -> Iterator[Hint | None]:
    """One pushed manifest."""
    demand(said.body, "action", of="Azure's")
    yield pushed(said.body, said)
