"""Which environments a change of the declaration is about: those for which it would not mean the same any more. No I/O.

Both texts are read, and what they mean is compared, with everything that an environment inherits. So moving lines or
words changes nothing, and a key that a later version knows counts without being named here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.acceptance import receiving
from bot.codeowners import LOCATIONS
from bot.model import Revision
from config.pipeline import Configuration, Environment, Pipeline, Received
from config.public_key import is_inline_key

# Whose word an environment wants, and when. Those downstream rely on what is live and well there and on the gates that
# it passed, and have a word of their own.
_OF_ENTERING = {
    "approvals": None,
    "auto": False,
    "manual_changes": Environment.model_fields["manual_changes"].default,
    "merge_method": Environment.model_fields["merge_method"].default,
    "pace": None,
    "roles": Environment.model_fields["roles"].default,
    "skippable": (),
    "supersede": Environment.model_fields["supersede"].default,
    "windows": (),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """The declaration as a change leaves it: `configuration`, or the `problems` of a text that cannot be read.

    Neither: the file is gone.
    """

    configuration: Configuration | None
    problems: tuple[str, ...] = ()


Named = tuple[str, str]


def affected(present: Configuration, proposed: Proposed) -> frozenset[Named]:
    """The present environments, as (pipeline, environment), that would be declared otherwise or not at all.

    What stands at the top of the file counts for every environment, a pipeline's artifacts and release rule for all of
    its own, and of an environment upstream all but whose word it wants, and when. A new environment is none of them:
    nothing is declared of it yet that could protect it.
    """
    everywhere = [(pipeline, environment) for pipeline in present.pipelines for environment in pipeline.environments]
    after = proposed.configuration
    own = {
        (pipeline.name, environment.name)
        for pipeline, environment in everywhere
        if after is None or _effective(present, pipeline, environment) != _effective_in(after, pipeline, environment)
    }
    theirs = {_key(one) for one in present.received if after is None or _top(present) != _top(after)}
    theirs |= {_key(one) for one in present.received if after is not None and one not in after.received}
    return frozenset(own | theirs)


def declared_of(configuration: Configuration) -> tuple[tuple[Pipeline, Environment], ...]:
    """Every environment that the file says something of, with its pipeline: its own, and those others promote into."""
    every = (*configuration.pipelines, *(receiving(one) for one in configuration.received))
    return tuple((pipeline, environment) for pipeline in every for environment in pipeline.environments)


def unapproved(revisions: Sequence[Revision], parse: Callable[[str], Configuration | None]) -> tuple[Named, ...]:
    """The environments whose approvals the newest revision should have come with, and did not.

    They are those that asked for some in the revision before, and mean something else since. `parse`: None for what
    cannot be read; such revisions are passed over.
    """
    newest, earlier = revisions[:1], (parse(one.text) for one in revisions[1:] if one.text is not None)
    before = next((one for one in earlier if one is not None), None)
    if before is None or newest[0].approved or newest[0].text is None:
        return ()
    asked = {(p.name, e.name) for p, e in declared_of(before) if e.approvals is not None}
    return tuple(sorted(asked & affected(before, Proposed(configuration=parse(newest[0].text)))))


def _key(received: Received) -> Named:
    return (received.pipeline, received.name)


def _top(declared: Configuration) -> Configuration:
    """What stands at the top of the file."""
    return declared.model_copy(update={"pipelines": (), "received": ()})


def _effective_in(declared: Configuration, pipeline: Pipeline, environment: Environment) -> object:
    """As another declaration has it; None where it has no environment of that name."""
    there = next((one for one in declared.pipelines if one.name == pipeline.name), None)
    here = next((one for one in there.environments if one.name == environment.name), None) if there else None
    return _effective(declared, there, here) if there and here else None


def _effective(declared: Configuration, pipeline: Pipeline, environment: Environment) -> object:
    """Everything that the declaration says of an environment, to be compared."""
    return (
        _top(declared),
        pipeline.model_copy(update={"environments": ()}),
        environment,
        tuple(one.model_copy(update=_OF_ENTERING) for one in _upstreams(pipeline, environment)),
    )


def _upstreams(pipeline: Pipeline, environment: Environment) -> tuple[Environment, ...]:
    """All there are, in the order of their names."""
    found: dict[str, Environment] = {}
    wanted = list(environment.upstreams)
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = pipeline.environment(name)
            wanted += found[name].upstreams
    return tuple(found[name] for name in sorted(found))


def owner_files(environment: Environment) -> tuple[str, ...]:
    """Where, on the environment's branch, may stand who owns what, if its approvals ask for that."""
    return LOCATIONS if environment.approvals is not None and environment.approvals.reads_owners else ()


def key_files(pipeline: Pipeline) -> tuple[str, ...]:
    """The files with public keys that a pipeline names; they are read on the default branch."""
    declared = (artifact.verify.cosign.key for artifact in pipeline.artifacts.values() if artifact.verify)
    return tuple(sorted({key for key in declared if key is not None and not is_inline_key(key)}))
