"""What people declare: the models of `.github/caisson.yaml`.

Frozen; the JSON Schema of the file is made from them. No I/O.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from config.approvals import Approvals

NAME = r"^[a-z0-9][a-z0-9-]*$"
Name = Annotated[str, Field(pattern=NAME, max_length=60)]
Label = Annotated[str, Field(min_length=1, max_length=50)]
Glob = Annotated[str, Field(min_length=1, max_length=200)]


class Declared(BaseModel):
    """Base of every declared model: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Mode(StrEnum):
    """How far Caisson may go in this repository."""

    OBSERVE = "observe"
    PROPOSE = "propose"
    MERGE = "merge"


class CommandStyle(StrEnum):
    """How commands are written in comments: `/hold` and `/caisson hold`, or with `prefixed` only the latter."""

    PLAIN = "plain"
    PREFIXED = "prefixed"


class Promote(StrEnum):
    """How content moves into an environment.

    `versions`: edits of the versions in its files. `tree`: its folder becomes the source's folder as a commit has it.
    `merge`: merges of the source's branch.
    """

    VERSIONS = "versions"
    TREE = "tree"
    MERGE = "merge"


class Supersede(StrEnum):
    """Whether a newer candidate moves an open pull request that already has a valid approval."""

    UNAPPROVED = "unapproved"
    ALWAYS = "always"


class Pace(StrEnum):
    """Whether a newer release may enter before the one that stands there has completed.

    `latest`: at any time. `complete`: not before that one was live and Healthy once, and has soaked for every
    downstream that waits for it; one that is degraded or late keeps nothing out, since a fix must get in.
    """

    LATEST = "latest"
    COMPLETE = "complete"


class MergeMethod(StrEnum):
    SQUASH = "squash"
    MERGE = "merge"


class HealthSource(StrEnum):
    """Where an environment's health is read from."""

    ARGOCD = "argocd"
    NONE = "none"


class Strategy(StrEnum):
    """By which order the newest of the admitted tags is chosen.

    `semver`: by version. `newest-build`: by when the image was built. `digest`: one tag is followed wherever it points.
    `alphabetical`, `numerical`: by the tag, or by what `extract` takes of it.
    """

    SEMVER = "semver"
    NEWEST_BUILD = "newest-build"
    DIGEST = "digest"
    ALPHABETICAL = "alphabetical"
    NUMERICAL = "numerical"


class Pin(StrEnum):
    """What is written besides what stands already, which is kept true in any case."""

    TAG = "tag"
    DIGEST = "digest"
    BOTH = "both"


class Format(StrEnum):
    """The kinds of file in which a version may stand."""

    KUSTOMIZE = "kustomize"
    HELM = "helm"
    MANIFEST = "manifest"
    ARGOCD = "argocd"
    CHART = "chart"
    MARKER = "marker"


class Write(Declared):
    """One place where a version is written, instead of all those that are inferred.

    `file` is relative to the environment's path. The others are paths of keys into it, such as
    `spec.containers[0].image`: of an image, `image` to a whole reference, or `tag` and `digest` to parts of one; of a
    chart, `version`. Without any the format finds them.
    """

    file: str = Field(min_length=1)
    format: Format | None = None
    image: str | None = None
    tag: str | None = None
    digest: str | None = None
    version: str | None = None


class Cosign(Declared):
    """Who must have signed: the holder of `key`, or an `identity` as `issuer` knows it.

    `key` is a public key in PEM, or the path of one on the default branch, from the repository's root. `issuer` is the
    `https://` address of the OpenID provider, `identity` the exact subject of the certificate it led to: an email
    address, or a workflow's address with its ref.
    """

    key: str | None = None
    issuer: str | None = None
    identity: str | None = None


class Verify(Declared):
    """What must be proved of an artifact before it enters an environment."""

    cosign: Cosign


class ImageSource(Declared):
    """An image that travels through the pipeline, which of its tags count, what is proved of it, where it is written.

    `strategy`: by which order the newest is chosen. `constraint`: for `semver` the versions admitted, in the grammar of
    Masterminds/semver; for `digest` the one tag that is followed; the other strategies take none. `allow_tags`: an RE2
    pattern that a tag must match somewhere. `ignore_tags`: globs over whole tags. `extract`: the RE2 template (`$1`,
    `$name`) of what `allow_tags` captured, by which `alphabetical` and `numerical` compare. `platforms`:
    `os/arch[/variant]`, each of which must have been built. `minimum_age`: how long a tag must have pointed where it
    points. `pin`: what is written besides what stands already; left out, what stands in the files decides, and with
    `digest` it is `both`. `release_notes`: an `https://` address in which `{tag}` stands for the tag.
    """

    repository: str
    strategy: Strategy = Strategy.SEMVER
    constraint: str = "*"
    allow_tags: str | None = None
    ignore_tags: tuple[str, ...] = ()
    extract: str | None = None
    platforms: tuple[str, ...] = ()
    minimum_age: timedelta | None = None
    pin: Pin | None = None
    verify: Verify | None = None
    write: tuple[Write, ...] = ()
    release_notes: str | None = None

    @property
    def location(self) -> str:
        """What names it everywhere else: the repository."""
        return self.repository


