"""REST: check runs and deployments."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sandbox.github import records, resources
from sandbox.github.access import Need
from sandbox.github.rest import Answer, Ask, operation
from sandbox.github.state import GitHubRefusal

_CHECKS = Need("checks", "write", "write")
_DEPLOYMENTS = Need("deployments", "write", "write")
_MOST_ANNOTATIONS = 50


@operation("POST", "/repos/{owner}/{repo}/check-runs", _CHECKS)
def create_check_run(ask: Ask) -> Answer:
    run = records.create_check_run(
        ask.github,
        ask.repository,
        ask.caller,
        name=ask.text("name"),
        head_sha=ask.text("head_sha"),
        status=ask.maybe("status") or "queued",
        conclusion=ask.maybe("conclusion"),
        external_id=ask.maybe("external_id") or "",
        details_url=ask.maybe("details_url"),
        output=_output(ask),
        started=_time(ask, "started_at"),
        completed=_time(ask, "completed_at"),
        actions=_actions(ask) or (),
    )
    return Answer(201, resources.check_run(ask.github, ask.repository, run))


@operation("PATCH", "/repos/{owner}/{repo}/check-runs/{check_run_id}", _CHECKS)
def update_check_run(ask: Ask) -> Answer:
    run = records.find_check_run(ask.repository, ask.number("check_run_id"))
    records.update_check_run(
        ask.github,
        ask.repository,
        ask.caller,
        run,
        name=ask.maybe("name"),
        status=ask.maybe("status"),
        conclusion=ask.maybe("conclusion"),
        external_id=ask.maybe("external_id"),
        details_url=ask.maybe("details_url"),
        output=_output(ask),
        started=_time(ask, "started_at"),
        completed=_time(ask, "completed_at"),
        actions=_actions(ask),
    )
    return Answer(200, resources.check_run(ask.github, ask.repository, run))


def _output(ask: Ask) -> Mapping[str, str | None] | None:
    given = ask.body.get("output")
    if not isinstance(given, dict):
        return None
    annotations = given.get("annotations")
    if isinstance(annotations, list) and len(annotations) > _MOST_ANNOTATIONS:
        raise GitHubRefusal(422, "Invalid request.\n\nNo more than 50 items are allowed; too many annotations.")
    return {key: str(given[key]) for key in ("title", "summary", "text") if given.get(key) is not None}


def _actions(ask: Ask) -> list[dict[str, str]] | None:
    given = ask.body.get("actions")
    if not isinstance(given, list):
        return None
    return [{str(k): str(v) for k, v in action.items()} for action in given]


def _time(ask: Ask, name: str) -> datetime | None:
    given = ask.maybe(name)
    return datetime.fromisoformat(given).astimezone(UTC) if given else None


@operation("POST", "/repos/{owner}/{repo}/deployments", _DEPLOYMENTS)
def create_deployment(ask: Ask) -> Answer:
    contexts = ask.body.get("required_contexts")
    made = records.create_deployment(
        ask.github,
        ask.repository,
        ask.caller,
        ref=ask.text("ref"),
        task=ask.maybe("task") or "deploy",
        payload=ask.body.get("payload", ""),
        environment=ask.maybe("environment") or "production",
        description=ask.maybe("description"),
        auto_merge=ask.flag("auto_merge", default=True),
        required_contexts=[str(name) for name in contexts] if isinstance(contexts, list) else None,
    )
    if made is None:
        text = f"Auto-merged {ask.repository.default_branch} into {ask.text('ref')} on deployment."
        return Answer(202, {"message": text})
    return Answer(201, resources.deployment(ask.github, ask.repository, made))


@operation("POST", "/repos/{owner}/{repo}/deployments/{deployment_id}/statuses", _DEPLOYMENTS)
def create_status(ask: Ask) -> Answer:
    parent = records.find_deployment(ask.repository, ask.number("deployment_id"))
    made = records.add_deployment_status(
        ask.github,
        ask.repository,
        ask.caller,
        parent,
        state=ask.text("state"),
        description=ask.maybe("description") or "",
        environment=ask.maybe("environment"),
        environment_url=ask.maybe("environment_url") or "",
        log_url=ask.maybe("log_url") or "",
        auto_inactive=ask.flag("auto_inactive", default=True),
    )
    return Answer(201, resources.deployment_status(ask.github, ask.repository, parent, made))
