"""Platforms, as `platforms:` names them and image indexes offer them: `linux/amd64`, `linux/arm/v7`. No I/O.

The words are Go's GOOS and GOARCH, as the OCI image specification has them ("Image Index", `platform`). They are a
closed list here: a platform that nobody offers would silently match nothing.
"""

from bot.errors import UserError

_SYSTEMS = frozenset(
    {
        "aix",
        "android",
        "darwin",
        "dragonfly",
        "freebsd",
        "illumos",
        "ios",
        "js",
        "linux",
        "netbsd",
        "openbsd",
        "plan9",
        "solaris",
        "wasip1",
        "windows",
    }
)
_ARCHITECTURES = frozenset(
    {
        "386",
        "amd64",
        "arm",
        "arm64",
        "loong64",
        "mips",
        "mips64",
        "mips64le",
        "mipsle",
        "ppc64",
        "ppc64le",
        "riscv64",
        "s390x",
        "wasm",
    }
)
# An image that names no variant is made for the one in _USUAL, as containerd reads it.
_VARIANTS = {
    "amd64": ("v1", "v2", "v3", "v4"),
    "arm": ("v5", "v6", "v7", "v8"),
    "arm64": ("v8", "v9"),
}
_USUAL = {"amd64": "v1", "arm": "v7", "arm64": "v8"}
_OTHER_NAMES = {
    "x86_64": "amd64",
    "x86": "386",
    "i386": "386",
    "i686": "386",
    "aarch64": "arm64",
    "armhf": "arm/v7",
    "armv6": "arm/v6",
    "armv7": "arm/v7",
    "macos": "darwin",
}
_SHAPE = "write os/architecture or os/architecture/variant, such as linux/amd64 or linux/arm/v7"


class PlatformError(UserError, ValueError):
    """The text names no platform; the message says why, and what to write."""


def check_platform(text: str) -> None:
    """Raise PlatformError unless it is a platform `platforms` takes."""
    system, *others = text.split("/")
    if not 1 <= len(others) <= len(("architecture", "variant")):
        raise PlatformError(f"{text!r} is not a platform; {_SHAPE}")
    _check_word(text, system, _SYSTEMS, "operating system")
    architecture, *variants = others
    _check_word(text, architecture, _ARCHITECTURES, "architecture")
    for variant in variants:
        known = _VARIANTS.get(architecture, ())
        if variant not in known:
            choice = f"it is one of {', '.join(known)}" if known else "leave it out"
            raise PlatformError(f"{text!r}: {variant!r} is no variant of {architecture}; {choice}")


def platform_matches(wanted: str, offered: str) -> bool:
    """Whether an image made for `offered` is what `wanted` asks for, which without a variant means any of them.

    `linux/arm` takes `linux/arm/v6`, `linux/arm/v7` only that; an image for `linux/arm64` is one for `linux/arm64/v8`.
    """
    system, architecture, variant = _parts(wanted)
    other_system, other_architecture, other_variant = _parts(offered)
    if (system, architecture) != (other_system, other_architecture):
        return False
    return not variant or variant == (other_variant or _USUAL.get(architecture, ""))


def _parts(platform: str) -> tuple[str, str, str]:
    system, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    return system, architecture, variant


def _check_word(text: str, word: str, known: frozenset[str], what: str) -> None:
    if word in known:
        return
    meant = word.lower() if word.lower() in known else _OTHER_NAMES.get(word.lower())
    hint = f"write {meant}" if meant else f"it is one of {', '.join(sorted(known))}"
    raise PlatformError(f"{text!r}: {word!r} is no {what}; {hint}; {_SHAPE}")