class ChartSource(Declared):
    """A Helm chart that travels through the pipeline.

    `repository`: `oci://host/path`, the chart's name included or in `chart`; or the `https://` address of a chart
    repository (where its `index.yaml` lies), with the name in `chart`. The newest version that `constraint` admits is
    chosen; the other keys mean what they mean for images.
    """

    repository: str
    chart: str | None = None
    constraint: str = "*"
    allow_tags: str | None = None
    ignore_tags: tuple[str, ...] = ()
    minimum_age: timedelta | None = None
    verify: Verify | None = None
    write: tuple[Write, ...] = ()
    release_notes: str | None = None

    @property
    def location(self) -> str:
        """`host/path/name` as for an image where it lies in an OCI registry, else `https://host/path#name`."""
        if self.repository.startswith("oci://"):
            whole = self.repository.removeprefix("oci://").rstrip("/")
            return f"{whole}/{self.chart}" if self.chart else whole
        return f"{self.repository.rstrip('/')}#{self.chart}"


Artifacts = ImageSource | ChartSource


class ReleaseRule(Declared):
    """When the newest artifacts make a release.

    `when`: CEL over the artifacts, such as `web.tag == api.tag`: each has `tag`, `digest`, `repository` and, where its
    tag is a version, `version.major`, `.minor`, `.patch` and `.prerelease`; one whose name is no identifier is reached
    as `artifacts['api-v2'].tag`. The newest tags for which it is true make the release. `settle`: how long a new tag
    waits for its siblings to arrive.
    """

    when: str | None = None
    settle: timedelta = timedelta(minutes=2)


class TemplateKind(StrEnum):
    """Which text of a promotion a template is for."""

    TITLE = "title"
    BODY = "body"
    COMMIT = "commit"


class Templates(Declared):
    """What a promotion's title, body and commit say in place of our own words, and the labels of its pull request.

    `{pipeline}`, `{environment}`, `{release}`, `{previous}` and `{artifacts}` stand for what they say; in `body` also
    `{changes}`, `{gates}`, `{road}`, `{how}`, and `{body}` for our whole text. A brace itself is written twice.
    `commit` is a subject, and paragraphs after an empty line. `sign_off` adds our `Signed-off-by`
    (developercertificate.org).
    """

    title: str | None = None
    body: str | None = None
    commit: str | None = None
    labels: tuple[Label, ...] = Field(default=(), max_length=20)
    sign_off: bool = False


class OnDegraded(StrEnum):
    """What happens when a release has been Degraded in an environment for longer than `health.grace`.

    `hold`: each promotion into the environment is held, once, until a person releases it. `rollback`: the newest
    release that was verified there before, and never Degraded there, is proposed in its place, once for each bad one.
    """

    NONE = "none"
    HOLD = "hold"
    ROLLBACK = "rollback"


class RollbackRule(Declared):
    """What a rollback asks for. `approvals`: instead of the environment's own; left out, these."""

    approvals: Approvals | None = None


class Role(StrEnum):
    """What an environment may keep to fewer people than the default."""

    PROMOTE = "promote"
    MERGE = "merge"
    ROLLBACK = "rollback"
    FREEZE = "freeze"


class Access(StrEnum):
    """The access to the repository that a role asks for, at least."""

    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"


class Roles(Declared):
    """Who may command: `/promote`, `/merge`, `/rollback`, and `/freeze` with `/unfreeze`."""

    promote: Access = Access.WRITE
    merge: Access = Access.WRITE
    rollback: Access = Access.WRITE
    freeze: Access = Access.MAINTAIN

    def of(self, role: Role) -> Access:
        match role:
            case Role.PROMOTE:
                return self.promote
            case Role.MERGE:
                return self.merge
            case Role.ROLLBACK:
                return self.rollback
            case Role.FREEZE:
                return self.freeze


class Skippable(StrEnum):
    """The gates that `/skip` may waive at all. Approvals, signature, freeze, hold and health are never among them."""

    SOAK = "soak"
    WINDOWS = "windows"
    MINIMUM_AGE = "minimum_age"
    CHECKS = "checks"
    EXPRESSIONS = "expressions"
    SCAN = "scan"
    POLICY = "policy"


