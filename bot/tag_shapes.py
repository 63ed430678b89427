"""What can be told from the look of a tag: whose it is, and which make of an image it names. No I/O.

The defaults that `allow_tags` replaces rest on this: a number that is a date, a commit's hash and another make of the
image (`3.8-slim` where `3.7-alpine` stands) are no newer version, whatever the order of versions says.
"""

import re
from functools import lru_cache

# cosign's tags, and the tag that stands in for the referrers API (OCI distribution spec, "Referrers Tag Schema").
_SIGNATURE = re.compile(r"sha(?:256|512)-[0-9a-f]+(?:\.(?:sig|att|sbom))?")
_BARE_NUMBER = re.compile(r"[0-9]{6,}")
_HASH = re.compile(r"(?=[0-9]*[a-f])[0-9a-f]{7,64}|sha(?:1|256|512)?-[0-9a-f]+(?:[._-].*)?")
# The words by which people mark what is not yet a release (`rc`, `rc1`), and those of a release that was made again.
_EARLY = re.compile(
    r"(?:alpha|beta|rc|cr|pre|preview|prerelease|dev|develop|devel|development|snapshot|nightly|canary|next|edge|"
    r"unstable|test|testing|experimental|insiders?|eap|ea|milestone|incubating|main|master|trunk|head|git|sha|pr|mr|"
    r"feature|feat|dirty|[a-oqs-z])[0-9]*",
    re.IGNORECASE,
)
_LATE = re.compile(r"(?:build|ci|rev|r|p|post|patch|hotfix|sp|ga|final|release|stable)[0-9]*", re.IGNORECASE)
# A number, or a commit's hash as `git describe` and most pipelines append it.
_COUNT = re.compile(r"[0-9]+|g?(?=[0-9a-f]*[0-9])[0-9a-f]{7,40}")


def is_signature_tag(tag: str) -> bool:
    """Whether the tag belongs to a signature, an attestation or a bill of materials, not to an image."""
    return _SIGNATURE.fullmatch(tag) is not None


def is_bare_number(tag: str) -> bool:
    """Whether it is a number of six digits or more: a date or a build, which would beat every version."""
    return _BARE_NUMBER.fullmatch(tag) is not None


def is_hash(tag: str) -> bool:
    """Whether it is 7 to 64 hexadecimal digits, a letter among them, or `sha-` and a hash."""
    return _HASH.fullmatch(tag) is not None


@lru_cache(maxsize=4096)
def variant(suffix: str) -> str:
    """Which make of the image a version's suffix names: `alpine3.20` of `rc.1-alpine3.20`, nothing of `rc.1`.

    The suffix is read in parts between hyphens. A part that says how far a release has come is dropped, with the
    numbers after it; numbers behind another word belong to that word (`debian-12`).
    """
    kept: list[str] = []
    named = False
    for part in suffix.split("-"):
        words = part.split(".")
        if _is_stage(words[0]) and all(_is_stage(word) or _COUNT.fullmatch(word) for word in words):
            named = False
        elif part and (named or not all(_COUNT.fullmatch(word) for word in words)):
            kept.append(part)
            named = True
    return "-".join(kept)


def is_early(suffix: str) -> bool:
    """Whether a part of a version's suffix says that the release is yet to come: `rc.1-alpine`."""
    return any(_EARLY.fullmatch(word) for part in suffix.split("-") for word in part.split("."))


def suffix_of(tag: str) -> str:
    """What stands behind a version's numbers: `alpine` of `1.2-alpine`, without build metadata."""
    return tag.partition("+")[0].partition("-")[2]


def width_of(tag: str) -> int:
    """How many numbers a version writes: 2 for `v1.20`."""
    return tag.partition("+")[0].partition("-")[0].count(".") + 1


def _is_stage(word: str) -> bool:
    return _EARLY.fullmatch(word) is not None or _LATE.fullmatch(word) is not None
