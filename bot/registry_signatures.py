"""What a registry keeps as signatures of one digest. Nothing of it is trusted; whoever verifies decides.

Three places: the referrers of the digest (OCI distribution specification, "Listing Referrers"), the tag that stands in
for them where a registry has none ("Referrers Tag Schema"), and cosign's own tag `sha256-….sig` (cosign, "Signature
Specification"). Two forms: Sigstore bundles, and cosign's older simple signatures. Too much of it, or a piece that is
gone or unusable, means that less is found: a signature can only be missed, and something odd that is pushed next to an
image hides no others. What could not be fetched may be one, so then it is not known what there is.
"""

from collections.abc import Awaitable, Iterable
from http import HTTPStatus
from typing import TypeVar

from bot.errors import Permanent
from bot.image_reference import is_tag
from bot.model import Digest, SignatureMaterial, SimpleSigning
from bot.registry_answers import Unusable
from bot.registry_content import Content, JsonObject, descriptors, texts
from bot.registry_http import RegistryHttp, read_json

_T = TypeVar("_T")

_BUNDLE = "application/vnd.dev.sigstore.bundle"
_SIMPLE = "application/vnd.dev.cosign.simplesigning.v1+json"
_SIGNATURES = (_BUNDLE, "application/vnd.dev.cosign.artifact.sig")
# Cosign before 3 did not say what its bundles are, and registries then name the type of the empty configuration
# (cosign issue 4422).
_UNSAID = (None, "", "application/vnd.oci.empty.v1+json")
_INDEX = "application/vnd.oci.image.index.v1+json"
_LONGEST_IN_TAG = 64
_MOST_SIGNATURES = 20
_MOST_REFERRERS = 4 * 1024 * 1024
_MOST_BUNDLE = 1024 * 1024
_MOST_PAYLOAD = 64 * 1024


async def read_signature_material(http: RegistryHttp, content: Content, digest: Digest) -> SignatureMaterial:
    """At most 20 bundles and 20 simple signatures; none at all is no error. Transient, Permanent."""
    found = _Found(content)
    await found.refer(await _referrers(http, content, digest))
    if not found.bundles:
        algorithm, _, hexadecimal = digest.partition(":")
        stand_in = await _usable(content.manifest(f"{algorithm}-{hexadecimal[:_LONGEST_IN_TAG]}"))
        await found.refer(descriptors(stand_in or {}, "manifests"))
    tag = f"{digest.replace(':', '-')}.sig"
    if is_tag(tag):
        await found.take(await _usable(content.manifest(tag)))
    return SignatureMaterial(simple=tuple(found.simple), bundles=tuple(found.bundles))


async def _referrers(http: RegistryHttp, content: Content, digest: Digest) -> Iterable[JsonObject]:
    """Descriptors of what refers to the digest, the first page; none where the registry has no such list.

    Registries without it answer 404, some 400 or 405. One that really refuses us says so again at the next request. It
    is not asked to filter by type, for not all that are bundles say so.
    """
    url = http.server(content.host) / "v2" / content.path / "referrers" / digest
    try:
        answer = await http.send(
            "GET", url, host=content.host, path=content.path, accept=_INDEX, most_bytes=_MOST_REFERRERS
        )
    except Permanent:
        return ()
    if answer.status != HTTPStatus.OK or not answer.headers.get("Content-Type", "").startswith(_INDEX):
        return ()
    document = read_json(answer, content.host)
    return descriptors(document, "manifests") if isinstance(document, dict) else ()


class _Found:
    """What has been found so far, within bounds."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self.simple: list[SimpleSigning] = []
        self.bundles: list[bytes] = []

    async def refer(self, listed: Iterable[JsonObject]) -> None:
        """Take what these lead to: those said to be signatures first, then those of which nothing is said."""
        candidates = list(listed)
        said = [one for one in candidates if str(one.get("artifactType")).startswith(_SIGNATURES)]
        unsaid = [one for one in candidates if one.get("artifactType") in _UNSAID]
        for descriptor in (said + unsaid)[:_MOST_SIGNATURES]:
            await self.take(await _usable(self._content.manifest(str(descriptor["digest"]))))

    async def take(self, manifest: JsonObject | None) -> None:
        """Take the layers of an artifact that are signatures; None: it is gone."""
        for layer in descriptors(manifest or {}, "layers"):
            kind = str(layer.get("mediaType"))
            if kind.startswith(_BUNDLE) and len(self.bundles) < _MOST_SIGNATURES:
                bundle = await self._blob(layer, _MOST_BUNDLE)
                self.bundles += [bundle] if bundle is not None else []
            elif kind == _SIMPLE and len(self.simple) < _MOST_SIGNATURES:
                payload = await self._blob(layer, _MOST_PAYLOAD)
                annotations = texts(layer.get("annotations"))
                self.simple += [SimpleSigning(payload=payload, annotations=annotations)] if payload is not None else []

    async def _blob(self, layer: JsonObject, most_bytes: int) -> bytes | None:
        """None where it is gone, or says itself that it is too large."""
        size = layer.get("size")
        if not isinstance(size, int) or not 0 < size <= most_bytes:
            return None
        return await _usable(self._content.blob(str(layer["digest"]), most_bytes=most_bytes))


async def _usable(reading: Awaitable[_T | None]) -> _T | None:
    """What was read; None also where nobody can use it."""
    try:
        return await reading
    except Unusable:
        return None
