"""What a signed payload says: of which images it is a signature. No I/O.

A signature is detached from its image, so all that ties the two is a digest inside the signed bytes. They are read as
strictly as possible: bytes that two readers could understand differently are understood by none here.
"""

import json
import re
from collections.abc import Mapping
from typing import NoReturn

IN_TOTO = "application/vnd.in-toto+json"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"

# Tuples: whether something is among them can be asked of any JSON, hashable or not.
# What `cosign sign` states (cosign, specs/SIGNATURE_SPEC.md), and what it states since version 3.
_SIMPLE_TYPES = ("cosign container image signature", "atomic container signature")
_SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
_STATEMENTS = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")

# OCI image specification, "Digests"; 32 digits are the fewest of any algorithm there is.
_DIGEST = re.compile(r"[a-z0-9]{1,20}:[0-9a-f]{32,128}")
_MOST_PAYLOAD = 64 * 1024
_MOST_SUBJECTS = 100


class Unreadable(ValueError):
    """It cannot be read as a signature; the message says why, as the end of a sentence."""


class Attestation(ValueError):
    """A statement about an image (provenance, contents, a scan), which does not say that anybody releases it."""


def claimed_digests(payload: bytes, *, payload_type: str) -> frozenset[str]:
    """The digests of the images that these signed bytes are a signature of, as `sha256:…`.

    Unreadable where they are nothing of the kind, Attestation where they state something else.
    """
    if payload_type == SIMPLE_SIGNING:
        return frozenset({_simple(payload)})
    if payload_type == IN_TOTO:
        return _statement(payload)
    raise Unreadable("its payload is of a type that cosign does not write")


def read_json(raw: bytes, *, most: int) -> object:
    """The document, if it is JSON in UTF-8 of at most `most` bytes that names no key of an object twice.

    RFC 8259 section 4 leaves open what a repeated name means, and readers differ.
    """
    if len(raw) > most:
        raise Unreadable(f"it is longer than {most // 1024} KiB")
    try:
        document: object = json.loads(
            raw.decode("utf-8"), object_pairs_hook=_named_once, parse_constant=_refused_constant
        )
    except (ValueError, RecursionError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("it is not JSON") from error
    return document


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise Unreadable("it names a key twice")
    return named


def _refused_constant(name: str) -> NoReturn:
    raise Unreadable(f"it holds {name}, which is not JSON")


def at(document: object, *keys: str) -> object:
    """What stands under those keys, one in another; None where it does not."""
    for key in keys:
        document = document.get(key) if isinstance(document, Mapping) else None
    return document


def _simple(payload: bytes) -> str:
    """The digest of a simple signing payload.

    `critical.identity.docker-reference` is not looked at, as the specification says and cosign does: a signature
    travels with its image to a mirror, and version 3 no longer writes a name at all. The digest names the content.
    """
    document = read_json(payload, most=_MOST_PAYLOAD)
    if at(document, "critical", "type") not in _SIMPLE_TYPES:
        raise Unreadable("its payload is no container signature")
    digest = at(document, "critical", "image", "docker-manifest-digest")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise Unreadable("its payload names no digest")
    return digest


def _statement(payload: bytes) -> frozenset[str]:
    """The subjects' digests of an in-toto statement of `cosign sign` (in-toto attestation framework, Statement v1)."""
    document = read_json(payload, most=_MOST_PAYLOAD)
    if at(document, "_type") not in _STATEMENTS:
        raise Unreadable("its payload is no in-toto statement")
    if at(document, "predicateType") != _SIGN_PREDICATE:
        raise Attestation("it states something about the image")
    subjects = at(document, "subject")
    if not isinstance(subjects, list) or not 0 < len(subjects) <= _MOST_SUBJECTS:
        raise Unreadable("its statement has no subjects, or too many")
    digests = frozenset(digest for subject in subjects for digest in _digests(subject))
    if not digests:
        raise Unreadable("its statement names no digest")
    return digests


def _digests(subject: object) -> frozenset[str]:
    named = at(subject, "digest")
    if not isinstance(named, Mapping):
        return frozenset()
    return frozenset(digest for key, value in named.items() if _DIGEST.fullmatch(digest := f"{key}:{value}"))
