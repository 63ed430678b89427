"""A pushed image on its way to production, through folders on one branch; and the shop it travels through."""

import contextlib
from collections.abc import AsyncIterator

from rich.console import Console

from bot.demo import stage
from bot.demo.story import Story
from sandbox import shop
from sandbox.github.state import Role

FULL_NAME = "acme/deploy"
PEOPLE: dict[str, Role] = {"alice": "admin", "bob": "write", "carol": "read"}
OLD, NEW = "1.0.0", "1.1.0"
SOAK = "3s"


@contextlib.asynccontextmanager
async def in_a_shop(console: Console, *, auto: bool, staging: str = "") -> AsyncIterator[Story]:
    """Three environments that run the old version. `staging`: keys of that environment besides, one a line."""
    async with stage.laptop() as (laptop, folder):
        laptop.registry.push("acme/web-app", OLD)
        laptop.registry.outbox.clear()
        image = f"{laptop.registry.host}/acme/web-app"
        files = shop.files(image, OLD, config=shop.configuration(image, soak=SOAK, staging=staging))
        repository = laptop.repository(FULL_NAME, files, people=PEOPLE)
        shop.deploy(laptop, FULL_NAME)
        async with stage.bot(laptop, folder) as service:
            yield Story(laptop=laptop, repository=repository, service=service, console=console, auto=auto)


def push(story: Story, version: str) -> None:
    story.say("push", f"web-app:{version} to the registry", "cyan")
    story.laptop.registry.push("acme/web-app", version)


async def road(console: Console, *, auto: bool) -> None:
    async with in_a_shop(console, auto=auto) as story:
        calls = await story.begin(OLD)
        push(story, NEW)
        for name in shop.NAMES:
            await story.through(name, NEW)
        story.end(f"production runs web-app {NEW}", calls)
