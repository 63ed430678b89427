"""What can be told from the look of a tag: whether it is an image's, a date, a hash; which make it names. No I/O.

The defaults that `allow_tags` replaces rest on this: a number that is a date and a commit's hash are no newer version,
whatever the order of versions says.
"""

import re

from bot.version_suffix import read_suffix

# cosign's tags, and the tag that stands in for the referrers API (OCI distribution spec, "Referrers Tag Schema").
_SIGNATURE = re.compile(r"sha(?:256|512)-[0-9a-f]+(?:\.(?:sig|att|sbom))?")
_BARE_NUMBER = re.compile(r"[0-9]{6,}")
_HASH = re.compile(r"(?=[0-9]*[a-f])[0-9a-f]{7,64}|sha(?:1|256|512)?-[0-9a-f]+(?:[._-].*)?")

# What moves along a line of releases, and says nothing of the make.
_CHANNEL = re.compile(
    r"latest|mainline|stable|lts|current|rolling|release|edge|nightly|next|dev|main|master",
    re.IGNORECASE,
)
# Distributions, Debian's and Ubuntu's releases among them, and how much of one there is.
_MAKE = re.compile(
    r"(?:alpine|debian|ubuntu|ubi|wolfi|fedora|rockylinux|almalinux|windowsservercore|nanoserver)[0-9.]*|"
    r"buster|bullseye|bookworm|trixie|forky|bionic|focal|jammy|noble|"
    r"slim|minimal|distroless|rootless|nonroot|unprivileged|fpm|apache|perl|otel|musl|"
    r"(?:jdk|jre)[0-9]*|amd64|arm64|arm64v8|i386|armv7|s390x|ppc64le",
    re.IGNORECASE,
)


def is_signature_tag(tag: str) -> bool:
    """Whether the tag belongs to a signature, an attestation or a bill of materials, not to an image."""
    return _SIGNATURE.fullmatch(tag) is not None


def is_bare_number(tag: str) -> bool:
    """Whether it is a number of six digits or more: a date or a build, which would beat every version."""
    return _BARE_NUMBER.fullmatch(tag) is not None


def is_hash(tag: str) -> bool:
    """Whether it is 7 to 64 hexadecimal digits, a letter among them, or `sha-` and a hash."""
    return _HASH.fullmatch(tag) is not None


def make_named(tag: str) -> str:
    """Which make of the image a tag names that is no version: `alpine` of `mainline-alpine`, nothing of `latest`.

    What stands behind the name of a channel, whatever it is; else the usual names of makes at the end (`jod-slim`).
    """
    words = tag.split("-")
    if _CHANNEL.fullmatch(words[0]):
        while words and _CHANNEL.fullmatch(words[0]):
            words.pop(0)
        return read_suffix("-".join(words)).make
    last: list[str] = []
    while words and _MAKE.fullmatch(words[-1]):
        last.insert(0, words.pop())
    return "-".join(last)
