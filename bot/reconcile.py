"""One look at one key: facts → plan → writes. The only place where observing, deciding and acting meet."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot import audit, board_issue
from bot.act import act
from bot.actions import Action, Ask, Plan, PostCheck
from bot.audit_log import AuditLog
from bot.board_upkeep import BoardUpkeep
from bot.clock import Clock
from bot.conversations import listen
from bot.decide import decide
from bot.directing import in_place_of
from bot.errors import CaissonError, Permanent, Transient
from bot.extracts import compile_extract
from bot.gate_expression import check_condition
from bot.github.client import GitHubApp, RepositoryClient
from bot.github.objects import Objects
from bot.image_reference import normalise_repository
from bot.known import Known, Layout, PipelineView
from bot.layouts import Layouts
from bot.manifests.subject import subjects
from bot.messages import CONFIG, config_check
from bot.model import Observation, Repository, Sha, Unknown
from bot.named_releases import named_releases, with_people
from bot.observe import GitHubFacts, HealthSource, SignatureVerifier, answer, observe
from bot.other_repositories import OtherRepositories, Others, Written
from bot.plain_http import check_chart_repository
from bot.platforms import check_platform
from bot.pull_watch import PullWatch, Watched, unjudged
from bot.release_rule import compile_rule
from bot.room import NOTHING, Heard, Hearing, Room, carried
from bot.scans import Scans
from bot.scope import Scope
from bot.store.port import Claim, Store
from bot.tag_patterns import compile_pattern
from bot.templates import check_template
from bot.thrift import Thrift
from bot.time_windows import check_cron, check_timezone
from bot.turns import Turns
from bot.versions import check_glob, check_pattern, parse_constraint
from bot.write_importance import Importance
from config.operator import Operator
from config.parse import Checks
from config.pipeline import Configuration, Mode, Pipeline
from config.public_key import read_keys

# Each round answers at least one question about a candidate: its digest, its platforms, its signature, who may approve.
ROUNDS = 8
# After so many passes that all wrote, somebody undoes what we do, or we do: GitHub's limits are everybody's. The looks
# that follow keep this distance, whatever webhooks our own writes cause, until one of them has nothing to write.
LONGEST_CHAIN = 20
LET_UP = timedelta(minutes=1)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """What is to be done in one repository. `scene`: the pipeline that it is done for, whose log tells of it."""

    where: Written
    actions: tuple[Action, ...]
    scene: audit.Scene | None = None


class Reconciler:
    """Looks at keys: `repository:…`, `image:…`, `installation:…`.

    What it learns is passed on as nudges of other keys. `plain_http`: hosts that may be reached without TLS.
    `operator`: what is set above every repository's file.
    """

    def __init__(
        self,
        *,
        app: GitHubApp,
        store: Store,
        clock: Clock,
        scans: Scans,
        cluster: HealthSource,
        verifier: SignatureVerifier,
        poll_interval: timedelta = timedelta(minutes=5),
        plain_http: frozenset[str] = frozenset(),
        audit_log: AuditLog | None = None,
        operator: Operator | None = None,
    ) -> None:
        self._app = app
        self._store = store
        self._clock = clock
        self._scans = scans
        self._cluster = cluster
        self._verifier = verifier
        self._poll_interval = poll_interval
        self._operator = operator or Operator()
        self._objects = Objects()
        self._pulls = PullWatch()
        self._audit = audit_log or AuditLog(store)
        self._thrift = Thrift(store)
        self.known = Known(store=store)
        self._boards = BoardUpkeep()
        checks = replace(CHECKS, check_chart_repository=partial(check_chart_repository, allowed=plain_http))
        self._layouts = Layouts(app, self.known, checks=checks)
        self._others = OtherRepositories(
            app, self.known, read_one=self._layouts.read, list_all=self.resync_installation
        )
        self._turns = Turns()

    @property
    def put_off_until(self) -> datetime | None:
        """When what was last put off for GitHub's limits may be written; None where nothing ever was."""
        return self._thrift.put_off_until

    async def look(self, claim: Claim) -> datetime | None:
        """Reconcile one key; when to look again without any news, or None."""
        kind, _, rest = claim.key.partition(":")
        match kind:
            case "repository":
                installation, repository = (int(part) for part in rest.split(":"))
                return await self._look_repository(claim.key, installation, repository)
            case "image":
                return await self._look_image(rest)
            case "installation":
                await self.resync_installation(int(rest))
                return None
            case _:
                await self._store.forget(claim.key)
                return None

    async def resync(self) -> None:
        """Nudge every repository of every installation and every declared image: the net under lost deliveries."""
        for installation in await self._app.installations():
            try:
                await self.resync_installation(installation)
            except (Transient, Permanent) as error:
                # One that is suspended or refuses us must not keep the others from being looked at.
                log.warning("installation not read", installation=installation, error=str(error))
        images = [f"image:{image}" for image in await self._store.all("image")]
        await self._store.nudge(images, now=self._clock.now())

    async def resync_installation(self, installation: int) -> None:
        keys = []
        for repository, full_name in await self._app.repositories(installation):
            key = self.known.call(installation, repository, full_name)
            await self._store.put("repository", str(repository), full_name)
            keys.append(key)
        self.known.listed.add(installation)
        await self._store.nudge(keys, now=self._clock.now())

    # --- images -------------------------------------------------------------------------------------------------------

    async def _look_image(self, image: str) -> datetime | None:
        """Confirm hints with one HEAD each, or poll; nudge the repositories that declare the image."""
        users = await self.known.users_of(image)
        if not users:
            await self._store.forget(f"image:{image}")
            return None
        hinted = await self._store.get("hint", image)
        if hinted and (tags := json.loads(hinted)):
            await self._store.put("hint", image, "[]")
            news = [await self._scans.hint(image, tag) for tag in tags]
        else:
            news = [await self._scans.refresh(image)]
        if any(news):
            await self._store.nudge(users, now=self._clock.now())
        return self._clock.now() + self._poll_interval

    # --- repositories -------------------------------------------------------------------------------------------------

    async def _look_repository(self, key: str, installation: int, repository_id: int) -> datetime | None:
        client = self._app.repository(installation, repository_id)
        full_name = await self._named(key, installation, repository_id)
        if full_name is None:
            return None
        found, layout = await self._layouts.read(key, client, full_name)
        repository = found.repository
        if repository.id != repository_id:
            # The name is another's by now, public perhaps. What ours is called, if it is still ours, the list says.
            self.known.names.pop(key, None)
            await self._store.put("repository", str(repository_id), "")
            raise Transient(f"{full_name} is another repository than it was", retry_after=timedelta(seconds=1))
        self.known.call(installation, repository_id, repository.full_name)
        if repository.archived or (layout.configuration is None and not layout.problems):
            self.known.views.pop(key, None)
            await self.known.index_written(key, frozenset())
            return None
        return await self._promote(key, installation, client, found=found, layout=layout)

    async def _promote(
        self, key: str, installation: int, client: RepositoryClient, *, found: GitHubFacts, layout: Layout
    ) -> datetime | None:
        """Decide upon what was read of a repository, and write what was decided; when to look again."""
        repository = found.repository
        shown = layout.configuration or layout.displayed
        await self._index(key, shown)
        others = await self._others.read(key, installation, repository, shown)
        pulls, unread = await self._people(client, found, shown, others)
        mode = self._mode(repository, shown)
        scope = Scope.ALL if layout.configuration is not None else Scope.ROLLBACKS
        rivals = {**pulls.rivals, **others.rivals}
        heard, plans = await self._plans(client, found, shown, others, mode=mode, scope=scope, rivals=rivals)
        self.known.views[key] = _views(repository, shown, plans, layout)
        scenes = _scenes(found, shown, others)
        # Before anything is done: what is in the log now is what it is done upon.
        await self._note(key, repository, layout, list(zip(scenes, plans, strict=True)))
        home = Written(repository=repository, client=client)
        said = (*_config_actions(repository, layout), *heard.actions)
        planned = [Deeds(where=home, actions=said), *_deeds(home, scenes, plans, others)]
        theirs = Deeds(where=home, actions=pulls.actions)
        board_due = None
        if self._operator.stops_writes(repository.full_name):
            planned, theirs = [], Deeds(where=home, actions=())
        elif mode is not Mode.OBSERVE and scope is Scope.ALL and (board := self._board(key, shown, heard, plans)):
            planned, board_due = self._kept_up(key, planned, found=found, text=board, home=home)
        todo, again = await self._affordable(installation, planned, theirs)
        try:
            wrote = await self._act(todo)
        except (Transient, Permanent) as error:
            self.known.views[key] = _views(repository, shown, plans, layout, problem=f"GitHub: {error}")
            raise
        if unread is not None:
            raise unread
        if (chain := self.known.passed(key, wrote=wrote)) >= LONGEST_CHAIN:
            raise Transient(
                f"{repository.full_name}: {LONGEST_CHAIN} passes in a row have written something", retry_after=LET_UP
            )
        if chain:
            # What was written makes new facts: look at once. A pass that changes nothing ends the chain.
            return self._clock.now()
        if others.failure is not None:
            raise others.failure
        moments = [plan.look_again_at for plan in plans if isinstance(plan, Plan) and plan.look_again_at]
        moments += [at for at in (pulls.look_again_at, again, heard.over_at, board_due) if at is not None]
        return min(moments, default=None)

    async def _people(
        self, client: RepositoryClient, found: GitHubFacts, declared: Configuration | None, others: Others
    ) -> tuple[Watched, CaissonError | None]:
        """What is to be said on people's pull requests; what keeps us from reading them holds up no promotion."""
        if declared is None or declared.mode is Mode.OBSERVE:
            return Watched(), None
        try:
            watched = await self._pulls.plan(
                client,
                found,
                declared,
                identity=await self._app.identity(),
                now=self._clock.now(),
                parse=lambda text: self._layouts.comparable(text, found),
                elsewhere=others.places,
            )
        except (Transient, Permanent) as error:
            return unjudged(found), error
        return watched, None

    def _kept_up(
        self, key: str, planned: list[Deeds], *, found: GitHubFacts, text: str, home: Written
    ) -> tuple[list[Deeds], datetime | None]:
        """What is planned with the board issue's own write among it, or when that is due for itself."""
        here = [deeds for deeds in planned if deeds.where.repository.id == home.repository.id]
        there = [deeds for deeds in planned if deeds.where.repository.id != home.repository.id]
        chosen = [deeds.actions for deeds in here]
        written, due = self._boards.with_board(key, found.issues, text, chosen, now=self._clock.now())
        kept = [replace(deeds, actions=actions) for deeds, actions in zip(here, written, strict=False)]
        more = [Deeds(where=home, actions=actions) for actions in written[len(here) :]]
        return [*kept, *more, *there], due

    def _board(
        self, key: str, declared: Configuration | None, heard: Heard, plans: Sequence[Plan | Unknown]
    ) -> str | None:
        """What the board issue is to say; None while a pipeline could not be judged."""
        if declared is None or not all(isinstance(plan, Plan) for plan in plans):
            return None
        views = {view.pipeline: view.environments for view in self.known.views[key] if view.pipeline}
        return board_issue.board_text(views, heard.freezes, style=declared.commands)

    def _mode(self, repository: Repository, declared: Configuration | None) -> Mode:
        if declared is None or self._operator.stops_writes(repository.full_name):
            return Mode.OBSERVE
        return declared.mode

    async def _named(self, key: str, installation: int, repository_id: int) -> str | None:
        """What the repository is called; None where it left the installation, and then it is forgotten."""
        full_name = self.known.names.get(key) or await self._store.get("repository", str(repository_id))
        if not full_name:
            await self.resync_installation(installation)
            full_name = self.known.names.get(key)
        if full_name:
            return full_name
        self.known.forget(key)
        self._audit.forget(key)
        self._boards.forget(key)
        await self.known.index_written(key, frozenset())
        await self._store.forget(key)
        return None

    async def _index(self, key: str, declared: Configuration | None) -> None:
        images = frozenset(
            subject.repository
            for pipeline in (declared.pipelines if declared else ())
            for subject in subjects(pipeline)
        )
        fresh = images - self.known.images.get(key, frozenset())
        await self.known.index(key, images)
        if fresh:
            await self._store.nudge([f"image:{image}" for image in fresh], now=self._clock.now())

    async def _plans(
        self,
        client: RepositoryClient,
        found: GitHubFacts,
        declared: Configuration | None,
        others: Others,
        *,
        mode: Mode,
        scope: Scope,
        rivals: Mapping[Sha, str],
    ) -> tuple[Heard, list[Plan | Unknown]]:
        """What was said comes to, and one plan per pipeline; a pipeline that fails does not take the others along."""
        if declared is None:
            return NOTHING, []
        identity = await self._app.identity()
        seen: dict[str, Observation] = {}
        known = {**found.places, **others.places}
        judged = {p.name: others.accepted(p) for p in declared.pipelines if p.name not in others.unread}
        for pipeline in judged.values():
            facts = Observation(
                now=self._clock.now(),
                repository=found.repository,
                places={e.name: known[pipeline.name, e.name] for e in pipeline.environments},
                keys=found.keys,
                rivals=rivals,
                signer=f"{identity.slug}[bot] <{identity.email}>",
                conversations=found.conversations,
                issues=found.issues,
            )
            seen[pipeline.name] = await observe(pipeline, facts, tags=self._scans, cluster=self._cluster)
        hearing = Hearing.NONE if mode is Mode.OBSERVE else Hearing.ALL if scope is Scope.ALL else Hearing.ROLLBACKS
        heard, people = await self._listen(client, declared, found, seen, others, hearing=hearing)
        plans: list[Plan | Unknown] = []
        for pipeline in declared.pipelines:
            if (unread := others.unread.get(pipeline.name)) is not None:
                plans.append(Unknown(unread))
                continue
            here = with_people(seen[pipeline.name], people)
            choose = partial(
                decide,
                mode=mode,
                templates=declared.templates,
                style=declared.commands,
                commanded=lambda p, _seen, standings: in_place_of(heard.directed(p.name), standings),
                heard=heard,
                operator=self._operator,
                scope=scope,
                emergency=declared.emergency,
            )
            plans.append(await self._plan(judged[pipeline.name], here, client, others, choose=choose))
        return heard, plans

    async def _listen(
        self,
        client: RepositoryClient,
        declared: Configuration,
        found: GitHubFacts,
        seen: Mapping[str, Observation],
        others: Others,
        *,
        hearing: Hearing,
    ) -> tuple[Heard, Observation]:
        """What was said anywhere comes to, and an observation with what had to be read for it.

        Where nothing is written nobody is heard, but what is frozen is known all the same.
        """
        places = {f"{pipeline}/{environment}": place for (pipeline, environment), place in found.places.items()}
        pulls = {name: place.pull for name, place in places.items() if place.pull and place.pull.by_us}
        board = board_issue.board_issue(found.issues)
        room = Room(
            now=self._clock.now(),
            declared=declared,
            issues=found.issues,
            conversations=found.conversations,
            pulls=pulls,
            carried=carried(places, found.conversations),
            board=board.number if board and board.open else None,
            hearing=hearing,
        )
        pipelines = [others.accepted(pipeline) for pipeline in declared.pipelines if pipeline.name in seen]
        people = next(iter(seen.values()), None) or Observation(now=room.now, repository=found.repository, places={})
        resolve = partial(named_releases, pipelines, seen)
        heard = listen(room, resolve=resolve(people=people))
        for _ in range(ROUNDS):
            if not heard.ask:
                break
            people = await answer(
                heard.ask,
                declared.pipelines[0],
                people,
                client=client,
                tags=self._scans,
                verifier=self._verifier,
                objects=self._objects,
                elsewhere=others.clients,
            )
            room = replace(room, permissions=people.permissions, identities=people.identities)
            heard = listen(room, resolve=resolve(people=people))
        return heard, people

    async def _plan(
        self,
        pipeline: Pipeline,
        seen: Observation,
        client: RepositoryClient,
        others: Others,
        *,
        choose: "partial[Plan | Ask]",
    ) -> Plan | Unknown:
        for _ in range(ROUNDS):
            decision = choose(pipeline, seen)
            if not isinstance(decision, Ask):
                return decision
            seen = await answer(
                decision,
                pipeline,
                seen,
                client=client,
                tags=self._scans,
                verifier=self._verifier,
                objects=self._objects,
                elsewhere=others.clients,
            )
        decision = choose(pipeline, seen, last=True)
        assert not isinstance(decision, Ask)
        return decision

    async def _note(
        self,
        key: str,
        repository: Repository,
        layout: Layout,
        decided: Sequence[tuple[audit.Scene, Plan | Unknown]],
    ) -> None:
        """Into the audit log: what this pass found, and what it decides to do."""
        now = self._clock.now()
        configured = audit.configuration_entry(repository, layout.problems, layout.unapproved, now=now)
        told = [entry for scene, plan in decided for entry in audit.facts(scene, _plan(plan), now=now)]
        await self._audit.note(key, [*configured, *told], now=now)

    async def _affordable(
        self, installation: int, planned: Sequence[Deeds], people: Deeds
    ) -> tuple[list[Deeds], datetime | None]:
        """What GitHub's limits leave room for, and when to come again for what they do not."""
        todo: list[Deeds] = []
        moments: list[datetime] = []
        # People's pull requests last and least: there may be hundreds, and no promotion is to wait for their checks.
        least = Importance.ADORNMENT
        for deeds, checks in (*((deeds, Importance.NEWS) for deeds in planned), (people, least)):
            allowed = await self._thrift.allow(installation, deeds.actions, now=self._clock.now(), checks=checks)
            todo.append(replace(deeds, actions=allowed.actions))
            moments += [allowed.again] if allowed.again else []
        return [deeds for deeds in todo if deeds.actions], min(moments, default=None)

    async def _act(self, todo: Sequence[Deeds]) -> bool:
        """Carry out what is to be done; whether there was anything. One pass at a time writes to a repository."""
        failure: CaissonError | None = None
        for deeds in todo:
            repository, chosen = deeds.where.repository, deeds.actions
            log.info("acting", repository=repository.full_name, actions=[type(a).__name__ for a in chosen])
            try:
                async with self._turns.of(str(repository.id)):
                    await act(deeds.where.client, repository, chosen, now=self._clock.now)
            except (Transient, Permanent) as error:
                failure = failure or error
                continue
            if deeds.scene is not None:
                now = self._clock.now()
                done = audit.carried_out(deeds.scene, chosen, where=repository, now=now)
                await self._audit.note_done(done, now=now)
        if failure is not None:
            raise failure
        return bool(todo)


