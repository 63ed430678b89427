"""Where releases that are commits come from: the root whose branch, or folder, is the release. No I/O."""

from bot.actions import Ask
from bot.model import HISTORY_READ, Base, Observation, Release, Sha, Unknown
from config.pipeline import Environment, Pipeline


def source_commit(environment: Environment, base: Base) -> Sha | None:
    """The commit that stands for what a source holds now: the last that changed its folder, else the branch's tip.

    Other commits on the branch of a folder are no new release. None where nothing is there.
    """
    if not environment.path:
        return base.tip
    return base.touched if base.folder is not None else None


def source_gone(pipeline: Pipeline, release: Release, seen: Observation) -> str | Ask:
    """Why a commit is not promoted any more: no source's branch holds it. "" where one does."""
    assert release.source is not None
    roots = [seen.places[e.name] for e in pipeline.environments if e.is_root]
    known = [place for place in roots if any(r.release.id == release.id for r in place.records)]
    found = [_gone(release.source, place.base, seen) for place in known or roots]
    if "" in found:
        return ""
    asked = [one for one in found if isinstance(one, Ask)]
    return asked[0] if asked else found[0]


def _gone(source: Sha, base: Base | None, seen: Observation) -> str | Ask:
    if base is None:
        return f"the branch that {source[:7]} came from does not exist any more"
    match holds(base, source, seen):
        case Ask() as ask:
            return ask
        case Unknown(reason=reason):
            return f"whether {base.branch} still holds {source[:7]} is not known: {reason}"
        case held:
            return "" if held else f"{source[:7]} is no longer on {base.branch}, whose history was rewritten"


def holds(base: Base, commit: Sha, seen: Observation) -> bool | Ask | Unknown:
    """Whether a branch holds a commit, however far back."""
    if commit in base.history:
        return True
    if len(base.history) < HISTORY_READ:
        return False
    compared = seen.comparisons.get((commit, base.tip))
    if compared is None:
        return Ask(comparisons=frozenset({(commit, base.tip)}))
    return compared if isinstance(compared, Unknown) else compared.contained
