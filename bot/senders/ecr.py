"""AWS Elastic Container Registry, through EventBridge and an API destination. No I/O.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html. The connection of the API destination
adds a header.
"""

import re
from collections.abc import Iterator

from bot.senders.cloudevents import ecr_host
from bot.senders.hint import Hint, hint, repository_at
from bot.senders.notification import Notification, demand, text

_ACTION = "ECR Image Action"
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z0-9-]{1,32}")


def hints(said: Notification) -> Iterator[Hint | None]:
    """One completed push. Scans, deletions, replications and pull-throughs are none."""
    demand(said.body, "detail-type", "detail", of="EventBridge's")
    body = said.body
    done = (text(body, "detail-type"), text(body, "detail", "result"), text(body, "detail", "action-type"))
    account, region = text(body, "account"), text(body, "region")
    if done == (_ACTION, "SUCCESS", "PUSH") and _ACCOUNT.fullmatch(account) and _REGION.fullmatch(region):
        repository = repository_at(ecr_host(account=account, region=region), text(body, "detail", "repository-name"))
        yield hint(repository, tag=text(body, "detail", "image-tag"), digest=text(body, "detail", "image-digest"))