class ManualChanges(StrEnum):
    """What becomes of a person's pull request that touches an environment.

    `allow`: it is told of. `gate`: it must pass the environment's approvals and windows.
    """

    ALLOW = "allow"
    GATE = "gate"


class HealthRule(Declared):
    """Where health comes from, and how long after a merge an environment may take to become healthy."""

    source: HealthSource = Field(default=HealthSource.ARGOCD, alias="from")
    timeout: timedelta = timedelta(minutes=15)
    grace: timedelta = timedelta(minutes=2)


class Conclusion(StrEnum):
    """Conclusions of a check run, besides success, that a gate may accept."""

    NEUTRAL = "neutral"
    SKIPPED = "skipped"


class RequiredCheck(Declared):
    """A check run that must have concluded success on the promotion's head; written short as `name@app`.

    `app`: the GitHub App that must have made it, as its slug (`github-actions`) or its number. Whoever renames an App
    gives its slug away, the number never. `accept`: conclusions that count like success. Commit statuses are no checks.
    """

    name: str = Field(min_length=1, max_length=255)
    app: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)
    accept: tuple[Conclusion, ...] = ()


class Expression(Declared):
    """A condition in CEL that must be true, under a name of yours.

    It may speak of `app.status.health.status` and `app.status.sync.status` (the worst that an Application of the
    environments upstream says), `release.proposed`, `release.tags` and `release.artifacts` (by artifact; an artifact
    has `tag`, `digest` and `repository`), `pr.number`, `pr.title`, `pr.author`, `pr.draft`, `pr.labels` (which people
    with triage set), `now`, `securityScan.passed`, and of what became of the release in each environment:
    `staging.status`, or `environments['eu-west-1'].status`, is Pending, Promoting, Verifying, Succeeded, Degraded,
    TimedOut or Held. What is not known waits.
    """

    name: Name
    when: str = Field(min_length=1, max_length=500)


class Window(Declared):
    """Times in which releases may enter (`allow`), or may not (`exclude`), which outweighs.

    `allow`, `exclude`: when it begins, as five fields of cron, in `timezone` (a name of the IANA database). It lasts
    `for` that long, its end excluded. A beginning that the clock skips (to summer time) takes place when it has jumped;
    one that the clock shows twice takes place twice.
    """

    allow: str | None = None
    exclude: str | None = None
    span: timedelta = Field(alias="for")
    timezone: str = "UTC"


class Gates(Declared):
    """Declared conditions.

    `soak`: how long the release must have been Healthy in every upstream. `checks`: check runs that must have succeeded
    on the promotion's head. `minimum_age`: how long ago the release must first have been proposed to a root.
    `expressions`: conditions in CEL.
    """

    soak: timedelta | None = None
    checks: tuple[RequiredCheck, ...] = Field(default=(), max_length=20)
    minimum_age: timedelta | None = None
    expressions: tuple[Expression, ...] = Field(default=(), max_length=20)


class AcceptFrom(Declared):
    """Who may promote into an environment of this repository: an environment that another repository's file declares.

    `repository`: its name (`owner/name`) or its number. Whoever renames a repository gives its name away, the number
    never.
    """

    repository: str = Field(pattern=r"^[0-9]{1,18}$|^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$", max_length=140)
    pipeline: Name
    environment: Name


