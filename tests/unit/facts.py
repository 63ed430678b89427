"""Facts to decide on, with sane defaults: each table says only what its rows are about. No I/O.

The little world: image `web` of the pipeline `shop` goes from staging (a root, merges by itself) to production (an
approval, thirty minutes of soak). It is noon. Unless told otherwise, what stands in Git is recorded and Healthy.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.content import Wanted, blob_id, wanted
from bot.health import Health, HealthState
from bot.messages import GATES
from bot.model import (
    Actor,
    ActorKind,
    Application,
    Artifact,
    Base,
    Check,
    CheckStatus,
    Comment,
    Commit,
    Configured,
    Digest,
    File,
    How,
    ImageDetails,
    Labelling,
    Observation,
    Place,
    PullRequest,
    Record,
    RecordState,
    RecordStatus,
    Release,
    Repository,
    Review,
    ReviewState,
    Sha,
    Source,
    Tags,
)
from bot.promotion_text import Promotion, commit_message
from bot.standing import Standing
from config.approvals import Approvals
from config.pipeline import Environment, Gates, ImageSource, Pipeline

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
IMAGE = "ghcr.io/org/web-app"
SOAK = timedelta(minutes=30)

STAGING = Environment(name="staging", path="apps/web/staging", auto=True)
PRODUCTION = Environment(
    name="production",
    path="apps/web/production",
    after=("staging",),
    approvals=Approvals(count=1),
    gates=Gates(soak=SOAK),
)
SHOP = Pipeline(
    name="shop", images={"web": ImageSource(repository=IMAGE, constraint="<2")}, environments=(STAGING, PRODUCTION)
)


def at(minute: float) -> datetime:
    """That many minutes after noon; before it, if negative."""
    return NOON + timedelta(minutes=minute)


def sha(word: str) -> Sha:
    return Sha(hashlib.sha1(word.encode(), usedforsecurity=False).hexdigest())


def digest_of(tag: str) -> Digest:
    return Digest(f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}")


def release(tag: str = "1.1.0", *, proposed: float = -120, digest: str | None = None) -> Release:
    """`proposed`: minutes after noon."""
    artifact = Artifact(name="web", repository=IMAGE, tag=tag, digest=Digest(digest) if digest else digest_of(tag))
    return Release(artifacts=(artifact,), proposed=at(proposed))


OLD, NEW, NEWER = release("1.0.0", proposed=-240), release("1.1.0"), release("1.2.0", proposed=-10)


# --- people and what they do ------------------------------------------------------------------------------------------


def person(login: str, kind: ActorKind = ActorKind.USER) -> Actor:
    return Actor(login, int(sha(login)[:6], 16), kind)


US = person("caisson", ActorKind.BOT)
HEAD = sha("head")


def review(by: str, state: ReviewState = ReviewState.APPROVED, *, minute: float = -5, **changed: Any) -> Review:
    made = Review(
        id=f"review-{by}-{minute}",
        author=person(by),
        state=state,
        body="",
        commit=HEAD,
        at=at(minute),
        edited=False,
        can_push=True,
        reactions=frozenset(),
    )
    return replace(made, **changed)


def comment(by: str, body: str, *, minute: float = -5, **changed: Any) -> Comment:
    made = Comment(
        id=f"comment-{by}-{minute}",
        number=7,
        author=person(by),
        body=body,
        at=at(minute),
        edited=False,
        ours=False,
        reactions=frozenset(),
    )
    return replace(made, **changed)


def our_comment(body: str, *, minute: float = -5) -> Comment:
    return comment("caisson", body, minute=minute, author=US, ours=True)


def labelled(by: Actor, *, added: bool, minute: float = -5, label: str = "caisson/hold") -> Labelling:
    return Labelling(label=label, added=added, actor=by, by_us=by == US, at=at(minute))


def commit(word: str = "head", *, by: str | None = None, **changed: Any) -> Commit:
    """A commit of ours, or of the person named."""
    name = by or "caisson[bot]"
    made = Commit(
        sha=sha(word),
        tree=sha(f"tree of {word}"),
        parents=(sha("tip"),),
        message=f"Change {word}",
        author=name,
        author_email=f"{name}@users.noreply.github.com",
        author_login=name,
        committed=at(-20),
        by_us=by is None,
    )
    return replace(made, **changed)


def check(name: str = GATES, *, minute: float = -20, **changed: Any) -> Check:
    """A check run of ours on the head, shown since that minute."""
    made = Check(
        id=f"check-{name}",
        name=name,
        commit=HEAD,
        status=CheckStatus.IN_PROGRESS,
        conclusion=None,
        external_id=f"v1:{name}:shop/production:0",
        started=at(minute),
    )
    return replace(made, **changed)


def pull(**changed: Any) -> PullRequest:
    """Our open pull request into production, with one commit of ours and the gates check on it."""
    made = PullRequest(
        id="pull-7",
        number=7,
        title="Promote shop 1.1.0 to production",
        body="",
        author=US,
        by_us=True,
        draft=False,
        created=at(-20),
        head=HEAD,
        base_branch="main",
        mergeable="MERGEABLE",
        merge_state="CLEAN",
        labels=frozenset(),
        labelling=(),
        comments=(),
        reviews=(),
        commits=(commit(),),
        checks=(check(),),
        complete=True,
    )
    return replace(made, **changed)


# --- what stands in Git, and what runs --------------------------------------------------------------------------------


def kustomization(tag: str, *, digest: str | None = None) -> str:
    pinned = f"    digest: {digest}\n" if digest else ""
    return f"resources:\n  - ../base\nimages:\n  - name: {IMAGE}\n    newTag: {tag}\n{pinned}"


def file_of(environment: Environment, text: str | None) -> File:
    path = f"{environment.path}/kustomization.yaml"
    return File(path=path, oid=blob_id(text) if text is not None else sha(path), mode=0o100644, text=text)


def base(*files: File, **changed: Any) -> Base:
    made = Base(
        branch="main",
        tip=sha("tip"),
        tree=sha("tree of tip"),
        history=(sha("tip"), sha("merge"), sha("before")),
        touched=sha("merge"),
        files=files,
    )
    return replace(made, **changed)


def statuses(*states: tuple[RecordState, float]) -> tuple[RecordStatus, ...]:
    return tuple(RecordStatus(state=state, description=f"said {state}", at=at(minute)) for state, minute in states)


def record(what: Release = NEW, *states: tuple[RecordState, float], minute: float = -100, **changed: Any) -> Record:
    """Our record of a release that became active that minute, with its statuses."""
    made = Record(
        id=f"record-{what.label}",
        number=1,
        commit=sha("merge"),
        release=what,
        how=How.PROMOTED,
        pull_request=6,
        note="",
        created=at(minute),
        statuses=statuses(*states),
        complete=True,
    )
    return replace(made, **changed)


def health(state: HealthState = HealthState.HEALTHY, reason: str = "") -> Health:
    live = state is HealthState.HEALTHY
    return Health(state=state, since=None, live=live, reason=reason or f"web is {state}", revision=None)


def standing(*records: Record, **changed: Any) -> Standing:
    """Staging with these records, newest first; the first is what Git holds, Healthy."""
    made = Standing(
        name="staging",
        unwatched=False,
        records=records,
        active=records[0].release if records else None,
        record=records[0] if records else None,
        health=health(),
    )
    return replace(made, **changed)


def application(environment: Environment, **changed: Any) -> Application:
    """Argo CD's Application of an environment: Synced to the tip, reconciled just now, Healthy since long ago."""
    source = Source(
        repository="github.com/org/deploy", path=environment.path, target_revision="HEAD", revision=sha("tip")
    )
    made = Application(
        name=f"web-{environment.name}",
        namespace="argocd",
        sources=(source,),
        sync="Synced",
        health="Healthy",
        health_message="",
        health_since=at(-90),
        reconciled=NOON,
        operating=False,
    )
    return replace(made, **changed)


