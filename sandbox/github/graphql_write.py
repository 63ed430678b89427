"""GraphQL's mutations, over the same domain operations as REST: the same refusals, events and consequences."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

from sandbox.github import pulls, queueing, records, refs, talk
from sandbox.github.access import GRAPHQL, require
from sandbox.github.graphql_fields import Ask, At, NotModelledError, Refused, answers
from sandbox.github.graphql_pulls import REACTIONS
from sandbox.github.state import (
    CheckRun,
    Comment,
    Deployment,
    Issue,
    Label,
    PullRequest,
    Reaction,
    Repository,
    Review,
)

T = TypeVar("T")
Input = Mapping[str, object]
Payload = dict[str, object]
Mutate = Callable[[Ask, Input], Payload]


def _mutation(name: str) -> Callable[[Mutate], Mutate]:
    """Declare a mutation. Its permission is asked where its node is found: see `_find`."""

    def declare(mutate: Mutate) -> Mutate:
        @answers("Mutation", name)
        def _(_: object, ask: Ask, **arguments: Input) -> Payload:
            given = arguments["input"]
            return {"clientMutationId": given.get("client_mutation_id"), **mutate(ask, given)}

        return mutate

    return declare


def _find(ask: Ask, mutation: str, given: Input, name: str, *kinds: type[T]) -> At[T]:
    """The node that an input names, if it is of that kind and the caller may do that to it."""
    identity = str(given[name])
    node = ask.github.nodes.get(identity)
    if node is None or not isinstance(node.thing, kinds):
        raise _lost(identity)
    home = node.thing if isinstance(node.thing, Repository) else node.repository
    if home is None:
        raise _lost(identity)
    require(ask.caller, home, GRAPHQL[mutation])
    return At(home, node.thing)


def _lost(identity: object) -> Refused:
    return Refused("NOT_FOUND", f"Could not resolve to a node with the global id of '{identity}'")


def _text(given: Input, name: str) -> str | None:
    value = given.get(name)
    return value if isinstance(value, str) else None


def _moment(given: Input, name: str) -> datetime | None:
    value = _text(given, name)
    return datetime.fromisoformat(value) if value else None


def _lower(given: Input, name: str) -> str | None:
    """An enum's value as REST and the state write it."""
    value = _text(given, name)
    return value.lower() if value else None


def _unmodelled(given: Input, *names: str) -> None:
    for name in names:
        if given.get(name):
            raise NotModelledError(f"the sandbox does not model the input {name}")


# --- refs and pull requests -------------------------------------------------------------------------------------------


@_mutation("updateRefs")
def _update_refs(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "updateRefs", given, "repository_id", Repository)
    wanted = given["ref_updates"]
    updates = [
        refs.RefUpdate(
            name=str(one["name"]),
            after=str(one["after_oid"]),
            before=_text(one, "before_oid"),
            force=bool(one.get("force")),
        )
        for one in (wanted if isinstance(wanted, list) else [])
    ]
    refs.update_refs(ask.github, at.repository, ask.caller, updates)
    return {}


@_mutation("createPullRequest")
def _create_pull_request(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "createPullRequest", given, "repository_id", Repository)
    head = str(given["head_ref_name"])
    if given.get("head_repository_id"):
        fork = ask.github.nodes.get(str(given["head_repository_id"]))
        if fork is None or not isinstance(fork.thing, Repository):
            raise Refused(
                "NOT_FOUND", f"Could not resolve to a node with the global id of '{given['head_repository_id']}'"
            )
        head = f"{fork.thing.owner.login}:{head}"
    pull = pulls.create_pull_request(
        ask.github,
        at.repository,
        ask.caller,
        title=str(given["title"]),
        head=head,
        base=str(given["base_ref_name"]),
        body=_text(given, "body") or "",
        draft=bool(given.get("draft")),
    )
    return {"pullRequest": At(at.repository, pull)}


@_mutation("updatePullRequest")
def _update_pull_request(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "updatePullRequest", given, "pull_request_id", PullRequest)
    _unmodelled(given, "assignee_ids", "label_ids", "milestone_id", "project_ids")
    state = _text(given, "state")
    pulls.edit_pull_request(
        ask.github,
        at.repository,
        ask.caller,
        at.it,
        title=_text(given, "title"),
        body=_text(given, "body"),
        state=None if state is None else "closed" if state == "CLOSED" else "open",
        base=_text(given, "base_ref_name"),
    )
    return {"pullRequest": at}


@_mutation("closePullRequest")
def _close_pull_request(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "closePullRequest", given, "pull_request_id", PullRequest)
    pulls.close_pull_request(ask.github, at.repository, ask.caller.user, at.it)
    return {"pullRequest": at}


@_mutation("enqueuePullRequest")
def _enqueue(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "enqueuePullRequest", given, "pull_request_id", PullRequest)
    _unmodelled(given, "jump")
    head = _text(given, "expected_head_oid")
    entry = queueing.enqueue(ask.github, at.repository, ask.caller, at.it, expected_head=head)
    return {"mergeQueueEntry": At(at.repository, entry)}


@_mutation("dequeuePullRequest")
def _dequeue(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "dequeuePullRequest", given, "id", PullRequest)
    queueing.dequeue(ask.github, at.repository, ask.caller.user, at.it)
    return {}


# --- records ----------------------------------------------------------------------------------------------------------


@_mutation("createCheckRun")
def _create_check_run(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "createCheckRun", given, "repository_id", Repository)
    run = records.create_check_run(
        ask.github,
        at.repository,
        ask.caller,
        name=str(given["name"]),
        head_sha=str(given["head_sha"]),
        status=_lower(given, "status") or "queued",
        conclusion=_lower(given, "conclusion"),
        external_id=_text(given, "external_id") or "",
        details_url=_text(given, "details_url"),
        output=_output(given),
        started=_moment(given, "started_at"),
        completed=_moment(given, "completed_at"),
        actions=_actions(given) or [],
    )
    return {"checkRun": At(at.repository, run)}


