"""The operator's file of registry doors → doors, or every problem in it with its place. No I/O.

```yaml
doors:
  hub: {sender: dockerhub, path_secret: 1f0c…}
  harbor: {sender: harbor, authorization: 9a44…}
  gitlab: {sender: distribution, bearer: 77e1…}
  google: {sender: gar, audience: https://caisson.example.com/, email: push@project.iam.gserviceaccount.com}
  build: {sender: generic, hmac_secret: 0b5d…, hmac_header: X-Signature, repository: image.name, tag: image.tag}
```

A door says one means of knowing its sender, the strongest that the sender has: a weaker one beside it would be the one
that gets attacked. Secrets never stand in the messages.
"""

import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from config import yaml_text
from config.door_means import ANY_OF, BESIDE, SIGNED, Means, why_not
from config.doors import (
    ALSO_KNOWN_AS,
    GOOGLE,
    SHORTEST_SECRET,
    Authentication,
    Door,
    Header,
    Hmac,
    Oidc,
    Option,
    PathSecret,
    Sender,
    basic,
    bearer,
    options_of,
    sender_named,
    wrong_with,
)
from config.problems import ConfigError, Problem
from config.reading import Entry, Fields, Reader
from config.yaml_text import NotReadable

_KEYS = ("sender", *Means, *(key for keys in BESIDE.values() for key in keys), *Option)

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_FIELD_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
_PATH_SECRET = re.compile(r"[A-Za-z0-9._~-]+")
_SIGNATURE_PREFIX = re.compile(r"[\x21-\x7e]{1,32}")
_ISSUER = re.compile(
    r"https://[^/?#\s@]+(?:/[^?#\s]*)?|http://(?:127\.0\.0\.1|localhost|\[::1\])(?::[0-9]+)?(?:/[^?#\s]*)?"
)


class Algorithm(StrEnum):
    """The hash of an HMAC."""

    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"


def parse_doors(text: str, *, path: str, keys: Callable[[str], str]) -> Mapping[str, Door]:
    """Name → door; ConfigError with every problem. `keys` gives the text of a `keys_file`, or raises OSError."""
    reader = Reader(path, longest_quoted=SHORTEST_SECRET - 1)
    try:
        root = yaml_text.compose(text)
    except NotReadable as error:
        at = error.spot
        problem = Problem(path=path, line=at.line, column=at.column, message=error.message, suggestion=error.remedy)
        raise ConfigError((problem,)) from error
    if root is None:
        message, remedy = "the file is empty", "`doors:` with a door's name below it"
        raise ConfigError((Problem(path=path, line=1, column=1, message=message, suggestion=remedy),))
    reader.vet(root)
    fields = reader.fields(root, "the file", known=("doors",))
    doors: dict[str, Door] = {}
    for entry in reader.entries(fields["doors"].value, "`doors`") if "doors" in fields else ():
        door = _DoorReader(reader, keys).door(entry)
        if door is not None:
            doors[entry.name] = door
    if reader.problems:
        raise ConfigError(tuple(sorted(reader.problems, key=lambda p: (p.line, p.column))))
    return MappingProxyType(doors)


