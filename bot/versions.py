"""Which tag an image takes, and why every other tag was refused. No I/O.

Strategy `semver`: of the tags that are allowed, not ignored, versions and within the constraint, the highest by
precedence; ties (`1.20`, `1.20.0`) are settled by text, so that the choice never flips between two spellings.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.constraints import Constraint, ConstraintError, compare, parse_constraint, parse_version, sort_key
from bot.tag_patterns import Matches, PatternError, compile_glob, compile_pattern

__all__ = [
    "Choice",
    "Constraint",
    "ConstraintError",
    "PatternError",
    "Rejection",
    "check_glob",
    "check_pattern",
    "choose",
    "compare",
    "is_signature_tag",
    "parse_constraint",
]

# cosign's tags, and the tag that stands in for the referrers API (OCI distribution spec, "Referrers Tag Schema").
_SIGNATURE = re.compile(r"sha(?:256|512)-[0-9a-f]+(?:\.(?:sig|att|sbom))?")


@dataclass(frozen=True, slots=True)
class Rejection:
    """A tag that was refused, and why, in words that follow the tag in a sentence."""

    tag: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """`selected`: the last of `accepted`, which ascends; None without any. `rejected`: in the registry's order."""

    selected: str | None
    accepted: tuple[str, ...]
    rejected: tuple[Rejection, ...]


def choose(
    tags: Iterable[str], *, constraint: Constraint, allow: str | None = None, ignore: Sequence[str] = ()
) -> Choice:
    """Sort the tags into accepted and refused. Raises PatternError where `allow` or `ignore` cannot be read."""
    allowed = None if allow is None else (allow, compile_pattern(allow))
    ignored = [(glob, compile_glob(glob)) for glob in ignore]
    accepted: list[str] = []
    rejected: list[Rejection] = []
    for tag in dict.fromkeys(tags):
        reason = _filtered(tag, allowed, ignored) or _refusal(tag, constraint)
        if reason is None:
            accepted.append(tag)
        else:
            rejected.append(Rejection(tag, reason))
    accepted.sort(key=sort_key)
    return Choice(selected=accepted[-1] if accepted else None, accepted=tuple(accepted), rejected=tuple(rejected))


def check_pattern(text: str) -> None:
    """Raise PatternError unless it is a pattern `allow_tags` takes."""
    compile_pattern(text)


def check_glob(text: str) -> None:
    """Raise PatternError unless it is a glob `ignore_tags` takes."""
    compile_glob(text)


def is_signature_tag(tag: str) -> bool:
    """Whether the tag belongs to a signature, an attestation or a bill of materials, not to an image."""
    return _SIGNATURE.fullmatch(tag) is not None


def _filtered(tag: str, allowed: tuple[str, Matches] | None, ignored: Sequence[tuple[str, Matches]]) -> str | None:
    if is_signature_tag(tag):
        return "is a signature or an attestation, not an image"
    if allowed and not allowed[1](tag):
        return f"does not match allow_tags {allowed[0]}"
    return next((f"is ignored by ignore_tags {glob}" for glob, matches in ignored if matches(tag)), None)


def _refusal(tag: str, constraint: Constraint) -> str | None:
    version = parse_version(tag)
    return "is not a version" if version is None else constraint.refusal(version)
