"""Looking after the pull requests that are no promotions of ours: what they bring, and the checks on their heads.

The list of them comes with the one read of a pass. What a head brings does not change while its base only grows, so it
is read once and remembered in memory; after a restart it is read again, `MOST_BROUGHT` heads to a request.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from bot.actions import Action, CheckText, Outcome, PostCheck, Verdict
from bot.configuration_change import Named, Proposed
from bot.gates.verdicts import worst
from bot.github.documents import MOST_BROUGHT, brought_query, open_pulls_query
from bot.github.identity import AppIdentity
from bot.github.read_open import FILES_A_PAGE, MOST_FILES, UNTOLD, read_brought, read_files, read_open
from bot.messages import CONFIG, GATES, config_check, pull_check
from bot.model import Brought, Check, Observation, Place, PullRequest, Sha, Unknown
from bot.observe import GitHubClient, GitHubFacts, ask_of_people
from bot.pull_checks import Change, Rules, changes_configuration, judge, orphan
from bot.write_importance import takes_back
from config.parse import ConfigError
from config.pipeline import Configuration

# More checks than these wait for the next pass, which follows at once: one document stays of a size that GitHub takes.
MOST_POSTED = 25
# Who may approve is asked in one round, and who may take a hold off before that.
_ROUNDS = 3

Parse = Callable[[str], Configuration]
_NOWHERE_ELSE: Mapping[Named, Place] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Remembered:
    """What was read when the base branch was at the one of `tips`; none, where that is not known."""

    brought: Brought
    branch: str
    tips: tuple[Sha, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    pull: PullRequest
    verdicts: tuple[Verdict, ...]
    proposed: Proposed | None

    @property
    def passes(self) -> bool:
        return worst(self.verdicts) is Outcome.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """`actions`: checks to post. `rivals`: heads of our promotions that others propose where they may not go."""

    actions: tuple[Action, ...] = ()
    look_again_at: datetime | None = None
    rivals: Mapping[Sha, str] = field(default_factory=dict)


class PullWatch:
    """Remembers, by repository and pull request, what the heads bring: losing that costs requests and nothing else."""

    def __init__(self) -> None:
        self._remembered: dict[int, dict[int, _Remembered]] = {}

    async def plan(
        self,
        client: GitHubClient,
        found: GitHubFacts,
        declared: Configuration,
        *,
        identity: AppIdentity,
        now: datetime,
        parse: Parse,
        elsewhere: Mapping[Named, Place] = _NOWHERE_ELSE,
    ) -> Watched:
        """The checks to post, the strictest first, and when time alone may change one. Raises what reading raises.

        `elsewhere`: the places in other repositories, by (pipeline, environment): whose owners are theirs.
        """
        pulls = await _listed(client, found, identity)
        brought = await self._brought(client, found, pulls, identity)
        seen = Observation(now=now, repository=found.repository, places={})
        owners = {key: place.owners for key, place in (*elsewhere.items(), *found.places.items())}
        rules = Rules(declared=declared, seen=seen, owners=owners)
        judged: list[_Judged] = []
        for pull in pulls:
            if pull.by_us:
                judged.append(_Judged(pull=pull, verdicts=orphan(), proposed=None))
                continue
            change = _change(pull, brought[pull.number], rules, parse)
            verdicts, rules = await _verdicts(change, rules, client)
            judged.append(_Judged(pull=pull, verdicts=verdicts, proposed=change.proposed))
        ours = _heads_of_ours(found)
        rivals = {one.pull.head: _rival(one.pull) for one in judged if one.pull.head in ours and not one.passes}
        judged = [one for one in judged if one.pull.head not in ours]
        posts = [*_gates(judged), *_configurations(judged, found.repository.config.commit)]
        moments = [v.until for one in judged for v in one.verdicts if v.until is not None]
        until = min(moments, default=None)
        return Watched(actions=most_urgent(posts), look_again_at=until, rivals=rivals)

    # --- reading ------------------------------------------------------------------------------------------------------

    async def _brought(
        self, client: GitHubClient, found: GitHubFacts, pulls: tuple[PullRequest, ...], identity: AppIdentity
    ) -> Mapping[int, Brought]:
        histories = _histories(found)
        before = self._remembered.get(found.repository.id, {})
        kept = {p.number: before[p.number] for p in pulls if _still_true(before.get(p.number), p, histories)}
        self._remembered[found.repository.id] = kept
        result = {number: one.brought for number, one in kept.items()}
        asked = [pull for pull in pulls if not pull.by_us and pull.number not in kept]
        for start in range(0, len(asked), MOST_BROUGHT):
            some = asked[start : start + MOST_BROUGHT]
            fresh = {one.number: one for one in await _read(client, found.repository.full_name, some, identity)}
            for pull in some:
                brought = fresh.get(pull.number)
                if brought is None or brought.head != pull.head:
                    # It was pushed to, or closed, since it was listed: the next look sees that.
                    result[pull.number] = _unseen(pull)
                    continue
                tips = histories.get(pull.base_branch, ())[:1]
                kept[pull.number] = _Remembered(brought=brought, branch=pull.base_branch, tips=tips)
                result[pull.number] = brought
        return result


async def rivals_of_ours(client: GitHubClient, found: GitHubFacts, identity: AppIdentity) -> Mapping[Sha, str]:
    """Whoever else proposes a commit of ours, in a repository whose own pass judges what else is open there.

    Where that may go is not known here, so ours waits: a check of ours on the commit would let the other in as well.
    """
    ours = _heads_of_ours(found)
    others = await _listed(client, found, identity) if ours else ()
    return {pull.head: _rival(pull) for pull in others if pull.head in ours}


async def _listed(client: GitHubClient, found: GitHubFacts, identity: AppIdentity) -> tuple[PullRequest, ...]:
    """All that are open, but our promotions, which are judged as such. Each further hundred costs a read."""
    owner, name = found.repository.full_name.split("/", 1)
    listed = [pull for pulls in found.pulls.into.values() for pull in pulls]
    for branch, after in found.pulls.after.items():
        more: str | None = after
        while more is not None:
            variables: dict[str, object] = {"owner": owner, "name": name, "app": identity.app_id}
            data = await client.graphql(open_pulls_query(), variables | {"into": branch, "after": more})
            page = read_open(data, (branch,), identity=identity)
            listed += page.into[branch]
            more = page.after.get(branch)
    attended = {place.pull.number for place in found.places.values() if place.pull is not None}
    return tuple(pull for pull in listed if pull.number not in attended)


def _histories(found: GitHubFacts) -> Mapping[str, tuple[Sha, ...]]:
    """Of each branch its last commits, as far as they were read; of one without environments its tip."""
    bases = [place.base for place in found.places.values() if place.base is not None]
    tip = {found.repository.default_branch: (found.repository.tip,)}
    return tip | {base.branch: base.history for base in bases}


def _still_true(one: _Remembered | None, pull: PullRequest, histories: Mapping[str, tuple[Sha, ...]]) -> bool:
    """The same head into the same branch, which has only grown since: else it may bring more than it did."""
    if one is None or (one.brought.head, one.branch) != (pull.head, pull.base_branch):
        return False
    return any(tip in histories.get(one.branch, ()) for tip in one.tips)


def _unseen(pull: PullRequest) -> Brought:
    moving = Unknown("it changes while it is read")
    return Brought(number=pull.number, head=pull.head, changed=moving, commits=(), complete=False, configuration=moving)


async def _read(
    client: GitHubClient, full_name: str, pulls: list[PullRequest], identity: AppIdentity
) -> tuple[Brought, ...]:
    owner, name = full_name.split("/", 1)
    query, variables = brought_query([pull.number for pull in pulls])
    data = await client.graphql(query, {**variables, "owner": owner, "name": name})
    found: list[Brought] = []
    for one in read_brought(data, len(pulls), identity=identity):
        changed = await _files(client, full_name, one) if one.changed == UNTOLD else one.changed
        found.append(replace(one, changed=changed))
    return tuple(found)


async def _files(client: GitHubClient, full_name: str, one: Brought) -> frozenset[str]:
    paths: list[str] = []
    for page in range(1, MOST_FILES // FILES_A_PAGE + 1):
        path = f"/repos/{full_name}/pulls/{one.number}/files?per_page={FILES_A_PAGE}&page={page}"
        some, more = read_files(await client.get(path), one.head)
        paths += some
        if not more:
            break
    return frozenset(paths)


# --- judging ----------------------------------------------------------------------------------------------------------


def _change(pull: PullRequest, brought: Brought, rules: Rules, parse: Parse) -> Change:
    present = rules.seen.repository.config.text
    touched = changes_configuration(brought, pull.base_branch, rules, present)
    proposed = _proposed(brought.configuration, parse) if touched else None
    return Change(pull=pull, brought=brought, proposed=proposed)


def _proposed(text: str | Unknown | None, parse: Parse) -> Proposed:
    if text is None:
        return Proposed(configuration=None)
    if isinstance(text, Unknown):
        return Proposed(configuration=None, problems=(text.reason,))
    try:
        return Proposed(configuration=parse(text))
    except ConfigError as error:
        return Proposed(configuration=None, problems=tuple(str(problem) for problem in error.problems))


async def _verdicts(change: Change, rules: Rules, client: GitHubClient) -> tuple[tuple[Verdict, ...], Rules]:
    """The verdicts, once what they ask of people has been read; and what is known by then."""
    verdicts, ask = judge(change, rules)
    for _ in range(_ROUNDS):
        if not ask:
            break
        rules = replace(rules, seen=await ask_of_people(ask, rules.seen, client=client))
        verdicts, ask = judge(change, rules)
    return verdicts, rules


def unjudged(found: GitHubFacts) -> Watched:
    """Where reading failed: whoever else proposes a commit of ours may be proposing it where it may not go."""
    ours = _heads_of_ours(found)
    attended = {place.pull.number for place in found.places.values() if place.pull is not None}
    others = (pull for pulls in found.pulls.into.values() for pull in pulls if pull.number not in attended)
    return Watched(rivals={pull.head: _rival(pull) for pull in others if pull.head in ours})


def _heads_of_ours(found: GitHubFacts) -> frozenset[Sha]:
    return frozenset(place.pull.head for place in found.places.values() if place.pull is not None)


def _rival(pull: PullRequest) -> str:
    return f"#{pull.number} proposes this very commit into {pull.base_branch}"


# --- what is posted ---------------------------------------------------------------------------------------------------


def most_urgent(posts: Sequence[PostCheck]) -> tuple[PostCheck, ...]:
    """As many as go into one document: what takes a success back first, and successes last.

    GitHub's limits may keep the others waiting for an hour, and what would let people merge must not stand behind them.
    """
    ordered = sorted(posts, key=lambda post: (not takes_back(post), post.text.conclusion == "SUCCESS"))
    return tuple(ordered[:MOST_POSTED])


def _gates(judged: list[_Judged]) -> Iterator[PostCheck]:
    """One check for each head, whatever pull requests propose it: GitHub keeps check runs by commit."""
    by_head: dict[Sha, list[_Judged]] = {}
    for one in judged:
        by_head.setdefault(one.pull.head, []).append(one)
    for head, some in by_head.items():
        existing = _existing(some[0].pull, GATES)
        text = pull_check([(one.pull.number, one.verdicts) for one in some])
        if not _stands(existing, text):
            yield PostCheck(commit=head, existing=existing, text=text)


def _configurations(judged: list[_Judged], brought_by: Sha | None) -> Iterator[PostCheck]:
    """`caisson/config` where the declaration changes; on the commit that holds it already it stands anyway."""
    heads = {one.pull.head: one for one in judged if one.proposed is not None and one.pull.head != brought_by}
    for head, one in heads.items():
        assert one.proposed is not None
        if one.proposed.configuration is None and not one.proposed.problems:
            continue
        existing, text = _existing(one.pull, CONFIG), config_check(one.proposed.problems)
        if not _stands(existing, text):
            yield PostCheck(commit=head, existing=existing, text=text)


def _existing(pull: PullRequest, name: str) -> Check | None:
    return next((check for check in pull.checks if check.name == name and check.commit == pull.head), None)


def _stands(existing: Check | None, text: CheckText) -> bool:
    """Whether it says that already, and nobody asked for it again: GitHub then takes its answer back, as after 14 days.

    https://docs.github.com/en/rest/checks/runs#rerequest-a-check-run
    """
    if existing is None:
        return False
    said = (existing.external_id, existing.status, existing.conclusion)
    return said == (text.external_id, text.status, text.conclusion)
