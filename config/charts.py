"""One chart of the file, read. No I/O."""

import re
from urllib.parse import urlsplit

from config.artifact_keys import KEYS, bare_repository, fill_alike, read_alike
from config.checks import Checks
from config.pipeline import ChartSource
from config.reading import Entry, Reader, Section
from config.writes import CHART_KEYS
from config.yaml_text import Node

_KEYS = (*KEYS, "chart")
# Keys of images that a chart might be thought to have, and why it has none.
_NOT_OF_CHARTS = {
    "strategy": "the versions of a chart are ordered as versions, always",
    "extract": "the versions of a chart are ordered as versions, always",
    "platforms": "a chart is the same on every platform",
    "pin": "a chart is written by its version",
}
_FIRST_KEY = "`repository:` and its oci:// or https:// address"
_OCI = "oci://"
_HTTP = ("https://", "http://")
_CHART_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,249}")
_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9a-f:]+")


def read_chart(reader: Reader, entry: Entry, checks: Checks) -> ChartSource | None:
    """The chart, or None where it cannot be told what it is."""
    what = f"chart `{entry.name}`"
    if not reader.has_keys(entry.value, what, _FIRST_KEY):
        return None
    fields = reader.fields(entry.value, what, known=_KEYS, foreign=_NOT_OF_CHARTS)
    fields = reader.fill(fill_alike(reader, fields), "chart")
    section = Section(reader, what, fields)
    if "repository" not in fields:
        reader.refuse(entry.key, f"{what} has no repository", _FIRST_KEY)
        return None
    repository = _repository(reader, fields["repository"].value, checks)
    name = section.judged("chart", lambda text: _check_name(text, repository, checks))
    placed = repository is not None and _check_place(section, repository, name)
    constraint = section.judged("constraint", checks.check_constraint)
    alike = read_alike(section, checks, keys=CHART_KEYS)
    if repository is None or not placed:
        return None
    return ChartSource(
        repository=repository,
        chart=name,
        constraint=constraint or "*",
        allow_tags=alike.allow_tags,
        ignore_tags=alike.ignore_tags,
        minimum_age=alike.minimum_age,
        verify=alike.verify,
        write=alike.write,
        release_notes=alike.release_notes,
    )


def _repository(reader: Reader, node: Node, checks: Checks) -> str | None:
    text = reader.text(node, "repository")
    if text is None:
        return None
    if text.startswith(_HTTP):
        return reader.judged(node, "repository", lambda address: _check_address(address, checks))
    if not text.startswith(_OCI):
        remedy = "`oci://` or `https://` before it" if "://" not in text else "an oci:// or https:// address"
        reader.refuse(node, "a chart's repository begins with oci:// or https://", remedy)
    elif "/" in _oci_path(text) and (better := bare_repository(_oci_path(text))):
        reader.refuse(node, f"a chart's repository is written {better[0]}", f"`{_OCI}{better[1]}`")
    else:
        return reader.judged(node, "repository", lambda address: _check_oci(_oci_path(address), checks))
    return None


def _oci_path(address: str) -> str:
    return address.removeprefix(_OCI).rstrip("/")


def _check_oci(path: str, checks: Checks) -> None:
    """A registry's host, and a path on it unless `chart` is all of that. Charts have no Docker Hub to fall back on."""
    host, slash, _ = path.partition("/")
    if "." not in host and ":" not in host and host != "localhost":
        raise ValueError(f"an oci:// address begins with a registry's host, and {host!r} is none")
    checks.check_repository(path if slash else f"{path}/chart")


def _check_address(text: str, checks: Checks) -> None:
    """The address below which a chart repository's index.yaml lies."""
    parts = urlsplit(text)
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or not text.isprintable() or " " in text:
        raise ValueError("this is not the address of a chart repository")
    # Raises ValueError where the port is none.
    if parts.port == 0:
        raise ValueError("port 0 is no port")
    if "@" in parts.netloc:
        raise ValueError("credentials never stand in this file; the operator configures them for the host")
    if parts.netloc != parts.netloc.lower():
        raise ValueError(f"a host is written in lower case; write {parts.netloc.lower()}")
    if parts.query or parts.fragment:
        raise ValueError("the address of a chart repository has no query and no fragment")
    if parts.path.rstrip("/").endswith("/index.yaml"):
        raise ValueError(f"the address is that of the folder; write {text.rstrip('/').removesuffix('/index.yaml')}")
    checks.check_chart_repository(text)


def _check_name(text: str, repository: str | None, checks: Checks) -> None:
    if not _CHART_NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not the name of a chart")
    if repository is not None and repository.startswith(_OCI):
        checks.check_repository(f"{_oci_path(repository)}/{text}")


def _check_place(section: Section, repository: str, name: str | None) -> bool:
    """Whether it is known which chart is meant: `chart` names it, or an OCI repository's path ends in its name."""
    path = _oci_path(repository) if repository.startswith(_OCI) else ""
    if name is not None:
        if path.endswith(f"/{name}"):
            message = f"the chart's name stands in `repository` already, so `chart` would ask for {repository}/{name}"
            section.refuse_key("chart", message, "no `chart`, or the whole of that in `repository`")
        return True
    # A name that cannot be read has been refused.
    if "chart" not in section.fields and "/" not in path:
        message = f"a {'registry' if path else 'chart repository'} holds many charts, and none is named"
        section.reader.refuse(section.fields["repository"].key, message, "`chart:` with the chart's name")
    return "chart" not in section.fields and "/" in path
