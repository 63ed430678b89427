"""The notifications of CNCF Distribution: one envelope for each manifest pushed. No I/O.

https://distribution.github.io/distribution/about/notifications
"""

import uuid
from datetime import datetime

from sandbox.registry.artifacts import Content, Document, as_json, stamp

EVENTS_TYPE = "application/vnd.docker.distribution.events.v2+json"


def pushed(manifest: Content, *, repository: str, tag: str | None, host: str, at: datetime) -> bytes:
    """The envelope of one push. Without `tag` it came by digest, as the parts of an index and referrers do."""
    size = len(manifest.body)
    target: Document = {
        "mediaType": manifest.media_type,
        "size": size,
        "digest": manifest.digest,
        "length": size,
        "repository": repository,
        "url": f"http://{host}/v2/{repository}/manifests/{manifest.digest}",
        **({"tag": tag} if tag is not None else {}),
    }
    request = {"id": str(uuid.uuid4()), "addr": "127.0.0.1", "host": host, "method": "PUT"}
    event: Document = {
        "id": str(uuid.uuid4()),
        "timestamp": stamp(at),
        "action": "push",
        "target": target,
        "request": request,
        "actor": {},
        "source": {"addr": host, "instanceID": "sandbox"},
    }
    return as_json({"events": [event]})