@_mutation("updateCheckRun")
def _update_check_run(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "updateCheckRun", given, "check_run_id", CheckRun)
    records.update_check_run(
        ask.github,
        at.repository,
        ask.caller,
        at.it,
        name=_text(given, "name"),
        status=_lower(given, "status"),
        conclusion=_lower(given, "conclusion"),
        external_id=_text(given, "external_id"),
        details_url=_text(given, "details_url"),
        output=_output(given),
        started=_moment(given, "started_at"),
        completed=_moment(given, "completed_at"),
        actions=_actions(given),
    )
    return {"checkRun": at}


def _output(given: Input) -> dict[str, str | None] | None:
    output = given.get("output")
    if not isinstance(output, dict):
        return None
    _unmodelled(output, "annotations", "images")
    return {name: _text(output, name) for name in ("title", "summary", "text") if name in output}


def _actions(given: Input) -> list[dict[str, str]] | None:
    actions = given.get("actions")
    if not isinstance(actions, list):
        return None
    return [{name: str(action[name]) for name in ("label", "description", "identifier")} for action in actions]


@_mutation("createDeploymentStatus")
def _create_deployment_status(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "createDeploymentStatus", given, "deployment_id", Deployment)
    status = records.add_deployment_status(
        ask.github,
        at.repository,
        ask.caller,
        at.it,
        state=_lower(given, "state") or "",
        description=_text(given, "description") or "",
        environment=_text(given, "environment"),
        environment_url=_text(given, "environment_url") or "",
        log_url=_text(given, "log_url") or "",
        auto_inactive=bool(given.get("auto_inactive", True)),
    )
    return {"deploymentStatus": At(at.repository, status)}


# --- what people say --------------------------------------------------------------------------------------------------


@_mutation("addComment")
def _add_comment(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "addComment", given, "subject_id", Issue)
    comment = talk.add_comment(ask.github, at.repository, ask.caller, at.it.number, str(given["body"]))
    return {"commentEdge": {"node": At(at.repository, comment)}}


@_mutation("updateIssue")
def _update_issue(ask: Ask, given: Input) -> Payload:
    """`labelIds` are all the labels it is to have."""
    at = _find(ask, "updateIssue", given, "id", Issue)
    _unmodelled(given, "assignee_ids", "milestone_id", "project_ids")
    if given.get("label_ids") is not None:
        wanted = _label_names(ask, at, given)
        for label in [one for one in at.it.labels if one.name not in wanted]:
            talk.remove_label(ask.github, at.repository, ask.caller, at.it, label.name)
        talk.add_labels(ask.github, at.repository, ask.caller, at.it, *wanted)
    state = _text(given, "state")
    talk.edit_issue(
        ask.github,
        at.repository,
        ask.caller,
        at.it,
        title=_text(given, "title"),
        body=_text(given, "body"),
        state=None if state is None else "closed" if state == "CLOSED" else "open",
    )
    return {"issue": at}


@_mutation("updateIssueComment")
def _update_comment(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "updateIssueComment", given, "id", Comment)
    talk.edit_comment(ask.github, at.repository, ask.caller, at.it, str(given["body"]))
    return {"issueComment": at}


def _reacted(ask: Ask, mutation: str, given: Input) -> At[Comment | Review]:
    """Reactions are modelled on comments and reviews."""
    subject: tuple[type[Comment | Review], ...] = (Comment, Review)
    return _find(ask, mutation, given, "subject_id", *subject)


@_mutation("addReaction")
def _add_reaction(ask: Ask, given: Input) -> Payload:
    at = _reacted(ask, "addReaction", given)
    content = REACTIONS[str(given["content"])]
    reaction, _ = talk.add_reaction(ask.github, at.repository, ask.caller, at.it, content)
    return {"reaction": At(at.repository, reaction)}


@_mutation("removeReaction")
def _remove_reaction(ask: Ask, given: Input) -> Payload:
    at = _reacted(ask, "removeReaction", given)
    content = REACTIONS[str(given["content"])]
    gone = next((r for r in at.it.reactions if (r.user, r.content) == (ask.caller.user, content)), None)
    talk.remove_reaction(ask.caller, at.it, content)
    shown: At[Reaction] | None = At(at.repository, gone) if gone else None
    return {"reaction": shown}


@_mutation("addLabelsToLabelable")
def _add_labels(ask: Ask, given: Input) -> Payload:
    at = _find(ask, "addLabelsToLabelable", given, "labelable_id", Issue)
    talk.add_labels(ask.github, at.repository, ask.caller, at.it, *_label_names(ask, at, given))
    return {}


@_mutation("removeLabelsFromLabelable")
def _remove_labels(ask: Ask, given: Input) -> Payload:
    """A label that is not there is passed over."""
    at = _find(ask, "removeLabelsFromLabelable", given, "labelable_id", Issue)
    for name in _label_names(ask, at, given):
        if any(label.name == name for label in at.it.labels):
            talk.remove_label(ask.github, at.repository, ask.caller, at.it, name)
    return {}


def _label_names(ask: Ask, at: At[Issue], given: Input) -> list[str]:
    wanted = given["label_ids"]
    names = []
    for identity in wanted if isinstance(wanted, list) else []:
        node = ask.github.nodes.get(identity)
        if node is None or not isinstance(node.thing, Label) or node.repository is not at.repository:
            raise _lost(identity)
        names.append(node.thing.name)
    return names
