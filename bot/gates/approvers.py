"""Whether those who approve satisfy a group of approvers: who counts, who might, what must be read first. No I/O.

What was not read yet counts as possible, so that nothing is asked that could not decide; what could not be read counts
for nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from bot.actions import Ask
from bot.codeowners import OwnerKind, Rule
from bot.model import Permission, Unknown
from config.approvals import Approvals

_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody's approval. `id` is who it is; the login may have changed hands.

    `can_push`: whether GitHub said that they have write access, where it said anything.
    """

    id: int
    login: str
    can_push: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of the approvers. `organisation`: the owner of the repository that is written to.

    `identities`: login → whose it was when the permission was read. `memberships`: (team, login), both in lower case.
    `owned`: the CODEOWNERS rules that the changed paths fall under.
    """

    organisation: str = ""
    permissions: Mapping[str, Permission | Unknown] = field(default_factory=dict)
    identities: Mapping[str, int] = field(default_factory=dict)
    memberships: Mapping[tuple[str, str], bool | Unknown] = field(default_factory=dict)
    owned: tuple[Rule, ...] | Unknown = ()


class Fit(Enum):
    """Whether somebody counts; ASK where it must be read first."""

    YES = "yes"
    NO = "no"
    ASK = "ask"


def both(first: Fit, second: Fit) -> Fit:
    if Fit.NO in (first, second):
        return Fit.NO
    return Fit.ASK if Fit.ASK in (first, second) else Fit.YES


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`missing`: what a group lacks, in people's words; empty where it is satisfied or something must be read first."""

    missing: tuple[str, ...] = ()
    ask: Ask = Ask()
    by: tuple[str, ...] = ()


def found(rule: Approvals, voices: tuple[Voice, ...], evidence: Evidence) -> Finding:
    """What a group or a combination of groups comes to."""
    if rule.all_of:
        return _all([found(part, voices, evidence) for part in rule.all_of])
    if rule.any_of:
        return _any([found(part, voices, evidence) for part in rule.any_of])
    needs = [_people(rule, voices, evidence)]
    if rule.codeowners:
        needs += _owners(rule, voices, evidence)
    return _all(needs)


def _all(parts: list[Finding]) -> Finding:
    missing = tuple(dict.fromkeys(what for part in parts for what in part.missing))
    # Where something is missing anyway, no question could decide.
    return Finding(
        missing=missing,
        ask=Ask() if missing else _asked(parts),
        by=tuple(dict.fromkeys(login for part in parts for login in part.by)),
    )


def _any(parts: list[Finding]) -> Finding:
    for part in parts:
        if not part.missing and not part.ask:
            return part
    if all(part.missing for part in parts):
        either = ", or ".join(" and ".join(part.missing) for part in parts)
        return Finding(missing=(f"needs one of: {either}" if len(parts) > 1 else either,))
    return Finding(ask=_asked([part for part in parts if not part.missing]))


def _asked(parts: list[Finding]) -> Ask:
    ask = Ask()
    for part in parts:
        ask |= part.ask
    return ask


def _people(rule: Approvals, voices: tuple[Voice, ...], evidence: Evidence) -> Finding:
    """`count` of them."""
    least = Permission(rule.permission.value)

    def fit(voice: Voice) -> Fit:
        return both(_named(rule, voice, evidence), _access(voice, least, evidence))

    able = [voice for voice in voices if fit(voice) is Fit.YES]
    maybe = [voice for voice in voices if fit(voice) is Fit.ASK]
    if len(able) >= rule.count:
        return Finding(by=tuple(voice.login for voice in able))
    if len(able) + len(maybe) >= rule.count:
        ask = _questions(maybe, rule.teams, rule.users, evidence)
        return Finding(ask=ask, by=tuple(v.login for v in (*able, *maybe)))
    # Who is named and only has to have access still is told of as having approved; who may be of no team is not.
    given = [*able, *(voice for voice in maybe if _named(rule, voice, evidence) is Fit.YES)]
    why = _unreadable(voices, rule.teams, rule.users, evidence)
    return Finding(missing=(_lacking(rule, given, evidence) + why,))


