"""Versions that stand in Git as digests alone, from the registry to the merged file."""

from tests.world import IMAGE, World

HERE = "apps/web/development"
THERE = "apps/web/production"
CONFIG = f"""\
version: 1
pipelines:
  web-app:
    images:
      web: {{{{repository: "{{image}}"}}}}
    environments:
      development: {{{{path: {HERE}, auto: true, health: {{{{from: none}}}}}}}}
      production: {{{{path: {THERE}, after: [development], auto: true, health: {{{{from: none}}}}}}}}
"""


async def test_a_digest_without_a_tag_is_adopted_once_and_moves_on(world: World) -> None:
    """It is recorded once, an idle pass writes nothing, and the next version is written as a digest alone."""
    await world.laptop_ready()
    first = world.registry.push(IMAGE, "1.0.0", content=b"one")
    text = f"images:\n  - name: {world.image}\n    digest: {first}\n"
    files = {f"{HERE}/kustomization.yaml": text, f"{THERE}/kustomization.yaml": text}
    await world.start(config=CONFIG.replace("{{", "{").replace("}}", "}"), files=files)
    await world.settle()
    recorded = len(world.repository.deployments)
    await world.after("1h")
    assert len(world.repository.deployments) == recorded
    second = world.registry.push(IMAGE, "1.1.0", content=b"two")
    await world.settle()
    assert world.file(f"{THERE}/kustomization.yaml") == text.replace(first, second)
    assert world.board("production").active == "1.1.0"
