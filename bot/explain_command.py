"""`caisson explain RELEASE`: the story of a release, read from GitHub at this moment, without any store."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import aiohttp
import click

from bot.clock import SystemClock
from bot.errors import CaissonError
from bot.github.client import GitHubApp, RepositoryClient
from bot.observe import GitHubFacts, earlier_configurations, places, read_github, read_merged
from bot.reconcile import CHECKS
from bot.story import Story, as_json, in_words, named, releases, story
from config.parse import ConfigError, Declaration, read
from config.pipeline import Configuration
from config.settings import Settings, SettingsError

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which release, and where to look for it. None: everywhere."""

    release: str
    repository: str | None = None
    pipeline: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """`stories`: each with its repository. `known`: of each pipeline that was read, what it has."""

    stories: tuple[tuple[str, Story], ...]
    known: tuple[str, ...]


@click.command("explain")
@click.argument("release")
@click.option("--repository", metavar="ORG/NAME", help="In one repository only; else all that the App may read.")
@click.option("--pipeline", metavar="NAME", help="Of one pipeline only.")
@click.option("--json", "machine", is_flag=True, help="As JSON, for programs.")
def command(*, release: str, repository: str | None, pipeline: str | None, machine: bool) -> None:
    """Tell the story of RELEASE: a tag, or the beginning (7 characters or more) of a digest or of a source commit.

    It is read from GitHub with the settings that `caisson serve` takes; the store is not looked at.
    """
    try:
        settings = Settings.from_environment(os.environ)
        found = asyncio.run(_explain(settings, Asked(release=release, repository=repository, pipeline=pipeline)))
    except SettingsError as error:
        raise click.UsageError(str(error)) from error
    except CaissonError as error:
        raise click.ClickException(str(error)) from error
    if not found.stories:
        told = "\n".join(found.known) or "no repository that the App may read declares such a pipeline"
        raise click.ClickException(f"nothing on GitHub is called {release!r}; known are\n{told}")
    if machine:
        told = json.dumps([{"repository": where, **as_json(one)} for where, one in found.stories], indent=2)
        click.echo(told)
        return
    click.echo("\n\n".join(f"{where}: {in_words(one)}" for where, one in found.stories))


async def _explain(settings: Settings, asked: Asked) -> Found:
    clock = SystemClock()
    async with aiohttp.ClientSession() as session:
        app = GitHubApp(
            session, clock, app_id=settings.app_id, private_key_pem=settings.private_key, url=settings.github_url
        )
        return await explain(app, asked, now=clock.now())


async def explain(app: GitHubApp, asked: Asked, *, now: datetime) -> Found:
    """Every release of that name, in every pipeline that was asked for. Raises our errors only."""
    stories: list[tuple[str, Story]] = []
    known: list[str] = []
    async for name, client in _repositories(app, asked.repository):
        found, declared = await _read(app, client, name)
        for pipeline in declared.pipelines if declared else ():
            if asked.pipeline not in (None, pipeline.name):
                continue
            living = (e.name for e in pipeline.environments if e.repository is None)
            here = {name: found.places[pipeline.name, name] for name in living}
            there = releases(here)
            stories += [(name, story(pipeline, one, here, now=now)) for one in named(asked.release, there)]
            known.append(f"  {name}, {pipeline.name}: {_listed(one.label for one in there)}")
    return Found(stories=tuple(stories), known=tuple(known))


def _listed(labels: Iterable[str]) -> str:
    every = list(labels)
    more = f" and {len(every) - _MOST_NAMED} older ones" if len(every) > _MOST_NAMED else ""
    return (", ".join(every[:_MOST_NAMED]) or "none") + more


async def _repositories(app: GitHubApp, wanted: str | None) -> AsyncIterator[tuple[str, RepositoryClient]]:
    """Each repository of the App's installations, or the one that is wanted."""
    for installation in await app.installations():
        for repository, full_name in await app.repositories(installation):
            if wanted is None or wanted.lower() == full_name.lower():
                yield full_name, app.repository(installation, repository)


async def _read(app: GitHubApp, client: RepositoryClient, full_name: str) -> tuple[GitHubFacts, Configuration | None]:
    """What GitHub shows of every environment that the file declares here; of a broken file, the last that was valid."""
    identity = await app.identity()
    bare = await read_github(client, full_name, {}, identity=identity)
    config, branch = bare.repository.config, bare.repository.default_branch
    if config.oid is None:
        return bare, None
    text, declaration = config.text, _parsed(config.text, bare)
    if declaration is None:
        earlier = [(text, _parsed(text, bare)) for _, text in await earlier_configurations(client, full_name)]
        text, declaration = next(((text, one) for text, one in earlier if one is not None), (None, None))
    if declaration is not None and declaration.parents:
        # Which folders there are says which pipelines it has.
        bare = await read_github(client, full_name, {}, folders=declaration.parents, identity=identity)
        declaration = _parsed(text, bare)
    if declaration is None:
        return bare, None
    declared = declaration.configuration
    wanted = places(declared, branch)
    found = await read_github(client, full_name, wanted, identity=identity)
    # Of promotions further back than that, our records tell.
    merged = await read_merged(client, found.repository, wanted, identity=identity)
    return replace(found, places={key: replace(one, merged=merged[key]) for key, one in found.places.items()}), declared


def _parsed(text: str | None, found: GitHubFacts) -> Declaration | None:
    if text is None:
        return None
    repository = found.repository
    try:
        return read(
            text,
            checks=CHECKS,
            default_branch=repository.default_branch,
            repository=repository.full_name,
            folders=found.folders,
        )
    except ConfigError:
        return None
