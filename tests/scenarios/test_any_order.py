"""Whatever people, the registry, the cluster and the network do, in any order: what must hold holds.

Hypothesis chooses what happens next; an oracle that knows nothing of the bot judges GitHub after every step. In the end
all faults stop, and one resync must bring everything to rest. `CAISSON_EXAMPLES=200` tries other and more stories.
"""

import asyncio
import os
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from sandbox import shop
from sandbox.github import pulls, talk
from sandbox.github.server import Fault
from sandbox.github.state import GitHubRefusal, PullRequest
from tests.oracle import Oracle
from tests.world import Mode, World

EXAMPLES = int(os.environ.get("CAISSON_EXAMPLES", "0"))
PEOPLE = ("alice", "bob", "carol", "tom", "wanda")
APPROVERS = ("alice", "bob", "wanda")
FAULTS = (
    ("POST", "/git/trees$", ""),
    ("POST", "/git/commits$", ""),
    ("POST", "/graphql$", ""),
    ("POST", "/graphql$", "updateRefs"),
    ("POST", "/graphql$", "createPullRequest"),
    ("POST", "/graphql$", "addReaction"),
    ("PUT", "/merge$", ""),
    ("POST", "/deployments$", ""),
)
people = st.sampled_from(PEOPLE)
# Most of what people can do counts in production only.
environments = st.sampled_from(("production", "production", "production", "staging", "development"))


