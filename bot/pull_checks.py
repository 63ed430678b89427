"""`caisson/gates` on a pull request that is no promotion: what it touches, and what that asks of it. No I/O.

It may touch what an environment consists of, or what is declared of it. The first is told of, or must pass the
environment's approvals and windows (`manual_changes`); the second must satisfy the approvals that are declared at
present, so that nobody takes a rule away alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from bot import codeowners
from bot.actions import Ask, Outcome, Verdict
from bot.configuration_change import Named, Proposed, affected, declared_of, key_files, owner_files
from bot.gates import approvals, hold, windows
from bot.gates.approvers import Evidence
from bot.gates.verdicts import blocks, passed, waits, worst
from bot.model import Brought, Observation, PullRequest, Unknown
from bot.opinions import opinions
from config.parse import PATH
from config.pipeline import Configuration, Environment, ManualChanges, Pipeline, Promote

_TOUCHES = "environments"
_DECLARES = "configuration"
_REVIEW = "review it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A pull request and what it brings. `proposed`: what the declaration becomes; None where it stays as it is."""

    pull: PullRequest
    brought: Brought
    proposed: Proposed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds at present. `owners`: by (pipeline, environment), the CODEOWNERS of the environment's branch."""

    declared: Configuration
    seen: Observation
    owners: Mapping[Named, str | Unknown | None] = field(default_factory=dict)

    @property
    def default_branch(self) -> str:
        return self.seen.repository.default_branch

    def branch(self, environment: Environment) -> str:
        return environment.branch or self.default_branch

    def named(self, pipeline: Pipeline, environment: Environment) -> str:
        """As people call it where there is one pipeline only."""
        alone = len({one.name for one, _ in declared_of(self.declared)}) == 1
        return environment.name if alone else f"{pipeline.name}/{environment.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stake:
    """What a change has to do with an environment. `paths`: those that concern it, Unknown where they are not told."""

    pipeline: Pipeline
    environment: Environment
    name: str
    touches: bool
    declares: bool
    paths: frozenset[str] | Unknown

    @property
    def gated(self) -> bool:
        return self.touches and self.environment.manual_changes is ManualChanges.GATE

    @property
    def needs_approvals(self) -> bool:
        return self.environment.approvals is not None and (self.gated or self.declares)


def changes_configuration(brought: Brought, into: str, rules: Rules, present: str | None) -> bool:
    """Whether it changes the declaration, which counts on the default branch only. `present`: its text there."""
    if into != rules.default_branch:
        return False
    if isinstance(brought.changed, Unknown):
        return brought.configuration != present
    return PATH in brought.changed


def judge(change: Change, rules: Rules) -> tuple[tuple[Verdict, ...], Ask]:
    """The verdicts on a pull request, and what must be read of people before their approval may count."""
    stakes = tuple(_stakes(change, rules))
    verdicts = [*_declaration(change, stakes), *(_told(stake) for stake in stakes if stake.touches)]
    if not verdicts:
        return (passed(_TOUCHES, "touches no environment"),), Ask()
    needed = Ask()
    if any(stake.gated or stake.needs_approvals for stake in stakes):
        held, unsure = hold.standing_hold(change.pull, rules.seen.permissions)
        needed |= Ask(permissions=frozenset({unsure} if unsure else ()))
        verdicts += _in_general(change, held)
    for stake in stakes:
        if stake.gated and stake.environment.windows:
            verdict = windows.judge(stake.environment.windows, now=rules.seen.now)
            verdicts.append(replace(verdict, gate=f"windows ({stake.name})"))
    given = [_approved(stake, change, rules) for stake in stakes if stake.needs_approvals]
    # What lacks somebody is told before what only waits for it.
    given.sort(key=lambda judged: bool(judged[1]))
    everything = (*verdicts, *(verdict for verdict, _ in given))
    # Access is read only when it could decide: all else passes, and no environment lacks an approval.
    decides = worst(verdicts) is Outcome.PASS and all(ask or v.outcome is Outcome.PASS for v, ask in given)
    for _, ask in given if decides else ():
        needed |= ask
    return everything, needed


def orphan() -> tuple[Verdict, ...]:
    """On a pull request of ours that no environment of the declaration wants any more."""
    return (waits("head", "no environment that is declared proposes this any more; close it"),)


def _stakes(change: Change, rules: Rules) -> Iterator[_Stake]:
    changes = affected(rules.declared, change.proposed) if change.proposed else frozenset[Named]()
    for pipeline, environment in declared_of(rules.declared):
        # One that lives in another repository is touched there, and what is declared of it is changed here.
        here = environment.repository is None and rules.branch(environment) == change.pull.base_branch
        inside = _inside(environment, change.brought.changed) if here else frozenset[str]()
        files = _deciding(pipeline, environment, change, rules)
        declares = (pipeline.name, environment.name) in changes
        paths = _both(inside, files, frozenset({PATH}) if declares else frozenset())
        declares = declares or isinstance(files, Unknown) or bool(files)
        touches = isinstance(inside, Unknown) or bool(inside)
        if touches or declares:
            yield _Stake(
                pipeline=pipeline,
                environment=environment,
                name=rules.named(pipeline, environment),
                touches=touches,
                declares=declares,
                paths=paths,
            )