class _DoorReader:
    """Reads one door; each reader gives None after it has noted a problem."""

    def __init__(self, reader: Reader, keys: Callable[[str], str]) -> None:
        self._reader = reader
        self._keys = keys

    def door(self, entry: Entry) -> Door | None:
        what = self._reader.quoted(entry.name, "door")
        if not _NAME.fullmatch(entry.name):
            message = f"{self._reader.quoted(entry.name)} is not the name of a door"
            self._reader.refuse(entry.key, message, "a-z, 0-9 and - only")
        if not self._reader.has_keys(entry.value, what, "`sender:` and its name below it"):
            return None
        fields = self._reader.fields(entry.value, what, known=_KEYS)
        sender = self._sender(entry, fields)
        if sender is None:
            return None
        means = self._means(entry, fields, sender)
        options = self._options(fields, sender)
        if means is None:
            return None
        self._refuse_strays(fields, sender, means)
        authentication = self._authentication(fields, sender, means)
        return None if authentication is None else Door(sender=sender, authentication=authentication, options=options)

    def _sender(self, entry: Entry, fields: Fields) -> Sender | None:
        if "sender" not in fields:
            message = f"{self._reader.quoted(entry.name, 'door')} does not say who sends there"
            self._reader.refuse(entry.key, message, "`sender:` and its name")
            return None
        node = fields["sender"].value
        name = self._reader.text(node, "sender")
        found = sender_named(name) if name else None
        if name and found is None:
            names = [*Sender, *ALSO_KNOWN_AS]
            near = self._reader.nearest(name, names) or f"one of {', '.join(f'`{one}`' for one in Sender)}"
            self._reader.refuse(node, f"{self._reader.quoted(name)} is no sender", near)
        return found

    def _means(self, entry: Entry, fields: Fields, sender: Sender) -> Means | None:
        """The one means that is given, if this sender has it and none that is stronger."""
        given = [means for means in Means if means in fields]
        possible = ANY_OF[sender]
        remedy = " or ".join(f"`{means}`" for means in possible)
        if not given:
            message = f"{self._reader.quoted(entry.name, 'door')} does not say how its sender is known"
            self._reader.refuse(entry.key, message, remedy)
            return None
        for means in given:
            if means not in possible:
                self._reader.refuse(fields[means].key, why_not(means, sender), remedy)
                return None
        if len(given) > 1:
            second = fields[given[1]].key
            self._reader.refuse(second, "a door knows its sender by one means, this one names several", "one of them")
            return None
        return given[0]

    def _refuse_strays(self, fields: Fields, sender: Sender, means: Means) -> None:
        """Keys that mean something beside another means, or for another sender."""
        beside = BESIDE.get(means, ()) if sender not in SIGNED else ()
        for key, entry in fields.items():
            if key in {k for keys in BESIDE.values() for k in keys} and key not in beside:
                self._reader.refuse(entry.key, f"`{key}` means nothing beside `{means}` of {sender}")

    def _options(self, fields: Fields, sender: Sender) -> Mapping[Option, str]:
        options: dict[Option, str] = {}
        for option in Option:
            if option not in fields:
                continue
            entry = fields[option]
            value = self._reader.text(entry.value, option)
            if option not in options_of(sender):
                known = ", ".join(f"`{one}`" for one in options_of(sender)) or "nothing of the kind"
                self._reader.refuse(entry.key, f"`{option}` means nothing for {sender}", known)
            elif value is not None:
                if wrong := wrong_with(option, value):
                    self._reader.refuse(entry.value, wrong)
                options[option] = value
        if sender is Sender.GENERIC and Option.REPOSITORY not in fields and "sender" in fields:
            self._reader.refuse(
                fields["sender"].value, "a generic sender needs `repository`", "the path of keys to it: `image.name`"
            )
        return MappingProxyType(options)

    # --- how the sender is known --------------------------------------------------------------------------------------

    def _authentication(self, fields: Fields, sender: Sender, means: Means) -> Authentication | None:
        if means is Means.OIDC:
            return self._oidc(fields)
        secret = self._secret(fields[means], means)
        match means:
            case Means.HMAC:
                return self._hmac(fields, sender, secret)
            case Means.API_KEY:
                header = self._header(fields, "api_key_header", "X-Api-Key")
                return Header(name=header, value=secret.encode()) if secret and header else None
            case _ if secret is None:
                return None
            case Means.AUTHORIZATION:
                return Header(name="Authorization", value=secret.encode())
            case Means.BASIC:
                return basic(secret)
            case Means.BEARER:
                return bearer(secret)
            case _:
                return self._path_secret(fields[means], secret)

    def _secret(self, entry: Entry, means: Means) -> str | None:
        """At least 16 characters, of which a scheme (`Bearer …`) or a user's name (`user:…`) counts for nothing."""
        secret = self._reader.text(entry.value, f"`{means}`")
        if secret is None:
            return None
        secret = secret.strip()
        heart = secret
        if means is Means.BASIC:
            user, colon, heart = secret.partition(":")
            if not (user and colon):
                self._reader.refuse(entry.value, "`basic` needs a user and a password", "`user:password`")
                return None
        elif means is Means.AUTHORIZATION:
            heart = secret.rpartition(" ")[2]
        if len(heart) < SHORTEST_SECRET:
            remedy = f"one of {SHORTEST_SECRET} characters or more, such as `openssl rand -hex 32` gives"
            self._reader.refuse(entry.value, f"the secret of `{means}` is too short", remedy)
            return None
        if means not in {Means.HMAC, Means.BASIC} and any(not " " <= c <= "~" for c in secret):
            self._reader.refuse(entry.value, f"the secret of `{means}` cannot be sent", "printable ASCII only")
            return None
        return secret

    def _path_secret(self, entry: Entry, secret: str) -> PathSecret | None:
        if not _PATH_SECRET.fullmatch(secret):
            self._reader.refuse(entry.value, "`path_secret` becomes part of an address", "A-Z, a-z, 0-9 and ._~- only")
            return None
        return PathSecret(secret=secret.encode())

    def _hmac(self, fields: Fields, sender: Sender, secret: str | None) -> Hmac | None:
        if sender in SIGNED:
            header, algorithm, prefix = SIGNED[sender]
            code = secret.encode() if secret else b""
            return Hmac(secret=code, header=header, algorithm=algorithm, prefix=prefix) if code else None
        named = self._header(fields, "hmac_header", None)
        if "hmac_header" not in fields:
            self._reader.refuse(fields[Means.HMAC].key, "the header of the signature is not named", "`hmac_header`")
        kind = Algorithm.SHA256
        if "hmac_algorithm" in fields:
            kind = self._reader.choice(fields["hmac_algorithm"].value, "hmac_algorithm", Algorithm) or kind
        before = ""
        if "hmac_prefix" in fields:
            before = self._reader.text(fields["hmac_prefix"].value, "hmac_prefix") or ""
            if before and not _SIGNATURE_PREFIX.fullmatch(before):
                self._reader.refuse(
                    fields["hmac_prefix"].value, f"{self._reader.quoted(before)} cannot begin a header", "`sha256=`"
                )
        if not secret or not named:
            return None
        return Hmac(secret=secret.encode(), header=named, algorithm=kind, prefix=before)

    def _header(self, fields: Fields, key: str, default: str | None) -> str | None:
        if key not in fields:
            return default
        name = self._reader.text(fields[key].value, key)
        if name and not _FIELD_NAME.fullmatch(name):
            self._reader.refuse(
                fields[key].value, f"{self._reader.quoted(name)} is not the name of a header", "`X-Signature`"
            )
            return None
        return name

    def _oidc(self, fields: Fields) -> Oidc | None:
        audience = self._reader.text(fields[Means.OIDC].value, "audience")
        if "email" not in fields:
            remedy = "`email:` and the service account that the subscription signs in as"
            self._reader.refuse(fields[Means.OIDC].key, "anybody's token for this audience would do", remedy)
            return None
        email = self._reader.text(fields["email"].value, "email")
        issuer: str | None = GOOGLE
        if "issuer" in fields:
            issuer = self._reader.text(fields["issuer"].value, "issuer")
            if issuer and not _ISSUER.fullmatch(issuer):
                self._reader.refuse(fields["issuer"].value, f"{issuer!r} is not an issuer", f"`{GOOGLE}`")
        keys = self._key_set(fields["keys_file"]) if "keys_file" in fields else None
        if not (audience and email and issuer):
            return None
        return Oidc(audience=audience, email=email, issuer=issuer, keys=keys)

    def _key_set(self, entry: Entry) -> str | None:
        """A JSON Web Key Set; whether each key can be used shows when it is loaded."""
        name = self._reader.text(entry.value, "keys_file")
        if name is None:
            return None
        try:
            found = self._keys(name)
            document = json.loads(found)
        except OSError as error:
            self._reader.refuse(entry.value, f"{name} cannot be read: {error.strerror}", "the path of a key set")
            return None
        except (ValueError, RecursionError):
            document = found = None
        if not (isinstance(document, dict) and isinstance(document.get("keys"), list) and document["keys"]):
            remedy = 'the path of a JSON Web Key Set: `{"keys": [{"kty": "RSA", "kid": …}]}`'
            self._reader.refuse(entry.value, f"{name} holds no keys", remedy)
            return None
        return found