# Every check but that of hosts without TLS, which are the operator's to name.
CHECKS = Checks(
    check_repository=normalise_repository,
    check_constraint=parse_constraint,
    check_pattern=check_pattern,
    check_glob=check_glob,
    check_platform=check_platform,
    check_extract=lambda pattern, template: compile_extract(template, compile_pattern(pattern)),
    check_expression=compile_rule,
    check_template=check_template,
    check_key=read_keys,
    check_condition=check_condition,
    check_cron=check_cron,
    check_timezone=check_timezone,
)


def _deeds(
    home: Written, scenes: Sequence[audit.Scene], plans: Sequence[Plan | Unknown], others: Others
) -> list[Deeds]:
    """What is to be done where, pipeline by pipeline."""
    found: list[Deeds] = []
    for scene, plan in zip(scenes, plans, strict=True):
        if isinstance(plan, Plan):
            found.append(Deeds(scene=scene, where=home, actions=plan.actions))
            found += [
                Deeds(scene=scene, where=others.written[name], actions=chosen)
                for name, chosen in plan.elsewhere.items()
            ]
    return found


def _config_actions(repository: Repository, layout: Layout) -> tuple[Action, ...]:
    """`caisson/config` on the commit that brought the file, when it does not say so yet."""
    if repository.config.commit is None:
        return ()
    text = config_check(layout.problems, unapproved=layout.unapproved, left_out=layout.left_out)
    existing = next((c for c in repository.config.checks if c.name == CONFIG), None)
    if existing is not None and existing.external_id == text.external_id:
        return ()
    return (PostCheck(commit=repository.config.commit, existing=existing, text=text),)


