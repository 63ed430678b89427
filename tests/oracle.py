"""What must hold on GitHub whatever happens, judged from GitHub's and the cluster's own state, never from the bot's.

It keeps its own books of what people did. Whoever drives a world tells it, and asks it after every step. It errs
towards silence: what it cannot tell it lets pass, what it reports is wrong.
"""

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.messages import reply_marker
from sandbox import shop
from sandbox.github.state import Comment, Issue, PullRequest, Review
from tests.world import World

SOAK = timedelta(minutes=30)
UPSTREAM = {"staging": "development", "production": "staging"}
_FINAL = {"rocket", "-1", "confused"}
_WRITERS = ("write", "maintain", "admin")
_MAINTAINERS = ("maintain", "admin")
_TAG = re.compile(r'newTag: "([^"]+)"')


@dataclass(slots=True)
class Stay:
    """A version that stood in staging since `since`, until `until` if it is gone; when it was seen Degraded."""

    version: str
    since: datetime
    until: datetime | None = None
    broken: list[datetime] = field(default_factory=list)

    def longest_unbroken(self, now: datetime) -> timedelta:
        """At most so long it can have been Healthy without a break."""
        marks = sorted({self.since, *self.broken, self.until or now})
        return max((b - a for a, b in itertools.pairwise(marks)), default=timedelta())


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody who might say so wanted another release in an environment: the version that is named, or any earlier."""

    environment: str
    rollback: bool
    version: str | None
    by_maintainer: bool


class Oracle:
    """`judge` after every step of the bot; it raises AssertionError with what was wrong."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._judged: set[int] = set()
        self._stays: list[Stay] = []
        self._degraded = False
        self.held: dict[int, bool] = {}
        self._wishes: list[Wish] = []
        self._frozen: set[str] = set()
        self._turned_away: set[tuple[str, str]] = set()
        self.merges: Counter[str] = Counter()
        self._stood = {name: self.version(name) for name in shop.NAMES}
        self._stays.append(Stay("1.0.0", world.clock.now()))

    # --- what is told -------------------------------------------------------------------------------------------------

    def staging_degraded(self, *, degraded: bool) -> None:
        self._mark()
        self._degraded = degraded
        self._mark()

    def _role(self, who: str) -> str:
        # Whoever's role changes may have had more when the bot looked.
        return "write" if who == "bob" else self._world.repository.collaborators.get(who, "none")

    def somebody_wants(self, environment: str, version: str | None, *, by: str, rollback: bool) -> None:
        """`/rollback` or `/promote`, said where it is heard."""
        role = self._role(by)
        if role not in _WRITERS:
            return
        self._wishes.append(Wish(environment, rollback, version, role in _MAINTAINERS))
        if not rollback:
            # Without a version the one that was turned away may be meant.
            gone = {(e, v) for e, v in self._turned_away if e == environment and version in (None, v)}
            self._turned_away -= gone

    def somebody_freezes(self, environment: str, *, by: str) -> None:
        if self._role(by) in _MAINTAINERS:
            self._frozen.add(environment)

    def somebody_unfreezes(self, environment: str, *, by: str) -> None:
        if self._role(by) in _MAINTAINERS:
            self._frozen.discard(environment)

    def somebody_closed(self, pull: PullRequest, environment: str, *, by: str) -> None:
        """What is newer than what stands is turned away by it, where the person has write for sure."""
        version = self._version_at(pull.head_sha, environment)
        if by == "wanda" and _order(version) > _order(self.version(environment)):
            self._turned_away.add((environment, version))

    def somebody_reopened(self, environment: str) -> None:
        self._turned_away = {(e, v) for e, v in self._turned_away if e != environment}

    def _mark(self) -> None:
        if self._degraded and self._stays:
            self._stays[-1].broken.append(self._world.clock.now())

    # --- what is asked ------------------------------------------------------------------------------------------------

    def version(self, environment: str) -> str:
        tip = self._world.repository.branch("main")
        assert tip is not None
        return self._version_at(tip, environment)

    def judge(self) -> None:
        """Everything that must hold now."""
        self._mark()
        for pull in self._world.repository.pulls:
            if pull.merged_at and pull.number not in self._judged:
                self._judged.add(pull.number)
                if pull.merged_by is not None and pull.merged_by.login == "caisson[bot]":
                    self._judge_merge(pull)
        self._notice_versions()
        self._one_open_pull_request_each()
        self._commands_at_most_once()

    def _notice_versions(self) -> None:
        now = self._world.clock.now()
        for name in shop.NAMES:
            version = self.version(name)
            if version != self._stood[name] and name == "staging":
                self._stays[-1].until = now
                self._stays.append(Stay(version, now))
            self._stood[name] = version

    def _one_open_pull_request_each(self) -> None:
        heads = [p.head_ref for p in self._world.repository.pulls if p.state == "open" and _ours(p)]
        twice = [head for head, number in Counter(heads).items() if number > 1]
        assert not twice, f"several open pull requests from {twice}"

    def _commands_at_most_once(self) -> None:
        for issue in self._world.repository.issues.values():
            _answered_at_most_once(issue)
        for pull in self._world.repository.pulls:
            ours = [e for e in pull.timeline if e.kind == "labeled" and e.actor.login == "caisson[bot]"]
            # Releasing puts the label on once more where somebody else took it off: our own taking it off must be seen.
            asked = [c for c in pull.comments if c.body.startswith(("/hold", "/unhold")) or c.edited_at]
            assert len(ours) <= len(asked), f"#{pull.number}: held more often than anybody asked"

    # --- a merge ------------------------------------------------------------------------------------------------------

    def _judge_merge(self, pull: PullRequest) -> None:
        environment = pull.head_ref.rpartition("/")[2]
        self.merges[environment] += 1
        where = f"#{pull.number} into {environment}"
        self._judge_content(pull, environment, where)
        assert not self.held.get(pull.number), f"{where} was merged while it was held"
        version, before = self._merged_versions(pull, environment)
        rollback = self._judge_order(version, before, environment, where)
        upstream = UPSTREAM.get(environment)
        if upstream is not None and not rollback:
            self._judge_upstream(version, upstream, where)
        if environment == "production":
            if not rollback:
                self._judge_soak(version, where)
            assert self._approved(pull), f"{where} was merged without a standing approval of {pull.head_sha}"

    def _judge_order(self, version: str, before: str, environment: str, where: str) -> bool:
        """Whether it may be a rollback. An older release displaces a newer one only where somebody said so."""
        assert version != before, f"{where}: {version} displaced itself"
        older = _order(version) < _order(before)
        wishes = [w for w in self._wishes if w.environment == environment and w.version in (None, version)]
        back = [wish for wish in wishes if wish.rollback] if older else []
        named = [wish for wish in wishes if not wish.rollback and wish.version == version]
        assert not older or back or named, f"{where}: {version} displaced {before}, which nobody asked for"
        if environment in self._frozen:
            assert any(wish.by_maintainer for wish in back), f"{where}: {version} was merged while that was frozen"
        assert older or (environment, version) not in self._turned_away, f"{where}: {version} was turned away"
        self.merges[f"back into {environment}"] += older
        return bool(back)

    def _merged_versions(self, pull: PullRequest, environment: str) -> tuple[str, str]:
        """What the merge brought, and what it displaced."""
        merge = self._world.repository.git.commit(str(pull.merge_commit_sha))
        return self._version_at(merge.sha, environment), self._version_at(merge.parents[0], environment)

    def _version_at(self, commit: str, environment: str) -> str:
        found = _TAG.search(self._world.laptop.read(self._world.repository, commit, _path(environment)))
        assert found is not None, f"no version of {environment} stands in {commit}"
        return found[1]

    def _judge_content(self, pull: PullRequest, environment: str, where: str) -> None:
        """One file, one scalar, and the head is the bot's own."""
        repository, git = self._world.repository, self._world.repository.git
        assert pull.merge_commit_sha is not None
        head = git.commit(pull.head_sha)
        assert head.author.name == "caisson[bot]", f"{where}: not our head"
        assert pull.head_sha in repository.signed, f"{where}: not our head"
        merge = git.commit(pull.merge_commit_sha)
        path = _path(environment)
        changed = _changed(self._world, merge.parents[0], pull.merge_commit_sha)
        assert changed == [path], f"{where} changed {changed}"
        text = self._world.laptop.read(repository, pull.merge_commit_sha, path)
        version = self._version_at(pull.merge_commit_sha, environment)
        assert text == shop.kustomization(self._world.image, version), f"{where}: {text}"

    def _judge_upstream(self, version: str, upstream: str, where: str) -> None:
        into = f"caisson/web-app/{upstream}"
        merged = [p for p in self._world.repository.pulls if p.head_ref == into and p.merged_at]
        stood = {self._version_at(str(p.merge_commit_sha), upstream) for p in merged} | {self.version(upstream)}
        assert version in stood, f"{where}: {version} was never in {upstream}"
        if upstream == "staging" and self.version(upstream) == version:
            assert not self._degraded, f"{where} was merged while staging was Degraded"

    def _judge_soak(self, version: str, where: str) -> None:
        now = self._world.clock.now()
        soaked = max((s.longest_unbroken(now) for s in self._stays if s.version == version), default=timedelta())
        assert soaked >= SOAK, f"{where}: {version} was Healthy in staging for {soaked} at most"

    def _approved(self, pull: PullRequest) -> bool:
        """Somebody with write approves of exactly this head, and nobody with write objects."""
        roles = self._world.repository.collaborators
        latest: dict[str, bool] = {}
        spoken: list[Review | Comment] = [*pull.reviews, *pull.comments]
        for said in sorted(spoken, key=lambda s: s.created):
            login = said.author.login
            if roles.get(login) not in ("write", "maintain", "admin"):
                continue
            if isinstance(said, Review):
                if said.state in ("APPROVED", "DISMISSED", "CHANGES_REQUESTED"):
                    latest[login] = said.state == "APPROVED" and said.commit_id == pull.head_sha
            elif "/approve" in said.body or "/unapprove" in said.body or said.edited_at is not None:
                # Whatever an edited comment once said: it may have been heard before.
                latest[login] = "/approve" in said.body or said.edited_at is not None
        return any(latest.values())


def _answered_at_most_once(issue: Issue) -> None:
    answers = [c.body for c in issue.comments if c.author.login == "caisson[bot]"]
    for comment in issue.comments:
        replies = sum(reply_marker(comment.node_id) in body for body in answers)
        assert replies <= 1, f"#{issue.number}: {comment.body!r} was answered {replies} times"
        final = [r.content for r in comment.reactions if r.user.login == "caisson[bot]" and r.content in _FINAL]
        assert len(final) <= 1, f"#{issue.number}: {comment.body!r} came to {final}"


def _ours(pull: PullRequest) -> bool:
    return pull.author.login == "caisson[bot]"


def _path(environment: str) -> str:
    return f"applications/web-app/{environment}/kustomization.yaml"


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _changed(world: World, before: str, after: str) -> list[str]:
    _, out = world.repository.git.run("diff-tree", "-r", "--name-only", "-z", before, after)
    return [path.decode() for path in out.split(b"\0") if path]
