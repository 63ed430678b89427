"""What a promotion's pull request says: its title, its text for reviewers, its commit. No I/O.

What an image says of itself (OCI labels) was written by whoever built it: a link is made of it only where it is the
plain address of a repository and a commit, and nothing else of it is shown.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.actions import Verdict
from bot.commands import spelled
from bot.directives import Directed, DirectiveKind, directive_trailers
from bot.image_reference import is_tag
from bot.messages import cell, clipped, plain, promotion_title, rollback_title, verdict_table
from bot.model import Artifact, ImageDetails, Release, Signature, Unknown, short_digest
from bot.precedence import Version, parse_version
from bot.release_record import format_trailers, one_line, release_to_json
from bot.selection import Pick
from bot.templates import release_notes, render
from bot.versions import Rejection, overtaking
from config.approvals import Approvals
from config.pipeline import Artifacts, CommandStyle, Environment, Pipeline, TemplateKind, Templates

SOURCE_LABEL = "org.opencontainers.image.source"
REVISION_LABEL = "org.opencontainers.image.revision"

_LONGEST_BODY = 60_000
_MOST_REFUSED = 5
_REPOSITORY = re.compile(r"https://([A-Za-z0-9.-]+(?::[0-9]+)?)((?:/[A-Za-z0-9_.-]+){2,6}?)(?:\.git)?/?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """One promotion as its pull request tells of it.

    `details`, `signatures`: as observed, keyed as in `bot.model.Observation`. `picks`: why these versions, for a root.
    `notes`: what a reviewer should know besides. `directed`: who asked for this very release. `signer`: `name
    <address>` of our bot, for the sign-off. `home`: the repository whose file declares the pipeline, where the pull
    request is in another.
    """

    pipeline: Pipeline
    environment: Environment
    release: Release
    active: Release | None
    templates: Templates = field(default_factory=Templates)
    details: Mapping[tuple[str, str], ImageDetails | Unknown] = field(default_factory=dict)
    signatures: Mapping[tuple[str, str], Signature | Unknown] = field(default_factory=dict)
    picks: Mapping[str, Pick] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    signer: str = ""
    style: CommandStyle = CommandStyle.PLAIN
    directed: Directed | None = None
    home: str = ""


def heading(promotion: Promotion) -> str:
    """One line of ours: `Promote shop 1.1.0 to staging`, `Roll back shop to 1.0.0 in staging`."""
    directed = promotion.directed
    back = directed is not None and directed.kind is DirectiveKind.ROLLBACK
    words = rollback_title if back else promotion_title
    return words(promotion.pipeline, promotion.environment, promotion.release)


def title(promotion: Promotion) -> str:
    """One line: the declared template, or `Promote shop 1.1.0 to staging`."""
    template = promotion.templates.title
    return render(template, TemplateKind.TITLE, _words(promotion)) if template else heading(promotion)


def commit_message(promotion: Promotion, *, blobs: Mapping[str, str | None], base: Mapping[str, str | None]) -> str:
    """The head's message: a subject, and trailers that carry the whole release, each value one line of JSON."""
    kept = {
        "Caisson-Pipeline": promotion.pipeline.name,
        "Caisson-Environment": promotion.environment.name,
        "Caisson-Release": one_line(release_to_json(promotion.release)),
    }
    if promotion.home:
        kept["Caisson-Repository"] = promotion.home
    if blobs:
        kept["Caisson-Blobs"] = one_line(dict(blobs))
        kept["Caisson-Base"] = one_line(dict(base))
    if promotion.directed is not None:
        kept |= directive_trailers(promotion.directed)
    if promotion.templates.sign_off and promotion.signer:
        kept["Signed-off-by"] = promotion.signer
    template = promotion.templates.commit
    said = render(template, TemplateKind.COMMIT, _words(promotion)) if template else title(promotion)
    return f"{said}\n\n{format_trailers(kept)}"


def body(promotion: Promotion, verdicts: Sequence[Verdict]) -> str:
    """The pull request's text: what changes, why, what it waits for, how it merges, how to stop it."""
    parts = {
        "changes": "\n\n".join(part for part in (_direction(promotion), _changes(promotion)) if part),
        "road": _road(promotion),
        "gates": verdict_table(verdicts),
        "how": _whose(promotion) + spelled(_how(promotion.environment), promotion.style),
    }
    ours = f"{parts['changes']}\n\n{parts['road']}\n\n### Gates\n\n{parts['gates']}\n\n{parts['how']}\n"
    template = promotion.templates.body
    if template is None:
        return clipped(ours, most=_LONGEST_BODY)
    return render(template, TemplateKind.BODY, {**_words(promotion), **parts, "body": ours})