def _scenes(found: GitHubFacts, declared: Configuration | None, others: Others) -> tuple[audit.Scene, ...]:
    """What the audit log tells of each pipeline; of one that could not be read whole, what was read."""
    read = {**found.places, **others.places}
    return tuple(
        audit.Scene(
            repository=found.repository,
            pipeline=pipeline,
            places={
                e.name: read[pipeline.name, e.name] for e in pipeline.environments if (pipeline.name, e.name) in read
            },
            style=declared.commands,
        )
        for pipeline in (declared.pipelines if declared else ())
        if declared is not None
    )


def _plan(plan: Plan | Unknown) -> Plan | None:
    return None if isinstance(plan, Unknown) else plan


def _views(
    repository: Repository,
    declared: Configuration | None,
    plans: Sequence[Plan | Unknown],
    layout: Layout,
    *,
    problem: str | None = None,
) -> tuple[PipelineView, ...]:
    problem = problem or next(iter(layout.problems), None)
    if declared is None:
        return (PipelineView(repository=repository.full_name, pipeline="", problem=problem, environments=()),)
    views = [
        PipelineView(
            repository=repository.full_name,
            pipeline=pipeline.name,
            problem=plan.reason if isinstance(plan, Unknown) else problem,
            environments=() if isinstance(plan, Unknown) else plan.views,
        )
        for pipeline, plan in zip(declared.pipelines, plans, strict=True)
    ]
    left_out = [
        PipelineView(repository=repository.full_name, pipeline="", problem=told, environments=())
        for told in layout.left_out
    ]
    return (*views, *left_out)
