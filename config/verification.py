"""Who must have signed an artifact: `verify`, read. No I/O."""

import re

from config.checks import Checks
from config.file_paths import parse_file_path
from config.pipeline import Cosign, Verify
from config.reading import Entry, Reader, Section

_PUBLIC = "-----BEGIN PUBLIC KEY-----"
_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]+-----")
_ISSUER = re.compile(r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~/-]*)?")


def read_verify(reader: Reader, entry: Entry, checks: Checks) -> Verify | None:
    """What must be proved; None where it cannot be read, which is noted."""
    before = len(reader.problems)
    fields = reader.fields(entry.value, "`verify`", known=("cosign",))
    if "cosign" not in fields:
        if len(reader.problems) == before:
            reader.refuse(entry.key, "`verify` proves nothing", "`verify: {cosign: {key: …}}`, or remove it")
        return None
    known = ("key", "issuer", "identity")
    signer = reader.fill(reader.fields(fields["cosign"].value, "`cosign`", known=known), "key", "identity")
    section = Section(reader, "`cosign`", signer)
    if len(reader.problems) == before:
        _check_parties(section, fields["cosign"])
    key = section.judged("key", lambda text: _check_key(text, checks))
    issuer = section.judged("issuer", _check_issuer)
    identity = section.judged("identity", _check_identity)
    return Verify(cosign=Cosign(key=_trimmed(key), issuer=issuer, identity=identity))


def _check_parties(section: Section, entry: Entry) -> None:
    """A key, or both halves of who signs without one."""
    fields = section.fields
    if "key" in fields:
        for other in ("issuer", "identity"):
            section.refuse_key(other, f"a signature is checked by `key` or by `{other}`, not both", "one of the two")
    elif "identity" in fields and "issuer" not in fields:
        message = "an `identity` says nothing without the `issuer` that vouches for it"
        section.refuse_key("identity", message, "`issuer:` with the provider's https:// address")
    elif "issuer" in fields and "identity" not in fields:
        message = "an `issuer` vouches for everybody it knows"
        section.refuse_key("issuer", message, "`identity:` with the exact one that signs")
    elif "identity" not in fields:
        section.reader.refuse(entry.key, "`cosign` names nobody", "`key`, or `issuer` and `identity`")


def _check_key(text: str, checks: Checks) -> None:
    if "PRIVATE KEY" in text:
        raise ValueError(
            "a PRIVATE key stands here, where everyone who can read this repository can take it: it must be replaced "
            "by a new pair now, and this one trusted no more. Write the public key"
        )
    if text.lstrip().startswith(_PUBLIC):
        checks.check_key(text.strip())
    elif _BEGIN.search(text):
        raise ValueError(f"this is no public key in PEM, which begins with {_PUBLIC}")
    elif "://" in text:
        raise ValueError("a key is a file of the default branch, or stands here in PEM; addresses are not followed")
    else:
        parse_file_path(text)


def _check_issuer(text: str) -> None:
    if not _ISSUER.fullmatch(text):
        raise ValueError("an issuer is the https:// address of an OpenID provider, exactly as its tokens name it")


def _check_identity(text: str) -> None:
    if text != text.strip() or not text.isprintable():
        raise ValueError("an identity is compared exactly, and has no spaces around it")
    if "*" in text:
        raise ValueError("an identity is compared exactly; `*` stands for nothing here")


def _trimmed(key: str | None) -> str | None:
    if key is None:
        return None
    return key.strip() if key.lstrip().startswith(_PUBLIC) else parse_file_path(key)
