"""A Helm chart as it is packed and sent, to a registry or a chart repository. No I/O.

https://helm.sh/docs/topics/charts
"""

import gzip
import io
import tarfile
from collections.abc import Mapping

import yaml


def metadata(name: str, version: str, *, app_version: str | None = None) -> dict[str, object]:
    """What the chart's Chart.yaml says."""
    more = {"appVersion": app_version} if app_version is not None else {}
    return {"apiVersion": "v2", "name": name, "version": version, "type": "application", **more}


def package(described: Mapping[str, object], *, content: bytes = b"") -> bytes:
    """The packed chart: equal descriptions and contents (of its one template) make equal bytes."""
    name = described["name"]
    files = {"Chart.yaml": yaml.safe_dump(dict(described)).encode(), "templates/content.yaml": content}
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for path, data in files.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