def _words(promotion: Promotion) -> dict[str, str]:
    """What a template may name in any of the texts, as words without markup."""
    return {
        "pipeline": promotion.pipeline.name,
        "environment": promotion.environment.name,
        "release": promotion.release.label,
        "previous": promotion.active.label if promotion.active else "",
        "artifacts": ", ".join(f"{a.repository}:{a.label}" for a in promotion.release.artifacts),
    }


# --- what changes -----------------------------------------------------------------------------------------------------


def _changes(promotion: Promotion) -> str:
    release, active = promotion.release, promotion.active
    if release.source:
        old = f"`{active.source[:7]}`" if active and active.source else "nothing recorded"
        table = f"| Source | From | To |\n|---|---|---|\n| commit | {old} | `{release.source}` |"
        return "\n".join([table, *(f"\n- {note}" for note in promotion.notes)])
    before = {a.name: a for a in active.artifacts} if active else {}
    moving = [a for a in release.artifacts if before.get(a.name) != a] or list(release.artifacts)
    head = "| Artifact | From | To | Change | Built | Signature | Digest |\n|---|---|---|---|---|---|---|"
    rows = [_row(promotion, a, before.get(a.name)) for a in moving]
    links = [line for a in moving if (line := _links(promotion, a, before.get(a.name)))]
    why = [line for a in moving if (line := _why(promotion, a))]
    notes = [f"- {note}" for note in promotion.notes]
    return "\n\n".join("\n".join(part) for part in ([head, *rows], links, why, notes) if part)


def _row(promotion: Promotion, artifact: Artifact, before: Artifact | None) -> str:
    cells = (
        f"`{artifact.repository}`",
        _shown(before),
        _shown(artifact),
        kind_of_change(before, artifact),
        _built(promotion.details.get((artifact.repository, artifact.digest))),
        _signed(promotion, artifact),
        f"`{short_digest(artifact.digest)}…`",
    )
    return f"| {' | '.join(cells)} |"


def kind_of_change(before: Artifact | None, after: Artifact) -> str:
    """In a word: by how much the version changes, or that the same tag is another image now."""
    if before is None:
        return "new"
    if before.digest == after.digest:
        return "same image" if before.tag != after.tag else "unchanged"
    if before.tag == after.tag:
        return "rebuilt"
    old, new = parse_version(before.tag), parse_version(after.tag)
    if old is None or new is None:
        return "other tag"
    return _step(old, new)


def _step(old: Version, new: Version) -> str:
    if new < old:
        return "downgrade"
    places = zip(("major", "minor", "patch"), old.numbers, new.numbers, strict=True)
    return next((name for name, a, b in places if a != b), "prerelease" if new.prerelease else "release")


def _built(details: ImageDetails | Unknown | None) -> str:
    """An absolute time, so that an idle pass rewrites nothing."""
    times = [t for t in details.platforms.values() if t] if isinstance(details, ImageDetails) else []
    return _moment(max(times)) if times else "–"


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _signed(promotion: Promotion, artifact: Artifact) -> str:
    source = promotion.pipeline.artifacts.get(artifact.name)
    if source is None or source.verify is None:
        return "not asked for"
    match promotion.signatures.get((artifact.name, artifact.digest)):
        case Signature(verified=True):
            return "✅ verified"
        case Signature():
            return "⛔ refused"
        case _:
            return "⏳ not known"


def _shown(artifact: Artifact | None) -> str:
    return f"`{artifact.label.replace('`', chr(39))}`" if artifact else "?"


# --- who asked for it -------------------------------------------------------------------------------------------------


def _direction(promotion: Promotion) -> str:
    """Why this release although it is not the candidate, and what that means for the one that stands there."""
    directed, active = promotion.directed, promotion.active
    if directed is None:
        return ""
    new, name = f"`{promotion.release.label}`", promotion.environment.name
    old = f"`{active.label}`" if active else "what stands there"
    who = plain(directed.by) if directed.by else "`on_degraded: rollback`"
    if directed.kind is not DirectiveKind.ROLLBACK:
        return f"{who} asked for {new} in place of {old}."
    why = f"{who} takes {old} back to {new}, which was verified in {name} before"
    cause = f": {old} is Degraded there" if not directed.by else ""
    stays = f"{old} then stays out of {name} until a newer release, or `/promote {name} version=…`, brings another."
    restores = (
        "The whole tree of then is restored, commits of people since included. " if promotion.release.source else ""
    )
    return f"{why}{cause}. {restores}{spelled(stays, promotion.style)}"


