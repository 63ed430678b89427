"""What machines record on commits: check runs and deployments."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sandbox.github import events, merging, queueing, resources
from sandbox.github.mergeability import PASSING
from sandbox.github.state import (
    App,
    Caller,
    CheckRun,
    Deployment,
    DeploymentStatus,
    GitHub,
    GitHubRefusal,
    Repository,
    User,
)

STATES = ("error", "failure", "inactive", "in_progress", "queued", "pending", "success")
_LONGEST_DESCRIPTION = 140


# --- check runs -------------------------------------------------------------------------------------------------------


def find_check_run(repository: Repository, identity: int) -> CheckRun:
    found = next((run for run in repository.check_runs if run.id == identity), None)
    if found is None:
        raise GitHubRefusal(404, "Not Found")
    return found


def create_check_run(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    *,
    name: str,
    head_sha: str,
    status: str = "queued",
    conclusion: str | None = None,
    external_id: str = "",
    details_url: str | None = None,
    output: Mapping[str, str | None] | None = None,
    started: datetime | None = None,
    completed: datetime | None = None,
    actions: Sequence[Mapping[str, str]] = (),
) -> CheckRun:
    """Only Apps may. A conclusion completes the run whatever `status` says."""
    app = _owner(caller)
    if repository.git.kind(head_sha) != "commit":
        raise GitHubRefusal(422, f"No commit found for SHA: {head_sha}")
    suite = repository.check_suites.setdefault((app.id, head_sha), github.next_id())
    identity, node_id = github.identity("CR")
    run = CheckRun(
        id=identity,
        node_id=node_id,
        name=name,
        head_sha=head_sha,
        app=app,
        suite_id=suite,
        status="queued",
        conclusion=None,
        external_id=external_id,
        details_url=details_url,
        title=None,
        summary=None,
        text=None,
        started=started or github.now(),
        completed=None,
    )
    _set(github, run, status=status, conclusion=conclusion, output=output, completed=completed, actions=actions)
    repository.check_runs.append(run)
    github.register(node_id, run, repository)
    _tell_run(github, repository, run, caller.user, "created")
    if run.status == "completed":
        _tell_run(github, repository, run, caller.user, "completed")
        queueing.advance(github, repository)
    return run


def update_check_run(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    run: CheckRun,
    *,
    name: str | None = None,
    status: str | None = None,
    conclusion: str | None = None,
    external_id: str | None = None,
    details_url: str | None = None,
    output: Mapping[str, str | None] | None = None,
    started: datetime | None = None,
    completed: datetime | None = None,
    actions: Sequence[Mapping[str, str]] | None = None,
) -> None:
    """By the owning App alone. None leaves as it is."""
    if _owner(caller) is not run.app:
        raise GitHubRefusal(403, "Invalid app_id - check run can only be modified by the GitHub App that created it.")
    was_completed = run.status == "completed"
    run.name = run.name if name is None else name
    run.external_id = run.external_id if external_id is None else external_id
    run.details_url = run.details_url if details_url is None else details_url
    run.started = started or run.started
    _set(github, run, status=status, conclusion=conclusion, output=output, completed=completed, actions=actions)
    if run.status == "completed" and not was_completed:
        _tell_run(github, repository, run, caller.user, "completed")
        queueing.advance(github, repository)


def _owner(caller: Caller) -> App:
    if caller.app is None:
        raise GitHubRefusal(403, "You must authenticate via a GitHub App.")
    return caller.app


def _set(
    github: GitHub,
    run: CheckRun,
    *,
    status: str | None,
    conclusion: str | None,
    output: Mapping[str, str | None] | None,
    completed: datetime | None,
    actions: Sequence[Mapping[str, str]] | None,
) -> None:
    if conclusion is not None:
        run.status, run.conclusion, run.completed = "completed", conclusion, completed or github.now()
    elif status == "completed":
        wrong: dict[str, str] = {"resource": "CheckRun", "code": "missing_field", "field": "conclusion"}
        raise GitHubRefusal(422, "Validation Failed", (wrong,))
    elif status is not None:
        run.status, run.conclusion, run.completed = status, None, None
    if output is not None:
        run.title = output.get("title", run.title)
        run.summary = output.get("summary", run.summary)
        run.text = output.get("text", run.text)
    if actions is not None:
        run.actions = [dict(action) for action in actions]


def rerequest(github: GitHub, repository: Repository, run: CheckRun, by: User) -> None:
    """Somebody pressed "Re-run": only the owning App hears of it."""
    _tell_run(github, repository, run, by, "rerequested", only=run.app)


def request_action(github: GitHub, repository: Repository, run: CheckRun, identifier: str, by: User) -> None:
    """Somebody pressed one of the run's own buttons."""
    chosen = {"requested_action": {"identifier": identifier}}
    _tell_run(github, repository, run, by, "requested_action", only=run.app, extra=chosen)


