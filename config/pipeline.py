"""What people declare: the models of `.github/caisson.yaml`.

Frozen; the JSON Schema of the file is made from them. No I/O.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[a-z0-9][a-z0-9-]*$"
Name = Annotated[str, Field(pattern=NAME, max_length=60)]


class Declared(BaseModel):
    """Base of every declared model: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Mode(StrEnum):
    """How far Caisson may go in this repository."""

    OBSERVE = "observe"
    PROPOSE = "propose"
    MERGE = "merge"


class Promote(StrEnum):
    """How content moves into an environment."""

    VERSIONS = "versions"
    MERGE = "merge"


class Supersede(StrEnum):
    """Whether a newer candidate moves an open pull request that already has a valid approval."""

    UNAPPROVED = "unapproved"
    ALWAYS = "always"


class MergeMethod(StrEnum):
    SQUASH = "squash"
    MERGE = "merge"


class HealthSource(StrEnum):
    """Where an environment's health is read from."""

    ARGOCD = "argocd"
    NONE = "none"


class ImageSource(Declared):
    """An image that travels through the pipeline, and which of its tags count."""

    repository: str
    strategy: Literal["semver"] = "semver"
    constraint: str = "*"
    allow_tags: str | None = None
    ignore_tags: tuple[str, ...] = ()


class Approvals(Declared):
    """Who must approve before a release enters: `count` people with write access, of `users` if that is given."""

    count: int = Field(default=1, ge=1, le=20)
    users: tuple[str, ...] = ()


class HealthRule(Declared):
    """Where health comes from, and how long after a merge an environment may take to become healthy."""

    source: HealthSource = Field(default=HealthSource.ARGOCD, alias="from")
    timeout: timedelta = timedelta(minutes=15)
    grace: timedelta = timedelta(minutes=2)


class Gates(Declared):
    """Declared conditions. `soak`: how long the release must have been Healthy in every upstream."""

    soak: timedelta | None = None


class Environment(Declared):
    """One stop of a pipeline: a folder on a branch, a whole branch, or a folder on its own branch.

    `branch` None is the repository's default branch; `path` "" is the whole tree.
    """

    name: Name
    branch: str | None = None
    path: str = ""
    after: tuple[Name, ...] = ()
    promote: Promote = Promote.VERSIONS
    auto: bool = False
    approvals: Approvals | None = None
    health: HealthRule = HealthRule()
    gates: Gates = Gates()
    supersede: Supersede = Supersede.UNAPPROVED
    merge_method: MergeMethod = MergeMethod.SQUASH

    @property
    def is_root(self) -> bool:
        return not self.after


class Pipeline(Declared):
    """The environments one or more artifacts travel through; `environments` upstream first."""

    name: Name
    images: dict[Name, ImageSource] = Field(default_factory=dict)
    environments: tuple[Environment, ...]

    def environment(self, name: str) -> Environment:
        """The environment of that name; KeyError where there is none."""
        return next((e for e in self.environments if e.name == name), None) or _missing(name)

    def is_source(self, environment: Environment) -> bool:
        """A root without artifacts: its branch tip is the release, nothing is promoted into it."""
        return environment.is_root and not self.images


class Configuration(Declared):
    """The whole file."""

    version: Literal[1] = 1
    mode: Mode = Mode.MERGE
    pipelines: tuple[Pipeline, ...] = ()


def _missing(name: str) -> Environment:
    raise KeyError(name)
