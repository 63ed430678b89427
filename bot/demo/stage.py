"""What every story plays on: the sandbox, the bot, and the machinery that moves between them."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from importlib import resources
from pathlib import Path

from bot.clock import SystemClock
from bot.service import Parts, Service
from config.doors import Door, Sender, bearer
from config.registries import RegistrySettings
from sandbox.laptop import REGISTRY_TOKEN, WEBHOOK_SECRET, Laptop

# A person's part is waited for as long as it takes, everything else so many seconds.
PATIENCE = 60.0


@contextlib.asynccontextmanager
async def laptop() -> AsyncIterator[tuple[Laptop, Path]]:
    """A sandbox without a repository yet, and the folder it lives in."""
    with tempfile.TemporaryDirectory(prefix="caisson-demo-") as folder:
        manifest = Path(str(resources.files("sandbox"))).parent / "app.yml"
        made = await Laptop(Path(folder), SystemClock().now, manifest=manifest).start()
        try:
            yield made, Path(folder)
        finally:
            await made.stop()


@contextlib.asynccontextmanager
async def bot(made: Laptop, folder: Path) -> AsyncIterator[Service]:
    """The bot at work, and everything that goes by itself around it."""
    parts = Parts(
        app_id=made.app.id,
        private_key=made.app.private_key.encode(),
        webhook_secrets=(WEBHOOK_SECRET.encode(),),
        github_url=made.github_server.url,
        web_url=made.github_server.url,
        store=str(folder / "caisson.db"),
        kube=made.cluster.url,
        registry_doors={"laptop": Door(sender=Sender.DISTRIBUTION, authentication=bearer(REGISTRY_TOKEN))},
        registries=RegistrySettings(plain_http=frozenset({made.registry.host})),
    )
    service = await Service(parts, SystemClock()).start()
    tasks = [asyncio.create_task(service.run()), asyncio.create_task(_machinery(made, service))]
    try:
        yield service
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await service.stop()


async def _machinery(made: Laptop, service: Service) -> None:
    """What GitHub, the registry and Argo CD do by themselves, ten times a second."""
    while True:
        while made.github.outbox:
            await made.deliver(made.github.outbox.popleft(), service.url)
        await made.notify(service.url)
        await made.roll_out()
        await asyncio.sleep(0.1)