# --- observations -----------------------------------------------------------------------------------------------------

HEALTHY_LONG = (RecordState.HEALTHY, -90.0)


def place(environment: Environment, *records: Record, **changed: Any) -> Place:
    """An environment whose Git holds its newest record's release, without a pull request."""
    text = kustomization(records[0].release.label if records else "1.0.0")
    made = Place(base=base(file_of(environment, text)), head=None, pull=None, merged=(), records=records)
    return replace(made, **changed)


def by_path(*files: File) -> dict[str, File]:
    return {file.path: file for file in files}


def told(environment: Environment, what: Release, active: Release | None = None, **changed: Any) -> Promotion:
    """A promotion of the shop as its pull request tells of it."""
    return replace(Promotion(pipeline=SHOP, environment=environment, release=what, active=active), **changed)


def message_of(environment: Environment, what: Release, *, blobs: Mapping[str, str], base: Mapping[str, str]) -> str:
    """The head's message as we make it."""
    return commit_message(told(environment, what), blobs=blobs, base=base)


def proposal(environment: Environment, what: Release, place: Place, **changed: Any) -> Place:
    """The place with our pull request for a release, exactly as we would make it now."""
    assert place.base is not None
    wish = wanted(SHOP, environment, what, base=place.base, files=by_path(*place.base.files))
    assert isinstance(wish, Wanted)
    message = message_of(environment, what, blobs=wish.blobs, base=wish.base)
    head = commit(message=message)
    opened = pull(commits=(head,), changed=frozenset(wish.blobs), **changed)
    return replace(place, head=head, pull=opened, head_files=wish.blobs)


def observation(places: Mapping[str, Place] | None = None, **changed: Any) -> Observation:
    """Staging runs 1.1.0, Healthy and soaked; production runs 1.0.0. `places` replaces some of them."""
    configured = Configured(text=None, oid=None, commit=None)
    repository = Repository(
        id=1, node="R", full_name="org/deploy", default_branch="main", tip=sha("tip"), archived=False, config=configured
    )
    made = Observation(
        now=NOON,
        repository=repository,
        places={
            "staging": place(STAGING, record(NEW, HEALTHY_LONG), record(OLD, minute=-200)),
            "production": place(PRODUCTION, record(OLD, HEALTHY_LONG)),
            **(places or {}),
        },
        applications={e.name: (application(e),) for e in SHOP.environments},
        tags={"web": Tags(repository=IMAGE, names=("1.0.0", "1.1.0"), read_at=NOON)},
        digests={(IMAGE, tag): digest_of(tag) for tag in ("1.0.0", "1.1.0", "1.2.0")},
        details={(IMAGE, digest_of(tag)): ImageDetails() for tag in ("1.0.0", "1.1.0", "1.2.0")},
        identities={login: person(login).id for login in changed.get("permissions", {})},
    )
    return replace(made, **changed)
