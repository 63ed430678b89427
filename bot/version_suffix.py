"""What stands behind a version's numbers: which make of an image, how far a release has come, how often built. No I/O.

Publishers hang all of that on one string. A suffix is read in parts between hyphens:

| suffix              | make             | stage  | build      |
|---------------------|------------------|--------|------------|
| `rc.1-alpine3.20`   | `alpine3.20`     | `rc.1` |            |
| `debian-12-r14`     | `debian-12`      |        | `r14`      |
| `minimal-eksbuild.3`| `minimal-eksbuild` |      | `3`        |
| `jdk-21`            | `jdk-21`         |        |            |
"""

import re
from functools import lru_cache
from typing import NamedTuple

# Names of architectures come before all else: `x64` and `i386` look like a stage with its number. Spelled as GOARCH,
# Debian, RPM, Windows and Docker's own images spell them.
_ARCHITECTURE = re.compile(
    r"amd64|x86|x64|x32|i[3-6]86|arm|arm32|armhf|armel|arm64|arm(?:32|64)?v[5-9]|armv[5-9][a-z]*|aarch64|"
    r"ppc|ppc64|ppc64le|powerpc|s390|s390x|riscv(?:32|64)?|mips(?:32|64)?(?:le|el|r6)*|loong(?:arch)?64|ia64|sparc64|wasm",
    re.IGNORECASE,
)
# The words by which people mark what is not yet a release (`rc`, `rc1`, `M03`), and those of one that was made again.
_EARLY = re.compile(
    r"(?:alpha|beta|rc|cr|pre|preview|prerelease|dev|develop|devel|development|snapshot|nightly|canary|next|edge|"
    r"unstable|test|testing|experimental|insiders?|eap|ea|milestone|incubating|main|master|trunk|head|git|sha|pr|mr|"
    r"feature|feat|dirty)[0-9]*|[abm]|[a-oqs-uw-z][0-9]{1,2}",
    re.IGNORECASE,
)
_LATE = re.compile(r"(?:build|ci|rev|r|p|post|patch|hotfix|sp|ga|final|release|stable)[0-9]*", re.IGNORECASE)
# A number, or a commit's hash as `git describe` and most pipelines append it.
_COUNT = re.compile(r"[0-9]+|g?(?=[0-9a-f]*[0-9])[0-9a-f]{7,40}")
# A word that counts at the end: `eksbuild.3`, `gke.100`; Rancher writes `k3s1` and `rke2r1`.
_COUNTED = re.compile(r"([A-Za-z]+)((?:\.[0-9]+)+)|(k3s|rke2r)([0-9]+)", re.IGNORECASE)
# What has releases of its own, so that a number behind it says which, not how often something was built.
_RELEASED = re.compile(
    r"alpine|debian|ubuntu|ubi|el|rhel|centos|fedora|rocky|alma(?:linux)?|amzn|amazonlinux|ol|oraclelinux|photon|"
    r"wolfi|windows|windowsservercore|nanoserver|ltsc|jdk|jre|java|openjdk|temurin|corretto|zulu|scala|python|py|node|"
    r"nodejs|php|go|golang|ruby|rust|perl|dotnet|net|cuda|cudnn|rocm|pg|postgres|postgresql|mysql|spark|hadoop",
    re.IGNORECASE,
)
# A revision of the packaging (Alpine, Bitnami): beside such tags the bare one moves along with them.
_REVISION = re.compile(r"(?:r|rev)[.-]?[0-9]+", re.IGNORECASE)
_RUN = re.compile(r"[0-9]+|[^0-9.-]+")

# Runs of digits and of other characters: numbers sort as numbers, and before words.
Runs = tuple[tuple[int, int, str], ...]


class Suffix(NamedTuple):
    """`make`: which make of the image. `stage`: how far a release has come (`rc.1`). `build`: how often it was made."""

    make: str
    stage: str
    build: str

    @property
    def revised(self) -> bool:
        """Whether it ends in a revision of the packaging: `r14`."""
        return _REVISION.fullmatch(self.build) is not None


@lru_cache(maxsize=4096)
def read_suffix(suffix: str) -> Suffix:
    """Read it in parts. Numbers behind a word belong to it (`debian-12`, `rc-1`); those behind none say nothing."""
    make: list[str] = []
    stage: list[str] = []
    build: list[str] = []
    current: list[str] | None = None
    for part in suffix.split("-"):
        words = part.split(".")
        if part and all(_COUNT.fullmatch(word) for word in words):
            if current is not None:
                current.append(part)
            continue
        if _is_stage(words[0]) and all(_is_stage(word) or _COUNT.fullmatch(word) for word in words):
            current = stage if any(_is_early(word) for word in words) else build
        elif part:
            current = make
        if part and current is not None:
            current.append(part)
    if current is make and make and (counted := _counted(make[-1])):
        make[-1], count = counted
        build.append(count)
    return Suffix("-".join(make), "-".join(stage), "-".join(build))


def suffix_of(tag: str) -> str:
    """What stands behind a version's numbers: `alpine` of `1.2-alpine`, without build metadata."""
    return tag.partition("+")[0].partition("-")[2]


def width_of(tag: str) -> int:
    """How many numbers a version writes: 2 for `v1.20`."""
    return tag.partition("+")[0].partition("-")[0].count(".") + 1


def make_of(tag: str) -> str:
    """Which make of the image a version is of: `alpine3.20` of `1.2.0-rc.1-alpine3.20`, nothing of `1.2.0-rc.1`."""
    return read_suffix(suffix_of(tag)).make


def runs(text: str) -> Runs:
    """For comparing as people count: `r9` before `r14`, `alpine3.9` before `alpine3.20`."""
    found = _RUN.findall(text)
    return tuple((0, int(run), "") if run.isdigit() else (1, 0, run) for run in found)


def without_numbers(make: str) -> tuple[str, ...]:
    """The words of a make without their releases: alpine of `alpine3.20`."""
    return tuple(run for _, _, run in runs(make) if run)


def _counted(part: str) -> tuple[str, str] | None:
    """The word and its count, where the part is one that counts."""
    match = _COUNTED.fullmatch(part)
    if match is None:
        return None
    word, count = (match[1], match[2].removeprefix(".")) if match[1] else (match[3], match[4])
    return None if _RELEASED.fullmatch(word) or _ARCHITECTURE.fullmatch(word) else (word, count)


def _is_stage(word: str) -> bool:
    return _is_early(word) or (_LATE.fullmatch(word) is not None and not _ARCHITECTURE.fullmatch(word))


def _is_early(word: str) -> bool:
    return _EARLY.fullmatch(word) is not None and not _ARCHITECTURE.fullmatch(word)
