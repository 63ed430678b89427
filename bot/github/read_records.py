"""Deployments as records of promotions: only those our App made, and of their statuses only its own. No I/O.

Anyone with push may add a status to our deployment, and a status can rename its environment: hence each creator is
looked at, and the original environment counts. https://docs.github.com/en/graphql/reference/objects#deployment
"""

from bot.github.identity import AppIdentity
from bot.github.read_parts import actor, is_ours
from bot.github.shape import Node
from bot.model import Record, RecordState, RecordStatus, Sha
from bot.release_record import payload_from_json

_STATES = {one.value: one for one in RecordState}


def records(connection: Node, environment: str, identity: AppIdentity) -> tuple[Record, ...]:
    """Our records of one environment, newest first. What carries no release of ours is none."""
    found = (_record(node, identity) for node in connection.nodes() if _counts(node, environment, identity))
    return tuple(
        sorted((one for one in found if one), key=lambda record: (record.created, record.number), reverse=True)
    )


def crowded_at(connection: Node, environment: str, identity: AppIdentity) -> str | None:
    """Where to read on: others' deployments of that name take the place of ours on this page, and there are more."""
    nodes = connection.nodes()
    crowded = sum(_counts(node, environment, identity) for node in nodes) < len(nodes)
    if not crowded or not connection.more("hasNextPage"):
        return None
    return connection.node("pageInfo").text("endCursor")


def _counts(node: Node, environment: str, identity: AppIdentity) -> bool:
    return is_ours(actor(node.maybe_node("creator")), identity) and node.text("originalEnvironment") == environment


def _record(node: Node, identity: AppIdentity) -> Record | None:
    payload = payload_from_json(node.value("payload"))
    if payload is None:
        return None
    statuses, commit = node.maybe_node("statuses"), node.maybe_node("commit")
    return Record(
        id=node.text("id"),
        number=node.number("databaseId"),
        commit=node.sha("commitOid"),
        release=payload.release,
        how=payload.how,
        pull_request=payload.pull_request,
        note=payload.note,
        created=node.moment("createdAt"),
        statuses=_statuses(statuses, identity) if statuses else (),
        complete=statuses is None or not statuses.more("hasNextPage"),
        tree=commit.node("tree").sha("oid") if commit else None,
        root=_root(commit) if commit else {},
    )


def _root(commit: Node) -> dict[str, Sha]:
    """The entries of the commit's tree, where they were asked for: name → object id."""
    tree = commit.node("tree")
    return {one.text("name"): one.sha("oid") for one in tree.nodes("entries")} if "entries" in tree.fields else {}


def _statuses(connection: Node, identity: AppIdentity) -> tuple[RecordStatus, ...]:
    """Ours, oldest first. GitHub lists them newest first, and its times are whole seconds: ties keep GitHub's order."""
    ours = [one for one in connection.nodes() if is_ours(actor(one.maybe_node("creator")), identity)]
    return tuple(
        sorted(
            (
                RecordStatus(
                    state=_STATES[one.text("state")],
                    description=one.maybe_text("description") or "",
                    at=one.moment("createdAt"),
                )
                for one in reversed(ours)
                if one.text("state") in _STATES
            ),
            key=lambda status: status.at,
        )
    )
