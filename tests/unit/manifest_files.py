"""One file edited for one artifact, as the tests of the manifest formats want it."""

from bot.manifests.subject import Subject
from bot.manifests.versions import set_version, version_in
from config.pipeline import Pin

OLD = "sha256:" + "a" * 64
NEW = "sha256:" + "b" * 64
WEB = Subject(name="web", repository="ghcr.io/org/app")
CHART = Subject(name="addon", repository="https://charts.example.com/stable#metrics-server", chart=True)
OCI_CHART = Subject(name="addon", repository="ghcr.io/org/charts/app", chart=True)


def edit(
    text: str,
    path: str = "values.yaml",
    *,
    subject: Subject = WEB,
    tag: str = "2.0.0",
    digest: str | None = None,
    pin: Pin | None = None,
) -> str:
    """The text with the version set; raises CannotEdit."""
    return set_version({path: text}, subject, tag=tag, digest=digest, pin=pin, folder="").get(path, text)


def stands(text: str, path: str = "values.yaml", *, subject: Subject = WEB) -> tuple[str | None, str | None] | None:
    """The (tag, digest) that stands; raises CannotEdit."""
    return version_in({path: text}, subject, folder="")