class Environment(Declared):
    """One stop of a pipeline: a folder on a branch, a whole branch, or a folder on its own branch.

    `repository` None is the one whose file this is; another one of the same installation must accept the environment
    in its own file. `branch` None is the repository's default branch; `path` "" is the whole tree. A release comes in
    when it is verified in every environment of `after`, and in one of `after_any` at least. `keep`: globs of the paths
    below `path` that `promote: tree` and `promote: merge` leave as they are here. `hydrated`: the branch that Argo CD's
    source hydrator writes for it (`hydrateTo`). `pace` None: `latest` for roots, else `complete`. `skippable`: which
    gates `/skip` may waive here. `manual_changes`: whether a person's pull request that touches it must pass its
    approvals and windows. `rollback`: what a rollback asks for.

    `received_as`: no key. What the other repository's file calls it, `pipeline/environment`, once that accepts it.
    """

    name: Name
    repository: str | None = None
    branch: str | None = None
    path: str = ""
    after: tuple[Name, ...] = ()
    after_any: tuple[Name, ...] = ()
    promote: Promote = Promote.VERSIONS
    keep: tuple[Glob, ...] = Field(default=(), max_length=50)
    hydrated: str | None = None
    auto: bool = False
    approvals: Approvals | None = None
    health: HealthRule = HealthRule()
    gates: Gates = Gates()
    windows: tuple[Window, ...] = Field(default=(), max_length=20)
    supersede: Supersede = Supersede.UNAPPROVED
    pace: Pace | None = None
    merge_method: MergeMethod = MergeMethod.SQUASH
    roles: Roles = Roles()
    skippable: tuple[Skippable, ...] = (Skippable.SOAK, Skippable.WINDOWS, Skippable.MINIMUM_AGE)
    manual_changes: ManualChanges = ManualChanges.ALLOW
    on_degraded: OnDegraded = OnDegraded.NONE
    rollback: RollbackRule = RollbackRule()
    received_as: str = ""

    @property
    def is_root(self) -> bool:
        return not self.upstreams

    @property
    def upstreams(self) -> tuple[str, ...]:
        """Every environment that releases come from, those first of which all are asked for."""
        return (*self.after, *self.after_any)

    @property
    def completes(self) -> bool:
        """Whether what stands here must have completed before something newer enters."""
        return self.pace is Pace.COMPLETE or (self.pace is None and not self.is_root)

    @property
    def rollback_approvals(self) -> Approvals | None:
        """Who must approve of a rollback here."""
        return self.rollback.approvals or self.approvals

    @property
    def reads_owners(self) -> bool:
        """Whether somebody's approval depends on whose a path is."""
        return any(rule is not None and rule.reads_owners for rule in (self.approvals, self.rollback.approvals))


class Received(Declared):
    """An environment of this repository that another repository's pipeline promotes into.

    `pipeline`, `name`: what this file calls it. What it asks for comes on top of what the promoting file asks for:
    `approvals` besides the other's, of `roles` the stricter, of `skippable` what both let be waived (None: whatever).
    `manual_changes`: whether pull requests of this repository's people that touch it must pass these `approvals`.
    """

    pipeline: Name
    name: Name
    branch: str | None = None
    path: str = ""
    accept_from: AcceptFrom
    approvals: Approvals | None = None
    roles: Roles = Roles()
    skippable: tuple[Skippable, ...] | None = None
    manual_changes: ManualChanges = ManualChanges.ALLOW


class Pipeline(Declared):
    """The environments one or more artifacts travel through; `environments` upstream first."""

    name: Name
    images: dict[Name, ImageSource] = Field(default_factory=dict)
    charts: dict[Name, ChartSource] = Field(default_factory=dict)
    release: ReleaseRule | None = None
    environments: tuple[Environment, ...]

    @property
    def artifacts(self) -> dict[str, Artifacts]:
        """What a release consists of: images and charts, by name; a name stands for one of them only."""
        return {**self.images, **self.charts}

    def environment(self, name: str) -> Environment:
        """The environment of that name; KeyError where there is none."""
        return next((e for e in self.environments if e.name == name), None) or _missing(name)

    def place_name(self, environment: Environment) -> str:
        """What an environment is called where it lives: its repository's file has each such name once."""
        return environment.received_as or f"{self.name}/{environment.name}"

    def downstreams(self, environment: Environment) -> tuple[Environment, ...]:
        """The environments that take their releases from this one."""
        return tuple(e for e in self.environments if environment.name in e.upstreams)

    @property
    def waves(self) -> tuple[tuple[Environment, ...], ...]:
        """The environments by how far they lie from a root, on the longest way there."""
        depth: dict[str, int] = {}
        for environment in self.environments:
            depth[environment.name] = max((depth.get(name, 0) + 1 for name in environment.upstreams), default=0)
        count = max(depth.values(), default=-1) + 1
        return tuple(tuple(e for e in self.environments if depth[e.name] == wave) for wave in range(count))

    def is_source(self, environment: Environment) -> bool:
        """A root without artifacts: what stands there is the release, nothing is promoted into it."""
        return environment.is_root and not self.artifacts and environment.hydrated is None

    @property
    def source(self) -> Environment:
        """The root that `promote: tree` copies from; the file's reader sees to it that there is only one."""
        return next(e for e in self.environments if e.is_root)


class Emergency(Declared):
    """How many of an environment's approvers may together waive what only costs time, by `/emergency`."""

    people: int = Field(default=2, ge=2, le=20)


class Configuration(Declared):
    """The whole file. `emergency`: off unless it is declared.

    `received`: the environments that other repositories promote into, of all its pipelines.
    """

    version: Literal[1] = 1
    mode: Mode = Mode.MERGE
    templates: Templates = Templates()
    commands: CommandStyle = CommandStyle.PLAIN
    emergency: Emergency | None = None
    pipelines: tuple[Pipeline, ...] = ()
    received: tuple[Received, ...] = ()


def _missing(name: str) -> Environment:
    raise KeyError(name)
