"""The gates that an environment declares for itself, asked of one promotion: windows, age, checks, expressions. No I/O.

What is upstream of it is asked elsewhere: these hold for a root as for any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.actions import Verdict
from bot.gate_expression import Condition, Facts, compile_condition
from bot.gates import checks, expression, minimum_age, windows
from bot.health import matching
from bot.model import Application, Observation, PullRequest, Release, Sha, Unknown
from bot.release_status import Told, statuses
from bot.standing import Standing
from config.checks import Scope
from config.pipeline import Environment, HealthSource, Pipeline

# Argo CD's words, best first; one that is not among them is worse than any.
_HEALTH = ("Healthy", "Suspended", "Progressing", "Missing", "Unknown", "Degraded")
_SYNC = ("Synced", "OutOfSync", "Unknown")
_NO_PULL = "there is no pull request yet"
_NO_SCAN = "there is no security scan: this version reads none yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One release that is to enter one environment. `head` None: the commit is yet to be made."""

    pipeline: Pipeline
    environment: Environment
    seen: Observation
    standings: Mapping[str, Standing]
    release: Release
    pull: PullRequest | None
    head: Sha | None


def declared_verdicts(entry: Entry) -> tuple[Verdict, ...]:
    """What each declared gate says, in the order of the file's documentation; nothing for what is not declared."""
    environment, now = entry.environment, entry.seen.now
    gates = environment.gates
    verdicts: list[Verdict] = []
    if environment.windows:
        verdicts.append(windows.judge(environment.windows, now=now))
    if gates.minimum_age is not None:
        verdicts.append(minimum_age.judge(entry.release, needed=gates.minimum_age, now=now))
    made = entry.pull.foreign_checks if entry.pull is not None else ()
    verdicts += [checks.judge(rule, made, head=entry.head) for rule in gates.checks]
    return (*verdicts, *_expressions(entry))


def _expressions(entry: Entry) -> list[Verdict]:
    declared = entry.environment.gates.expressions
    if not declared:
        return []
    pipeline = entry.pipeline
    scope = Scope(
        environments=tuple(e.name for e in pipeline.environments),
        artifacts=tuple(pipeline.artifacts),
        is_root=entry.environment.is_root,
    )
    told = statuses(pipeline, entry.release, entry.seen, entry.standings, entering=entry.environment.name)
    facts = _facts(entry, told)
    verdicts = []
    for one in declared:
        condition = compile_condition(one.when, scope)
        until = _until(condition, told)
        verdicts.append(expression.judge(one.name, condition, facts, now=entry.seen.now, until=until))
    return verdicts


def _until(condition: Condition, told: Mapping[str, Told | Unknown]) -> datetime | None:
    """When time alone may change a status that the expression may speak of."""
    spoken_of = told if "environments" in condition.text else condition.environments()
    found = (told[name] for name in spoken_of)
    moments = [one.until for one in found if isinstance(one, Told) and one.until is not None]
    return min(moments, default=None)


# --- facts ------------------------------------------------------------------------------------------------------------


def _facts(entry: Entry, told: Mapping[str, Told | Unknown]) -> Facts:
    """Everything an expression may speak of, and why what is missing is not known."""
    release = entry.release
    known: dict[str, object] = {
        "now": entry.seen.now,
        "release.proposed": release.proposed,
        "release.tags": {a.name: a.tag for a in release.artifacts if a.tag},
        "release.artifacts": {
            a.name: {"digest": a.digest, "repository": a.repository} | ({"tag": a.tag} if a.tag else {})
            for a in release.artifacts
        },
    }
    absent = {f"{name}.status": f"{name}: {one.reason}" for name, one in told.items() if isinstance(one, Unknown)}
    absent["securityScan.passed"] = _NO_SCAN
    if entry.pull is not None:
        known |= _pull_facts(entry.pull)
    absent |= dict.fromkeys(("pr.author", "pr.draft", "pr.labels", "pr.number", "pr.title"), _NO_PULL)
    match _worst(entry):
        case Unknown(reason=reason):
            absent |= dict.fromkeys(("app.status.health.status", "app.status.sync.status"), reason)
        case found:
            known |= found
    return Facts(
        known=known, statuses={name: t.status for name, t in told.items() if isinstance(t, Told)}, absent=absent
    )


def _pull_facts(pull: PullRequest) -> dict[str, object]:
    return {
        "pr.author": pull.author.login,
        "pr.draft": pull.draft,
        "pr.labels": sorted(pull.labels),
        "pr.number": pull.number,
        "pr.title": pull.title,
    }


def _worst(entry: Entry) -> dict[str, object] | Unknown:
    """The worst health and the worst sync status of the upstreams' Applications, in Argo CD's words.

    Of every upstream, those of `after_any` too. Each for itself, so that one that is Degraded does not hide another
    that is OutOfSync.
    """
    found: list[Application] = []
    watched = [entry.pipeline.environment(name) for name in entry.environment.upstreams]
    watched = [e for e in watched if e.health.source is not HealthSource.NONE]
    for upstream in watched:
        some = _applications(upstream, entry.seen)
        if isinstance(some, Unknown):
            return some
        found += some
    if not found:
        return Unknown("no environment upstream has its health watched")
    silent = next((a.name for a in found if not a.health or not a.sync), None)
    if silent is not None:
        return Unknown(f"{silent} does not report its status")
    return {
        "app.status.health.status": max((a.health for a in found), key=lambda word: _rank(word, _HEALTH)),
        "app.status.sync.status": max((a.sync for a in found), key=lambda word: _rank(word, _SYNC)),
    }


def _applications(environment: Environment, seen: Observation) -> tuple[Application, ...] | Unknown:
    repository = seen.repository_of(environment.name)
    applications = seen.applications.get(environment.name, Unknown("the cluster has not been asked"))
    base = seen.places[environment.name].base
    if isinstance(applications, Unknown):
        return applications
    if base is None:
        return Unknown(f"the branch of {environment.name} does not exist")
    found = matching(
        applications,
        repository=f"github.com/{repository.full_name}".lower(),
        path=environment.path,
        branch=base.branch,
        default_branch=repository.default_branch,
    )
    return found or Unknown(f"no Argo CD Application follows {environment.name}")


def _rank(word: str, words: tuple[str, ...]) -> int:
    return words.index(word) if word in words else len(words)
