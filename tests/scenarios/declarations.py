"""What the scenarios about images declare, and the files in which they find a version."""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.world import World

HERE = "apps/web/development"
THERE = "apps/web/production"


def declared(image: str, *, more: str = "") -> str:
    """Two environments, both of which merge by themselves; `more` is said of the pipeline or of the whole file."""
    return f"""\
version: 1
pipelines:
  web-app:
    images:
      web:
        repository: {{image}}
{_indented(image, 8)}
    environments:
      development: {{path: {HERE}, auto: true, health: {{from: none}}}}
      production: {{path: {THERE}, after: [development], auto: true, health: {{from: none}}}}
{more}"""


def _indented(text: str, by: int) -> str:
    return "\n".join(f"{' ' * by}{line}" for line in text.splitlines())


def kustomized(world: World, tag: str, *, digest: str | None = None) -> str:
    pinned = f"    digest: {digest}\n" if digest else ""
    return f"images:\n  - name: {world.image}\n    newTag: {tag}\n{pinned}"


def both(text: str, name: str = "kustomization.yaml") -> Mapping[str, str]:
    """The same file in both environments."""
    return {f"{HERE}/{name}": text, f"{THERE}/{name}": text}


async def started(world: World, image: str, files: Mapping[str, str] | None = None, *, more: str = "") -> World:
    """A settled world in which 1.0.0 runs everywhere."""
    await world.laptop_ready()
    await world.start(config=declared(image, more=more), files=files or both(kustomized(world, "1.0.0")))
    await world.settle()
    assert world.board("production").active == "1.0.0", world.board("production").waiting
    return world


def public(key: ec.EllipticCurvePrivateKey) -> str:
    """The key's other half, as a team commits it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