def _owners(rule: Approvals, voices: tuple[Voice, ...], evidence: Evidence) -> list[Finding]:
    """One owner of each changed path. GitHub asks write access of owners."""
    if isinstance(evidence.owned, Unknown):
        return [Finding(missing=(evidence.owned.reason,))]
    least = max(Permission.WRITE, Permission(rule.permission.value), key=list(Permission).index)

    def finding(owned: Rule) -> Finding:
        users = tuple(o.name for o in owned.owners if o.kind is OwnerKind.USER)
        teams = tuple(o.name for o in owned.owners if o.kind is OwnerKind.TEAM)

        def fit(voice: Voice) -> Fit:
            named = _belongs(voice, users, teams, evidence)
            return both(named, _access(voice, least, evidence))

        able = [voice.login for voice in voices if fit(voice) is Fit.YES]
        maybe = [voice for voice in voices if fit(voice) is Fit.ASK]
        if able:
            return Finding(by=tuple(able))
        if maybe:
            return Finding(ask=_questions(maybe, teams, users, evidence), by=tuple(v.login for v in maybe))
        why = _unreadable(voices, teams, users, evidence)
        return Finding(missing=(f"needs an owner of {owned.pattern[:100]} ({_listed(owned)}){why}",))

    return [finding(owned) for owned in evidence.owned]


def _unreadable(voices: tuple[Voice, ...], teams: tuple[str, ...], users: tuple[str, ...], evidence: Evidence) -> str:
    """Why approvals that were given count for nobody, where that is what could not be read; empty where all could."""
    reasons: list[str] = []
    named = {user.lower() for user in users}
    for voice in voices:
        login = voice.login.lower()
        others = teams if login not in named else ()
        known = [evidence.memberships.get((team.lower(), login)) for team in others if _is_here(team, evidence)]
        if True not in known:
            reasons += [member.reason for member in known if isinstance(member, Unknown)]
        access = evidence.permissions.get(voice.login)
        reasons += [access.reason] if isinstance(access, Unknown) else []
    shown = list(dict.fromkeys(reasons))[:_MOST_REASONS]
    return f" ({'; '.join(shown)})" if shown else ""


def _listed(owned: Rule) -> str:
    return " or ".join(str(owner) for owner in owned.owners[:10])


def _named(rule: Approvals, voice: Voice, evidence: Evidence) -> Fit:
    if not rule.users and not rule.teams:
        return Fit.YES
    return _belongs(voice, rule.users, rule.teams, evidence)


def _belongs(voice: Voice, users: tuple[str, ...], teams: tuple[str, ...], evidence: Evidence) -> Fit:
    """Whether somebody is one of the users, or a member of one of the teams."""
    login = voice.login.lower()
    if login in {user.lower() for user in users}:
        return Fit.YES
    known = [evidence.memberships.get((team.lower(), login)) for team in teams if _is_here(team, evidence)]
    if any(member is True for member in known):
        return Fit.YES
    return Fit.ASK if None in known else Fit.NO


def _is_here(team: str, evidence: Evidence) -> bool:
    """Whether the team is of the organisation that owns the repository: others' members are not read."""
    return team.partition("/")[0].lower() == evidence.organisation.lower()


def _access(voice: Voice, least: Permission, evidence: Evidence) -> Fit:
    """Whether the person, not the login, has that access now."""
    if voice.can_push is False and least.at_least(Permission.WRITE):
        return Fit.NO
    known = evidence.permissions.get(voice.login)
    if known is None:
        return Fit.ASK
    same = evidence.identities.get(voice.login) == voice.id
    return Fit.YES if same and isinstance(known, Permission) and known.at_least(least) else Fit.NO


def _questions(maybe: list[Voice], teams: tuple[str, ...], users: tuple[str, ...], evidence: Evidence) -> Ask:
    named = {user.lower() for user in users}
    here = [team.lower() for team in teams if _is_here(team, evidence)]
    others = [voice.login.lower() for voice in maybe if voice.login.lower() not in named]
    return Ask(
        permissions=frozenset(voice.login for voice in maybe) - evidence.permissions.keys(),
        memberships=frozenset((team, login) for login in others for team in here) - evidence.memberships.keys(),
    )


def _lacking(rule: Approvals, given: list[Voice], evidence: Evidence) -> str:
    lacking = rule.count - len(given)
    more = "more " if given else ""
    noun = "approval" if lacking == 1 else "approvals"
    so_far = f"{len(given)} given" + (f" (so far {', '.join(voice.login for voice in given)})" if given else "")
    access = f" with {rule.permission.value} access" if rule.permission.value != "write" else ""
    return f"needs {lacking} {more}{noun}{_of(rule, evidence)}{access} at this head, {so_far}"


def _of(rule: Approvals, evidence: Evidence) -> str:
    """Whose approval it is, and which of the teams cannot count here."""
    named = [*rule.users, *(f"@{team}" for team in rule.teams)]
    away = [f"@{team}" for team in rule.teams if not _is_here(team, evidence)]
    why = f" ({', '.join(away)} belongs to another organisation, whose members cannot be read here)" if away else ""
    return f" of {' or '.join(named)}{why}" if named else ""
