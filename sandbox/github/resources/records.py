"""Check runs and deployments, as REST and webhooks show them. No I/O."""

from sandbox.github.resources.who import Json, api, app, stamp, user, web
from sandbox.github.state import App, CheckRun, Deployment, DeploymentStatus, GitHub, Repository


def check_suite(github: GitHub, which: Repository, owner: App, sha: str, name: str) -> Json:
    suite = which.check_suites[(owner.id, sha)]
    return {
        "id": suite,
        "node_id": f"CS_{suite}",
        "head_branch": name.removeprefix("refs/heads/"),
        "head_sha": sha,
        "status": "queued",
        "conclusion": None,
        "url": f"{api(github, which)}/check-suites/{suite}",
        "before": None,
        "after": sha,
        "pull_requests": _pulls_at(github, which, sha),
        "app": app(github, owner),
        "created_at": stamp(github.now()),
        "updated_at": stamp(github.now()),
    }


def _pulls_at(github: GitHub, which: Repository, sha: str) -> list[Json]:
    short: Json = {"id": which.id, "url": api(github, which), "name": which.name}
    return [
        {
            "id": pull.id,
            "number": pull.number,
            "url": f"{api(github, which)}/pulls/{pull.number}",
            "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": short},
            "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": short},
        }
        for pull in which.pulls
        if pull.state == "open" and pull.head_sha == sha
    ]


def check_run(github: GitHub, which: Repository, one: CheckRun) -> Json:
    url = f"{api(github, which)}/check-runs/{one.id}"
    place = f"{web(github, which)}/runs/{one.id}"
    return {
        "id": one.id,
        "name": one.name,
        "node_id": one.node_id,
        "head_sha": one.head_sha,
        "external_id": one.external_id,
        "url": url,
        "html_url": place,
        "details_url": one.details_url or place,
        "status": one.status,
        "conclusion": one.conclusion,
        "started_at": stamp(one.started),
        "completed_at": stamp(one.completed),
        "output": {
            "title": one.title,
            "summary": one.summary,
            "text": one.text,
            "annotations_count": 0,
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": one.suite_id},
        "app": app(github, one.app),
        "pull_requests": _pulls_at(github, which, one.head_sha),
    }


def deployment(github: GitHub, which: Repository, one: Deployment) -> Json:
    url = f"{api(github, which)}/deployments/{one.id}"
    return {
        "url": url,
        "id": one.id,
        "node_id": one.node_id,
        "task": one.task,
        "original_environment": one.original_environment,
        "environment": one.environment,
        "description": one.description,
        "created_at": stamp(one.created),
        "updated_at": stamp(one.updated),
        "statuses_url": f"{url}/statuses",
        "repository_url": api(github, which),
        "creator": user(github, one.creator),
        "sha": one.sha,
        "ref": one.ref,
        "payload": one.payload,
        "transient_environment": False,
        "production_environment": one.original_environment == "production",
        "performed_via_github_app": app(github, one.via) if one.via else None,
    }


def deployment_status(github: GitHub, which: Repository, parent: Deployment, one: DeploymentStatus) -> Json:
    url = f"{api(github, which)}/deployments/{parent.id}"
    return {
        "url": f"{url}/statuses/{one.id}",
        "id": one.id,
        "node_id": one.node_id,
        "state": one.state,
        "creator": user(github, one.creator),
        "description": one.description,
        "environment": one.environment,
        # GitHub says "" where there is no address, against its own description; we name the page instead.
        "target_url": one.log_url or f"{web(github, which)}/deployments",
        **({"log_url": one.log_url} if one.log_url else {}),
        **({"environment_url": one.environment_url} if one.environment_url else {}),
        "created_at": stamp(one.created),
        "updated_at": stamp(one.created),
        "deployment_url": url,
        "repository_url": api(github, which),
        "performed_via_github_app": app(github, one.via) if one.via else None,
    }
