"""What is stored in a registry: manifests, configurations and indexes as image and chart builders make them. No I/O.

OCI image specification 1.1 (manifest.md, image-index.md, config.md); for charts https://helm.sh/docs/topics/registries.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
CHART_CONFIG_TYPE = "application/vnd.cncf.helm.config.v1+json"
CHART_CONTENT_TYPE = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

Document = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """Bytes, and what they are."""

    media_type: str
    body: bytes

    @property
    def digest(self) -> str:
        return digest_of(self.body)

    def described(self, **more: object) -> Document:
        """A descriptor of it, as manifests and indexes hold them."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.body), **more}


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def as_json(document: Mapping[str, object]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def stamp(at: datetime) -> str:
    """A moment as RFC 3339 in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def image_config(
    content: bytes, *, platform: str = "linux/amd64", created: datetime, labels: Mapping[str, str] | None = None
) -> Content:
    """An image's configuration; what was built into it shows as a label. `platform`: `os/arch[/variant]`."""
    document: Document = {
        "created": stamp(created),
        **_platform(platform),
        "config": {"Labels": {"content": hashlib.sha256(content).hexdigest(), **(labels or {})}},
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    return Content(media_type=CONFIG_TYPE, body=as_json(document))


def manifest(
    config: Content,
    layers: Sequence[Document] = (),
    *,
    annotations: Mapping[str, str] | None = None,
    **more: object,
) -> Content:
    """A manifest of one configuration and its layers' descriptors. `more`: `subject`, `artifactType`."""
    document: Document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        **more,
        "config": config.described(),
        "layers": list(layers),
        **({"annotations": dict(annotations)} if annotations else {}),
    }
    return Content(media_type=MANIFEST_TYPE, body=as_json(document))


def index(descriptors: Sequence[Document], *, annotations: Mapping[str, str] | None = None) -> Content:
    document: Document = {
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": list(descriptors),
        **({"annotations": dict(annotations)} if annotations else {}),
    }
    return Content(media_type=INDEX_TYPE, body=as_json(document))


def of_platform(built: Content, platform: str) -> Document:
    """The descriptor of one platform's manifest in an index; `unknown/unknown` is how builders mark attestations."""
    if platform != "unknown/unknown":
        return built.described(platform=_platform(platform))
    marks = {"vnd.docker.reference.type": "attestation-manifest"}
    return built.described(platform=_platform(platform), annotations=marks)


def chart(package: bytes, *, metadata: Mapping[str, object], created: datetime) -> tuple[Content, Content, Content]:
    """Configuration (its Chart.yaml as JSON), layer (the package) and manifest of a chart."""
    config = Content(media_type=CHART_CONFIG_TYPE, body=as_json(metadata))
    layer = Content(media_type=CHART_CONTENT_TYPE, body=package)
    annotations = {
        "org.opencontainers.image.created": stamp(created),
        "org.opencontainers.image.title": str(metadata["name"]),
        "org.opencontainers.image.version": str(metadata["version"]),
    }
    return config, layer, manifest(config, [layer.described()], annotations=annotations)


def _platform(platform: str) -> Document:
    names = ("os", "architecture", "variant")
    return dict(zip(names, platform.split("/"), strict=False))