# --- where to read on -------------------------------------------------------------------------------------------------


def _links(promotion: Promotion, artifact: Artifact, before: Artifact | None) -> str:
    """A line of links for one artifact; "" where nothing trustworthy can be linked."""
    new = _commit_of(promotion.details, artifact)
    old = _commit_of(promotion.details, before) if before else None
    found: list[str] = []
    if new and old and new[0] == old[0] and new[1] != old[1]:
        found.append(f"[what changed]({_compare(new[0], old[1], new[1])})")
    source = promotion.pipeline.artifacts.get(artifact.name)
    if notes := _release_notes(source, artifact, new[0] if new else None):
        found.append(f"[release notes]({notes})")
    return f"- **{artifact.name}** {artifact.tag}: {', '.join(found)}" if found else ""


def _commit_of(details: Mapping[tuple[str, str], ImageDetails | Unknown], artifact: Artifact) -> tuple[str, str] | None:
    """(address of the source repository, commit) as the image's labels tell, if they are just that."""
    known = details.get((artifact.repository, artifact.digest))
    if not isinstance(known, ImageDetails):
        return None
    repository = _REPOSITORY.fullmatch(known.labels.get(SOURCE_LABEL, ""))
    revision = known.labels.get(REVISION_LABEL, "")
    if repository is None or not _COMMIT.fullmatch(revision):
        return None
    return f"https://{repository[1].lower()}{repository[2].removesuffix('.git')}", revision


def _compare(repository: str, old: str, new: str) -> str:
    """GitHub's form; GitLab's needs `/-/` before it."""
    host = repository.removeprefix("https://").partition("/")[0]
    return f"{repository}{'/-' if 'gitlab' in host else ''}/compare/{old}...{new}"


def _release_notes(source: Artifacts | None, artifact: Artifact, repository: str | None) -> str | None:
    """What the declaration names, else the release of that tag where the source lies on GitHub."""
    if not is_tag(artifact.tag):
        return None
    if source is not None and source.release_notes:
        return release_notes(source.release_notes, artifact.tag)
    if repository and repository.startswith("https://github.com/"):
        return f"{repository}/releases/tag/{artifact.tag}"
    return None


# --- why --------------------------------------------------------------------------------------------------------------


def _why(promotion: Promotion, artifact: Artifact) -> str:
    """Why this version, and why not a newer one; "" where it came from upstream, which has said so."""
    pick = promotion.picks.get(artifact.name)
    source = promotion.pipeline.artifacts.get(artifact.name)
    if pick is None or source is None or pick.artifact != artifact:
        return ""
    newer = refused_newer(pick)
    told = "".join(f"\n  - `{r.tag}` {cell(r.reason)}" for r in newer)
    return f"- **{artifact.name}**: {cell(pick.reason)}.{' Not taken:' if told else ''}{told}"


def refused_newer(pick: Pick) -> tuple[Rejection, ...]:
    """The newest of the refused tags that would have come after the one taken."""
    if pick.choice is None:
        return pick.refused[:_MOST_REFUSED]
    return (*pick.refused, *overtaking(pick.choice, limit=_MOST_REFUSED))[:_MOST_REFUSED]


# --- where it stands, and how it goes on ------------------------------------------------------------------------------


def _road(promotion: Promotion) -> str:
    here = promotion.environment.name
    waves = (
        ", ".join(f"**{e.name}**" if e.name == here else e.name for e in wave) for wave in promotion.pipeline.waves
    )
    return " → ".join(waves)


def _whose(promotion: Promotion) -> str:
    """Whose pipeline comes here from another repository; the reader knows their own."""
    if not promotion.home:
        return ""
    asked = f"The pipeline `{promotion.pipeline.name}` of `{promotion.home}` promotes into this repository"
    return f"{asked}, which accepts it as `{promotion.environment.received_as}`.\n\n"


def _how(environment: Environment) -> str:
    how = "merges by itself when every gate passes"
    if not environment.auto:
        asked = environment.approvals
        how = (
            f"merges when every gate passes, with {_approvals(asked)}"
            if asked
            else "waits for a person to merge it, or for `/merge`"
        )
    return (
        f"This pull request {how}. Approve with a review or `/approve`; stop it with `/hold reason`; "
        "`/explain` says why this version, `/diff` what changes; `/help` lists the commands. "
        "A commit pushed onto this branch blocks it."
    )


def _approvals(asked: Approvals) -> str:
    if asked != Approvals(count=asked.count):
        return "the approvals of this head that the gate names"
    return "1 approval of this head" if asked.count == 1 else f"{asked.count} approvals of this head"
