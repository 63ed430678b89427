"""What one promotion costs: GitHub requests (tokens aside) from a cause to its settled effect, counted in a world.

An operation's cost is every request up to its last write. Reads after it (the look that finds nothing left to do) are
its *trailing* reads: GitHub tells the bot of the bot's own writes, and how many looks that makes depends on how the
deliveries fall together. Here those of one round arrive together. No environment merges by itself, so that an opening
and a merge are counted apart.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.cluster import Cluster
from bot.messages import GATES
from sandbox import shop
from sandbox.github.server import Call
from sandbox.github.state import PullRequest
from tests.bench.figure import Figure
from tests.world import World

MOST_CALLS = 6
_ANYBODY = "{count: 1}"
_ROUNDS = 30
_PATIENCE = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The requests of one operation, up to its last write; `trailing`: the reads after it."""

    calls: tuple[Call, ...]
    trailing: tuple[Call, ...]

    @property
    def writes(self) -> int:
        return sum(call.writes for call in self.calls)

    @property
    def reads(self) -> int:
        """All of them, the trailing ones too."""
        return len(self.calls) + len(self.trailing) - self.writes

    def __str__(self) -> str:
        """Request by request, as a person who wants to spare one needs them."""
        named = Counter(
            f"{c.method} {c.operation}{' (mutation)' if c.kind == 'graphql' and c.writes else ''}" for c in self.calls
        )
        listed = ", ".join(f"{count} x {name}" if count > 1 else name for name, count in named.items())
        return f"{listed or 'none'}; then {len(self.trailing)} trailing reads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What the four operations cost. `idle` is one resync pass over the one repository when nothing is left to do."""

    bump: Spent
    merge: Spent
    promotion: Spent
    idle: Spent


def configuration(approvals: str = _ANYBODY) -> str:
    """The shop's, but every environment waits for approval: by one person, unless told otherwise."""
    whole = shop.configuration("{image}").replace("approvals: {count: 1}", "auto: true")
    return whole.replace("auto: true", f"approvals: {approvals}")


def figures(budget: Budget) -> tuple[Figure, ...]:
    named = {"calls_bump": budget.bump, "calls_promotion": budget.promotion, "calls_merge": budget.merge}
    return (
        *(
            Figure(name=name, value=len(spent.calls), unit="requests", target=MOST_CALLS, note=str(spent))
            for name, spent in named.items()
        ),
        Figure(
            name="idle_reads",
            value=budget.idle.reads,
            unit="requests",
            target=1,
            note="one pass over a settled repository",
        ),
        Figure(name="idle_writes", value=budget.idle.writes, unit="requests", target=0, note="the same pass"),
    )


async def measure(folder: Path) -> Budget:
    """`walk` in a world of its own."""
    world = World(folder)
    try:
        return await walk(world)
    finally:
        await world.stop()


async def walk(world: World, *, approvals: str = _ANYBODY) -> Budget:
    """Start the world; take one release into the first environment, through it, into the next; then let all settle.

    `approvals`: what every environment asks for.
    """
    await world.start(config=configuration(approvals))
    await world.settle()
    return Budget(
        bump=await bump(world), merge=await merge(world), promotion=await promotion(world), idle=await idle(world)
    )


async def bump(world: World) -> Spent:
    """From the push of an image until the pull request into the first environment is open with its gates check."""
    before = len(world.calls)
    world.push("1.1.0")
    return await spent_until(world, before, lambda: _is_open(world, "development"))


async def merge(world: World) -> Spent:
    """From the approval until the promotion is merged, and recorded as a Deployment of what was verified in Git."""
    pull = world.pull_request(into="development")
    before = len(world.calls)
    world.approve(pull, by="bob")
    return await spent_until(world, before, lambda: is_recorded(world, pull))


async def promotion(world: World) -> Spent:
    """From the news that the release is Healthy upstream until the next pull request is open with its gates check."""
    assert isinstance(world.service.cluster, Cluster)
    while await world.laptop.roll_out():
        await world.clock.advance(timedelta(seconds=1))
    before = len(world.calls)
    await world.service.cluster.caught_up(world.laptop.cluster.resource_version)
    return await spent_until(world, before, lambda: _is_open(world, "staging"))


async def idle(world: World) -> Spent:
    """One resync pass over the repository after everything settled; listing the installation is not the pass's."""
    await world.settle()
    await world.service.resync()
    before = len(world.calls)
    assert await world.service.worker.drain() > 0
    return _split(world.calls[before:])


def _is_open(world: World, environment: str) -> bool:
    pulls = world.open_pull_requests(into=environment)
    checks = {(check.name, check.head_sha) for check in world.repository.check_runs}
    return len(pulls) == 1 and (GATES, pulls[0].head_sha) in checks


def is_recorded(world: World, pull: PullRequest) -> bool:
    merged = pull.merge_commit_sha if pull.merged_at else None
    return merged is not None and merged in {deployment.sha for deployment in world.repository.deployments}


async def spent_until(world: World, before: int, done: Callable[[], bool]) -> Spent:
    """Let the bot react until it is done and at rest. Looks put off after a race come a moment of the world later."""
    await _react(world)
    for _ in range(_PATIENCE):
        if done():
            return _split(world.calls[before:])
        await world.clock.advance(timedelta(seconds=1))
        await _react(world)
    raise AssertionError(f"it never came to that: {world.service.reconciler.known.views}")


async def _react(world: World) -> None:
    """Deliver what there is and look at what is due, until neither is left. The cluster and the clock stand still."""
    laptop, url = world.laptop, world.service.url
    for _ in range(_ROUNDS):
        moved = bool(laptop.github.outbox or laptop.registry.outbox)
        while laptop.github.outbox:
            await laptop.deliver(laptop.github.outbox.popleft(), url)
        await laptop.notify(url)
        looks = await world.service.worker.drain()
        if not moved and not looks:
            return
    raise AssertionError(f"the bot does not come to rest within {_ROUNDS} rounds")


def _split(calls: list[Call]) -> Spent:
    last = max((place for place, call in enumerate(calls, start=1) if call.writes), default=0)
    return Spent(calls=tuple(calls[:last]), trailing=tuple(calls[last:]))
