"""Content by its digest, checked against that digest: a registry, or whatever stands between, cannot slip in another.

OCI distribution specification, "Pulling manifests" and "Pulling blobs". What is fetched this way never changes.
"""

import hashlib
from collections.abc import Iterator, Mapping
from http import HTTPStatus

import orjson

from bot.errors import Permanent, Transient
from bot.image_reference import is_digest
from bot.registry_answers import Answer, Unusable
from bot.registry_http import RegistryHttp

_MOST_MANIFEST = 4 * 1024 * 1024
JsonObject = Mapping[str, object]


class Content:
    """Reads manifests and blobs of one repository; `host` and `path` are the halves of its normalised name."""

    def __init__(self, http: RegistryHttp, host: str, path: str) -> None:
        self._http = http
        self.host = host
        self.path = path

    async def manifest(self, reference: str) -> JsonObject | None:
        """The manifest of that digest or tag; None where there is none. Transient where it is not what was asked for.

        A manifest that is an index and an image at once is Unusable: clients would not agree on what it is.
        """
        answer = await self._get("manifests", reference, most_bytes=_MOST_MANIFEST)
        if answer is None:
            return None
        document = self._object(answer.body)
        if "manifests" in document and ("config" in document or "layers" in document):
            raise Unusable(f"{self.host}/{self.path}@{reference} is an index and an image at once")
        return document

    async def blob(self, digest: str, *, most_bytes: int) -> bytes | None:
        """The blob; None where there is none. Transient where it is larger, or not what was asked for."""
        answer = await self._get("blobs", digest, most_bytes=most_bytes)
        return None if answer is None else answer.body

    async def json_blob(self, digest: str, *, most_bytes: int) -> JsonObject | None:
        body = await self.blob(digest, most_bytes=most_bytes)
        return None if body is None else self._object(body)

    async def _get(self, kind: str, reference: str, *, most_bytes: int) -> Answer | None:
        url = self._http.server(self.host) / "v2" / self.path / kind / reference
        accept = "*/*" if kind == "blobs" else None
        answer = await self._http.send("GET", url, host=self.host, path=self.path, accept=accept, most_bytes=most_bytes)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status != HTTPStatus.OK:
            raise Permanent(f"{self.host}/{self.path} does not give us its {kind} ({answer.status})")
        if is_digest(reference) and not is_content_of(answer.body, reference):
            raise Transient(f"{self.host}/{self.path}@{reference} answers with content that is not what it names")
        return answer

    def _object(self, body: bytes) -> JsonObject:
        try:
            document: object = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Unusable(f"{self.host}/{self.path} answers with something that is not JSON") from error
        if not isinstance(document, dict):
            raise Unusable(f"{self.host}/{self.path} answers with something that is not a JSON object")
        return document


def is_content_of(body: bytes, digest: str) -> bool:
    """Whether the digest, sha256 or sha512, is of these bytes."""
    algorithm, _, expected = digest.partition(":")
    return hashlib.new(algorithm, body).hexdigest() == expected


def descriptors(document: JsonObject, key: str) -> Iterator[JsonObject]:
    """The descriptors listed under a key (`manifests`, `layers`), those without a digest left out."""
    listed = document.get(key)
    for descriptor in listed if isinstance(listed, list) else []:
        if isinstance(descriptor, dict) and is_digest(str(descriptor.get("digest"))):
            yield descriptor


def texts(value: object) -> dict[str, str]:
    """A map of texts, as labels and annotations are; what is none is left out."""
    found = value.items() if isinstance(value, dict) else ()
    return {name: text for name, text in found if isinstance(name, str) and isinstance(text, str)}
