"""What the pages show of the state, and the state as HTML. Reads only (a look makes GitHub judge mergeability)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from sandbox.github.mergeability import PASSING, latest_run, mergeable, rule_against
from sandbox.github.pages import diff, prose
from sandbox.github.state import (
    CheckRun,
    Comment,
    GitHub,
    PullRequest,
    Repository,
    Review,
    Role,
    TimelineEvent,
)

COMMITS = 20
DEPLOYMENTS = 10
_STATES = ("open", "merged", "closed")
Tone = Literal["good", "bad", "busy", "quiet"]
_GLYPHS = {
    "+1": "👍",
    "-1": "👎",
    "laugh": "😄",
    "confused": "😕",
    "heart": "❤️",
    "hooray": "🎉",
    "rocket": "🚀",
    "eyes": "👀",
}
_REVIEWS = {
    "APPROVED": "approved",
    "CHANGES_REQUESTED": "requested changes",
    "COMMENTED": "reviewed",
    "DISMISSED": "reviewed (dismissed)",
    "PENDING": "began a review",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person just sent and was refused: shown again, with GitHub's words, so that nothing typed is lost."""

    login: str = ""
    body: str = ""
    refusal: str = ""


def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("sandbox.github.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"markdown": prose.html, "when": _when, "stamp": datetime.isoformat, "tone": tone}
    made.filters |= {"glyphs": _glyphs, "verb": _REVIEWS.__getitem__, "link": _link}
    return made


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _glyphs(subject: Comment | Review) -> list[tuple[str, str]]:
    """Each reaction's sign, counted, and who gave it."""
    counted = Counter(reaction.content for reaction in subject.reactions)
    who = {c: ", ".join(r.user.login for r in subject.reactions if r.content == c) for c in counted}
    return [(f"{_GLYPHS[content]} {number}", who[content]) for content, number in counted.items()]


def _link(url: str | None) -> str | None:
    """A web address, or nothing: what an App sends may be any text."""
    return url if url and url.startswith(("https://", "http://")) else None


def tone(run: CheckRun) -> Tone:
    """The colour of a check."""
    if run.status != "completed":
        return "busy"
    if run.conclusion == "success":
        return "good"
    return "quiet" if run.conclusion in (*PASSING, "cancelled", "stale") else "bad"


def checks(repository: Repository, sha: str) -> list[CheckRun]:
    """The latest run of each name on a commit, by name."""
    names = sorted({run.name for run in repository.check_runs if run.head_sha == sha})
    found = (latest_run(repository, sha, name) for name in names)
    return [run for run in found if run is not None]


def sum_up(runs: list[CheckRun]) -> tuple[Tone, str] | None:
    """All checks in one word; None where there are none."""
    tones = {tone(run) for run in runs}
    if not tones:
        return None
    if "bad" in tones:
        return "bad", "checks failing"
    return ("busy", "checks running") if "busy" in tones else ("good", "checks passing")


def people(repository: Repository, github: GitHub) -> dict[str, Role]:
    """Who may speak here, by login, with their role, in the order they were added."""
    logins = [*repository.collaborators, repository.owner.login]
    known = [login for login in logins if login in github.users and github.users[login].type == "User"]
    return {login: repository.role(login) for login in dict.fromkeys(known)}


def timeline(pull: PullRequest) -> list[Comment | Review | TimelineEvent]:
    """Everything that was said and done, oldest first. A merge also closes: that goes without saying."""
    merged = any(event.kind == "merged" for event in pull.timeline)
    done = [
        event for event in pull.timeline if not (merged and event.kind == "closed" and pull.closed_at == event.created)
    ]
    found: list[Comment | Review | TimelineEvent] = [*pull.comments, *pull.reviews, *done]
    return sorted(found, key=lambda one: one.created)


def standing(github: GitHub, repository: Repository, pull: PullRequest) -> tuple[Tone, str]:
    """Whether it can be merged now, and if not, why."""
    if pull.state != "open":
        return "quiet", "This pull request was merged." if pull.state == "merged" else "This pull request is closed."
    mergeable(github, repository, pull)
    if not pull.mergeable:
        return "bad", f"It conflicts with {pull.base_ref}."
    if pull.draft:
        return "quiet", "It is still a draft."
    rule = rule_against(repository, pull)
    return ("busy", rule) if rule else ("good", "It can be merged.")


class Show:
    """Renders each page of one GitHub."""

    def __init__(self, github: GitHub) -> None:
        self._github = github
        self._templates = _templates()

    def repositories(self) -> str:
        found = sorted(self._github.repositories.values(), key=lambda one: one.full_name)
        return self._templates.get_template("repositories.html").render(repositories=found)

    def repository(self, repository: Repository) -> str:
        newest = repository.pulls[::-1]
        tip = repository.branch(repository.default_branch)
        return self._templates.get_template("repository.html").render(
            repository=repository,
            groups=[
                (state, [pull for pull in newest if pull.state == state]) for state in ("open", "merged", "closed")
            ],
            summaries={pull.number: sum_up(checks(repository, pull.head_sha)) for pull in newest},
            commits=repository.git.history(tip, limit=COMMITS) if tip else (),
            deployments=repository.deployments[: -DEPLOYMENTS - 1 : -1],
        )

    def pull_request(self, repository: Repository, pull: PullRequest, said: Said) -> str:
        files = diff.against_merge_base(repository.git, pull.base_sha, pull.head_sha)
        return self._templates.get_template("pull_request.html").render(
            repository=repository,
            pull=pull,
            said=said,
            people=people(repository, self._github),
            checks=checks(repository, pull.head_sha),
            standing=standing(self._github, repository, pull),
            timeline=[(type(one).__name__, one) for one in timeline(pull)],
            commits=repository.git.between(pull.base_sha, pull.head_sha),
            files=files,
            longest=diff.LONGEST,
        )

    def refused(self, status: int, message: str) -> str:
        return self._templates.get_template("refused.html").render(status=status, message=message)
