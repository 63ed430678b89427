"""Any registry that speaks CloudEvents 1.0. No I/O.

https://github.com/cloudevents/spec: the core, its JSON format and its HTTP binding.
What the data look like is every sender's own; the names understood are those that registries and their bridges use.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.senders.hint import Hint, NotificationError, hint, repository_at, split_address
from bot.senders.notification import Notification, inside, text

_HEADER = "ce-"
_NO_PUSH = frozenset(
    {"delete", "deleted", "remove", "removed", "untagged", "pull", "pulled", "scan", "scanned", "ping"}
)
_WORD = re.compile(r"[a-z]+")
_ECR = re.compile(r"urn:aws:ecr:([a-z0-9-]{1,32}):([0-9]{12}):repository/(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event, whichever way it was sent."""

    kind: str
    source: str
    subject: str
    data: object

    @property
    def words(self) -> frozenset[str]:
        """The words of its type: `com.example.image.push` → com, example, image, push."""
        return frozenset(_WORD.findall(self.kind.lower()))


def events(said: Notification) -> Iterator[Event]:
    """The events of a body: one whole (structured), a list of them (batched), or data alone (binary: in headers)."""
    if "ce-specversion" in said.headers:
        attributes = {name.removeprefix(_HEADER): value for name, value in said.headers.items() if name[:3] == _HEADER}
        yield _event(attributes, said.body)
        return
    for row in said.body if isinstance(said.body, list) else [said.body]:
        if not isinstance(row, dict):
            raise NotificationError("this is no CloudEvent: it is not a JSON object")
        yield _event(row, row.get("data"))


def hints(said: Notification) -> Iterator[Hint | None]:
    """One hint for each event that names a repository and a tag or digest, and does not tell of something else."""
    for event in events(said):
        if not event.words & _NO_PUSH:
            yield _hint(event, said)


def _event(attributes: Mapping[str, object], data: object) -> Event:
    if not text(attributes, "specversion").startswith("1.") or not text(attributes, "type"):
        raise NotificationError("this is no CloudEvent of version 1: it lacks `specversion` or `type`")
    source, subject = text(attributes, "source"), text(attributes, "subject")
    return Event(kind=text(attributes, "type"), source=source, subject=subject, data=data)


def _hint(event: Event, said: Notification) -> Hint | None:
    _, named, subject_tag, _ = split_address(f"/{event.subject}")
    ecr = _ECR.fullmatch(event.source)
    if ecr:
        host, inferred = ecr_host(account=ecr[2], region=ecr[1]), ecr[3]
    else:
        host, inferred = _first(event.data, "registryUrl", "registry"), named
    path = _first(event.data, "repositoryName", "repository") or inferred
    tag = _first(event.data, "imageTag", "tag") or subject_tag
    digest = _first(event.data, "imageDigest", "digest")
    if not said.host(host):
        # The repository may carry its host.
        host, path, _, _ = split_address(path) if "." in path.partition("/")[0] else ("", path, "", "")
    return hint(repository_at(said.host(host), path), tag=tag, digest=digest)


def ecr_host(*, account: str, region: str) -> str:
    """The registry of an AWS account in a region; those in China have a domain of their own."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{account}.dkr.ecr.{region}.{domain}"


def _first(data: object, *keys: str) -> str:
    return next((text(data, key) for key in keys if isinstance(inside(data, key), str)), "")
