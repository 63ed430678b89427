"""One repository of a registry: blobs and manifests by digest, tags by name, and who refers to whom. No I/O."""

import json
from dataclasses import dataclass, field

from sandbox.registry.artifacts import Content, Document


@dataclass(slots=True)
class Shelf:
    manifests: dict[str, Content] = field(default_factory=dict)
    blobs: dict[str, Content] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def put(self, manifest: Content, *blobs: Content, tag: str | None = None) -> str:
        """Keep a manifest with its blobs, perhaps under a tag; gives its digest."""
        for blob in blobs:
            self.blobs[blob.digest] = blob
        self.manifests[manifest.digest] = manifest
        if tag is not None:
            self.tags[tag] = manifest.digest
        return manifest.digest

    def find(self, reference: str) -> Content | None:
        """A manifest by tag or digest."""
        return self.manifests.get(self.tags.get(reference, reference))

    def document(self, digest: str) -> Document:
        """A manifest as JSON; KeyError where there is none."""
        read: Document = json.loads(self.manifests[digest].body)
        return read

    def referrers(self, digest: str) -> list[Document]:
        """Descriptors of the manifests whose `subject` is that digest, in order of arrival.

        OCI distribution spec 1.1, "Listing Referrers": each with its artifact type (its configuration's media type
        where it names none) and its annotations.
        """
        found: list[Document] = []
        for name, content in self.manifests.items():
            document = self.document(name)
            subject, config = document.get("subject"), document.get("config")
            if not isinstance(subject, dict) or subject.get("digest") != digest:
                continue
            kind = document.get("artifactType") or (config.get("mediaType") if isinstance(config, dict) else None)
            annotations = document.get("annotations")
            more: Document = {"annotations": annotations} if annotations else {}
            found.append(content.described(artifactType=kind, **more))
        return found
