"""What people say outside our open promotions, and the issues that our App keeps, as facts. No I/O.

Read are the last ten comments of what moved last in the repository, of what was merged or closed from our branches, and
of our own issues. A comment with more reactions than are read is left out: whether we answered it cannot be told.
"""

from collections.abc import Iterable, Mapping

from bot.github.documents import Place
from bot.github.identity import AppIdentity
from bot.github.read_parts import actor, commit, is_ours
from bot.github.read_pulls import read_comment
from bot.github.shape import Node
from bot.model import Comment, Conversation, Forum, IssueChange, IssueEvent, Issues, OurIssue

_REACTIONS_READ = 20
_OF_OURS = ("boards", "freezes", "created", "issues")
_CHANGES = {
    "ClosedEvent": IssueChange.CLOSED,
    "ReopenedEvent": IssueChange.REOPENED,
    "LabeledEvent": IssueChange.LABELLED,
    "UnlabeledEvent": IssueChange.UNLABELLED,
}


def read_issues(repository: Node, identity: AppIdentity) -> Issues:
    """The issues that our App opened, lowest number first; looks like ours, opened by a person, is nothing."""
    found = {
        node.text("id"): node
        for name in _OF_OURS
        for node in repository.node(name).nodes()
        if is_ours(actor(node.maybe_node("author")), identity)
    }
    ours = sorted((_issue(node, identity) for node in found.values()), key=lambda one: one.number)
    return Issues(
        ours=tuple(ours),
        complete=not repository.node("freezes").more("hasNextPage"),
        enabled=repository.flag("hasIssuesEnabled"),
    )


def read_conversations(
    repository: Node, places: Mapping[str, Place], talks: Mapping[str, Node], identity: AppIdentity
) -> tuple[Conversation, ...]:
    """What was said on our closed pull requests, and anywhere else but on our open ones and our own issues.

    `places` and `talks`: by `pipeline/environment`; the connection `talk{i}` of each place.
    """
    found: dict[str, Conversation] = {}
    for environment, talk in talks.items():
        for node in talk.nodes():
            if _from_us(node, (places[environment],), identity):
                found[node.text("id")] = _conversation(node, identity, forum=Forum.PROMOTION, environment=environment)
    for node in repository.node("pulls").nodes():
        # Also what another repository's pipeline opened here: who decides on that hears what is said there.
        open_one_of_ours = node.text("state") == "OPEN" and _by_us(node, identity)
        if not open_one_of_ours and node.text("id") not in found:
            found[node.text("id")] = _conversation(node, identity, forum=Forum.ELSEWHERE)
    for node in repository.node("issues").nodes():
        if not is_ours(actor(node.maybe_node("author")), identity):
            found[node.text("id")] = _conversation(node, identity, forum=Forum.ELSEWHERE)
    return tuple(sorted(found.values(), key=lambda one: one.number))


def _from_us(node: Node, places: Iterable[Place], identity: AppIdentity) -> bool:
    """A pull request that our App opened from one of our branches of this repository."""
    return _by_us(node, identity) and any(node.text("headRefName") == place.head for place in places)


def _by_us(node: Node, identity: AppIdentity) -> bool:
    return is_ours(actor(node.maybe_node("author")), identity) and not node.flag("isCrossRepository")


def _conversation(node: Node, identity: AppIdentity, *, forum: Forum, environment: str = "") -> Conversation:
    head = None
    if environment:
        carried = [commit(one.node("commit"), identity) for one in node.node("commits").nodes()]
        head = next((one for one in carried if one.sha == node.sha("headRefOid")), None)
    return Conversation(
        id=node.text("id"),
        number=node.number("number"),
        forum=forum,
        comments=_comments(node, identity),
        environment=environment,
        head=head,
    )


def _comments(node: Node, identity: AppIdentity) -> tuple[Comment, ...]:
    known = (
        read_comment(one, identity)
        for one in node.node("comments").nodes()
        if len(one.node("reactions").nodes()) < _REACTIONS_READ
    )
    return tuple(sorted(known, key=lambda one: one.at))


def _issue(node: Node, identity: AppIdentity) -> OurIssue:
    editor = node.maybe_node("editor")
    edited = node.maybe_moment("lastEditedAt") is not None or editor is not None
    renamed = node.node("renamed").nodes()
    labels = node.maybe_node("labels")
    events = (_event(one, identity) for one in node.node("events").nodes())
    return OurIssue(
        id=node.text("id"),
        number=node.number("number"),
        title=renamed[0].text("previousTitle") if renamed else node.text("title"),
        body=node.text("body"),
        believed=not edited or is_ours(actor(editor), identity),
        open=node.text("state") == "OPEN",
        created=node.moment("createdAt"),
        labels={one.text("name"): one.text("id") for one in labels.nodes()} if labels else {},
        events=tuple(sorted(events, key=lambda one: one.at)),
        comments=_comments(node, identity),
    )


def _event(node: Node, identity: AppIdentity) -> IssueEvent:
    who = actor(node.maybe_node("actor"))
    return IssueEvent(
        change=_CHANGES[node.text("__typename")],
        actor=who,
        by_us=is_ours(who, identity),
        at=node.moment("createdAt"),
        label=node.node("label").text("name") if "label" in node.fields else "",
    )
