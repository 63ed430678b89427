"""Whether the file of another repository accepts an environment, and what becomes of the environment then. No I/O.

Nobody gets into a repository by their own word: its default branch must name the repository, the pipeline and the
environment that may promote, and the place. One place has one such name, so no two ever write the same files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model import Repository
from config.approvals import Approvals
from config.parse import PATH
from config.pipeline import AcceptFrom, Access, Configuration, Environment, Pipeline, Received, Roles


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an environment may not be promoted into, in words fit to be shown: what to write, and in which file."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """An environment that asks: `home`'s file declares it, `there` (a full name) is to be written to."""

    home: Repository
    pipeline: str
    environment: Environment
    there: str
    default_branch: str

    @property
    def place(self) -> tuple[str, str]:
        return (self.environment.branch or self.default_branch, self.environment.path)

    @property
    def file(self) -> str:
        """Where the acceptance is to stand."""
        return f"{PATH} of {self.there}"

    @property
    def line(self) -> str:
        """What is to stand there."""
        who = f"repository: {self.home.full_name}, pipeline: {self.pipeline}, environment: {self.environment.name}"
        return f"accept_from: [{{{who}}}]"

    def is_named(self, accepted: AcceptFrom) -> bool:
        """Whether an acceptance is of this environment. GitHub's names of repositories ignore case."""
        names = (self.home.full_name.lower(), str(self.home.id))
        return accepted.repository.lower() in names and (accepted.pipeline, accepted.environment) == (
            self.pipeline,
            self.environment.name,
        )


def acceptance(asking: Asking, declared: Configuration | None, problems: Sequence[str] = ()) -> Received | Refusal:
    """The environment of the other repository's file that accepts it, or why none does.

    `declared`: what that file says on its default branch now; None where it is not there, or has `problems`.
    """
    if declared is None and problems:
        return Refusal(reason=f"{asking.file} has a mistake, and accepts nothing until it is mended: {problems[0]}")
    received = declared.received if declared else ()
    named = [one for one in received if asking.is_named(one.accept_from)]
    here = next((one for one in named if _place(one, asking) == asking.place), None)
    if here is not None:
        return here
    if named:
        accepted, asked = _worded(_place(named[0], asking)), _worded(asking.place)
        return Refusal(reason=f"{asking.there} accepts this environment in {accepted}, and it is declared in {asked}")
    return Refusal(reason=_unnamed(asking, declared, received))


def _unnamed(asking: Asking, declared: Configuration | None, received: Sequence[Received]) -> str:
    """Whose the place is, if it is anybody's; else what would let the environment in."""
    where = _worded(asking.place)
    for other in received:
        if _place(other, asking) == asking.place:
            by = other.accept_from
            whose = f"{by.pipeline}/{by.environment} of {by.repository}"
            remedy = f"its `accept_from` in {asking.file} would have to be `{asking.line}`"
            return f"{where} of {asking.there} is promoted into by {whose}; {remedy}"
    for pipeline in declared.pipelines if declared else ():
        for own in pipeline.environments:
            if own.repository is None and (own.branch or asking.default_branch, own.path) == asking.place:
                return f"{asking.there} promotes into {where} itself, in its environment {pipeline.name}/{own.name}"
    path = f" with `path: {asking.environment.path}`" if asking.environment.path else ""
    remedy = f"write `{asking.line}` in an environment{path} in {asking.file}, on {asking.default_branch}"
    return f"{asking.there} does not accept this environment: {remedy}"


def _place(received: Received, asking: Asking) -> tuple[str, str]:
    return (received.branch or asking.default_branch, received.path)


def _worded(place: tuple[str, str]) -> str:
    branch, path = place
    return f"{path or 'the whole tree'} on {branch}"


# --- what is asked for then -------------------------------------------------------------------------------------------


def accepted(pipeline: Pipeline, received: dict[str, Received]) -> Pipeline:
    """The pipeline as it is judged: of environments by name, those that were accepted ask for what both files ask."""
    environments = (
        _joined(environment, received[environment.name]) if environment.name in received else environment
        for environment in pipeline.environments
    )
    return pipeline.model_copy(update={"environments": tuple(environments)})


def _joined(environment: Environment, received: Received) -> Environment:
    skippable = environment.skippable
    if received.skippable is not None:
        skippable = tuple(gate for gate in skippable if gate in received.skippable)
    return environment.model_copy(
        update={
            "received_as": f"{received.pipeline}/{received.name}",
            "approvals": _both(environment.approvals, received.approvals),
            "roles": _stricter(environment.roles, received.roles),
            "skippable": skippable,
        }
    )


def _both(one: Approvals | None, other: Approvals | None) -> Approvals | None:
    if one is None or other is None:
        return one or other
    return Approvals(all_of=(one, other))


def _stricter(one: Roles, other: Roles) -> Roles:
    ranks = list(Access)
    levels = {name: max(getattr(one, name), getattr(other, name), key=ranks.index) for name in Roles.model_fields}
    return Roles.model_validate(levels)
