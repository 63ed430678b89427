"""The repository that the demo and many tests promote in: one application, three folder environments."""

from collections.abc import Mapping

from sandbox.laptop import Laptop

NAMES = ("development", "staging", "production")


def kustomization(image: str, tag: str) -> str:
    return (
        "apiVersion: kustomize.config.k8s.io/v1beta1\n"
        "kind: Kustomization\n"
        "resources:\n"
        "  - ../base   # what all environments share\n"
        "images:\n"
        f"  - name: {image}\n"
        f'    newTag: "{tag}"   # moved by Caisson\n'
    )


def configuration(image: str, *, soak: str = "30m", approvals: int = 1, staging: str = "") -> str:
    """The file. `staging`: keys of that environment besides, one a line."""
    more = "".join(f"        {line}\n" for line in staging.splitlines())
    return f"""\
version: 1
pipelines:
  web-app:
    images:
      web:
        repository: {image}
        constraint: ">=1.0 <2"
    environments:
      development:
        path: applications/web-app/development
        auto: true
      staging:
        path: applications/web-app/staging
        after: [development]
        auto: true
{more}      production:
        path: applications/web-app/production
        after: [staging]
        approvals: {{count: {approvals}}}
        gates: {{soak: {soak}}}
"""


def files(image: str, tag: str, *, config: str) -> Mapping[str, str]:
    """The repository's first content."""
    found = {f"applications/web-app/{name}/kustomization.yaml": kustomization(image, tag) for name in NAMES}
    return {".github/caisson.yaml": config, "README.md": "# What we deploy\n", **found}


def deploy(laptop: Laptop, full_name: str, *names: str, branch_of: Mapping[str, str] | None = None) -> None:
    """One Argo CD Application per environment, following its folder (or its branch)."""
    for name in names or NAMES:
        branches = branch_of or {}
        laptop.cluster.add_application(
            f"web-app-{name}",
            repository_url=f"https://github.com/{full_name}.git",
            path="." if branches else f"applications/web-app/{name}",
            target_revision=branches.get(name, "HEAD"),
        )