_Paths = frozenset[str] | Unknown


def _inside(environment: Environment, changed: _Paths) -> _Paths:
    """Of the changed paths those that the environment consists of. A merge moves the whole branch."""
    if isinstance(changed, Unknown) or environment.promote is Promote.MERGE or not environment.path:
        return changed
    return frozenset(p for p in changed if p == environment.path or p.startswith(f"{environment.path}/"))


def _deciding(pipeline: Pipeline, environment: Environment, change: Change, rules: Rules) -> _Paths:
    """Of the changed paths those that decide for the environment besides the declaration."""
    into, changed = change.pull.base_branch, change.brought.changed
    keys = key_files(pipeline) if into == rules.default_branch else ()
    here = environment.repository is None and into == rules.branch(environment)
    owners = owner_files(environment) if here else ()
    files = frozenset({*keys, *owners})
    return changed if isinstance(changed, Unknown) and files else files & _known(changed)


def _known(changed: _Paths) -> frozenset[str]:
    return frozenset() if isinstance(changed, Unknown) else changed


def _both(*parts: _Paths) -> _Paths:
    unknown = next((part for part in parts if isinstance(part, Unknown)), None)
    return unknown or frozenset(path for part in parts for path in _known(part))


def _declaration(change: Change, stakes: tuple[_Stake, ...]) -> Iterator[Verdict]:
    """What is said of a change of the declaration."""
    if change.proposed is not None and change.proposed.problems:
        yield waits(_DECLARES, f"{PATH} cannot be read as this leaves it; `caisson/config` says where")
    elif change.proposed is not None and not any(stake.declares for stake in stakes):
        yield passed(_DECLARES, "changes nothing that is declared of an environment so far")
    for stake in stakes:
        if stake.declares:
            asked = "" if stake.environment.approvals else ", which asks for no approvals"
            yield passed(_DECLARES, f"changes what holds for {stake.name}{asked}")


def _told(stake: _Stake) -> Verdict:
    what = f"touches {stake.name}"
    if isinstance(stake.paths, Unknown):
        what = f"may touch {stake.name} ({stake.paths.reason})"
    if not stake.gated:
        return passed(_TOUCHES, f"{what}; manual changes are allowed")
    if stake.environment.approvals is None and not stake.environment.windows:
        return passed(_TOUCHES, f"{what}, which declares neither approvals nor windows")
    return passed(_TOUCHES, f"{what}, and must pass its approvals and windows")


def _in_general(change: Change, held: hold.Hold | None) -> Iterator[Verdict]:
    """What stands against any change that must be approved of."""
    if not change.pull.complete or not change.brought.complete:
        yield waits("facts", "it has more reviews, labels or commits than are read, so not everybody's part is known")
    if held is not None:
        yield blocks("hold", f"the label {hold.LABEL} was put on by {held.by.login}; who did, or write, takes it off")


def _approved(stake: _Stake, change: Change, rules: Rules) -> tuple[Verdict, Ask]:
    """The environment's approvals of this very head."""
    assert stake.environment.approvals is not None
    pull = replace(change.pull, commits=change.brought.commits)
    heard = opinions(pull)
    # GitHub lets nobody approve their own pull request; whoever takes over a login or a bot's is kept out here.
    others = tuple(voice for voice in heard.approving if voice.id != pull.author.id)
    evidence = Evidence(
        organisation=rules.seen.repository.full_name.partition("/")[0],
        permissions=rules.seen.permissions,
        identities=rules.seen.identities,
        memberships=rules.seen.memberships,
        owned=_owned(stake, rules),
    )
    said = replace(heard, approving=others)
    verdict, ask = approvals.judge(stake.environment.approvals, said, evidence, remedy=_REVIEW)
    return replace(verdict, gate=f"approvals ({stake.name})"), ask


def _owned(stake: _Stake, rules: Rules) -> tuple[codeowners.Rule, ...] | Unknown:
    """The rules of CODEOWNERS, as the environment's branch has it now, that the paths at stake fall under."""
    rule = stake.environment.approvals
    if rule is None or not rule.reads_owners:
        return ()
    text = rules.owners.get((stake.pipeline.name, stake.environment.name))
    if text is None:
        return Unknown("CODEOWNERS has not been read yet")
    if isinstance(text, Unknown):
        return text
    if isinstance(stake.paths, Unknown):
        return Unknown(f"whose files these are is not known: {stake.paths.reason}")
    return codeowners.needed(text, stake.paths)