def _tell_run(
    github: GitHub,
    repository: Repository,
    run: CheckRun,
    by: User,
    action: str,
    *,
    only: App | None = None,
    extra: Mapping[str, object] | None = None,
) -> None:
    payload = {"check_run": resources.check_run(github, repository, run), **(extra or {})}
    events.emit(github, repository, "check_run", by, payload, action=action, only=only)


# --- deployments ------------------------------------------------------------------------------------------------------


def find_deployment(repository: Repository, identity: int) -> Deployment:
    found = next((one for one in repository.deployments if one.id == identity), None)
    if found is None:
        raise GitHubRefusal(404, "Not Found")
    return found


def create_deployment(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    *,
    ref: str,
    task: str = "deploy",
    payload: object = "",
    environment: str = "production",
    description: str | None = None,
    auto_merge: bool = True,
    required_contexts: Sequence[str] | None = None,
) -> Deployment | None:
    """None: The default branch was merged into the ref instead (202). No `required_contexts`: every check must pass."""
    sha = repository.git.resolve(ref)
    if sha is None:
        raise GitHubRefusal(422, f"No ref found for: {ref}")
    if auto_merge and _caught_up(github, repository, caller, ref):
        return None
    _require_contexts(repository, ref, sha, required_contexts)
    identity, node_id = github.identity("DE")
    now = github.now()
    deployment = Deployment(
        id=identity,
        node_id=node_id,
        sha=sha,
        ref=ref,
        task=task,
        payload=payload,
        description=description,
        environment=environment,
        original_environment=environment,
        creator=caller.user,
        via=caller.app,
        created=now,
        updated=now,
    )
    repository.deployments.append(deployment)
    github.register(node_id, deployment, repository)
    shown = {"deployment": resources.deployment(github, repository, deployment)}
    events.emit(github, repository, "deployment", caller.user, shown, action="created")
    return deployment


def _caught_up(github: GitHub, repository: Repository, caller: Caller, ref: str) -> bool:
    """Whether the default branch had to be merged into the deployed branch first."""
    if ref == repository.default_branch or repository.branch(ref) is None:
        return False
    try:
        return merging.merge_branch(github, repository, caller, base=ref, head=repository.default_branch) is not None
    except GitHubRefusal as refusal:
        raise GitHubRefusal(409, f"Conflict merging {repository.default_branch} into {ref}.") from refusal


def _require_contexts(repository: Repository, ref: str, sha: str, contexts: Sequence[str] | None) -> None:
    latest = {run.name: run for run in repository.check_runs if run.head_sha == sha}
    for name in latest if contexts is None else contexts:
        run = latest.get(name)
        if run is None or run.status != "completed" or run.conclusion not in PASSING:
            missing: dict[str, str] = {"resource": "Deployment", "field": "required_contexts", "code": "invalid"}
            raise GitHubRefusal(409, f"Conflict: Commit status checks failed for {ref}.", (missing,))


def add_deployment_status(
    github: GitHub,
    repository: Repository,
    caller: Caller,
    deployment: Deployment,
    *,
    state: str,
    description: str = "",
    environment: str | None = None,
    environment_url: str = "",
    log_url: str = "",
    auto_inactive: bool = True,
) -> DeploymentStatus:
    """A status may rename the environment; a success retires earlier ones there unless `auto_inactive` is false."""
    if state not in STATES or len(description) > _LONGEST_DESCRIPTION:
        field = "state" if state not in STATES else "description"
        wrong: dict[str, str] = {"resource": "DeploymentStatus", "code": "invalid", "field": field}
        raise GitHubRefusal(422, "Validation Failed", (wrong,))
    if environment is not None:
        deployment.environment = environment
    status = _status(github, caller, deployment, state, description)
    status.environment_url, status.log_url = environment_url, log_url
    github.register(status.node_id, status, repository)
    if state == "success" and auto_inactive:
        _retire_others(github, repository, caller, deployment)
    shown = {
        "deployment": resources.deployment(github, repository, deployment),
        "deployment_status": resources.deployment_status(github, repository, deployment, status),
    }
    if state != "inactive":
        events.emit(github, repository, "deployment_status", caller.user, shown, action="created")
    return status


def _status(github: GitHub, caller: Caller, deployment: Deployment, state: str, description: str) -> DeploymentStatus:
    identity, node_id = github.identity("DES")
    status = DeploymentStatus(
        id=identity,
        node_id=node_id,
        state=state,
        description=description,
        environment=deployment.environment,
        environment_url="",
        log_url="",
        creator=caller.user,
        via=caller.app,
        created=github.now(),
    )
    deployment.statuses.append(status)
    deployment.updated = status.created
    return status


def _retire_others(github: GitHub, repository: Repository, caller: Caller, deployment: Deployment) -> None:
    for other in repository.deployments:
        same = other is not deployment and other.environment == deployment.environment
        if same and other.statuses and other.statuses[-1].state == "success":
            status = _status(github, caller, other, "inactive", "")
            github.register(status.node_id, status, repository)
