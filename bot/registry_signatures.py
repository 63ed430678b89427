"""What a registry keeps as signatures of one digest. Nothing of it is trusted; whoever verifies decides.

Three places: the referrers of the digest (OCI distribution specification, "Listing Referrers"), the tag that stands in
for them where a registry has none ("Referrers Tag Schema"), and cosign's own tag `sha256-….sig` (cosign, "Signature
Specification"). Too much of it, or a piece that is gone, means that less is found: a signature can only be missed.
"""

from collections.abc import Iterable
from http import HTTPStatus

from bot.errors import Permanent
from bot.image_reference import is_tag
from bot.model import Digest, SignatureMaterial, SimpleSigning
from bot.registry_content import Content, JsonObject, descriptors, texts
from bot.registry_http import RegistryHttp, read_json

_BUNDLES = "application/vnd.dev.sigstore.bundle"
_EMPTY = "application/vnd.oci.empty.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_LONGEST_IN_TAG = 64
_MOST_SIGNATURES = 20
_MOST_REFERRERS = 4 * 1024 * 1024
_MOST_BUNDLE = 1024 * 1024
_MOST_PAYLOAD = 64 * 1024


async def read_signature_material(http: RegistryHttp, content: Content, digest: Digest) -> SignatureMaterial:
    """At most 20 bundles and 20 simple signatures; none at all is no error. Transient, Permanent."""
    bundles = await _bundles(content, await _referrers(http, content, digest))
    if not bundles:
        algorithm, _, hexadecimal = digest.partition(":")
        stand_in = await content.manifest(f"{algorithm}-{hexadecimal[:_LONGEST_IN_TAG]}")
        bundles = await _bundles(content, descriptors(stand_in or {}, "manifests"))
    return SignatureMaterial(simple=await _simple(content, digest), bundles=bundles)


async def _referrers(http: RegistryHttp, content: Content, digest: Digest) -> Iterable[JsonObject]:
    """Descriptors of what refers to the digest, the first page; none where the registry has no such list.

    Registries without it answer 404, some 400 or 405. One that really refuses us says so again at the next request.
    """
    url = http.server(content.host) / "v2" / content.path / "referrers" / digest
    try:
        answer = await http.send(
            "GET",
            url,
            host=content.host,
            path=content.path,
            accept=_INDEX,
            most_bytes=_MOST_REFERRERS,
        )
    except Permanent:
        return ()
    if answer.status != HTTPStatus.OK or not answer.headers.get("Content-Type", "").startswith(_INDEX):
        return ()
    document = read_json(answer, content.host)
    return descriptors(document, "manifests") if isinstance(document, dict) else ()


async def _bundles(content: Content, found: Iterable[JsonObject]) -> tuple[bytes, ...]:
    """The bundles these descriptors lead to.

    cosign 2 gives its bundles the type of their empty configuration, so a descriptor of that type, or of none, is
    looked into as well; it is the layer's type that counts.
    """
    bundles: list[bytes] = []
    listed = tuple(found)
    maybe = [one for one in listed if one.get("artifactType") in (None, "", _EMPTY)]
    surely = [one for one in listed if str(one.get("artifactType")).startswith(_BUNDLES)]
    for descriptor in (*surely, *maybe)[:_MOST_SIGNATURES]:
        manifest = await content.manifest(str(descriptor["digest"]))
        for layer in descriptors(manifest or {}, "layers"):
            if len(bundles) == _MOST_SIGNATURES:
                return tuple(bundles)
            if str(layer.get("mediaType")).startswith(_BUNDLES) and _is_small(layer, _MOST_BUNDLE):
                bundle = await content.blob(str(layer["digest"]), most_bytes=_MOST_BUNDLE)
                bundles += [bundle] if bundle is not None else []
    return tuple(bundles)


async def _simple(content: Content, digest: Digest) -> tuple[SimpleSigning, ...]:
    tag = f"{digest.replace(':', '-')}.sig"
    manifest = await content.manifest(tag) if is_tag(tag) else None
    signatures: list[SimpleSigning] = []
    for layer in list(descriptors(manifest or {}, "layers"))[:_MOST_SIGNATURES]:
        if _is_small(layer, _MOST_PAYLOAD):
            payload = await content.blob(str(layer["digest"]), most_bytes=_MOST_PAYLOAD)
            annotations = texts(layer.get("annotations"))
            signatures += [SimpleSigning(payload=payload, annotations=annotations)] if payload is not None else []
    return tuple(signatures)


def _is_small(descriptor: JsonObject, most_bytes: int) -> bool:
    size = descriptor.get("size")
    return isinstance(size, int) and 0 < size <= most_bytes