class AnyOrder(RuleBasedStateMachine):
    """A shop with three environments; production asks for half an hour of soak and one approval."""

    judged: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="caisson-any-order-"))
        self.world = World(self.folder, mode=Mode.LOST)
        self.run(self.world.start())
        self.run(self.world.settle())
        self.oracle = Oracle(self.world)
        self.holders: dict[int, frozenset[str]] = {}
        self.newest = 0
        self.stores = 0

    def run(self, coroutine: Awaitable[object]) -> object:
        async def step() -> object:
            return await coroutine

        return self.runner.run(step())

    @initialize(soaked=st.booleans(), arrived=st.booleans())
    def a_release_is_on_its_way(self, *, soaked: bool, arrived: bool) -> None:
        """Production's door is where most of what can go wrong goes wrong: stories begin in front of it."""
        self.a_newer_version_is_pushed()
        self.run(self.world.settle())
        self.oracle.judge()
        if soaked or arrived:
            self.time_passes(31)
        if arrived:
            # There is something to go back to, and something that comes next.
            self.production_is_approved("wanda", 1)
            self.a_newer_version_is_pushed()
            self.time_passes(31 if soaked else 1)

    # --- the world moves ----------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        await self.world.laptop.roll_out()
        await self.world.caught_up()
        await self.world.service.worker.drain()

    def _after(self, seconds: int) -> None:
        self.run(self.world.clock.advance(timedelta(seconds=seconds)))

    @rule(dice=st.randoms(use_true_random=False))
    def webhooks_arrive_somehow(self, dice: random.Random) -> None:
        """Each is dropped, delivered or delivered twice, in any order."""
        self._after(1)
        outbox = self.world.laptop.github.outbox
        arriving = [delivery for delivery in outbox for _ in range(dice.choice((0, 1, 1, 2)))]
        outbox.clear()
        dice.shuffle(arriving)
        for delivery in arriving:
            assert self.run(self.world.laptop.deliver(delivery, self.world.service.url)) == 202
        if dice.random() < 0.5:
            self.run(self.world.laptop.notify(self.world.service.url))
        self.world.registry.outbox.clear()
        self.run(self._work())
        self.oracle.judge()

    @rule(minutes=st.sampled_from((0, 1, 6, 16, 31)))
    def time_passes(self, minutes: int) -> None:
        self._after(60 * minutes)
        self.run(self.world.service.resync())
        for _ in range(3):
            self.run(self._work())
            self.oracle.judge()
            self._after(1)

    @precondition(lambda self: self.stores < 2)
    @rule()
    def the_store_is_lost(self) -> None:
        self.stores += 1
        self.run(self.world.service.stop())
        self.run(self.world.start_bot(store=f"store-{self.stores}.db"))

    @rule(fault=st.sampled_from(FAULTS), when=st.sampled_from(("before", "after")))
    def github_will_hiccup(self, fault: tuple[str, str, str], when: str) -> None:
        method, path, body = fault
        made = Fault(method=method, path=path, status=502, when="after" if when == "after" else "before", body=body)
        self.world.laptop.github_server.faults.append(made)

    # --- releases -----------------------------------------------------------------------------------------------------

    @rule()
    def a_newer_version_is_pushed(self) -> None:
        self.newest += 1
        self.world.push(f"1.{self.newest}.0")

    @rule(patch=st.integers(1, 3))
    def an_older_version_is_pushed(self, patch: int) -> None:
        self.world.push(f"1.0.{patch}")

    @rule(environment=environments)
    def an_environment_degrades(self, environment: str) -> None:
        self._after(1)
        self.world.laptop.cluster.degrade(f"web-app-{environment}")
        if environment == "staging":
            self.oracle.staging_degraded(degraded=True)

    @rule(environment=environments)
    def an_environment_recovers(self, environment: str) -> None:
        self._after(1)
        self.world.laptop.cluster.recover(f"web-app-{environment}")
        if environment == "staging":
            self.oracle.staging_degraded(degraded=False)

    # --- people -------------------------------------------------------------------------------------------------------

    def _open(self, environment: str) -> PullRequest | None:
        return next(iter(self.world.open_pull_requests(into=environment)), None)

    def _on(self, environment: str, deed: Callable[[PullRequest], object]) -> None:
        """Somebody does something on the open pull request, if there is one; GitHub may refuse it."""
        self._after(1)
        if (pull := self._open(environment)) is not None:
            try:
                deed(pull)
            except GitHubRefusal:
                return

    @rule(who=people, minutes=st.sampled_from((0, 16, 31)))
    def production_is_approved(self, who: str, minutes: int) -> None:
        """The road's end, reached often enough to be worth judging."""
        self._on("production", lambda pull: self.world.approve(pull, by=who))
        self.time_passes(minutes)

    @rule(environment=environments, who=people)
    def somebody_approves(self, environment: str, who: str) -> None:
        self._on(environment, lambda pull: self.world.approve(pull, by=who))

    @rule(environment=environments, who=st.sampled_from(APPROVERS))
    def somebody_requests_changes(self, environment: str, who: str) -> None:
        laptop, repository = self.world.laptop, self.world.repository
        person = laptop.person(who)
        self._on(
            environment,
            lambda pull: talk.submit_review(
                laptop.github, repository, person, pull, event="REQUEST_CHANGES", body="No."
            ),
        )

    @rule(environment=environments)
    def a_review_is_dismissed(self, environment: str) -> None:
        laptop, repository = self.world.laptop, self.world.repository

        def dismiss(pull: PullRequest) -> None:
            if pull.reviews:
                talk.dismiss_review(laptop.github, repository, laptop.person("alice"), pull, pull.reviews[-1])

        self._on(environment, dismiss)

    @rule(environment=environments, who=people, words=st.sampled_from(("/approve", "/unapprove", "/merge", "/status")))
    def somebody_commands(self, environment: str, who: str, words: str) -> None:
        self._on(environment, lambda pull: self.world.comment(pull, words, by=who))

    @rule(environment=environments, who=st.sampled_from(("tom", "bob", "wanda")))
    def somebody_holds(self, environment: str, who: str) -> None:
        def hold(pull: PullRequest) -> None:
            self.world.comment(pull, "/hold not yet", by=who)
            self.oracle.held[pull.number] = True
            self.holders[pull.number] = self.holders.get(pull.number, frozenset()) | {who}

        self._on(environment, hold)

    @rule(environment=environments, who=st.sampled_from(APPROVERS))
    def somebody_releases(self, environment: str, who: str) -> None:
        def release(pull: PullRequest) -> None:
            self.world.comment(pull, "/unhold", by=who)
            self.oracle.held[pull.number] = False

        self._on(environment, release)

    @rule(environment=environments, words=st.sampled_from(("/approve", "/unhold", "nothing")))
    def a_command_is_edited(self, environment: str, words: str) -> None:
        """What was heard before stays, what was not never acts: of a hold the oracle cannot tell any more."""
        laptop, repository = self.world.laptop, self.world.repository

        def edit(pull: PullRequest) -> None:
            said = [c for c in pull.comments if c.author.login != "caisson[bot]"]
            if said:
                self.oracle.held.pop(pull.number, None)
                talk.edit_comment(laptop.github, repository, laptop.person("alice"), said[-1], words)

        self._on(environment, edit)

    @rule(environment=environments)
    def triage_takes_the_label_off(self, environment: str) -> None:
        laptop, repository = self.world.laptop, self.world.repository

        def unlabel(pull: PullRequest) -> None:
            if any(label.name == "caisson/hold" for label in pull.labels):
                if "tom" in self.holders.get(pull.number, frozenset()):
                    # It may be his own hold, which he may release.
                    self.oracle.held.pop(pull.number, None)
                talk.remove_label(laptop.github, repository, laptop.person("tom"), pull, "caisson/hold")

        self._on(environment, unlabel)

    @rule(environment=environments)
    def somebody_pushes_onto_our_branch(self, environment: str) -> None:
        path = f"applications/web-app/{environment}/kustomization.yaml"
        text = shop.kustomization(self.world.image, "1.99.0")

        def push(pull: PullRequest) -> None:
            self.world.laptop.commit(self.world.repository, {path: text}, "Mine", by="bob", branch=pull.head_ref)

        self._on(environment, push)

    @rule(environment=environments)
    def our_head_is_made_anew(self, environment: str) -> None:
        self._on(environment, lambda pull: self.world.comment(pull, "/retry", by="wanda"))

    @rule()
    def somebody_pushes_elsewhere(self) -> None:
        self._after(1)
        self.world.laptop.commit(self.world.repository, {"README.md": f"{self.newest}\n"}, "Words", by="alice")

    @rule(environment=environments, who=st.sampled_from(("bob", "wanda")))
    def a_pull_request_is_closed(self, environment: str, who: str) -> None:
        def close(pull: PullRequest) -> None:
            self.world.laptop.close(self.world.repository, pull, by=who)
            self.oracle.somebody_closed(pull, environment, by=who)

        self._on(environment, close)

    @rule(environment=environments)
    def the_newest_closed_one_is_reopened(self, environment: str) -> None:
        self._after(1)
        head = f"caisson/web-app/{environment}"
        closed = [p for p in self.world.repository.pulls if p.head_ref == head and p.state == "closed"]
        laptop = self.world.laptop
        if closed:
            try:
                pulls.reopen_pull_request(laptop.github, self.world.repository, laptop.user("bob"), closed[-1])
            except GitHubRefusal:
                return
            self.oracle.somebody_reopened(environment)

    # --- what people say of a whole environment -----------------------------------------------------------------------

    def _say(self, words: str, *, by: str, on_board: bool) -> None:
        """On the board issue, or on production's open pull request, where there is one."""
        self._after(1)
        pull = None if on_board else self._open("production")
        self.world.comment(pull or self.world.board_issue, words, by=by)

    @rule(who=people, version=st.sampled_from((None, None, "1.0.0", "1.1.0")), on_board=st.booleans())
    def somebody_rolls_back(self, who: str, version: str | None, *, on_board: bool) -> None:
        self._say(f"/rollback production{f' to={version}' if version else ''}", by=who, on_board=on_board)
        self.oracle.somebody_wants("production", version, by=who, rollback=True)

    @rule(who=people, version=st.sampled_from((None, "1.0.0", "1.1.0", "1.2.0")), on_board=st.booleans())
    def somebody_names_a_version(self, who: str, version: str | None, *, on_board: bool) -> None:
        self._say(f"/promote production{f' version={version}' if version else ''}", by=who, on_board=on_board)
        self.oracle.somebody_wants("production", version, by=who, rollback=False)

    @rule(who=st.sampled_from(("alice", "wanda")))
    def production_is_rolled_back(self, who: str) -> None:
        """All the way, where there is anything to go back to."""
        self._say("/rollback production", by=who, on_board=True)
        self.oracle.somebody_wants("production", None, by=who, rollback=True)
        self.time_passes(1)
        # Whoever asked is an author, and approves of nothing.
        other = "alice" if who == "wanda" else "wanda"
        self._on("production", lambda pull: self.world.approve(pull, by=other))
        self.time_passes(1)

    # Where comments are edited, and may have been before they were heard, nothing could be told of a freeze.
    @rule(who=st.sampled_from(("alice", "bob", "tom")))
    def somebody_freezes(self, who: str) -> None:
        self._say("/freeze production why not", by=who, on_board=True)
        self.oracle.somebody_freezes("production", by=who)

    @rule(who=st.sampled_from(("alice", "alice", "bob")))
    def somebody_unfreezes(self, who: str) -> None:
        self._say("/unfreeze production", by=who, on_board=True)
        self.oracle.somebody_unfreezes("production", by=who)

    @rule(role=st.sampled_from(("read", "write")))
    def bob_s_role_changes(self, role: str) -> None:
        self.world.repository.collaborators["bob"] = "write" if role == "write" else "read"

    # --- the end ------------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self._make_up()
            self._come_to_rest()
            self.judged.update(self.oracle.merges)
        finally:
            self.run(self.world.stop())
            self.runner.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _make_up(self) -> None:
        """Whatever was in the way people take out of it, so that what can still merge does, and is judged."""
        self.world.laptop.github_server.faults.clear()
        self.bob_s_role_changes("write")
        self.somebody_unfreezes("alice")
        for environment in shop.NAMES:
            self.an_environment_recovers(environment)
        for _ in range(2):
            self.time_passes(31)
            self._on("production", self._agree)
            self.time_passes(1)

    def _agree(self, pull: PullRequest) -> None:
        laptop, repository = self.world.laptop, self.world.repository
        if self.oracle.held.get(pull.number) is not False:
            self.world.comment(pull, "/unhold", by="alice")
            self.oracle.held[pull.number] = False
        for who in {r.author.login for r in pull.reviews if r.state == "CHANGES_REQUESTED"}:
            for review in pull.reviews:
                if review.author.login == who:
                    talk.dismiss_review(laptop.github, repository, laptop.person("alice"), pull, review)
        self._after(1)
        self.world.approve(pull, by="wanda")

    def _come_to_rest(self) -> None:
        """After faults stop, resyncs bring everything to rest, and one more writes nothing."""
        for _ in range(3):
            self.run(self.world.after("11m"))
            self.oracle.judge()
        before = len(self.world.writes)
        self._after(60)
        self.run(self.world.service.resync())
        self.run(self.world.service.worker.drain())
        late = [f"{call.method} {call.path}" for call in self.world.writes[before:]]
        assert not late, f"a resync after everything settled still wrote: {late}"
        assert not self.world.service.worker.unexpected, self.world.service.worker.unexpected
        assert not self.world.laptop.github_server.unmodelled, self.world.laptop.github_server.unmodelled


def test_whatever_happens_in_whatever_order() -> None:
    """No wrong merge, one open pull request per environment, each command once, and rest in the end."""
    chosen = settings(
        max_examples=EXAMPLES or 25,
        stateful_step_count=40,
        derandomize=not EXAMPLES,
        # A story takes a second: making a failing one shorter would take minutes.
        phases=(Phase.generate, Phase.shrink) if EXAMPLES else (Phase.generate,),
        deadline=None,
        database=None,
        print_blob=True,
    )
    AnyOrder.judged.clear()
    run_state_machine_as_test(AnyOrder, settings=chosen)
    assert AnyOrder.judged["production"] >= chosen.max_examples // 4, f"too little was judged: {AnyOrder.judged}"
    assert AnyOrder.judged["back into production"] >= chosen.max_examples // 25, f"too few went back: {AnyOrder.judged}"
